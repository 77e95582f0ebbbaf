//! Unit vectors in plain loops, for any float; the score is the [dot](crate::dot) product of two.

use num_traits::Float;

fn norm<F: Float>(x: &[F]) -> F {
    x.iter().fold(F::zero(), |s, &x| s + x * x).sqrt()
}

fn smallest<F: Float>() -> F {
    F::from(1e-12).unwrap_or_else(F::min_positive_value)
}

/// Returns x / |x|.
pub fn unit<F: Float>(x: &[F]) -> Vec<F> {
    let n = norm(x).max(smallest());
    x.iter().map(|&x| x / n).collect()
}

/// Returns the gradient of x for a gradient `d` of x / |x|.
pub fn unit_back<F: Float>(x: &[F], d: &[F]) -> Vec<F> {
    let (n, y) = (norm(x), unit(x));
    if n <= smallest() {
        return vec![F::zero(); x.len()];
    }
    let along = y.iter().zip(d).fold(F::zero(), |s, (&y, &d)| s + y * d);
    y.iter().zip(d).map(|(&y, &d)| (d - y * along) / n).collect()
}
