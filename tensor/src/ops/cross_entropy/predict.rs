//! Predictions of a softmax over logits, without a gradient: for decoding and scoring.

use super::opencl;
use crate::error::{Error, Result};
use crate::simd::{Kernel, Simd, dispatch, math};
use crate::tensor::Tensor;

/// Returns the most probable class of each row (the first of equals) and its natural-log
/// probability.
///
/// PyTorch: `torch.log_softmax(logits, -1).max(-1)`.
///
/// ```
/// use ndarray::array;
/// use tensor::{Tensor, ops};
///
/// let best = ops::argmax(&Tensor::from(array![[0.0, 0.0], [0.0, 3.0]]))?;
/// assert_eq!(best[0].0, 0);
/// assert!((best[0].1 + 2f32.ln()).abs() < 1e-6);
/// assert_eq!(best[1].0, 1);
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// The tensor is a value that was taken off its tape; the device failed.
pub fn argmax(logits: &Tensor) -> Result<Vec<(u32, f32)>> {
    argmax_except(logits, &[])
}

/// Returns the class with the largest logit in each row, except the classes in `excluded`, and its
/// natural-log probability among all classes, including the excluded ones. Of equal logits the
/// first class is taken.
///
/// PyTorch: `logits.index_fill(-1, excluded, -inf).argmax(-1)`, and its value in
/// `torch.log_softmax(logits, -1)`.
///
/// ```
/// use ndarray::array;
/// use tensor::{Tensor, ops};
///
/// let logits = Tensor::from(array![[3.0, 0.0, 0.0]]);
/// let (class, logp) = ops::argmax_except(&logits, &[0])?[0];
/// assert_eq!(class, 1);
/// assert!((logp + (2.0 + 3f32.exp()).ln()).abs() < 1e-6);
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// The device failed.
pub fn argmax_except(logits: &Tensor, excluded: &[u32]) -> Result<Vec<(u32, f32)>> {
    logits.present("argmax")?;
    if let Some(device) = logits.opencl() {
        return opencl::argmax_except(device, logits, excluded);
    }
    let width = logits.shape().width();
    Ok(dispatch(Argmax { rows: logits.data(), width, excluded }))
}

/// Returns the natural-log probability of one class per row.
///
/// PyTorch: `torch.log_softmax(logits, -1).gather(-1, classes)`.
///
/// # Errors
/// The number of classes differs from the number of rows, or a class is outside the row.
pub fn log_probabilities(logits: &Tensor, classes: &[u32]) -> Result<Vec<f64>> {
    let shape = logits.shape();
    if shape.rows() != classes.len() {
        return Err(Error::shapes("log_probabilities", shape, [classes.len()]));
    }
    if let Some(device) = logits.opencl() {
        let rows = shape.width();
        if let Some(&id) = classes.iter().find(|&&id| id as usize >= rows) {
            return Err(Error::Id { op: "log_probabilities", id, rows });
        }
        return opencl::log_probabilities(device, logits, classes);
    }
    let rows = logits.data().chunks_exact(shape.width().max(1));
    rows.zip(classes)
        .map(|(row, &id)| {
            let op = "log_probabilities";
            let value = row.get(id as usize).ok_or(Error::Id { op, id, rows: row.len() })?;
            Ok(f64::from(*value) - log_sum_exp(row))
        })
        .collect()
}

/// Returns ln Σ exp(x).
///
/// PyTorch: `torch.logsumexp(x, -1)`.
///
/// ```
/// assert!((tensor::ops::log_sum_exp(&[100.0, 100.0]) - (100.0 + 2f64.ln())).abs() < 1e-5);
/// ```
pub fn log_sum_exp(x: &[f32]) -> f64 {
    let (largest, total) = dispatch(Total(x));
    f64::from(largest) + f64::from(total).ln()
}

struct Argmax<'a> {
    rows: &'a [f32],
    width: usize,
    excluded: &'a [u32],
}

impl Kernel for Argmax<'_> {
    type Output = Vec<(u32, f32)>;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let mut best = Vec::with_capacity(self.rows.len() / self.width.max(1));
        for row in self.rows.chunks_exact(self.width.max(1)) {
            let (largest, total) = total(s, row);
            let place = place(row, largest);
            best.push(if self.excluded.contains(&(place as u32)) {
                let place = place_except(row, self.excluded);
                (place as u32, row[place] - largest - total.ln())
            } else {
                (place as u32, -total.ln())
            });
        }
        best
    }
}

