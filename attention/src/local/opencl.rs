//! Centres on a device, with one work-group per row.

use tensor::opencl::{Ids, OpenCl, Program};
use tensor::{Error, Result, Tensor};

static PROGRAM: Program = Program::new(&[include_str!("centre.cl")]);

/// Computes p = n sigmoid(v^T tanh(h)) for each row.
pub(super) fn centres(device: &OpenCl, h: &Tensor, v: &Tensor, lengths: &Ids) -> Result<Tensor> {
    let (rows, width) = (h.shape().rows(), h.shape().width());
    if v.len() != width {
        return Err(Error::shapes("attention centre", h.shape(), v.shape()));
    }
    let mut p = device.uninit([rows])?;
    let launch = device.kernel(&PROGRAM, "centre").uint(width).uint(lengths.len());
    let launch = launch.ids(lengths).reads(h).reads(v).writes(&mut p);
    launch.groups([rows, 1, 1], [64, 1, 1])?;
    Ok(p)
}

/// Returns dh, and the contribution of each row to dv.
pub(super) fn centres_back(
    device: &OpenCl,
    h: &Tensor,
    v: &Tensor,
    p: &Tensor,
    dp: &Tensor,
    lengths: &Ids,
) -> Result<(Tensor, Tensor)> {
    let (rows, width) = (h.shape().rows(), h.shape().width());
    let (mut dh, mut dv) = (device.uninit(h.shape())?, device.uninit([rows, width])?);
    let launch = device.kernel(&PROGRAM, "centre_back").uint(rows).uint(width);
    let launch = launch.uint(lengths.len()).ids(lengths).reads(h).reads(v).reads(p).reads(dp);
    launch.writes(&mut dh).writes(&mut dv).over(rows * width)?;
    Ok((dh, dv))
}
