//! Matrix products on a device: on a GPU tiled in local memory and in registers, on a processor in
//! bands of vectors, with [`Precision::Tf32`](super::Precision) on tensor cores; right at any size.
//!
//! Three products carry a recurrent network's training step, as in [`crate::gemm`]; with `batch` of
//! them at once they are attention's as well.
//!
//! | product | form | A | B |
//! |---|---|---|---|
//! | forward: Y = X W^T | [`Form::Nt`] | X \[m, k\] | W \[n, k\] |
//! | backward: dX = dY W | [`Form::Nn`] | dY \[m, k\] | W \[k, n\] |
//! | weight gradient: dW = dY^T X | [`Form::Tn`] | dY \[k, m\] | X \[k, n\] |

mod tiles;

use std::ops::Range;

use super::device::OpenCl;
use crate::error::{Error, Result};
use crate::tensor::Tensor;
pub(crate) use tiles::Way;

/// How the two factors lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
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
    tensor: &'a Tensor,
    at: usize,
    rows: usize,
    columns: usize,
    stride: usize,
    batch: usize,
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
    fn part(&self, batch: usize) -> Tensor {
        let one = self.rows.saturating_sub(1) * self.stride + self.columns;
        self.tensor.flat(self.at, batch.saturating_sub(1) * self.batch + one)
    }
}

/// Where a product goes.
#[derive(Debug)]
pub struct Place<'a> {
    tensor: &'a mut Tensor,
    at: usize,
    stride: usize,
    batch: usize,
    shared: bool,
}

impl<'a> Place<'a> {
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

impl OpenCl {
    /// C = start + A B, the factors lying as `form` says.
    ///
    /// # Errors
    /// Sizes that do not fit each other or their tensors, tensors that are not here, a failure of
    /// the device.
    pub fn product(
        &self,
        form: Form,
        a: Matrix<'_>,
        b: Matrix<'_>,
        to: Place<'_>,
        start: Start<'_>,
    ) -> Result<()> {
        self.products(1, form, a, b, to, start)
    }

    /// `batch` products at once, each factor and C `batch` elements behind the one before.
    ///
    /// # Errors
    /// As [`OpenCl::product`].
    pub fn products(
        &self,
        batch: usize,
        form: Form,
        a: Matrix<'_>,
        b: Matrix<'_>,
        to: Place<'_>,
        start: Start<'_>,
    ) -> Result<()> {
        self.products_by(None, batch, form, (a, b), to, start)
    }

    /// The same in a given way, or else in the one that suits the device and the sizes.
    pub(crate) fn products_by(
        &self,
        way: Option<Way>,
        batch: usize,
        form: Form,
        (a, b): (Matrix<'_>, Matrix<'_>),
        to: Place<'_>,
        start: Start<'_>,
    ) -> Result<()> {
        let ((m, depth), (b_depth, n)) = match form {
            Form::Nn => ((a.rows, a.columns), (b.rows, b.columns)),
            Form::Nt => ((a.rows, a.columns), (b.columns, b.rows)),
            Form::Tn => ((a.columns, a.rows), (b.rows, b.columns)),
        };
        let shapes = || Error::shapes("product", [a.rows, a.columns], [b.rows, b.columns]);
        // The end of the last matrix's last row.
        let end = |at: usize, rows: usize, columns: usize, stride: usize, step: usize| match rows
            == 0
            || columns == 0
            || batch == 0
        {
            true => 0,
            false => at + (batch - 1) * step + (rows - 1) * stride + columns,
        };
        let inside = |x: &Matrix<'_>| {
            end(x.at, x.rows, x.columns, x.stride, x.batch) <= x.tensor.len()
                && (x.columns <= x.stride || x.rows <= 1)
        };
        let c_end = end(to.at, m, n, to.stride, to.batch);
        let fits = depth == b_depth
            && inside(&a)
            && inside(&b)
            && c_end <= to.tensor.len()
            && (n <= to.stride || m <= 1);
        if !fits {
            return Err(shapes());
        }
        if let Start::Bias(bias) = start
            && bias.len() != n
        {
            return Err(Error::shapes("product", bias.shape(), [n]));
        }
        if m == 0 || n == 0 || batch == 0 {
            return Ok(());
        }
        let sizes = tiles::Sizes { batch, m, n, depth };
        let way = way.unwrap_or_else(|| Way::choose(self, sizes));
        tiles::launch(self, way, sizes, form, (a, b), to, start)
    }
}
