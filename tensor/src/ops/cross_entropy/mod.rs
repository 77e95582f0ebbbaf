//! Cross-entropy of logits; its gradient is computed in the same pass.

mod config;
mod opencl;
pub(super) mod predict;
pub mod reference;
mod sample;
#[cfg(test)]
mod tests;
mod top_k;

pub use config::CrossEntropy;
pub use predict::{argmax, argmax_except, log_probabilities, log_sum_exp};
pub use sample::{Sampling, sample};
pub use top_k::top_k;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::error::Result;
use crate::simd::{Kernel, Simd, dispatch, math};
use crate::tensor::DeferredScalar;
use crate::tensor::Tensor;

/// A cross-entropy loss and the metrics computed with it.
#[derive(Debug, Clone)]
pub struct CrossEntropyResult {
    /// The weighted loss, one element.
    pub loss: Var,
    /// Sum over counted rows of -log p(target), without smoothing and weight, in nats.
    pub nll: DeferredScalar,
    /// The weighted loss, on the host in f64.
    pub value: DeferredScalar,
    /// Number of rows counted.
    pub count: usize,
    /// Number of counted rows whose largest logit is the target's (the first of equal logits).
    pub correct: DeferredScalar,
}

/// Computes the cross-entropy of logits and class ids.
///
/// loss = weight * sum over rows of ((1 - e) (-log p\[target\]) + e / V sum over classes v of
/// (-log p\[v\])), p = softmax(logits), e the smoothing (Szegedy et al. 2016, section 7); rows whose
/// target is `ignore` add nothing.
///
/// | value | shape |
/// |---|---|
/// | logits | \[..., V\] |
/// | targets | one per row of logits |
/// | loss | \[1\] |
///
/// The logits' memory is overwritten with their gradient, in one pass with softmax and loss, so the
/// value of `logits` is removed from the tape. A caller that needs it must keep a clone of its
/// tensor.
///
/// # Errors
/// The number of targets differs from the number of rows, a target is not a class, or the smoothing
/// is outside \[0, 1\].
///
/// PyTorch: `F.cross_entropy(logits, targets, ignore_index=ignore, label_smoothing=e,
/// reduction="sum") * weight`.
///
/// ```
/// use ndarray::array;
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let params = Params::new();
/// let mut tape = Tape::new(&params);
/// let logits = tape.input(Tensor::from(array![[0.0, 0.0], [5.0, -5.0]]));
/// let how = ops::CrossEntropy { targets: &[1, 0], ignore: None, smoothing: 0.0, weight: 0.5 };
/// let result = ops::cross_entropy(&mut tape, logits, how)?;
/// assert!((result.value.get()? - 0.5 * 2f64.ln()).abs() < 1e-3);
/// assert_eq!(result.correct.get()?, 1.0);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn cross_entropy(
    tape: &mut Tape<'_>,
    logits: Var,
    how: CrossEntropy<'_>,
) -> Result<CrossEntropyResult> {
    let classes = tape.shape(logits).width();
    how.check("cross_entropy", tape.shape(logits), classes)?;
    let mut gradient = tape.take_value(logits);
    if let Some(device) = tape.opencl() {
        let sums = opencl::forward(device, &mut gradient, how)?;
        let loss = tape.output(sums.flat(0, 1));
        tape.record(CrossEntropyOp { logits, loss, gradient });
        return Ok(CrossEntropyResult {
            loss,
            nll: DeferredScalar::on_device(&sums, 1),
            value: DeferredScalar::on_device(&sums, 0),
            count: how.counted().count(),
            correct: DeferredScalar::on_device(&sums, 2),
        });
    }
    let sums = add_up(gradient.data_mut(), classes, how);
    let loss = tape.output(Tensor::scalar(sums.loss as f32));
    tape.record(CrossEntropyOp { logits, loss, gradient });
    Ok(sums.result(loss))
}

/// Sums over rows of logits.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) loss: f64,
    nll: f64,
    count: usize,
    correct: usize,
}

impl Sums {
    /// Adds the sums over other rows.
    pub(super) fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.nll += other.nll;
        self.count += other.count;
        self.correct += other.correct;
    }

    /// Returns the result of which `loss` is the value on the tape.
    pub(super) fn result(self, loss: Var) -> CrossEntropyResult {
        CrossEntropyResult {
            loss,
            nll: self.nll.into(),
            value: self.loss.into(),
            count: self.count,
            correct: (self.correct as f64).into(),
        }
    }
}

