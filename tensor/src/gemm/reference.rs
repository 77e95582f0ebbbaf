//! The products in plain loops, for any float.

use num_traits::Float;

/// Computes Y = X W^T + b: \[rows, I\] times \[O, I\] transposed. PyTorch: `F.linear(x, w, b)`.
pub fn linear<F: Float>(x: &[F], w: &[F], bias: Option<&[F]>, inputs: usize) -> Vec<F> {
    let outputs = w.len() / inputs;
    let mut y = Vec::with_capacity(x.len() / inputs * outputs);
    for row in x.chunks_exact(inputs) {
        for (o, weights) in w.chunks_exact(inputs).enumerate() {
            let sum = row.iter().zip(weights).fold(F::zero(), |s, (&a, &b)| s + a * b);
            y.push(sum + bias.map_or(F::zero(), |b| b[o]));
        }
    }
    y
}

/// Computes X W: \[rows, O\] times \[O, I\].
pub fn plain<F: Float>(x: &[F], w: &[F], outputs: usize) -> Vec<F> {
    let inputs = w.len() / outputs;
    let mut y = Vec::with_capacity(x.len() / outputs * inputs);
    for row in x.chunks_exact(outputs) {
        for i in 0..inputs {
            let product = |s, (o, &a)| s + a * w[o * inputs + i];
            y.push(row.iter().enumerate().fold(F::zero(), product));
        }
    }
    y
}

/// Computes dY^T X: \[rows, O\] transposed times \[rows, I\].
pub fn outer<F: Float>(dy: &[F], x: &[F], outputs: usize, inputs: usize) -> Vec<F> {
    let mut dw = vec![F::zero(); outputs * inputs];
    for (dy, x) in dy.chunks_exact(outputs).zip(x.chunks_exact(inputs)) {
        for (o, &d) in dy.iter().enumerate() {
            for (i, &v) in x.iter().enumerate() {
                dw[o * inputs + i] = dw[o * inputs + i] + d * v;
            }
        }
    }
    dw
}
