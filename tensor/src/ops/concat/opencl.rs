//! Concatenation on a device.

use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::shape::Shape;
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("concat.cl")]);

/// The number of parts that one launch takes.
const PARTS: usize = 4;

/// Concatenates the rows of parts.
pub(super) fn concat(device: &OpenCl, parts: &[&Tensor], shape: Shape) -> Result<Tensor> {
    let (rows, width) = (shape.rows(), shape.width());
    let mut y = device.uninit(shape)?;
    let mut first = 0;
    for some in parts.chunks(PARTS) {
        let mut launch = device.kernel(&PROGRAM, "concat").uint(rows).uint(width).uint(first);
        let mut end = 0;
        for k in 0..PARTS {
            // An absent part ends where the last one ends, so it gets no column.
            end += some.get(k).map_or(0, |p| p.shape().width());
            launch = launch.reads(some.get(k).unwrap_or(&some[0])).uint(end);
        }
        launch.writes(&mut y).groups([end.div_ceil(64), rows, 1], [64, 1, 1])?;
        first += end;
    }
    Ok(y)
}

/// Returns the columns from `first` on that fill `shape`.
pub(super) fn columns(device: &OpenCl, x: &Tensor, first: usize, shape: Shape) -> Result<Tensor> {
    let (rows, n) = (shape.rows(), shape.width());
    let mut y = device.uninit(shape)?;
    let launch = device.kernel(&PROGRAM, "columns").uint(rows).uint(n).uint(x.shape().width());
    let launch = launch.uint(first).reads(x).writes(&mut y);
    launch.groups([n.div_ceil(64), rows, 1], [64, 1, 1])?;
    Ok(y)
}
