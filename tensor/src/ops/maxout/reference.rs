//! Maxout in plain loops, for any float.

use num_traits::Float;

/// Returns the largest of every `pieces` adjacent elements.
pub fn forward<F: Float>(x: &[F], pieces: usize) -> Vec<F> {
    x.chunks_exact(pieces).map(|g| g.iter().fold(F::neg_infinity(), |m, &v| m.max(v))).collect()
}

/// Returns dx for an output gradient dy: each element goes to the largest of its pieces, the first
/// of equal ones.
pub fn backward<F: Float>(x: &[F], dy: &[F], pieces: usize) -> Vec<F> {
    let mut dx = vec![F::zero(); x.len()];
    for (j, (group, &d)) in x.chunks_exact(pieces).zip(dy).enumerate() {
        let largest = (1..pieces).fold(0, |m, p| if group[p] > group[m] { p } else { m });
        dx[j * pieces + largest] = d;
    }
    dx
}
