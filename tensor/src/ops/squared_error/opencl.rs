//! Squared error on a device: with one prediction per sequence, a single work-group is enough.

use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("squared_error.cl")]);

/// Returns the gradient and three sums: weighted loss, unweighted loss, number of correct
/// predictions.
pub(super) fn forward(
    device: &OpenCl,
    y: &Tensor,
    targets: &[f32],
    weight: f32,
    near: f32,
) -> Result<(Tensor, Tensor)> {
    let targets = device.upload(&Tensor::from_slice(y.shape(), targets)?)?;
    let (mut d, mut sums) = (device.uninit(y.shape())?, device.uninit([3])?);
    let launch = device.kernel(&PROGRAM, "squared_error").uint(y.len()).float(weight);
    let launch = launch.float(near);
    let launch = launch.reads(y).reads(&targets).writes(&mut d).writes(&mut sums);
    launch.groups([1, 1, 1], [256, 1, 1])?;
    Ok((d, sums))
}
