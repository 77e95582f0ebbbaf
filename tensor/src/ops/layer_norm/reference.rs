//! Layer normalisation in plain loops, for any float.

use num_traits::Float;

/// y = (x - mean) / sqrt(var + eps) w + b, row by row.
pub fn forward<F: Float>(x: &[F], w: &[F], b: &[F], eps: F) -> Vec<F> {
    let n = F::from(w.len()).unwrap_or_else(F::one);
    let mut y = Vec::with_capacity(x.len());
    for row in x.chunks_exact(w.len()) {
        let mean = row.iter().fold(F::zero(), |s, &v| s + v) / n;
        let var = row.iter().fold(F::zero(), |s, &v| s + (v - mean) * (v - mean)) / n;
        let scale = F::one() / (var + eps).sqrt();
        y.extend(row.iter().zip(w).zip(b).map(|((&v, &w), &b)| (v - mean) * scale * w + b));
    }
    y
}

/// Returns (dx, dw, db) for an output gradient dy.
pub fn backward<F: Float>(x: &[F], w: &[F], dy: &[F], eps: F) -> (Vec<F>, Vec<F>, Vec<F>) {
    let width = w.len();
    let n = F::from(width).unwrap_or_else(F::one);
    let (mut dx, mut dw, mut db) =
        (Vec::with_capacity(x.len()), vec![F::zero(); width], vec![F::zero(); width]);
    for (row, d) in x.chunks_exact(width).zip(dy.chunks_exact(width)) {
        let mean = row.iter().fold(F::zero(), |s, &v| s + v) / n;
        let var = row.iter().fold(F::zero(), |s, &v| s + (v - mean) * (v - mean)) / n;
        let scale = F::one() / (var + eps).sqrt();
        let normal: Vec<F> = row.iter().map(|&v| (v - mean) * scale).collect();
        let (mut sum, mut sum_n) = (F::zero(), F::zero());
        for j in 0..width {
            dw[j] = dw[j] + d[j] * normal[j];
            db[j] = db[j] + d[j];
            sum = sum + d[j] * w[j];
            sum_n = sum_n + d[j] * w[j] * normal[j];
        }
        dx.extend((0..width).map(|j| scale * (d[j] * w[j] - sum / n - normal[j] * sum_n / n)));
    }
    (dx, dw, db)
}
