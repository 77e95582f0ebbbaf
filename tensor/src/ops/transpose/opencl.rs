//! The swap of two dimensions on a device.

use super::sizes::Sizes;
use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::shape::Shape;
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("transpose.cl")]);

pub(super) fn transpose(
    device: &OpenCl,
    x: &Tensor,
    Sizes { n, middle, m, inner, .. }: Sizes,
    shape: Shape,
) -> Result<Tensor> {
    let mut y = device.uninit(shape)?;
    let launch = device.kernel(&PROGRAM, "transpose").uint(shape.len());
    let launch = launch.uint(n).uint(middle).uint(m).uint(inner).reads(x).writes(&mut y);
    launch.over(shape.len())?;
    Ok(y)
}
