//! Concatenation in plain loops, for any float.

use num_traits::Float;

/// Concatenates the rows of all parts; a part is its values and its width.
pub fn forward<F: Float>(parts: &[(&[F], usize)], rows: usize) -> Vec<F> {
    let row = |r: usize| parts.iter().flat_map(move |&(x, w)| x[r * w..][..w].iter().copied());
    (0..rows).flat_map(row).collect()
}

/// Splits an output gradient dy into the columns of each part.
pub fn backward<F: Float>(widths: &[usize], dy: &[F]) -> Vec<Vec<F>> {
    let width = widths.iter().sum();
    let mut parts = vec![Vec::new(); widths.len()];
    for row in dy.chunks_exact(width) {
        let mut left = row;
        for (part, &w) in parts.iter_mut().zip(widths) {
            let (own, rest) = left.split_at(w);
            part.extend_from_slice(own);
            left = rest;
        }
    }
    parts
}
