//! Products in plain loops, for any float.

use num_traits::Float;

/// Computes `batch` products of \[m, k\] and \[k, n\].
pub fn forward<F: Float>(
    a: &[F],
    b: &[F],
    batch: usize,
    (m, k, n): (usize, usize, usize),
) -> Vec<F> {
    let mut y = vec![F::zero(); batch * m * n];
    for i in 0..batch {
        for row in 0..m {
            for column in 0..n {
                for at in 0..k {
                    let term = a[(i * m + row) * k + at] * b[(i * k + at) * n + column];
                    let to = &mut y[(i * m + row) * n + column];
                    *to = *to + term;
                }
            }
        }
    }
    y
}

/// Computes the gradients dy b^T and a^T dy.
pub fn backward<F: Float>(
    a: &[F],
    b: &[F],
    dy: &[F],
    batch: usize,
    (m, k, n): (usize, usize, usize),
) -> (Vec<F>, Vec<F>) {
    let (mut da, mut db) = (vec![F::zero(); a.len()], vec![F::zero(); b.len()]);
    for i in 0..batch {
        for row in 0..m {
            for column in 0..n {
                let d = dy[(i * m + row) * n + column];
                for at in 0..k {
                    let (left, right) = ((i * m + row) * k + at, (i * k + at) * n + column);
                    da[left] = da[left] + d * b[right];
                    db[right] = db[right] + d * a[left];
                }
            }
        }
    }
    (da, db)
}
