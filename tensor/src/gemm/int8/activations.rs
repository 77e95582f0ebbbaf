//! Rows of the left operand, rounded to 8 bits.

use std::marker::PhantomData;
use std::ops::Range;

use super::panels::GROUP;
use super::{LARGEST, OFFSET};
use crate::gemm::rows::Rows;
use crate::simd::{Kernel, Simd, dispatch};

/// Bytes in a cache line.
const LINE: usize = 64;

/// A row whose largest absolute value is below this is rounded to zeros: the reciprocal of its
/// scale would not be finite.
const SMALLEST: f32 = 1e-30;

/// Returns the distance between rows of `depth` bytes: some more than a multiple of a power of two,
/// because rows at such a distance map to the same cache lines.
fn stride(depth: usize) -> usize {
    depth.next_multiple_of(LINE) + LINE
}

/// Returns the elements before the bytes: the rows' scales.
fn scales_len(rows: usize) -> usize {
    rows.next_multiple_of(LINE / size_of::<f32>())
}

/// Memory for quantised rows, each written and then read by one or all threads.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    scales: *mut f32,
    bytes: *mut u8,
    rows: usize,
    depth: usize,
    memory: PhantomData<&'a mut [f32]>,
}

// SAFETY: threads write rows of their own (the contract of `quantize`), and read them afterwards.
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

/// Quantised rows: bytes `stride` apart, and one scale per row.
#[derive(Clone, Copy)]
pub(super) struct QuantizedRows<'a> {
    pub(super) scales: &'a [f32],
    /// The index of the first row of `scales` and of `bytes`.
    pub(super) first: usize,
    bytes: *const u8,
    stride: usize,
    rows: usize,
}

// SAFETY: the bytes are only read, and borrowed for as long as `scales`.
unsafe impl Send for QuantizedRows<'_> {}
// SAFETY: as above.
unsafe impl Sync for QuantizedRows<'_> {}

impl QuantizedRows<'_> {
    /// Returns the f32 elements that [`Shared::new`] needs.
    pub(super) fn buffer_len(rows: usize, depth: usize) -> usize {
        scales_len(rows) + rows * stride(depth) / size_of::<f32>()
    }

    /// Returns the bytes of a row; those of `count` rows lie [`stride`](Self::stride) apart.
    pub(super) fn row(&self, row: usize, count: usize) -> *const u8 {
        assert!(row >= self.first && row + count <= self.first + self.rows, "quantised rows");
        // SAFETY: within the rows, by the line above.
        unsafe { self.bytes.add((row - self.first) * self.stride) }
    }

    /// Returns the distance between rows in bytes.
    pub(super) fn stride(&self) -> usize {
        self.stride
    }
}

impl<'a> Shared<'a> {
    /// Divides memory of [`QuantizedRows::buffer_len`] elements.
    pub(super) fn new(memory: &'a mut [f32], rows: usize, depth: usize) -> Self {
        assert!(memory.len() >= QuantizedRows::buffer_len(rows, depth), "memory of the rows");
        let scales = memory.as_mut_ptr();
        // SAFETY: within the memory, by the line above.
        let bytes = unsafe { scales.add(scales_len(rows)).cast() };
        Self { scales, bytes, rows, depth, memory: PhantomData }
    }

    /// Rounds rows of `x` and returns them.
    ///
    /// # Safety
    /// While this runs no other thread reads or writes these rows, and nothing writes them while the
    /// result is used.
    pub(super) unsafe fn quantize(&self, x: Rows<'_>, rows: Range<usize>) -> QuantizedRows<'a> {
        assert!(rows.end <= self.rows.min(x.rows()) && x.width() == self.depth, "rows of X");
        let stride = stride(self.depth);
        // SAFETY: the rows lie within the memory, and no other thread has them.
        let (scales, bytes) = unsafe {
            let scales = std::slice::from_raw_parts_mut(self.scales.add(rows.start), rows.len());
            let bytes = self.bytes.add(rows.start * stride);
            (scales, std::slice::from_raw_parts_mut(bytes, rows.len() * stride))
        };
        let start = bytes.as_ptr();
        dispatch(Quantize { x, rows: rows.clone(), scales, bytes, stride });
        // SAFETY: as above; the rows are only read from here on.
        let scales = unsafe { std::slice::from_raw_parts(self.scales.add(rows.start), rows.len()) };
        QuantizedRows { scales, first: rows.start, bytes: start, stride, rows: rows.len() }
    }
}

struct Quantize<'a> {
    x: Rows<'a>,
    rows: Range<usize>,
    scales: &'a mut [f32],
    bytes: &'a mut [u8],
    stride: usize,
}

impl Kernel for Quantize<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let rows = self.rows.zip(self.scales).zip(self.bytes.chunks_exact_mut(self.stride));
        for ((row, scale), bytes) in rows {
            let x = self.x.row(row);
            let largest = largest(s, x);
            let padded = x.len().next_multiple_of(GROUP);
            // The weight's padding is zero: any byte would do.
            bytes[x.len()..padded].fill(OFFSET);
            if !largest.is_finite() || largest < SMALLEST {
                bytes[..x.len()].fill(OFFSET);
                *scale = if largest.is_finite() { 0.0 } else { f32::NAN };
                continue;
            }
            let inverse = LARGEST / largest;
            for (byte, &v) in bytes[..x.len()].iter_mut().zip(x) {
                // SAFETY: all elements are finite, and |v| <= largest, so the product rounds to an
                // integer between -127 and 127.
                let rounded: i32 = unsafe { (v * inverse).round_ties_even().to_int_unchecked() };
                *byte = (rounded as u8).wrapping_add(OFFSET);
            }
            *scale = largest / LARGEST;
        }
    }
}

/// Returns the largest absolute value; not finite if an element is not.
#[inline(always)]
fn largest<S: Simd>(s: S, x: &[f32]) -> f32 {
    let zero = s.splat(0.0);
    // The products are zero, or NaN where an element is not finite.
    let (mut most, mut invalid) = (zero, zero);
    for part in x.chunks(S::LANES) {
        let v = s.load(part);
        most = s.max(s.max(v, s.sub(zero, v)), most);
        invalid = s.fma(v, zero, invalid);
    }
    if s.sum(invalid) == 0.0 { s.largest(most) } else { f32::NAN }
}
