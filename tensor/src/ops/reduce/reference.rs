//! Sums over a dimension in plain loops, for any float.

use num_traits::Float;

/// Computes factor times the sum over n of x \[outer, n, inner\].
pub fn sums<F: Float>(x: &[F], outer: usize, n: usize, factor: F) -> Vec<F> {
    let inner = x.len() / (outer * n);
    let mut y = vec![F::zero(); outer * inner];
    for (i, &v) in x.iter().enumerate() {
        let at = i / (n * inner) * inner + i % inner;
        y[at] = y[at] + factor * v;
    }
    y
}

/// Computes the gradient of x, of `len` elements.
pub fn backward<F: Float>(dy: &[F], outer: usize, n: usize, len: usize, factor: F) -> Vec<F> {
    let inner = len / (outer * n);
    (0..len).map(|i| factor * dy[i / (n * inner) * inner + i % inner]).collect()
}
