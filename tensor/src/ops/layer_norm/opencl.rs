//! Layer normalisation on a device: one work-group per row.

use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("layer_norm.cl")]);
const ITEMS: [usize; 3] = [64, 1, 1];

/// Returns the output, the normalised rows, and the scale of each.
pub(super) fn forward(
    device: &OpenCl,
    x: &Tensor,
    w: &Tensor,
    b: &Tensor,
    eps: f32,
) -> Result<(Tensor, Tensor, Tensor)> {
    let (shape, rows) = (x.shape(), x.shape().rows());
    let (mut y, mut normal) = (device.uninit(shape)?, device.uninit(shape)?);
    let mut scales = device.uninit([rows])?;
    let launch = device.kernel(&PROGRAM, "layer_norm").uint(shape.width()).float(eps);
    let launch = launch.reads(x).reads(w).reads(b);
    let launch = launch.writes(&mut normal).writes(&mut scales).writes(&mut y);
    launch.groups([rows, 1, 1], ITEMS)?;
    Ok((y, normal, scales))
}

/// Replaces dy by dx, and returns dw and db.
pub(super) fn backward(
    device: &OpenCl,
    dy: &mut Tensor,
    normal: &Tensor,
    scales: &Tensor,
    w: &Tensor,
) -> Result<(Tensor, Tensor)> {
    let (rows, width) = (dy.shape().rows(), dy.shape().width());
    let (mut dw, mut db) = (device.uninit([width])?, device.uninit([width])?);
    let launch = device.kernel(&PROGRAM, "layer_norm_weights").uint(rows).uint(width);
    let launch = launch.reads(normal).reads(dy).writes(&mut dw).writes(&mut db);
    launch.groups([width.div_ceil(16), 1, 1], [16, 16, 1])?;
    let launch = device.kernel(&PROGRAM, "layer_norm_back").uint(width);
    launch.reads(normal).reads(scales).reads(w).writes(dy).groups([rows, 1, 1], ITEMS)?;
    Ok((dw, db))
}
