//! The score in plain loops, for any float type.

use num_traits::Float;

/// Returns scale q^T k for one query and one key.
pub fn score<F: Float>(q: &[F], k: &[F], scale: F) -> F {
    scale * q.iter().zip(k).fold(F::zero(), |s, (&q, &k)| s + q * k)
}

/// Returns the gradients of (q, k) for a gradient `d` of the score.
pub fn score_back<F: Float>(q: &[F], k: &[F], scale: F, d: F) -> (Vec<F>, Vec<F>) {
    let d = scale * d;
    (k.iter().map(|&k| d * k).collect(), q.iter().map(|&q| d * q).collect())
}
