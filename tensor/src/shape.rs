//! Shapes of one to four dimensions, without allocation.

use std::fmt;

/// Sizes of a tensor's dimensions, outermost first; at most four.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    dims: [usize; 4],
    rank: usize,
}

impl Shape {
    /// Creates a shape of these sizes; if there are more than four, the excess is multiplied into
    /// the first.
    pub fn new(lengths: &[usize]) -> Self {
        let extra = lengths.len().saturating_sub(4);
        let mut dims = [1; 4];
        dims[..lengths.len() - extra].copy_from_slice(&lengths[extra..]);
        if extra > 0 {
            dims[0] *= lengths[..extra].iter().product::<usize>();
        }
        Self { dims, rank: lengths.len() - extra }
    }

    /// Returns the sizes.
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank]
    }

    /// Returns the number of dimensions.
    pub fn rank(&self) -> usize {
        self.rank
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
        self.dims()[..self.rank.saturating_sub(1)].iter().product()
    }

    /// Returns the same shape with another innermost size.
    pub fn with_width(mut self, width: usize) -> Self {
        if self.rank == 0 {
            self.rank = 1;
        }
        self.dims[self.rank - 1] = width;
        self
    }

    /// Returns the shape with a new innermost dimension; as in [`Shape::new`] there are at most
    /// four.
    pub fn with(self, width: usize) -> Self {
        let mut dims = [width; 5];
        dims[..self.rank].copy_from_slice(self.dims());
        Self::new(&dims[..=self.rank])
    }

    /// Returns the shape with a new outermost dimension; as in [`Shape::new`] there are at most
    /// four.
    pub fn times(self, count: usize) -> Self {
        let mut dims = [count; 5];
        dims[1..=self.rank].copy_from_slice(self.dims());
        Self::new(&dims[..=self.rank])
    }

    /// Returns the shape without its outermost dimension.
    pub fn inner(&self) -> Self {
        Self::new(self.dims().get(1..).unwrap_or(&[]))
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(lengths: [usize; N]) -> Self {
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
        write!(f, "{:?}", self.dims())
    }
}
