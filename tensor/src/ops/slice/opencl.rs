//! Columns of a matrix on a device.

use super::columns::Columns;
use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::shape::Shape;
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("slice.cl")]);

pub(super) fn read(device: &OpenCl, x: &Tensor, columns: Columns, shape: Shape) -> Result<Tensor> {
    let mut y = device.uninit(shape)?;
    let Columns { rows, width, first, count } = columns;
    let launch = device.kernel(&PROGRAM, "columns_read").uint(rows).uint(width).uint(first);
    launch.uint(count).reads(x).writes(&mut y).over(rows * count)?;
    Ok(y)
}

/// Adds dy to the columns of a gradient that begins at element `at`.
pub(super) fn add(
    device: &OpenCl,
    dy: &Tensor,
    columns: Columns,
    grad: &mut Tensor,
    at: usize,
) -> Result<()> {
    let Columns { rows, width, first, count } = columns;
    let launch = device.kernel(&PROGRAM, "columns_add").uint(rows).uint(width).uint(first);
    launch.uint(count).reads(dy).writes(grad).long(at).over(rows * count)
}
