//! The score in plain loops, for any float.

use num_traits::Float;

/// q^T k of one query and one key.
pub fn score<F: Float>(q: &[F], k: &[F]) -> F {
    q.iter().zip(k).fold(F::zero(), |s, (&q, &k)| s + q * k)
}

/// Gradients of (q, k) for a gradient of the score.
pub fn score_back<F: Float>(q: &[F], k: &[F], d: F) -> (Vec<F>, Vec<F>) {
    (k.iter().map(|&k| d * k).collect(), q.iter().map(|&q| d * q).collect())
}
