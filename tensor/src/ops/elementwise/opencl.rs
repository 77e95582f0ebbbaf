//! Elementwise operations on a device.

use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("elementwise.cl")]);

/// The number of parts that one launch takes.
const PARTS: usize = 4;

pub(super) fn tanh(device: &OpenCl, x: &Tensor) -> Result<Tensor> {
    let mut y = device.uninit(x.shape())?;
    let n = x.len();
    device.kernel(&PROGRAM, "tanh_forward").uint(n).reads(x).writes(&mut y).over(n)?;
    Ok(y)
}

/// d *= 1 - y^2
pub(super) fn tanh_back(device: &OpenCl, y: &Tensor, d: &mut Tensor) -> Result<()> {
    let n = y.len();
    device.kernel(&PROGRAM, "tanh_back").uint(n).reads(y).writes(d).over(n)
}

/// factor (x_0 + x_1 + ...)
pub(super) fn sum(device: &OpenCl, parts: &[&Tensor], factor: f32) -> Result<Tensor> {
    let mut y = device.uninit(parts[0].shape())?;
    let n = y.len();
    for (i, some) in parts.chunks(PARTS).enumerate() {
        let launch = device.kernel(&PROGRAM, "sum_parts").uint(n).uint(some.len()).float(factor);
        let mut launch = launch.uint(usize::from(i > 0));
        for k in 0..PARTS {
            launch = launch.reads(some.get(k).unwrap_or(&some[0]));
        }
        launch.writes(&mut y).over(n)?;
    }
    Ok(y)
}
