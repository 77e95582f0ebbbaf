//! The operands and the output of a product: matrices within tensors.

use std::ops::Range;

use crate::tensor::Tensor;

/// The layout of the two factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProductForm {
    /// A B, A \[m, k\] and B \[k, n\].
    Nn,
    /// A B^T, A \[m, k\] and B \[n, k\].
    Nt,
    /// A^T B, A \[k, m\] and B \[k, n\].
    Tn,
}

/// A matrix within a tensor: rows `stride` elements apart, of `columns` elements each.
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
    /// Creates a matrix from a whole tensor: all dimensions but the last are joined.
    pub fn new(tensor: &'a Tensor) -> Self {
        let shape = tensor.shape();
        let (rows, columns) = (shape.rows(), shape.width());
        Self { tensor, at: 0, rows, columns, stride: columns, batch: 0 }
    }

    /// Creates a matrix from a block of a tensor.
    pub fn block(tensor: &'a Tensor, rows: Range<usize>, columns: Range<usize>) -> Self {
        let stride = tensor.shape().width();
        let at = rows.start * stride + columns.start;
        Self { tensor, at, rows: rows.len(), columns: columns.len(), stride, batch: 0 }
    }

    /// Creates a matrix of rows `stride` elements apart, from element `at` on; matrix i of a batch
    /// starts `batch` elements after matrix i - 1.
    pub fn strided(
        tensor: &'a Tensor,
        at: usize,
        (rows, columns): (usize, usize),
        stride: usize,
        batch: usize,
    ) -> Self {
        Self { tensor, at, rows, columns, stride, batch }
    }

    /// Returns the part of the tensor that contains `batch` matrices.
    pub(super) fn part(&self, batch: usize) -> Tensor {
        let one = self.rows.saturating_sub(1) * self.stride + self.columns;
        self.tensor.flat(self.at, batch.saturating_sub(1) * self.batch + one)
    }
}

/// The output of a product.
#[derive(Debug)]
pub struct ProductOutput<'a> {
    pub(super) tensor: &'a mut Tensor,
    pub(super) at: usize,
    pub(super) stride: usize,
    pub(super) batch: usize,
    pub(super) shared: bool,
}

impl<'a> ProductOutput<'a> {
    /// Writes from a tensor's first element on, with the tensor's rows.
    pub fn new(tensor: &'a mut Tensor) -> Self {
        Self::block(tensor, 0, 0)
    }

    /// Writes from a row and a column of a tensor on.
    pub fn block(tensor: &'a mut Tensor, row: usize, column: usize) -> Self {
        let stride = tensor.shape().width();
        let at = row * stride + column;
        Self { tensor, at, stride, batch: 0, shared: false }
    }

    /// As [`Matrix::strided`].
    pub fn strided(tensor: &'a mut Tensor, at: usize, stride: usize, batch: usize) -> Self {
        Self { tensor, at, stride, batch, shared: false }
    }

    /// Writes without the copy of shared memory: the caller guarantees that nothing else reads it.
    pub(crate) fn shared(mut self) -> Self {
        self.shared = true;
        self
    }
}

/// The initial value of a product's sums.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// Zero.
    Zero,
    /// One row, which is added to every row.
    Bias(&'a Tensor),
    /// The content of the output.
    Output,
}
