//! The selection on a device.

use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::shape::Shape;
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("index_select.cl")]);

fn words(indices: &[usize]) -> Vec<u32> {
    indices.iter().map(|&i| i as u32).collect()
}

/// The selected entries; the indices are within the batch.
pub(super) fn forward(
    device: &OpenCl,
    x: &Tensor,
    indices: &[usize],
    batch: usize,
    selected: Shape,
) -> Result<Tensor> {
    let width = selected.width();
    let mut y = device.uninit(selected)?;
    let rows = selected.rows();
    let ids = device.ids(&words(indices))?;
    let launch = device.kernel(&PROGRAM, "index_select").uint(rows).uint(width).uint(batch);
    let launch = launch.uint(indices.len()).ids(&ids).reads(x).writes(&mut y);
    launch.groups([width.div_ceil(32), rows.div_ceil(8), 1], [32, 8, 1])?;
    Ok(y)
}

/// The gradient of the value: rows of one entry are added up in their order.
pub(super) fn backward(
    device: &OpenCl,
    dy: &Tensor,
    indices: &[usize],
    batch: usize,
    shape: Shape,
) -> Result<Tensor> {
    let width = shape.width();
    let mut dx = device.uninit(shape)?;
    let rows = shape.rows();
    let ids = device.ids(&words(indices))?;
    let launch = device.kernel(&PROGRAM, "index_select_back").uint(rows).uint(width).uint(batch);
    let launch = launch.uint(indices.len()).ids(&ids).reads(dy).writes(&mut dx);
    launch.groups([width.div_ceil(32), rows.div_ceil(8), 1], [32, 8, 1])?;
    Ok(dx)
}
