//! The score in plain loops, for any float type.

use num_traits::Float;

/// Returns v^T tanh(q + k) + b_v for one projected query and one key.
pub fn score<F: Float>(q: &[F], k: &[F], v: &[F], b_v: F) -> F {
    q.iter().zip(k).zip(v).fold(b_v, |s, ((&q, &k), &v)| s + v * (q + k).tanh())
}

/// Returns the gradients (of both q and k, of v) for a gradient `d` of the score.
pub fn score_back<F: Float>(q: &[F], k: &[F], v: &[F], d: F) -> (Vec<F>, Vec<F>) {
    let t: Vec<F> = q.iter().zip(k).map(|(&q, &k)| (q + k).tanh()).collect();
    let inner = t.iter().zip(v).map(|(&t, &v)| d * v * (F::one() - t * t)).collect();
    (inner, t.iter().map(|&t| d * t).collect())
}
