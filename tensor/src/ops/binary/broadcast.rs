//! Broadcasting: two shapes, their common shape, and how each is read in it.

use crate::error::{Error, Result};
use crate::shape::Shape;

/// Two operands' positions in their common shape of four dimensions.
///
/// As in PyTorch, shapes are aligned at the innermost dimension; a dimension of size 1, or one that
/// is missing, is repeated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Broadcast {
    /// The common shape.
    pub(super) shape: Shape,
    /// The same with leading ones.
    pub(super) dims: [usize; 4],
    /// Distance of neighbours along each dimension, 0 where the operand is repeated.
    pub(super) strides: [[usize; 4]; 2],
    /// Whether both shapes are the common one.
    pub(super) is_same: bool,
}

impl Broadcast {
    pub(super) fn new(op: &'static str, a: Shape, b: Shape) -> Result<Self> {
        let (all_a, all_b) = (aligned(a), aligned(b));
        let mut dims = [1; 4];
        for ((n, &a_n), &b_n) in dims.iter_mut().zip(&all_a).zip(&all_b) {
            *n = match (a_n, b_n) {
                (n, m) if n == m => n,
                (1, n) | (n, 1) => n,
                _ => return Err(Error::shapes(op, a, b)),
            };
        }
        let shape = Shape::new(&dims[4 - a.rank().max(b.rank())..]);
        let strides = [strides(all_a), strides(all_b)];
        Ok(Self { shape, dims, strides, is_same: a == shape && b == shape })
    }

    /// Calls `row` for each innermost row: where it begins in the output and in both operands.
    pub(super) fn rows(&self, mut row: impl FnMut(usize, usize, usize)) {
        let [n0, n1, n2, width] = self.dims;
        let mut at = 0;
        for i in 0..n0 {
            for j in 0..n1 {
                for k in 0..n2 {
                    let first = |s: &[usize; 4]| i * s[0] + j * s[1] + k * s[2];
                    row(at, first(&self.strides[0]), first(&self.strides[1]));
                    at += width;
                }
            }
        }
    }
}

/// Returns four dimensions, with leading ones.
pub(super) fn aligned(shape: Shape) -> [usize; 4] {
    let mut dims = [1; 4];
    dims[4 - shape.rank()..].copy_from_slice(shape.dims());
    dims
}

fn strides(dims: [usize; 4]) -> [usize; 4] {
    let mut strides = [0; 4];
    let mut next = 1;
    for (stride, &n) in strides.iter_mut().zip(&dims).rev() {
        *stride = if n == 1 { 0 } else { next };
        next *= n;
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_aligned_at_the_innermost_dimension() {
        let common = |a: &[usize], b: &[usize]| {
            Broadcast::new("add", Shape::new(a), Shape::new(b)).map(|b| b.shape.dims().to_vec())
        };
        assert_eq!(common(&[2, 3], &[3]).unwrap(), [2, 3]);
        assert_eq!(common(&[1], &[4, 1, 2]).unwrap(), [4, 1, 2]);
        assert_eq!(common(&[4, 1, 2], &[3, 1]).unwrap(), [4, 3, 2]);
        assert_eq!(
            common(&[2, 3], &[2]).unwrap_err().to_string(),
            "add: shapes [2, 3] and [2] do not fit"
        );
        assert!(common(&[2, 3], &[0, 3]).is_err());
        assert_eq!(common(&[1, 3], &[0, 3]).unwrap(), [0, 3]);
    }
}
