//! The gradients gathered for one parameter.

use std::ops::Range;

use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Parts of one parameter's gradient, as operations added them.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) dense: PooledVec<Tensor>,
    /// Ids, the id that has no gradient, and one row per id.
    pub(super) rows: PooledVec<(PooledVec<u32>, Option<u32>, Tensor)>,
    pub(super) products: PooledVec<Deferred>,
    pub(super) sums: PooledVec<Sum>,
}

/// A bias's gradient: the sum of columns of dY, for all of the bias or for some of its elements.
#[derive(Debug)]
pub(super) struct Sum {
    pub(super) elements: Option<Range<usize>>,
    pub(super) dy: Tensor,
    pub(super) columns: Range<usize>,
}

/// Rows whose product dY^T X is a block of a weight's gradient.
#[derive(Debug)]
pub(super) struct Deferred {
    /// `None` means all rows.
    pub(super) rows: Option<Range<usize>>,
    pub(super) columns: Range<usize>,
    pub(super) x: Tensor,
    pub(super) dy: Tensor,
    pub(super) dy_columns: Range<usize>,
}

impl Deferred {
    /// Checks that the rows fit each other and this block of a weight.
    pub(super) fn check(
        &self,
        rows: &Range<usize>,
        columns: &Range<usize>,
        weight: Shape,
    ) -> Result<()> {
        let (x, dy) = (self.x.shape(), self.dy.shape());
        let fits = x.width() == columns.len()
            && columns.end <= weight.width()
            && rows.end <= weight.rows()
            && self.dy_columns.len() == rows.len()
            && self.dy_columns.end <= dy.width()
            && x.rows() == dy.rows();
        if fits { Ok(()) } else { Err(Error::shapes("weight gradient", x, dy)) }
    }
}