/// Returns the first of the largest elements that are not excluded, or 0 if all are excluded.
pub(in crate::ops) fn place_except(row: &[f32], excluded: &[u32]) -> usize {
    let mut best = None;
    for (i, &v) in row.iter().enumerate() {
        if !excluded.contains(&(i as u32)) && best.is_none_or(|(_, most)| v > most) {
            best = Some((i, v));
        }
    }
    best.map_or(0, |(i, _)| i)
}

/// Returns the first position at which a row equals `value`, or 0 if there is none. Whole blocks
/// are searched without a branch, so the loop vectorises.
#[inline(always)]
pub(in crate::ops) fn place(row: &[f32], value: f32) -> usize {
    const BLOCK: usize = 128;
    let is_in = |block: &[f32]| block.iter().fold(false, |found, &v| found | (v == value));
    let block = row.chunks(BLOCK).position(is_in).unwrap_or(0) * BLOCK;
    block + row.iter().skip(block).position(|&v| v == value).unwrap_or(0)
}

struct Total<'a>(&'a [f32]);
impl Kernel for Total<'_> {
    type Output = (f32, f32);
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> (f32, f32) {
        total(s, self.0)
    }
}

/// Returns the largest element and the sum of exp(element - largest).
#[inline(always)]
pub(in crate::ops) fn total<S: Simd>(s: S, row: &[f32]) -> (f32, f32) {
    let largest = super::largest(s, row);
    let shift = s.splat(largest);
    let mut sum = s.splat(0.0);
    let mut parts = row.chunks_exact(S::LANES);
    for part in parts.by_ref() {
        sum = s.add(sum, math::exp(s, s.sub(s.load(part), shift)));
    }
    let mut rest = [0.0_f32; 64];
    let n = parts.remainder().len();
    s.store(&mut rest[..n], math::exp(s, s.sub(s.load(parts.remainder()), shift)));
    (largest, rest[..n].iter().fold(s.sum(sum), |t, v| t + v))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{to_f32, values};
    use crate::ops::cross_entropy::reference::log_softmax;

    #[test]
    fn the_first_of_equal_elements_is_the_place() {
        let mut row = [0.0; 300];
        for at in [299, 257, 128, 127, 5, 0] {
            row[at] = 2.0;
            assert_eq!(place(&row, 2.0), at);
        }
        assert_eq!(place(&row, 3.0), 0);
        assert_eq!(place(&row, f32::NAN), 0);
    }

    #[test]
    fn an_excluded_class_is_never_the_largest() {
        let nan = f32::NAN;
        let rows = vec![5.0, 1.0, 4.0, 1.0, 0.0, 1.0, 9.0, 1.0, nan, nan, nan, nan];
        let logits = Tensor::from_vec([3, 4], rows).unwrap();
        let classes = |excluded: &[u32]| -> Vec<u32> {
            argmax_except(&logits, excluded).unwrap().iter().map(|best| best.0).collect()
        };
        assert_eq!(classes(&[0, 2]), [1, 1, 1]);
        assert_eq!(classes(&[1, 9]), [0, 2, 0]);
        assert_eq!(classes(&[0, 1, 2, 3]), [0, 0, 0]);
    }

    #[test]
    fn both_agree_with_plain_loops() {
        for width in [1, 3, 8, 21, 100] {
            let x: Vec<f64> = values(4 * width, 3).iter().map(|v| v * 5.0).collect();
            let logits = Tensor::from_vec([4, width], to_f32(&x)).unwrap();
            let classes: Vec<u32> = (0..4).map(|i| (i * 7 % width) as u32).collect();
            let scores = log_probabilities(&logits, &classes).unwrap();
            for (i, row) in x.chunks(width).enumerate() {
                let want = log_softmax(row);
                assert!((scores[i] - want[classes[i] as usize]).abs() < 1e-5);
                let (best, logp) = argmax(&logits).unwrap()[i];
                let most = want.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
                assert!((f64::from(logp) - most).abs() < 1e-5);
                assert!((want[best as usize] - most).abs() < 1e-6);

                let excluded = [best, 0];
                let (second, logp) = argmax_except(&logits, &excluded).unwrap()[i];
                let allowed = (0..width).filter(|&c| !excluded.contains(&(c as u32)));
                if let Some(most) = allowed.map(|c| want[c]).reduce(f64::max) {
                    assert!(!excluded.contains(&second) && (f64::from(logp) - most).abs() < 1e-5);
                    assert!((want[second as usize] - most).abs() < 1e-6);
                }
            }
        }
        assert!(log_probabilities(&Tensor::zeros([1, 2]), &[2]).is_err());
    }
}
