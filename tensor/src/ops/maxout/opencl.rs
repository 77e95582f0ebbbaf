//! Maxout on a device: one work-item per output.

use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("maxout.cl")]);

/// Returns the largest of every `pieces` adjacent elements.
pub(super) fn forward(device: &OpenCl, x: &Tensor, pieces: usize) -> Result<Tensor> {
    let shape = x.shape();
    let mut y = device.uninit(shape.with_width(shape.width() / pieces))?;
    let n = y.len();
    let launch = device.kernel(&PROGRAM, "maxout").uint(n).uint(pieces);
    launch.reads(x).writes(&mut y).over(n)?;
    Ok(y)
}

/// Returns dx.
pub(super) fn backward(
    device: &OpenCl,
    x: &Tensor,
    y: &Tensor,
    dy: &Tensor,
    pieces: usize,
) -> Result<Tensor> {
    let mut dx = device.uninit(x.shape())?;
    let n = y.len();
    let launch = device.kernel(&PROGRAM, "maxout_back").uint(n).uint(pieces);
    launch.reads(x).reads(y).reads(dy).writes(&mut dx).over(n)?;
    Ok(dx)
}
