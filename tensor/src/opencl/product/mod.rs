//! Matrix products on a device: on a GPU tiled in local memory and in registers, on a processor in
//! bands of vectors, with [`Precision::Tf32`](super::Precision) on tensor cores; correct for any
//! size.
//!
//! Three products account for a recurrent network's training step, as in [`crate::gemm`]; with
//! `batch` of them at once they also serve attention.
//!
//! | product | form | A | B |
//! |---|---|---|---|
//! | forward: Y = X W^T | [`ProductForm::Nt`] | X \[m, k\] | W \[n, k\] |
//! | backward: dX = dY W | [`ProductForm::Nn`] | dY \[m, k\] | W \[k, n\] |
//! | weight gradient: dW = dY^T X | [`ProductForm::Tn`] | dY \[k, m\] | X \[k, n\] |

mod matrix;
mod tiles;

use crate::driver::OpenCl;
use crate::error::{Error, Result};
pub use matrix::{Matrix, ProductForm, ProductOutput, Start};
pub(crate) use tiles::Way;

impl OpenCl {
    /// Computes C = start + A B, with the factors' layout given by `form`.
    ///
    /// # Errors
    /// The sizes do not fit each other or their tensors; a tensor is not on this device; the device
    /// failed.
    pub fn product(
        &self,
        form: ProductForm,
        a: Matrix<'_>,
        b: Matrix<'_>,
        to: ProductOutput<'_>,
        start: Start<'_>,
    ) -> Result<()> {
        self.products(1, form, a, b, to, start)
    }

    /// Computes `batch` products at once; each factor and C start `batch` elements after the one
    /// before.
    ///
    /// # Errors
    /// As [`OpenCl::product`].
    pub fn products(
        &self,
        batch: usize,
        form: ProductForm,
        a: Matrix<'_>,
        b: Matrix<'_>,
        to: ProductOutput<'_>,
        start: Start<'_>,
    ) -> Result<()> {
        self.products_by(None, batch, form, (a, b), to, start)
    }

    /// Computes the same in a given way, or else in the way that suits the device and the sizes.
    pub(crate) fn products_by(
        &self,
        way: Option<Way>,
        batch: usize,
        form: ProductForm,
        (a, b): (Matrix<'_>, Matrix<'_>),
        to: ProductOutput<'_>,
        start: Start<'_>,
    ) -> Result<()> {
        let ((m, depth), (b_depth, n)) = match form {
            ProductForm::Nn => ((a.rows, a.columns), (b.rows, b.columns)),
            ProductForm::Nt => ((a.rows, a.columns), (b.columns, b.rows)),
            ProductForm::Tn => ((a.columns, a.rows), (b.rows, b.columns)),
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
