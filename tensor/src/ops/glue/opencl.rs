//! The small operations on a device.

use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::shape::Shape;
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("glue.cl")]);

/// Parts that one launch takes.
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

/// Parts of the same rows side by side.
pub(super) fn concat(device: &OpenCl, parts: &[&Tensor], shape: Shape) -> Result<Tensor> {
    let (rows, width) = (shape.rows(), shape.width());
    let mut y = device.uninit(shape)?;
    let mut first = 0;
    for some in parts.chunks(PARTS) {
        let mut launch = device.kernel(&PROGRAM, "concat").uint(rows).uint(width).uint(first);
        let mut end = 0;
        for k in 0..PARTS {
            // What is not there ends where the last one ends, and gives no column.
            end += some.get(k).map_or(0, |p| p.shape().width());
            launch = launch.reads(some.get(k).unwrap_or(&some[0])).uint(end);
        }
        launch.writes(&mut y).groups([end.div_ceil(64), rows, 1], [64, 1, 1])?;
        first += end;
    }
    Ok(y)
}

/// Columns from `first` on, as many as `shape` is wide.
pub(super) fn columns(device: &OpenCl, x: &Tensor, first: usize, shape: Shape) -> Result<Tensor> {
    let (rows, n) = (shape.rows(), shape.width());
    let mut y = device.uninit(shape)?;
    let launch = device.kernel(&PROGRAM, "columns").uint(rows).uint(n).uint(x.shape().width());
    let launch = launch.uint(first).reads(x).writes(&mut y);
    launch.groups([n.div_ceil(64), rows, 1], [64, 1, 1])?;
    Ok(y)
}

/// Entries of a new outermost dimension.
pub(super) fn stack(device: &OpenCl, parts: &[Tensor], shape: Shape) -> Result<Tensor> {
    Ok(device.gather(parts)?.shaped(shape))
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
