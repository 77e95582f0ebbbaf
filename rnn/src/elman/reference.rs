//! The gating in plain loops, for any float.

use num_traits::Float;

/// Computes the new state from the input product `a` and the hidden product `b`.
pub fn forward<F: Float>(relu: bool, a: &[F], b: &[F]) -> Vec<F> {
    let f = |x: F| if relu { x.max(F::zero()) } else { x.tanh() };
    a.iter().zip(b).map(|(&a, &b)| f(a + b)).collect()
}

/// Returns the gradient of either product, from the state and its gradient.
pub fn backward<F: Float>(relu: bool, h: &[F], dh: &[F]) -> Vec<F> {
    let slope = |h: F| match relu {
        true if h > F::zero() => F::one(),
        true => F::zero(),
        false => F::one() - h * h,
    };
    h.iter().zip(dh).map(|(&h, &d)| d * slope(h)).collect()
}
