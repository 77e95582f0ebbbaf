//! A tensor as three dimensions, of which the second is summed.

use crate::error::{Error, Result};
use crate::shape::Shape;

/// A tensor seen as \[outer, n, inner\]; the dimension of n is summed.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) struct Middle {
    pub(in crate::ops) outer: usize,
    pub(in crate::ops) n: usize,
    pub(in crate::ops) inner: usize,
}

impl Middle {
    /// All elements.
    pub(super) fn all(shape: Shape) -> Self {
        Self { outer: 1, n: shape.len(), inner: 1 }
    }

    /// One dimension of a shape.
    pub(in crate::ops) fn of(op: &'static str, shape: Shape, dim: usize) -> Result<Self> {
        let dims = shape.dims();
        let Some(&n) = dims.get(dim) else {
            let what = format!("dimension {dim} of {shape}, expected less than {}", shape.rank());
            return Err(Error::argument(op, what));
        };
        let product = |dims: &[usize]| dims.iter().product();
        Ok(Self { outer: product(&dims[..dim]), n, inner: product(&dims[dim + 1..]) })
    }
}
