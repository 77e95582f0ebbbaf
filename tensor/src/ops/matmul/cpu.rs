//! Products on the processor: the right factor is packed for each.

use super::sizes::Sizes;
use crate::gemm::{Packed, Product, Rows, Side, SumStart, matmul, weight_gradient};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads::Threads;

/// Returns a b.
pub(super) fn forward(
    threads: &Threads,
    sizes: Sizes,
    a: &Tensor,
    b: &Tensor,
    shape: Shape,
) -> Tensor {
    let Sizes { batch, m, k, n } = sizes;
    let mut y = Tensor::uninit(shape);
    let to = y.data_mut();
    if k == 0 {
        to.fill(0.0);
        return y;
    }
    for i in 0..batch {
        let b = &b.data()[i * k * n..][..k * n];
        let packed = Packed::new(threads, b, n, 0..n, Side::Plain);
        let rows = Rows::new(&a.data()[i * m * k..][..m * k], k);
        matmul(threads, rows, &packed, &mut to[i * m * n..][..m * n], SumStart::Zero);
    }
    y
}

/// Returns dy b^T.
pub(super) fn left(
    threads: &Threads,
    sizes: Sizes,
    dy: &Tensor,
    b: &Tensor,
    shape: Shape,
) -> Tensor {
    let Sizes { batch, m, k, n } = sizes;
    let mut da = Tensor::uninit(shape);
    let to = da.data_mut();
    if n == 0 {
        to.fill(0.0);
        return da;
    }
    for i in 0..batch {
        let b = &b.data()[i * k * n..][..k * n];
        let packed = Packed::new(threads, b, n, 0..n, Side::Transposed);
        let rows = Rows::new(&dy.data()[i * m * n..][..m * n], n);
        matmul(threads, rows, &packed, &mut to[i * m * k..][..m * k], SumStart::Zero);
    }
    da
}

/// Returns a^T dy.
pub(super) fn right(
    threads: &Threads,
    sizes: Sizes,
    a: &Tensor,
    dy: &Tensor,
    shape: Shape,
) -> Tensor {
    let Sizes { batch, m, k, n } = sizes;
    let mut db = Tensor::zeros(shape);
    let to = db.data_mut();
    if k == 0 || n == 0 {
        return db;
    }
    for i in 0..batch {
        let term = Product {
            dy: Rows::new(&a.data()[i * m * k..][..m * k], k),
            x: Rows::new(&dy.data()[i * m * n..][..m * n], n),
        };
        weight_gradient(threads, &[term], &mut to[i * k * n..][..k * n], n, 0, false);
    }
    db
}
