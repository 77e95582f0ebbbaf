//! Dropout in plain loops, for any float.

use num_traits::Float;

use crate::random::PhiloxStream;

/// Draws a dropout mask \[T, B, W\]: 0 with probability p, else 1 / (1 - p).
///
/// Element w of row b at step t is dropped if word (t B + b) 4 ceil(W / 4) + w of the stream,
/// divided by 2^32, is below p.
pub fn mask<F: Float>(draw: &PhiloxStream, p: f32, [time, batch, width]: [usize; 3]) -> Vec<F> {
    let keep = F::one() / (F::one() - F::from(p).unwrap_or_else(F::zero));
    let below = (f64::from(p) * 4_294_967_296.0) as u32;
    let words = 4 * width.div_ceil(4);
    let factor = |row: usize, w: usize| match draw.word((row * words + w) as u64) < below {
        true => F::zero(),
        false => keep,
    };
    (0..time * batch).flat_map(|row| (0..width).map(move |w| factor(row, w))).collect()
}

/// Computes y = x m, and for an output gradient dy also dx = dy m.
pub fn apply<F: Float>(x: &[F], mask: &[F]) -> Vec<F> {
    x.iter().zip(mask).map(|(&x, &m)| x * m).collect()
}
