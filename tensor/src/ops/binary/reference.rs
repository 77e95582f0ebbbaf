//! Two values with broadcasting in plain loops, for any float.

use num_traits::Float;

/// Computes f(a, b) in the common shape; an operand is its elements and its shape.
pub fn broadcast<F: Float>(
    (a, a_dims): (&[F], &[usize]),
    (b, b_dims): (&[F], &[usize]),
    f: impl Fn(F, F) -> F,
) -> Vec<F> {
    let rank = a_dims.len().max(b_dims.len());
    // The size of dimension i of the common shape, of an operand's shape.
    let size = |dims: &[usize], i: usize| (i + dims.len()).checked_sub(rank).map_or(1, |i| dims[i]);
    let dims: Vec<usize> = (0..rank).map(|i| size(a_dims, i).max(size(b_dims, i))).collect();
    let element = |values: &[F], own: &[usize], at: usize| {
        let (mut rest, mut index, mut stride) = (at, 0, 1);
        for i in (0..rank).rev() {
            let n = size(own, i);
            index += rest % dims[i] % n * stride;
            stride *= n;
            rest /= dims[i];
        }
        values[index]
    };
    let len: usize = dims.iter().product();
    (0..len).map(|at| f(element(a, a_dims, at), element(b, b_dims, at))).collect()
}
