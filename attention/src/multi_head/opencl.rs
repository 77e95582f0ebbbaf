//! The mean of the weights over the heads on a device, with one work-item per weight.

use tensor::opencl::{OpenCl, Program};
use tensor::{Error, Result, Shape, Tensor};

static PROGRAM: Program = Program::new(&[include_str!("mean.cl")]);

/// Averages \[..., h, S\] over the heads to \[..., S\].
pub(super) fn mean(device: &OpenCl, heads: &Tensor, count: usize, shape: Shape) -> Result<Tensor> {
    if heads.len() != shape.len() * count {
        return Err(Error::shapes("mean of heads", heads.shape(), shape));
    }
    let mut y = device.uninit(shape)?;
    let launch = device.kernel(&PROGRAM, "mean_of_heads").uint(shape.rows()).uint(shape.width());
    launch.uint(count).reads(heads).writes(&mut y).over(shape.len())?;
    Ok(y)
}

/// Adds the gradients of the heads to `d_heads`, starting at element `at`.
pub(super) fn mean_back(
    device: &OpenCl,
    d: &Tensor,
    count: usize,
    d_heads: &mut Tensor,
    at: usize,
) -> Result<()> {
    let shape = d.shape();
    if at + shape.len() * count > d_heads.len() {
        return Err(Error::shapes("mean of heads", shape, d_heads.shape()));
    }
    let launch = device.kernel(&PROGRAM, "mean_of_heads_back").uint(shape.rows());
    let launch = launch.uint(shape.width()).uint(count).reads(d).writes(d_heads).long(at);
    launch.over(shape.len() * count)
}
