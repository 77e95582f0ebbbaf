//! Cross-entropy on a device: one work-group per row of logits; nothing is read by the host.

use super::config::CrossEntropy;
use crate::error::Result;
use crate::opencl::{OpenCl, Program};
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("cross_entropy.cl")]);
const ITEMS: [usize; 3] = [256, 1, 1];

/// Replaces logits by their gradient and returns three sums: weighted loss, -log p, correct rows.
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

/// Reads the class with the largest logit in each row, except excluded ones, and its
/// log-probability.
pub(super) fn argmax_except(
    device: &OpenCl,
    logits: &Tensor,
    excluded: &[u32],
) -> Result<Vec<(u32, f32)>> {
    let (rows, classes) = (logits.shape().rows(), logits.shape().width());
    let mut best = device.uninit([rows, 2])?;
    // An id list on a device needs at least one entry: this one is not a class.
    let excluded = device.ids(if excluded.is_empty() { &[u32::MAX] } else { excluded })?;
    let launch = device.kernel(&PROGRAM, "argmax_except").uint(classes);
    let launch = launch.uint(excluded.len()).ids(&excluded);
    launch.reads(logits).writes(&mut best).groups([rows, 1, 1], ITEMS)?;
    let best = device.read_later(&best)?.wait()?;
    Ok(best.chunks_exact(2).map(|pair| (pair[0] as u32, pair[1])).collect())
}

/// Reads the log-probability of one class per row; the caller has checked the classes.
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
