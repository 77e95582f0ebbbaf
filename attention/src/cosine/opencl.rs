//! Unit vectors on a device: a work-group a row.

use tensor::opencl::{OpenCl, Program};
use tensor::{Result, Tensor};

use super::SMALLEST;

static PROGRAM: Program = Program::new(&[include_str!("cosine.cl")]);
const ITEMS: [usize; 3] = [64, 1, 1];

/// x / |x| row by row, and the norms.
pub(super) fn unit(device: &OpenCl, x: &Tensor) -> Result<(Tensor, Tensor)> {
    let (shape, rows) = (x.shape(), x.shape().rows());
    let (mut y, mut norms) = (device.scratch(shape)?, device.scratch([rows])?);
    let launch = device.kernel(&PROGRAM, "unit").uint(shape.width()).float(SMALLEST).reads(x);
    launch.writes(&mut y).writes(&mut norms).groups([rows, 1, 1], ITEMS)?;
    Ok((y, norms))
}

/// Turns dy into dx.
pub(super) fn unit_back(
    device: &OpenCl,
    y: &Tensor,
    norms: &Tensor,
    dy: &mut Tensor,
) -> Result<()> {
    let (rows, width) = (norms.len(), y.shape().width());
    let launch = device.kernel(&PROGRAM, "unit_back").uint(width).float(SMALLEST);
    launch.reads(y).reads(norms).writes(dy).groups([rows, 1, 1], ITEMS)
}
