//! A linear map in plain loops, for any float.

use num_traits::Float;

use crate::gemm::reference::{linear, outer, plain};

/// y = x W^T + b, W \[O, I\].
pub fn forward<F: Float>(x: &[F], w: &[F], b: Option<&[F]>, inputs: usize) -> Vec<F> {
    linear(x, w, b, inputs)
}

/// dx = dy W, dW = dy^T x, db = the sum of dy's rows, for an output gradient dy.
pub fn backward<F: Float>(x: &[F], w: &[F], dy: &[F], inputs: usize) -> [Vec<F>; 3] {
    let outputs = w.len() / inputs;
    let mut db = vec![F::zero(); outputs];
    for row in dy.chunks_exact(outputs) {
        db.iter_mut().zip(row).for_each(|(s, &d)| *s = *s + d);
    }
    [plain(dy, w, outputs), outer(dy, x, outputs, inputs), db]
}
