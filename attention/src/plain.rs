//! Plain loops shared by the reference implementations.

use std::collections::BTreeMap;

use num_traits::Float;

/// The parameters of an attention by name, or their gradients; a missing parameter is empty, a
/// missing gradient is zero.
pub type Weights<F> = BTreeMap<String, Vec<F>>;

/// Returns a parameter, or an empty slice if there is none.
pub(crate) fn get<'a, F>(w: &'a Weights<F>, name: &str) -> &'a [F] {
    w.get(name).map_or(&[], Vec::as_slice)
}

/// Returns W x + b; an empty b means no bias.
pub(crate) fn affine<F: Float>(w: &[F], x: &[F], b: &[F]) -> Vec<F> {
    let row = |r: &[F]| r.iter().zip(x).fold(F::zero(), |s, (&w, &x)| s + w * x);
    let rows = w.chunks_exact(x.len()).map(row);
    rows.enumerate().map(|(i, y)| y + b.get(i).copied().unwrap_or_else(F::zero)).collect()
}

/// Backward pass of [`affine`]: returns the gradient of x, and adds to those of W and b.
pub(crate) fn affine_back<F: Float>(
    w: &[F],
    x: &[F],
    dy: &[F],
    dw: &mut [F],
    db: &mut [F],
) -> Vec<F> {
    let n = x.len();
    let mut dx = vec![F::zero(); n];
    for (o, &d) in dy.iter().enumerate() {
        if let Some(b) = db.get_mut(o) {
            *b = *b + d;
        }
        for j in 0..n {
            dw[o * n + j] = dw[o * n + j] + d * x[j];
            dx[j] = dx[j] + d * w[o * n + j];
        }
    }
    dx
}
