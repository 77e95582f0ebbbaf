//! The sizes around two dimensions.

use crate::shape::Shape;

/// A tensor seen as \[outer, n, middle, m, inner\]; n and m are swapped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) outer: usize,
    pub(super) n: usize,
    pub(super) middle: usize,
    pub(super) m: usize,
    pub(super) inner: usize,
}

impl Sizes {
    pub(super) fn of(shape: Shape, first: usize, second: usize) -> Self {
        let dims = shape.dims();
        let product = |dims: &[usize]| dims.iter().product();
        if first == second {
            return Self { outer: 1, n: 1, middle: 1, m: 1, inner: shape.len() };
        }
        Self {
            outer: product(&dims[..first]),
            n: dims[first],
            middle: product(&dims[first + 1..second]),
            m: dims[second],
            inner: product(&dims[second + 1..]),
        }
    }

    /// Returns the sizes of the backward pass.
    pub(super) fn reversed(self) -> Self {
        Self { n: self.m, m: self.n, ..self }
    }
}
