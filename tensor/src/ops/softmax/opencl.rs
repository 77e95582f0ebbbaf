//! Softmax on a device: one work-group per row.

use super::form::Form;
use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("softmax.cl")]);
const ITEMS: [usize; 3] = [64, 1, 1];

pub(super) fn forward(device: &OpenCl, form: Form, x: &Tensor) -> Result<Tensor> {
    let (rows, width) = (x.shape().rows(), x.shape().width());
    let mut y = device.uninit(x.shape())?;
    let launch = device.kernel(&PROGRAM, "softmax").uint(width);
    let launch = launch.uint(usize::from(form == Form::LogSoftmax)).reads(x).writes(&mut y);
    launch.groups([rows, 1, 1], ITEMS)?;
    Ok(y)
}

/// Replaces dy by dx.
pub(super) fn backward(device: &OpenCl, form: Form, y: &Tensor, d: &mut Tensor) -> Result<()> {
    let (rows, width) = (y.shape().rows(), y.shape().width());
    let launch = device.kernel(&PROGRAM, "softmax_back").uint(width);
    let launch = launch.uint(usize::from(form == Form::LogSoftmax)).reads(y).writes(d);
    launch.groups([rows, 1, 1], ITEMS)
}
