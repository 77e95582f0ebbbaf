//! Embedding in plain loops, for any float.

use num_traits::Float;

/// y\[i\] = W\[ids\[i\]\]
pub fn forward<F: Float>(ids: &[u32], w: &[F], width: usize) -> Vec<F> {
    ids.iter().flat_map(|&id| w[id as usize * width..][..width].iter().copied()).collect()
}

/// dW\[ids\[i\]\] += dy\[i\], except for the row of `padding`.
pub fn backward<F: Float>(
    ids: &[u32],
    dy: &[F],
    rows: usize,
    width: usize,
    padding: Option<u32>,
) -> Vec<F> {
    let mut dw = vec![F::zero(); rows * width];
    for (i, &id) in ids.iter().enumerate() {
        if padding != Some(id) {
            for j in 0..width {
                let at = id as usize * width + j;
                dw[at] = dw[at] + dy[i * width + j];
            }
        }
    }
    dw
}
