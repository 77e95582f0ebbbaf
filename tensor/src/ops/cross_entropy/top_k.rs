//! The most probable classes of a softmax: for beam search and n-best lists.

use super::predict::total;
use crate::error::Result;
use crate::simd::{Kernel, Simd, dispatch};
use crate::tensor::Tensor;

/// The `k` most probable classes of each row, classes in `excluded` aside, each with its natural-log
/// probability among all classes, the most probable first; of equal logits the first class.
///
/// A row has fewer than `k` only if it has fewer classes. Logits on a device are read by the host.
///
/// PyTorch: `torch.log_softmax(logits, -1).index_fill(-1, excluded, -inf).topk(k, -1)`.
///
/// ```
/// use ndarray::array;
/// use tensor::{Tensor, ops};
///
/// let logits = Tensor::from(array![[0.0, 3.0, 2.0, 1.0]]);
/// let best = ops::top_k(&logits, 2, &[1])?;
/// assert_eq!(best[0].iter().map(|b| b.0).collect::<Vec<_>>(), [2, 3]);
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// The device failed.
pub fn top_k(logits: &Tensor, k: usize, excluded: &[u32]) -> Result<Vec<Vec<(u32, f32)>>> {
    let width = logits.shape().width();
    let best = dispatch(TopK { rows: logits.data(), width, k, excluded });
    logits.check()?;
    Ok(best)
}

struct TopK<'a> {
    rows: &'a [f32],
    width: usize,
    k: usize,
    excluded: &'a [u32],
}

/// Elements that are compared with the threshold at once.
const BLOCK: usize = 64;

impl Kernel for TopK<'_> {
    type Output = Vec<Vec<(u32, f32)>>;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let mut all = Vec::with_capacity(self.rows.len() / self.width.max(1));
        for row in self.rows.chunks_exact(self.width.max(1)) {
            let (largest, sum) = total(s, row);
            let shift = largest + sum.ln();
            let mut best: Vec<(u32, f32)> = Vec::with_capacity(self.k + 1);
            for (i, block) in row.chunks(BLOCK).enumerate() {
                // A whole block without a candidate is passed over without a branch per element.
                let threshold = match best.last() {
                    Some(&(_, least)) if best.len() == self.k => least,
                    _ => f32::NEG_INFINITY,
                };
                let is_full = best.len() == self.k;
                if is_full && !block.iter().fold(false, |any, &v| any | (v > threshold)) {
                    continue;
                }
                for (j, &value) in block.iter().enumerate() {
                    let class = (i * BLOCK + j) as u32;
                    let enters = best.len() < self.k || best.last().is_some_and(|b| value > b.1);
                    if !enters || value.is_nan() || self.excluded.contains(&class) {
                        continue;
                    }
                    let at = best.partition_point(|&(_, other)| other >= value);
                    best.insert(at, (class, value));
                    best.truncate(self.k);
                }
            }
            best.iter_mut().for_each(|(_, value)| *value -= shift);
            all.push(best);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{to_f32, values};
    use crate::ops::argmax_except;
    use crate::ops::cross_entropy::reference::log_softmax;

    #[test]
    fn the_most_probable_come_first_at_every_width() {
        for width in [1, 5, 63, 64, 65, 300] {
            let x: Vec<f64> = values(3 * width, 1).iter().map(|v| (v * 20.0).round()).collect();
            let logits = Tensor::from_vec([3, width], to_f32(&x)).unwrap();
            for (k, excluded) in [(1, vec![]), (4, vec![0, 3]), (1000, vec![2])] {
                let found = top_k(&logits, k, &excluded).unwrap();
                for (row, found) in x.chunks(width).zip(&found) {
                    let logp = log_softmax(row);
                    let mut order: Vec<usize> =
                        (0..width).filter(|&c| !excluded.contains(&(c as u32))).collect();
                    order.sort_by(|&a, &b| row[b].partial_cmp(&row[a]).unwrap());
                    order.truncate(k);
                    assert_eq!(found.iter().map(|f| f.0 as usize).collect::<Vec<_>>(), order);
                    for (f, &class) in found.iter().zip(&order) {
                        assert!((f64::from(f.1) - logp[class]).abs() < 1e-4, "{width} {k}");
                    }
                }
            }
            if width > 4 {
                let (one, best) =
                    (top_k(&logits, 1, &[1]).unwrap(), argmax_except(&logits, &[1]).unwrap());
                assert!(one.iter().zip(&best).all(|(a, b)| a[0].0 == b.0));
            }
        }
    }

    #[test]
    fn what_is_not_a_number_is_never_taken() {
        let logits = Tensor::from_vec([1, 3], vec![f32::NAN, 1.0, f32::NEG_INFINITY]).unwrap();
        let found = top_k(&logits, 3, &[]).unwrap();
        assert_eq!(found[0].iter().map(|f| f.0).collect::<Vec<_>>(), [1, 2]);
    }
}
