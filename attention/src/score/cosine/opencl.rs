//! Unit vectors on a device, with one work-group per row.

use tensor::opencl::{OpenCl, Program};
use tensor::{Result, Tensor};

static PROGRAM: Program = Program::new(&[include_str!("cosine.cl")]);
const ITEMS: [usize; 3] = [64, 1, 1];

/// Returns x / max(|x|, `smallest`) for each row, and the norms.
pub(super) fn unit(device: &OpenCl, x: &Tensor, smallest: f32) -> Result<(Tensor, Tensor)> {
    let (shape, rows) = (x.shape(), x.shape().rows());
    let (mut y, mut norms) = (device.uninit(shape)?, device.uninit([rows])?);
    let launch = device.kernel(&PROGRAM, "unit").uint(shape.width()).float(smallest).reads(x);
    launch.writes(&mut y).writes(&mut norms).groups([rows, 1, 1], ITEMS)?;
    Ok((y, norms))
}

/// Computes dx from dy.
pub(super) fn unit_back(
    device: &OpenCl,
    y: &Tensor,
    norms: &Tensor,
    dy: &mut Tensor,
    smallest: f32,
) -> Result<()> {
    let (rows, width) = (norms.len(), y.shape().width());
    let launch = device.kernel(&PROGRAM, "unit_back").uint(width).float(smallest);
    launch.reads(y).reads(norms).writes(dy).groups([rows, 1, 1], ITEMS)
}
