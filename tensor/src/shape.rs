//! Shapes of one to four dimensions, without allocation.

use std::fmt;

/// Sizes of a tensor's dimensions, outermost first; at most four.
///
/// An array of more than four sizes does not compile:
///
/// ```compile_fail
/// let shape = tensor::Shape::from([1, 2, 3, 4, 5]);
/// ```
#[derive(Clone, Copy)]
pub struct Shape {
    dims: [usize; 4],
    rank: u8,
    note: Note,
}

/// Why a shape is not what its user expects: shown with the shape in errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Note {
    None,
    /// The empty shape of a value that belongs to another tape.
    OtherTape,
    /// The empty shape of a value that an operation took off the tape.
    Taken,
    /// More than four sizes were given; the excess was multiplied into the first.
    Joined,
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        self.dims() == other.dims()
    }
}

impl Eq for Shape {}

impl Shape {
    /// Creates a shape of these sizes. If there are more than four, the excess is multiplied into
    /// the first, and what takes data of a given shape ([`Tensor::from_vec`](crate::Tensor::from_vec),
    /// `from_slice`, `reshape`, `Params::add_initialized`) returns an error.
    pub fn new(lengths: &[usize]) -> Self {
        let extra = lengths.len().saturating_sub(4);
        let mut dims = [1; 4];
        dims[..lengths.len() - extra].copy_from_slice(&lengths[extra..]);
        if extra > 0 {
            dims[0] *= lengths[..extra].iter().product::<usize>();
        }
        let note = if extra > 0 { Note::Joined } else { Note::None };
        Self { dims, rank: (lengths.len() - extra) as u8, note }
    }

    /// The empty shape of a value that belongs to another tape.
    pub(crate) const OTHER_TAPE: Self = Self { dims: [0, 1, 1, 1], rank: 1, note: Note::OtherTape };
    /// The empty shape of a value that an operation took off the tape.
    pub(crate) const TAKEN: Self = Self { dims: [0, 1, 1, 1], rank: 1, note: Note::Taken };

    /// Returns true for the shape of a value that is no longer on its tape, or that belongs to
    /// another one.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self.note, Note::OtherTape | Note::Taken)
    }

    /// Returns true if more than four sizes were given.
    pub(crate) fn is_joined(&self) -> bool {
        self.note == Note::Joined
    }

    /// Returns the sizes.
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank()]
    }

    /// Returns the number of dimensions.
    pub fn rank(&self) -> usize {
        usize::from(self.rank)
    }

    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        self.dims().iter().product()
    }

    /// Returns true if there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the size of the innermost dimension (1 for a scalar).
    pub fn width(&self) -> usize {
        self.dims().last().copied().unwrap_or(1)
    }

    /// Returns the number of elements divided by [`Shape::width`]: the rows of the matrix with all
    /// dimensions but the last joined.
    pub fn rows(&self) -> usize {
        self.dims()[..self.rank().saturating_sub(1)].iter().product()
    }

    /// Returns the same shape with another innermost size.
    pub fn with_width(mut self, width: usize) -> Self {
        if self.rank == 0 {
            self.rank = 1;
        }
        self.dims[self.rank() - 1] = width;
        self
    }

    /// Returns the shape with a new innermost dimension; as in [`Shape::new`] there are at most
    /// four.
    pub fn with(self, width: usize) -> Self {
        let mut dims = [width; 5];
        dims[..self.rank()].copy_from_slice(self.dims());
        Self::new(&dims[..=self.rank()])
    }

    /// Returns the shape with a new outermost dimension; as in [`Shape::new`] there are at most
    /// four.
    pub fn times(self, count: usize) -> Self {
        let mut dims = [count; 5];
        dims[1..=self.rank()].copy_from_slice(self.dims());
        Self::new(&dims[..=self.rank()])
    }

    /// Returns the shape without its outermost dimension.
    pub fn inner(&self) -> Self {
        Self::new(self.dims().get(1..).unwrap_or(&[]))
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(lengths: [usize; N]) -> Self {
        const { assert!(N <= 4, "a shape has at most four dimensions") };
        Self::new(&lengths)
    }
}

impl From<&[usize]> for Shape {
    fn from(lengths: &[usize]) -> Self {
        Self::new(lengths)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.dims())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.dims())?;
        match self.note {
            Note::None | Note::Joined => Ok(()),
            Note::OtherTape => f.write_str(" (of a value that belongs to another tape)"),
            Note::Taken => f.write_str(
                " (of a value that cross_entropy or another operation took off the tape; clone its \
                 tensor before)",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    #[test]
    fn a_fifth_dimension_is_an_error_where_data_is_given() {
        let five = Shape::new(&[1, 2, 1, 1, 3]);
        let error = Tensor::from_vec(five, vec![0.0; 6]).unwrap_err().to_string();
        assert_eq!(error, "from_vec: a shape of more than four dimensions: [2, 1, 1, 3]");
        assert!(Tensor::from_slice(five, &[0.0; 6]).is_err());
        assert!(Tensor::zeros([6]).reshape(five).is_err());
        assert!(Tensor::zeros([6]).reshape([1, 2, 1, 3]).is_ok());
    }
}
