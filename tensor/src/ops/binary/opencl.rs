//! Two values on a device.

use super::arithmetic::{Arithmetic, Operand};
use super::broadcast::Broadcast;
use crate::error::Result;
use crate::opencl::{Launch, OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("binary.cl")]);

/// The number by which `binary.cl` knows an operation.
fn code(operation: Arithmetic) -> usize {
    match operation {
        Arithmetic::Add => 0,
        Arithmetic::Sub => 1,
        Arithmetic::Mul => 2,
        Arithmetic::Div => 3,
    }
}

/// Passes the common shape and the strides of both operands.
fn shaped<'a>(launch: Launch<'a>, how: &Broadcast) -> Launch<'a> {
    let strides = how.strides.iter().flatten();
    how.dims[1..].iter().chain(strides).fold(launch, |launch, &n| launch.uint(n))
}

pub(super) fn forward(
    device: &OpenCl,
    operation: Arithmetic,
    how: &Broadcast,
    a: &Tensor,
    b: &Tensor,
) -> Result<Tensor> {
    let mut y = device.uninit(how.shape)?;
    let n = how.shape.len();
    let launch = device.kernel(&PROGRAM, "binary").uint(n).uint(code(operation));
    shaped(launch, how).reads(a).reads(b).writes(&mut y).over(n)?;
    Ok(y)
}

/// Returns the gradient of an operand in the common shape.
pub(super) fn backward(
    device: &OpenCl,
    operation: Arithmetic,
    operand: Operand,
    how: &Broadcast,
    (a, b): (&Tensor, &Tensor),
    dy: &Tensor,
) -> Result<Tensor> {
    let mut d = device.uninit(how.shape)?;
    let n = how.shape.len();
    let right = usize::from(operand == Operand::Right);
    let launch = device.kernel(&PROGRAM, "binary_back").uint(n).uint(code(operation)).uint(right);
    shaped(launch, how).reads(a).reads(b).reads(dy).writes(&mut d).over(n)?;
    Ok(d)
}
