//! Layer normalisation of the input's products on an OpenCL device.

use tensor::opencl::{OpenCl, Program};
use tensor::{Result, Tensor};

use crate::cell::Cell;
use crate::programs::ROW_ITEMS;

static PROGRAM: Program = Program::new(&[include_str!("norm.cl")]);

/// Returns the first column of the second group and the number of groups.
fn groups(cell: Cell, width: usize) -> (usize, usize) {
    let groups = cell.norm_groups();
    (cell.columns(&groups[0], width).end, groups.len())
}

/// Returns the output and the scale of each row, \[groups, rows\]. Replaces `normal` by the
/// normalised values.
pub(crate) fn normalise(
    device: &OpenCl,
    cell: Cell,
    normal: &mut Tensor,
    gain: &Tensor,
    bias: Option<&Tensor>,
    eps: f32,
) -> Result<(Tensor, Tensor)> {
    let (rows, width) = (normal.shape().rows(), normal.shape().width());
    let (split, count) = groups(cell, width);
    let mut y = device.uninit(normal.shape())?;
    let mut scales = device.uninit([count, rows])?;
    let launch = device.kernel(&PROGRAM, "normalise").uint(rows).uint(width).uint(split);
    let launch = launch.uint(usize::from(bias.is_some())).float(eps);
    let launch = launch.reads(gain).reads(bias.unwrap_or(gain));
    let launch = launch.writes(normal).writes(&mut scales).writes(&mut y);
    launch.groups([rows, count, 1], ROW_ITEMS)?;
    Ok((y, scales))
}

/// Replaces the normalised values by the gradient of the input. Returns the rows of the gain's
/// gradient.
pub(crate) fn normalise_back(
    device: &OpenCl,
    cell: Cell,
    d: &Tensor,
    normal: &mut Tensor,
    scales: &Tensor,
    gain: &Tensor,
) -> Result<Tensor> {
    let (rows, width) = (normal.shape().rows(), normal.shape().width());
    let (split, count) = groups(cell, width);
    let mut d_gain = device.uninit([rows, width])?;
    let launch = device.kernel(&PROGRAM, "normalise_back").uint(rows).uint(width).uint(split);
    let launch = launch.reads(d).reads(scales).reads(gain).writes(normal).writes(&mut d_gain);
    launch.groups([rows, count, 1], ROW_ITEMS)?;
    Ok(d_gain)
}
