//! The sizes of a product.

use crate::error::{Error, Result};
use crate::shape::Shape;

/// `batch` products of \[m, k\] and \[k, n\].
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
}

impl Sizes {
    /// The sizes of a product, and the shape of its output.
    pub(super) fn of(a: Shape, b: Shape) -> Result<(Self, Shape)> {
        let wrong = || Error::shapes("matmul", a, b);
        let ([.., m, k], [.., k_b, n]) = (a.dims(), b.dims()) else { return Err(wrong()) };
        let (m, k, k_b, n) = (*m, *k, *k_b, *n);
        if k != k_b {
            return Err(wrong());
        }
        let outer = &a.dims()[..a.rank() - 2];
        if b.rank() == 2 {
            // One matrix for all rows of a.
            let m = outer.iter().product::<usize>() * m;
            return Ok((Self { batch: 1, m, k, n }, a.with_width(n)));
        }
        if &b.dims()[..b.rank() - 2] != outer {
            return Err(wrong());
        }
        Ok((Self { batch: outer.iter().product(), m, k, n }, a.with_width(n)))
    }
}
