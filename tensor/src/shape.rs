//! Shapes of one to four dimensions, without allocation.

use std::fmt;

/// Lengths of a tensor's dimensions, outermost first; at most four.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    dims: [usize; 4],
    rank: usize,
}

impl Shape {
    /// A shape of these lengths; more than four are multiplied into the first.
    pub fn new(lengths: &[usize]) -> Self {
        let extra = lengths.len().saturating_sub(4);
        let mut dims = [1; 4];
        dims[..lengths.len() - extra].copy_from_slice(&lengths[extra..]);
        if extra > 0 {
            dims[0] *= lengths[..extra].iter().product::<usize>();
        }
        Self { dims, rank: lengths.len() - extra }
    }

    /// The lengths.
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank]
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.dims().iter().product()
    }

    /// True where there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Length of the innermost dimension (1 for a scalar).
    pub fn width(&self) -> usize {
        self.dims().last().copied().unwrap_or(1)
    }

    /// Elements divided by [`Shape::width`]: the rows of the matrix one sees by joining all
    /// dimensions but the last.
    pub fn rows(&self) -> usize {
        self.dims()[..self.rank.saturating_sub(1)].iter().product()
    }

    /// The same shape with another innermost length.
    pub fn with_width(mut self, width: usize) -> Self {
        if self.rank == 0 {
            self.rank = 1;
        }
        self.dims[self.rank - 1] = width;
        self
    }

    /// The shape with a new innermost dimension; as in [`Shape::new`] there are at most four.
    pub fn with(self, width: usize) -> Self {
        let mut dims = [width; 5];
        dims[..self.rank].copy_from_slice(self.dims());
        Self::new(&dims[..=self.rank])
    }

    /// The shape with a new outermost dimension; as in [`Shape::new`] there are at most four.
    pub fn times(self, count: usize) -> Self {
        let mut dims = [count; 5];
        dims[1..=self.rank].copy_from_slice(self.dims());
        Self::new(&dims[..=self.rank])
    }

    /// The shape without its outermost dimension.
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
