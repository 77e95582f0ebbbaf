//! A range of a dimension in plain loops, for any float.

use std::ops::Range;

use num_traits::Float;

/// Returns entries `range` of dimension `dim`, and their shape.
pub fn slice<T: Copy>(
    x: &[T],
    dims: &[usize],
    dim: usize,
    range: Range<usize>,
) -> (Vec<T>, Vec<usize>) {
    let inner: usize = dims[dim + 1..].iter().product();
    let is_inside = |i: &usize| range.contains(&(i / inner % dims[dim]));
    let mut out = dims.to_vec();
    out[dim] = range.len();
    ((0..x.len()).filter(is_inside).map(|i| x[i]).collect(), out)
}

/// Returns the gradient of x: zero outside of `range`.
pub fn backward<F: Float>(dy: &[F], dims: &[usize], dim: usize, range: Range<usize>) -> Vec<F> {
    let inner: usize = dims[dim + 1..].iter().product();
    let len: usize = dims.iter().product();
    let mut next = dy.iter();
    let is_inside = |i: usize| range.contains(&(i / inner % dims[dim]));
    (0..len)
        .map(|i| if is_inside(i) { *next.next().unwrap_or(&F::zero()) } else { F::zero() })
        .collect()
}
