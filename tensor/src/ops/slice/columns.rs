//! A range of a dimension as columns of a matrix.

/// Columns of a matrix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) first: usize,
    pub(super) count: usize,
}
