//! Sums over a dimension on a device.

use super::middle::Middle;
use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::shape::Shape;
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("reduce.cl")]);

/// Work-items of a sum of many elements.
const ITEMS: usize = 64;

pub(super) fn sums(
    device: &OpenCl,
    x: &Tensor,
    Middle { outer, n, inner }: Middle,
    factor: f32,
    shape: Shape,
) -> Result<Tensor> {
    let mut y = device.uninit(shape)?;
    let count = outer * inner;
    // Few elements: one work-item adds them up; many: a work-group.
    let name = if n <= ITEMS { "sums_each" } else { "sums_group" };
    let launch = device.kernel(&PROGRAM, name).uint(count).uint(n).uint(inner).float(factor);
    let launch = launch.reads(x).writes(&mut y);
    if n <= ITEMS {
        launch.over(count)?;
    } else {
        launch.groups([count, 1, 1], [ITEMS, 1, 1])?;
    }
    Ok(y)
}

/// Returns factor times dy, repeated along the dimension.
pub(super) fn expand(
    device: &OpenCl,
    dy: &Tensor,
    Middle { n, inner, .. }: Middle,
    factor: f32,
    shape: Shape,
) -> Result<Tensor> {
    let mut dx = device.uninit(shape)?;
    let launch = device.kernel(&PROGRAM, "expand").uint(shape.len()).uint(n).uint(inner);
    launch.float(factor).reads(dy).writes(&mut dx).over(shape.len())?;
    Ok(dx)
}