/// Replaces rows of logits by rows of gradients, and returns the sums over them.
pub(super) fn add_up(rows: &mut [f32], classes: usize, how: CrossEntropy<'_>) -> Sums {
    dispatch(CrossEntropyForward { rows, classes, how })
}

/// Replaces rows of logits by rows of gradients: weight (p - (1 - e) onehot - e / V).
struct CrossEntropyForward<'a> {
    rows: &'a mut [f32],
    classes: usize,
    how: CrossEntropy<'a>,
}

impl Kernel for CrossEntropyForward<'_> {
    type Output = Sums;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Sums {
        let Self { rows, classes, how } = self;
        let mut sums = Sums::default();
        let (keep, share) = (1.0 - how.smoothing, how.smoothing / classes as f32);
        for (row, &target) in rows.chunks_exact_mut(classes).zip(how.targets) {
            if how.ignore == Some(target) {
                row.fill(0.0);
                continue;
            }
            let target = target as usize;
            let at_target = row[target];
            let largest = largest(s, row);
            // The first of equal logits wins, as with argmax.
            let correct = at_target == largest && row[..target].iter().all(|&v| v < largest);
            let sum_logits =
                if how.smoothing > 0.0 { row.iter().map(|&v| f64::from(v)).sum() } else { 0.0 };
            let total = exp_of_difference(s, row, largest);
            let log_total = f64::from(largest) + f64::from(total).ln();
            let nll = log_total - f64::from(at_target);
            let mut loss = f64::from(keep) * nll;
            if how.smoothing > 0.0 {
                loss += f64::from(share) * (classes as f64 * log_total - sum_logits);
            }
            scale_and_shift(s, row, how.weight / total, -share * how.weight);
            row[target] -= keep * how.weight;
            sums.loss += f64::from(how.weight) * loss;
            sums.nll += nll;
            sums.count += 1;
            sums.correct += usize::from(correct);
        }
        sums
    }
}

/// Returns the largest element of a row.
#[inline(always)]
pub(super) fn largest<S: Simd>(s: S, row: &[f32]) -> f32 {
    let mut most = s.splat(f32::NEG_INFINITY);
    let mut parts = row.chunks_exact(S::LANES);
    for part in parts.by_ref() {
        most = s.max(s.load(part), most);
    }
    parts.remainder().iter().fold(s.largest(most), |m, &v| if v > m { v } else { m })
}

/// Sets row = exp(row - by) and returns its sum.
#[inline(always)]
pub(super) fn exp_of_difference<S: Simd>(s: S, row: &mut [f32], by: f32) -> f32 {
    let shift = s.splat(by);
    let mut total = s.splat(0.0);
    let mut parts = row.chunks_exact_mut(S::LANES);
    for part in parts.by_ref() {
        let v = math::exp(s, s.sub(s.load(part), shift));
        total = s.add(total, v);
        s.store(part, v);
    }
    let rest = parts.into_remainder();
    let v = math::exp(s, s.sub(s.load(rest), shift));
    s.store(rest, v);
    rest.iter().fold(s.sum(total), |t, &v| t + v)
}

#[inline(always)]
fn scale_and_shift<S: Simd>(s: S, row: &mut [f32], factor: f32, shift: f32) {
    let (factor, shift) = (s.splat(factor), s.splat(shift));
    for part in row.chunks_mut(S::LANES) {
        let v = s.fma(s.load(part), factor, shift);
        s.store(part, v);
    }
}

struct CrossEntropyOp {
    logits: Var,
    loss: Var,
    gradient: Tensor,
}

impl Op for CrossEntropyOp {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(d) = back.take(self.loss) else { return Ok(()) };
        let d = d.data().first().copied().unwrap_or(0.0);
        let mut gradient = self.gradient;
        match back.opencl() {
            _ if d == 1.0 => {}
            Some(device) => device.scale(&mut gradient, d)?,
            None => crate::cpu::elementwise::scale(gradient.data_mut(), d),
        }
        back.add(self.logits, gradient)
    }
}
