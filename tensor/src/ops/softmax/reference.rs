//! Softmax and its logarithm in plain loops, for any float.

use num_traits::Float;

/// Computes the softmax of every row of `width` elements.
pub fn softmax<F: Float>(x: &[F], width: usize) -> Vec<F> {
    log_softmax(x, width).into_iter().map(F::exp).collect()
}

/// Computes the logarithm of the softmax of every row.
pub fn log_softmax<F: Float>(x: &[F], width: usize) -> Vec<F> {
    let row = |row: &[F]| {
        let most = row.iter().fold(F::neg_infinity(), |m, &v| m.max(v));
        let total = row.iter().fold(F::zero(), |sum, &v| sum + (v - most).exp());
        row.iter().map(|&v| v - most - total.ln()).collect::<Vec<F>>()
    };
    x.chunks_exact(width).flat_map(row).collect()
}

/// Computes dx = y (dy - sum of dy y) for every row.
pub fn softmax_backward<F: Float>(y: &[F], dy: &[F], width: usize) -> Vec<F> {
    let rows = y.chunks_exact(width).zip(dy.chunks_exact(width));
    rows.flat_map(|(y, dy)| {
        let total = y.iter().zip(dy).fold(F::zero(), |sum, (&y, &d)| sum + y * d);
        y.iter().zip(dy).map(move |(&y, &d)| y * (d - total)).collect::<Vec<F>>()
    })
    .collect()
}

/// Computes dx = dy - e^y sum of dy for every row.
pub fn log_softmax_backward<F: Float>(y: &[F], dy: &[F], width: usize) -> Vec<F> {
    let rows = y.chunks_exact(width).zip(dy.chunks_exact(width));
    rows.flat_map(|(y, dy)| {
        let total = dy.iter().fold(F::zero(), |sum, &d| sum + d);
        y.iter().zip(dy).map(move |(&y, &d)| d - y.exp() * total).collect::<Vec<F>>()
    })
    .collect()
}
