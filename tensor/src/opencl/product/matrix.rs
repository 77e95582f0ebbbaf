//! What a product reads and writes: matrices within tensors.

use std::ops::Range;

use crate::tensor::Tensor;

/// How the two factors lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProductForm {
    /// A B, A \[m, k\] and B \[k, n\].
    Nn,
    /// A B^T, A \[m, k\] and B \[n, k\].
    Nt,
    /// A^T B, A \[k, m\] and B \[k, n\].
    Tn,
}

/// A matrix within a tensor: rows of `stride` elements, of which `columns` count.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    pub(super) tensor: &'a Tensor,
    pub(super) at: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
    pub(super) batch: usize,
}

impl<'a> Matrix<'a> {
    /// A whole tensor: all dimensions but the last joined.
    pub fn new(tensor: &'a Tensor) -> Self {
        let shape = tensor.shape();
        let (rows, columns) = (shape.rows(), shape.width());
        Self { tensor, at: 0, rows, columns, stride: columns, batch: 0 }
    }

    /// A block of a tensor.
    pub fn block(tensor: &'a Tensor, rows: Range<usize>, columns: Range<usize>) -> Self {
        let stride = tensor.shape().width();
        let at = rows.start * stride + columns.start;
        Self { tensor, at, rows: rows.len(), columns: columns.len(), stride, batch: 0 }
    }

    /// Rows `stride` elements apart, from element `at` on; matrix i of a batch lies `batch` elements
    /// behind matrix i - 1.
    pub fn strided(
        tensor: &'a Tensor,
        at: usize,
        (rows, columns): (usize, usize),
        stride: usize,
        batch: usize,
    ) -> Self {
        Self { tensor, at, rows, columns, stride, batch }
    }

    /// The part of the tensor in which `batch` matrices lie.
    pub(super) fn part(&self, batch: usize) -> Tensor {
        let one = self.rows.saturating_sub(1) * self.stride + self.columns;
        self.tensor.flat(self.at, batch.saturating_sub(1) * self.batch + one)
    }
}

/// Where a product goes.
#[derive(Debug)]
pub struct ProductOutput<'a> {
    pub(super) tensor: &'a mut Tensor,
    pub(super) at: usize,
    pub(super) stride: usize,
    pub(super) batch: usize,
    pub(super) shared: bool,
}

impl<'a> ProductOutput<'a> {
    /// From a tensor's first element on, in its rows.
    pub fn new(tensor: &'a mut Tensor) -> Self {
        Self::block(tensor, 0, 0)
    }

    /// From a row and a column of a tensor on.
    pub fn block(tensor: &'a mut Tensor, row: usize, column: usize) -> Self {
        let stride = tensor.shape().width();
        let at = row * stride + column;
        Self { tensor, at, stride, batch: 0, shared: false }
    }

    /// As [`Matrix::strided`].
    pub fn strided(tensor: &'a mut Tensor, at: usize, stride: usize, batch: usize) -> Self {
        Self { tensor, at, stride, batch, shared: false }
    }

    /// The memory is known to be read by nobody else.
    pub(crate) fn shared(mut self) -> Self {
        self.shared = true;
        self
    }
}

/// What a product is added to.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// Nothing.
    Zero,
    /// One row, added to every row.
    Bias(&'a Tensor),
    /// What is there.
    Output,
}
