//! Matrix products: a weight packed once and multiplied often, and the weight's gradient.
//!
//! Three products carry a recurrent network's training step, W being a weight of O rows and I
//! columns and every other matrix a block of rows of a batch:
//!
//! | product | function |
//! |---|---|
//! | forward: Y = X W^T | [`matmul`] with a [`Packed`] of [`Side::Transposed`] |
//! | backward: dX = dY W | [`matmul`] with a [`Packed`] of [`Side::Plain`] |
//! | weight gradient: dW = sum of dY^T X | [`outer_sum`] over the rows of a whole step |
//!
//! The weight's panels are packed once per optimizer step; X is read as it lies. The register
//! tile is [`Simd::TILE_ROWS`] rows by two vectors. Plain-loop twins stand in [`mod@reference`].

mod kernel;
mod outer;
mod pack;
mod peak;
pub mod reference;
#[cfg(test)]
mod tests;

pub use outer::{Product, outer_sum};
pub use pack::{Packed, Side};
pub use peak::peak;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::simd::{Kernel, Simd, dispatch};
use crate::threads::{Threads, part};
use kernel::{Output, rows_times_panels};

static FLOPS: AtomicU64 = AtomicU64::new(0);
static WEIGHT_GRADIENTS: AtomicU64 = AtomicU64::new(0);
static PACKINGS: AtomicU64 = AtomicU64::new(0);

/// What the products of this process have done: the difference over a stretch of work says what
/// that took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Floating-point operations; a multiplication and an addition are two.
    pub flops: u64,
    /// Sums of products for a weight's gradient ([`outer_sum`]).
    pub weight_gradients: u64,
    /// Weights, or blocks of them, that were packed for one side.
    pub packings: u64,
}

/// What the products of this process have done so far.
pub fn work() -> Work {
    Work {
        flops: FLOPS.load(Ordering::Relaxed),
        weight_gradients: WEIGHT_GRADIENTS.load(Ordering::Relaxed),
        packings: PACKINGS.load(Ordering::Relaxed),
    }
}

/// Counts a product \[rows, depth\] times \[depth, width\].
fn count(rows: usize, depth: usize, width: usize) {
    FLOPS.fetch_add(2 * (rows * depth * width) as u64, Ordering::Relaxed);
}

/// About what a product takes one thread, in nanoseconds.
fn duration(rows: usize, depth: usize, width: usize) -> usize {
    rows * depth * width / 25
}

/// What the product is added to.
#[derive(Debug, Clone, Copy)]
pub enum Init<'a> {
    /// Nothing.
    Zero,
    /// One row, added to every row.
    Bias(&'a [f32]),
    /// What the output holds.
    Output,
}

/// Rows of a larger row-major matrix: `data[r * stride..][..width]` is row r.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    data: &'a [f32],
    rows: usize,
    width: usize,
    stride: usize,
}

impl<'a> Rows<'a> {
    /// Contiguous rows of `width` elements; a last incomplete row is left out.
    pub fn new(data: &'a [f32], width: usize) -> Self {
        Self { data, rows: data.len().checked_div(width).unwrap_or(0), width, stride: width }
    }

    /// Columns `start..start + width` of rows of `stride` elements; cut to what is there.
    pub fn columns(data: &'a [f32], stride: usize, start: usize, width: usize) -> Self {
        let start = start.min(stride);
        let rows = data.len().checked_div(stride).unwrap_or(0);
        let data = data.get(start..).unwrap_or(&[]);
        Self { data, rows, width: width.min(stride - start), stride }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The pointer to the first element, all rows being readable from there.
    fn start(&self) -> *const f32 {
        let needed = if self.rows == 0 { 0 } else { (self.rows - 1) * self.stride + self.width };
        assert!(self.data.len() >= needed, "rows lie within their slice");
        self.data.as_ptr()
    }

    #[inline]
    fn row(&self, r: usize) -> &'a [f32] {
        &self.data[r * self.stride..r * self.stride + self.width]
    }
}

/// out = init + X W, W being packed: \[rows, K\] times \[K, N\].
///
/// Large products are shared out to the threads, by columns where the rows are few.
/// A width of `x` other than `w.depth()`, or an output other than rows x `w.width()`, is a
/// programming error and panics: operations check shapes before they come here.
pub fn matmul(threads: &Threads, x: Rows<'_>, w: &Packed, out: &mut [f32], init: Init<'_>) {
    matmul_columns(threads, x, w, out, w.width(), 0, init);
}

/// [`matmul`] into columns `column..column + w.width()` of rows of `stride` elements.
pub fn matmul_columns(
    threads: &Threads,
    x: Rows<'_>,
    w: &Packed,
    out: &mut [f32],
    stride: usize,
    column: usize,
    init: Init<'_>,
) {
    assert_eq!(x.width(), w.depth(), "columns of X and rows of W");
    assert_eq!(out.len(), x.rows() * stride, "output of X W");
    if let Init::Bias(bias) = init {
        assert_eq!(bias.len(), w.width(), "bias and columns of W");
    }
    let (rows, panels) = (x.rows(), w.panels());
    count(rows, w.depth(), w.width());
    let output = Output::columns(out, stride, column, w.width());
    threads.split(duration(rows, w.depth(), w.width()), |i, parts| {
        let (rows, panels) = if rows >= 48 * parts {
            (part(rows, 12, parts, i), 0..panels)
        } else {
            (0..rows, part(panels, 1, parts, i))
        };
        // Each thread writes its own rows or columns of the output.
        dispatch(Multiply { x, w, rows, panels, output, init });
    });
}

struct Multiply<'a> {
    x: Rows<'a>,
    w: &'a Packed,
    rows: std::ops::Range<usize>,
    panels: std::ops::Range<usize>,
    output: Output,
    init: Init<'a>,
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
