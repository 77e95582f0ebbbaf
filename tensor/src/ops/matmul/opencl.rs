//! Products on a device.

use super::sizes::Sizes;
use crate::error::Result;
use crate::opencl::{Matrix, OpenCl, ProductForm, ProductOutput, Start};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Returns a b.
pub(super) fn forward(
    device: &OpenCl,
    sizes: Sizes,
    a: &Tensor,
    b: &Tensor,
    shape: Shape,
) -> Result<Tensor> {
    let Sizes { batch, m, k, n } = sizes;
    let mut y = device.uninit(shape)?;
    let a = Matrix::strided(a, 0, (m, k), k, m * k);
    let b = Matrix::strided(b, 0, (k, n), n, k * n);
    let to = ProductOutput::strided(&mut y, 0, n, m * n);
    device.products(batch, ProductForm::Nn, a, b, to, Start::Zero)?;
    Ok(y)
}

/// Returns dy b^T.
pub(super) fn left(
    device: &OpenCl,
    sizes: Sizes,
    dy: &Tensor,
    b: &Tensor,
    shape: Shape,
) -> Result<Tensor> {
    let Sizes { batch, m, k, n } = sizes;
    let mut da = device.uninit(shape)?;
    let dy = Matrix::strided(dy, 0, (m, n), n, m * n);
    let b = Matrix::strided(b, 0, (k, n), n, k * n);
    let to = ProductOutput::strided(&mut da, 0, k, m * k);
    device.products(batch, ProductForm::Nt, dy, b, to, Start::Zero)?;
    Ok(da)
}

/// Returns a^T dy.
pub(super) fn right(
    device: &OpenCl,
    sizes: Sizes,
    a: &Tensor,
    dy: &Tensor,
    shape: Shape,
) -> Result<Tensor> {
    let Sizes { batch, m, k, n } = sizes;
    let mut db = device.uninit(shape)?;
    let a = Matrix::strided(a, 0, (m, k), k, m * k);
    let dy = Matrix::strided(dy, 0, (m, n), n, m * n);
    let to = ProductOutput::strided(&mut db, 0, n, k * n);
    device.products(batch, ProductForm::Tn, a, dy, to, Start::Zero)?;
    Ok(db)
}
