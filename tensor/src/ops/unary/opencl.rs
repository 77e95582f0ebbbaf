//! Functions of one value on a device.

use super::function::Function;
use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("unary.cl")]);

/// The number by which `unary.cl` knows a function.
fn code(function: Function) -> usize {
    match function {
        Function::Relu => 0,
        Function::Sigmoid => 1,
        Function::Exp => 2,
        Function::Log => 3,
        Function::Sqrt => 4,
        Function::Square => 5,
        Function::Abs => 6,
    }
}

pub(super) fn forward(device: &OpenCl, function: Function, x: &Tensor) -> Result<Tensor> {
    let mut y = device.uninit(x.shape())?;
    let n = x.len();
    let launch = device.kernel(&PROGRAM, "unary").uint(n).uint(code(function));
    launch.reads(x).writes(&mut y).over(n)?;
    Ok(y)
}

/// Replaces dy by dx.
pub(super) fn backward(
    device: &OpenCl,
    function: Function,
    x: &Tensor,
    y: &Tensor,
    d: &mut Tensor,
) -> Result<()> {
    let n = x.len();
    let launch = device.kernel(&PROGRAM, "unary_back").uint(n).uint(code(function));
    launch.reads(x).reads(y).writes(d).over(n)
}

pub(super) fn affine(device: &OpenCl, x: &Tensor, factor: f32, summand: f32) -> Result<Tensor> {
    let mut y = device.uninit(x.shape())?;
    let n = x.len();
    let launch = device.kernel(&PROGRAM, "affine").uint(n).float(factor).float(summand);
    launch.reads(x).writes(&mut y).over(n)?;
    Ok(y)
}
