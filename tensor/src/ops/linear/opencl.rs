//! The linear map on a device, computed by the tiled products.

use std::ops::Range;

use crate::error::Result;
use crate::opencl::{Matrix, OpenCl, ProductForm, ProductOutput, Start};
use crate::tensor::Tensor;

/// y = x W^T + b for a block of W.
pub(super) fn forward(
    device: &OpenCl,
    x: &Tensor,
    w: &Tensor,
    (rows, columns): (Range<usize>, Range<usize>),
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let mut y = device.uninit(x.shape().with_width(rows.len()))?;
    let start = bias.map_or(Start::Zero, Start::Bias);
    let w = Matrix::block(w, rows, columns);
    device.product(ProductForm::Nt, Matrix::new(x), w, ProductOutput::new(&mut y), start)?;
    Ok(y)
}

/// dx = dy W for a block of W.
pub(super) fn backward(
    device: &OpenCl,
    dy: &Tensor,
    w: &Tensor,
    (rows, columns): (Range<usize>, Range<usize>),
) -> Result<Tensor> {
    let mut dx = device.uninit(dy.shape().with_width(columns.len()))?;
    let w = Matrix::block(w, rows, columns);
    device.product(
        ProductForm::Nn,
        Matrix::new(dy),
        w,
        ProductOutput::new(&mut dx),
        Start::Zero,
    )?;
    Ok(dx)
}
