//! The most probable classes of an output layer, without storing its logits.

use std::ops::Range;

use super::check;
use crate::autograd::{Tape, Var};
use crate::cpu::pooled_vec::PooledVec;
use crate::error::Result;
use crate::gemm::{Rows, Side, SumStart, matmul_blocks};
use crate::ops;
use crate::ops::cross_entropy::predict::{place, place_except, total};
use crate::params::ParamId;
use crate::simd::{Kernel, Simd, dispatch};

/// Returns [`argmax_except`](ops::argmax_except) of the result of an output layer: for each row of x
/// the class with the largest logit, except the classes in `excluded`, and its natural-log
/// probability among all classes. The logits are computed in blocks that stay in the processor's
/// cache.
///
/// logits = x W^T + b
///
/// | value | shape |
/// |---|---|
/// | x | \[..., I\] |
/// | W | \[V, I\] |
/// | b | \[V\] |
///
/// # Errors
/// The shapes do not fit; the device failed.
///
/// PyTorch: `F.log_softmax(F.linear(x, W, b), -1).max(-1)`.
///
/// ```
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let mut params = Params::new();
/// let w = params.add("w", Tensor::from([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))?;
/// let mut tape = Tape::inference(&params);
/// let x = tape.constant(Tensor::from([[1.0, 3.0]]));
/// let (class, logp) = ops::linear_argmax(&mut tape, x, w, None, &[1])?[0];
/// assert_eq!(class, 0);
/// assert!((logp - (1.0 - (1f32.exp() + 3f32.exp() + 1.0).ln())).abs() < 1e-6);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn linear_argmax(
    tape: &mut Tape<'_>,
    x: Var,
    w: ParamId,
    b: Option<ParamId>,
    excluded: &[u32],
) -> Result<Vec<(u32, f32)>> {
    if tape.opencl().is_some() {
        let logits = ops::linear(tape, x, w, b)?;
        return ops::argmax_except(&tape.take_value(logits), excluded);
    }
    let weight = tape.params().shape(w);
    let (rows, columns) = (0..weight.rows(), 0..weight.width());
    let bias = check(tape, x, w, &rows, &columns, b.map(|b| (b, None)))?;
    let init = bias.map_or(SumStart::Zero, |(b, _)| SumStart::Bias(b.data()));
    let threads = tape.threads().clone();
    let packed = tape.params().packed_block(w, rows, columns.clone(), Side::Transposed, &threads);
    let input = Rows::new(tape.value(x).data(), columns.len());
    let blank: PooledVec<Best> = (0..input.rows()).map(|_| Best::NONE).collect();
    let mut parts: Vec<PooledVec<Best>> = vec![blank; threads.count()];
    matmul_blocks(&threads, input, &packed, init, &mut parts, |best, columns, logits| {
        dispatch(Update { best, columns, logits, excluded });
    });
    // Parts have the columns in order, so the first of equal logits remains the best.
    let joined = parts.into_iter().reduce(|mut all, part| {
        all.iter_mut().zip(&part).for_each(|(a, b)| a.join(*b));
        all
    });
    // No logit was above negative infinity: the first class that may be taken.
    let first = (0..packed.width() as u32).find(|class| !excluded.contains(class)).unwrap_or(0);
    let result = |best: Best| {
        let class = if best.logit == f32::NEG_INFINITY { first } else { best.class };
        (class, best.logit - best.largest - best.total.ln())
    };
    Ok(joined.into_iter().flatten().map(result).collect())
}

/// What is known of a row after some of its logits.
#[derive(Debug, Clone, Copy)]
struct Best {
    /// The largest logit that is not excluded, and its class.
    logit: f32,
    class: u32,
    /// The largest logit, and the sum of exp(logit - largest).
    largest: f32,
    total: f32,
}

impl Best {
    const NONE: Self =
        Self { logit: f32::NEG_INFINITY, class: 0, largest: f32::NEG_INFINITY, total: 0.0 };

    /// Adds later logits.
    fn join(&mut self, later: Self) {
        if later.logit > self.logit {
            (self.logit, self.class) = (later.logit, later.class);
        }
        let largest = if later.largest > self.largest { later.largest } else { self.largest };
        // Without logits a total is zero, whatever its factor would be.
        let scaled = |of: Self| match of.total == 0.0 {
            true => 0.0,
            false => of.total * (of.largest - largest).exp(),
        };
        self.total = scaled(*self) + scaled(later);
        self.largest = largest;
    }
}

struct Update<'a> {
    best: &'a mut [Best],
    columns: Range<usize>,
    logits: &'a [f32],
    excluded: &'a [u32],
}

impl Kernel for Update<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { best, columns, logits, excluded } = self;
        let first = columns.start as u32;
        let mut within = PooledVec::new();
        within.extend(
            excluded.iter().filter(|&&id| columns.contains(&(id as usize))).map(|id| id - first),
        );
        for (best, row) in best.iter_mut().zip(logits.chunks_exact(columns.len())) {
            let (largest, mut total) = total(s, row);
            if largest == f32::NEG_INFINITY && !row.iter().any(|v| v.is_nan()) {
                // exp(logit - largest) would be that of no number.
                total = 0.0;
            }
            let mut found = Best { logit: largest, class: first, largest, total };
            // The place is searched only where it can matter.
            if largest > best.logit {
                let mut at = place(row, largest);
                if within.contains(&(at as u32)) {
                    at = place_except(row, &within);
                    found.logit =
                        if within.contains(&(at as u32)) { f32::NEG_INFINITY } else { row[at] };
                }
                found.class = first + at as u32;
            }
            best.join(found);
        }
    }
}
