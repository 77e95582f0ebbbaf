//! Cross-entropy on a device: one work-group a row of logits, no number read.

use super::config::CrossEntropy;
use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("cross_entropy.cl")]);
const ITEMS: [usize; 3] = [256, 1, 1];

/// Turns logits into their gradient, and gives three sums: weighted loss, -log p, right ones.
pub(super) fn forward(
    device: &OpenCl,
    logits: &mut Tensor,
    how: CrossEntropy<'_>,
) -> Result<Tensor> {
    let (rows, classes) = (logits.shape().rows(), logits.shape().width());
    let targets = device.ids(how.targets)?;
    let (mut found, mut sums) = (device.uninit([rows, 3])?, device.uninit([3])?);
    let launch = device.kernel(&PROGRAM, "cross_entropy").uint(classes);
    let launch = launch.uint(usize::from(how.ignore.is_some()));
    let launch = launch.uint(how.ignore.unwrap_or(0) as usize);
    let launch = launch.float(how.smoothing).float(how.weight).ids(&targets);
    launch.writes(logits).writes(&mut found).groups([rows, 1, 1], ITEMS)?;
    let launch = device.kernel(&PROGRAM, "cross_entropy_sums").uint(rows).float(how.weight);
    launch.reads(&found).writes(&mut sums).groups([1, 1, 1], ITEMS)?;
    Ok(sums)
}

/// The class with the largest logit in each row, excluded ones aside, and its log probability, read.
pub(super) fn argmax_except(
    device: &OpenCl,
    logits: &Tensor,
    excluded: &[u32],
) -> Result<Vec<(u32, f32)>> {
    let (rows, classes) = (logits.shape().rows(), logits.shape().width());
    let mut best = device.uninit([rows, 2])?;
    // A list on a device has at least one number: this one is no class.
    let excluded = device.ids(if excluded.is_empty() { &[u32::MAX] } else { excluded })?;
    let launch = device.kernel(&PROGRAM, "argmax_except").uint(classes);
    let launch = launch.uint(excluded.len()).ids(&excluded);
    launch.reads(logits).writes(&mut best).groups([rows, 1, 1], ITEMS)?;
    let best = device.read_later(&best)?.wait()?;
    Ok(best.chunks_exact(2).map(|pair| (pair[0] as u32, pair[1])).collect())
}

/// The log probability of one class a row, read; the classes are within the rows.
pub(super) fn log_probabilities(
    device: &OpenCl,
    logits: &Tensor,
    classes: &[u32],
) -> Result<Vec<f64>> {
    let (rows, width) = (logits.shape().rows(), logits.shape().width());
    let ids = device.ids(classes)?;
    let mut y = device.uninit([rows])?;
    let launch = device.kernel(&PROGRAM, "log_probabilities").uint(width).ids(&ids);
    launch.reads(logits).writes(&mut y).groups([rows, 1, 1], ITEMS)?;
    Ok(device.read_later(&y)?.wait()?.into_iter().map(f64::from).collect())
}
