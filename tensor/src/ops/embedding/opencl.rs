//! Embedding on a device. Its backward pass is in `gradients`: rows are added by id.

use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::shape::Shape;
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("embedding.cl")]);

/// Returns rows of a table; the caller has checked the ids.
pub(super) fn forward(
    device: &OpenCl,
    ids: &[u32],
    table: &Tensor,
    shape: Shape,
) -> Result<Tensor> {
    let (count, width) = (ids.len(), shape.width());
    let mut y = device.uninit(shape)?;
    let ids = device.ids(ids)?;
    let launch = device.kernel(&PROGRAM, "embedding").uint(count).uint(width).ids(&ids);
    let groups = [width.div_ceil(64), count, 1];
    launch.reads(table).writes(&mut y).groups(groups, [64, 1, 1])?;
    Ok(y)
}
