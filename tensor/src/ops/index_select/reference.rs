//! Selection of a batch's entries in plain loops, for any float.

use num_traits::Float;

/// The entries `indices` of every block of `batch` rows.
pub fn forward<F: Float>(x: &[F], indices: &[usize], batch: usize, width: usize) -> Vec<F> {
    let block = |block: &[F]| -> Vec<F> {
        indices.iter().flat_map(|&i| block[i * width..][..width].to_vec()).collect()
    };
    x.chunks_exact(batch * width).flat_map(block).collect()
}

/// dx for an output gradient dy: each row goes to the entry that it was selected from.
pub fn backward<F: Float>(dy: &[F], indices: &[usize], batch: usize, width: usize) -> Vec<F> {
    let blocks = dy.len() / (indices.len() * width);
    let mut dx = vec![F::zero(); blocks * batch * width];
    for (row, d) in dy.chunks_exact(width).enumerate() {
        let (block, i) = (row / indices.len(), row % indices.len());
        let to = &mut dx[(block * batch + indices[i]) * width..][..width];
        to.iter_mut().zip(d).for_each(|(to, &d)| *to = *to + d);
    }
    dx
}
