//! Products with weights of 8 bits, for inference.
//!
//! Each row of a weight and each row of the other operand is rounded to integers between -127 and
//! 127, with a scale of its own (Wu et al. 2016, "Google's Neural Machine Translation System",
//! section 6, with scales per row instead of one bound for all):
//!
//! - W\[o, i\] ~ s_o q\[o, i\], when the weight is quantised; s_o is 1 / 127 of the largest |W\[o, i\]|
//!   and of the largest |W\[o, i\] + W\[o, i + 1\]| of two neighbours with the same sign;
//! - x\[r, i\] ~ t_r p\[r, i\], t_r = max_i |x\[r, i\]| / 127, at each product;
//! - y\[r, o\] = t_r s_o sum_i p\[r, i\] q\[o, i\] + b\[o\], the sum in 32-bit integers.
//!
//! | value | shape | type |
//! |---|---|---|
//! | W | \[O, I\] | 8-bit integers, and O scales |
//! | x | \[R, I\] | f32, rounded to 8-bit integers, and R scales |
//! | y | \[R, O\] | f32 |
//!
//! The sums of neighbours are for `vpmaddubsw`, which adds two products of an unsigned and a signed
//! byte in 16 bits: (p + 128) q + (p' + 128) q' fits as |q + q'| <= 128. 128 times the sum of a
//! column is subtracted at the end.
//!
//! A weight takes a quarter of the memory, and of the time of reading it. All kernel paths compute
//! the same integers, and the same f32 from them in the same order: results have the same bits on
//! every processor. A row of x with a value that is not finite makes its row of y NaN.
//!
//! PyTorch: `torch.ao.quantization.quantize_dynamic` with `per_channel_dynamic_qconfig`.

mod activations;
mod kernel;
mod matrix;
mod panels;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::gemm::output::Output;
use crate::gemm::rows::{Rows, SumStart};
use crate::gemm::work::count;
use crate::threads::{Threads, part};

use activations::QuantizedRows;
use kernel::Path;
pub use matrix::Int8Matrix;
use panels::COLUMNS;
pub(super) use panels::Panels;

/// Rows from which on threads divide a product by rows, for each of them.
const ROWS: usize = 48;

/// out = init + X W, as [`matmul_columns`](super::matmul_columns) computes it.
pub(super) fn matmul(threads: &Threads, x: Rows<'_>, w: &Panels, out: Output, init: SumStart<'_>) {
    matmul_on(kernel::path(), threads, x, w, out, init);
}

fn matmul_on(
    path: Path,
    threads: &Threads,
    x: Rows<'_>,
    w: &Panels,
    out: Output,
    init: SumStart<'_>,
) {
    let rows = x.rows();
    count(rows, w.depth(), w.width());
    let work = w.duration(rows);
    if rows >= ROWS * threads.count() {
        threads.split(work, |i, parts| {
            let rows = part(rows, 12, parts, i);
            let left = QuantizedRows::new(x, rows.clone());
            kernel::run(path, &left, w, 0..w.panels(), out, init);
        });
        return;
    }
    let left = QuantizedRows::new(x, 0..rows);
    threads.split(work, |i, parts| {
        kernel::run(path, &left, w, part(w.panels(), 1, parts, i), out, init);
    });
}

/// A left operand, rounded once for several products.
pub(super) struct Left(QuantizedRows);

impl Left {
    /// Rounds the rows of a left operand of `w`.
    pub(super) fn new(x: Rows<'_>, w: &Panels) -> Self {
        assert_eq!(x.width(), w.depth(), "columns of X and rows of W");
        Self(QuantizedRows::new(x, 0..x.rows()))
    }

    /// out = init + X W for some columns, which begin at a panel and end at one or at the last column.
    pub(super) fn times(&self, w: &Panels, columns: Range<usize>, out: Output, init: SumStart<'_>) {
        let panels = columns.start / COLUMNS..columns.end.div_ceil(COLUMNS);
        kernel::run(kernel::path(), &self.0, w, panels, out, init);
    }
}
