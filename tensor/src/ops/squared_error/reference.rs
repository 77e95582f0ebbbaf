//! A squared error in plain loops, for any float.

use num_traits::Float;

/// weight * sum (y - t)^2.
pub fn forward<F: Float>(y: &[F], targets: &[F], weight: F) -> F {
    y.iter().zip(targets).fold(F::zero(), |sum, (&y, &t)| sum + weight * (y - t) * (y - t))
}

/// dy = 2 weight (y - t) d, for a gradient d of the loss.
pub fn backward<F: Float>(y: &[F], targets: &[F], weight: F, d: F) -> Vec<F> {
    let two = F::one() + F::one();
    y.iter().zip(targets).map(|(&y, &t)| two * weight * (y - t) * d).collect()
}
