//! Rows times a packed weight.

use super::int8;
use super::kernel::rows_times_panels;
use super::output::Output;
use super::pack::Packed;
use super::rows::{Rows, SumStart};
use super::work::{count, duration};
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads::{Threads, part};

/// Computes out = init + X W with a packed W: \[rows, K\] times \[K, N\].
///
/// Large products are divided among the threads, by columns if there are few rows. It panics if the
/// width of `x` is not `w.depth()` or the output is not rows x `w.width()`: operations check shapes
/// before they call it.
pub fn matmul(threads: &Threads, x: Rows<'_>, w: &Packed, out: &mut [f32], init: SumStart<'_>) {
    matmul_columns(threads, x, w, out, w.width(), 0, init);
}

/// Computes [`matmul`] into columns `column..column + w.width()` of rows of `stride` elements.
pub fn matmul_columns(
    threads: &Threads,
    x: Rows<'_>,
    w: &Packed,
    out: &mut [f32],
    stride: usize,
    column: usize,
    init: SumStart<'_>,
) {
    assert_eq!(x.width(), w.depth(), "columns of X and rows of W");
    assert_eq!(out.len(), x.rows() * stride, "output of X W");
    if let SumStart::Bias(bias) = init {
        assert_eq!(bias.len(), w.width(), "bias and columns of W");
    }
    let (rows, panels) = (x.rows(), w.panels());
    let output = Output::columns(out, stride, column, w.width());
    if let Some(w) = w.int8_panels() {
        return int8::matmul(threads, x, w, output, init);
    }
    count(rows, w.depth(), w.width());
    threads.split(duration(rows, w.depth(), w.width()), |i, parts| {
        let (rows, panels) = if rows >= 48 * parts {
            (part(rows, 12, parts, i), 0..panels)
        } else {
            (0..rows, part(panels, 1, parts, i))
        };
        // Each thread writes rows or columns of the output of its own.
        dispatch(Multiply { x, w, rows, panels, output, init });
    });
}

struct Multiply<'a> {
    x: Rows<'a>,
    w: &'a Packed,
    rows: std::ops::Range<usize>,
    panels: std::ops::Range<usize>,
    output: Output,
    init: SumStart<'a>,
}

impl Kernel for Multiply<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // SAFETY: `Rows::start` checked that all rows can be read, the panels are within the
        // packed matrix, and the output holds rows x width elements; threads write disjoint parts.
        unsafe {
            rows_times_panels(s, self.x, self.w, self.rows, self.panels, self.output, self.init);
        }
    }
}
