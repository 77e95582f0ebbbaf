//! tanh and sums in plain loops, for any float.

use num_traits::Float;

/// Computes tanh elementwise.
pub fn tanh<F: Float>(x: &[F]) -> Vec<F> {
    x.iter().map(|x| x.tanh()).collect()
}

/// Computes dx = dy (1 - y^2), for an output y and its gradient dy.
pub fn tanh_backward<F: Float>(y: &[F], dy: &[F]) -> Vec<F> {
    y.iter().zip(dy).map(|(&y, &d)| d * (F::one() - y * y)).collect()
}

/// Computes factor (x_0 + x_1 + ...); each part's gradient is factor dy.
pub fn sum<F: Float>(parts: &[&[F]], factor: F) -> Vec<F> {
    let element = |i: usize| parts.iter().fold(F::zero(), |s, part| s + part[i]);
    (0..parts.first().map_or(0, |part| part.len())).map(|i| factor * element(i)).collect()
}
