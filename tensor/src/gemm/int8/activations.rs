//! Rows of the left operand, rounded to 8 bits.

use std::ops::Range;

use super::matrix::{LARGEST, OFFSET};
use super::panels::GROUP;
use crate::cpu::buffer::Buffer;
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

/// Rows rounded to 8 bits, and a scale for each.
pub(super) struct QuantizedRows {
    /// The scales, then the bytes of all rows.
    memory: Buffer,
    /// Elements before the bytes.
    before: usize,
    rows: Range<usize>,
    stride: usize,
}

impl QuantizedRows {
    /// Rounds rows of `x`.
    pub(super) fn new(x: Rows<'_>, rows: Range<usize>) -> Self {
        let (stride, number) = (stride(x.width()), rows.len());
        let before = number.next_multiple_of(LINE / size_of::<f32>());
        let mut memory = Buffer::uninit(before + number * stride / size_of::<f32>());
        if let Some(memory) = memory.unique() {
            let (scales, bytes) = memory.split_at_mut(before);
            let scales = &mut scales[..number];
            // SAFETY: f32 are four bytes each, and any bytes are valid ones.
            let bytes = unsafe {
                std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), number * stride)
            };
            dispatch(Quantize { x, rows: rows.clone(), scales, bytes, stride });
        }
        Self { memory, before, rows, stride }
    }

    /// Returns the range of the rows in their matrix.
    pub(super) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Returns the bytes and the scales of the `count` rows from `row` on. The bytes of rows lie
    /// [`stride`](Self::stride) apart.
    pub(super) fn get(&self, row: usize, count: usize) -> (*const u8, &[f32]) {
        assert!(row >= self.rows.start && row + count <= self.rows.end, "quantised rows");
        let at = row - self.rows.start;
        let bytes = self.memory.data()[self.before..].as_ptr().cast::<u8>();
        // SAFETY: within the rows, by the assertion.
        let bytes = unsafe { bytes.add(at * self.stride) };
        (bytes, &self.memory.data()[at..at + count])
    }

    /// Returns the distance between rows in bytes.
    pub(super) fn stride(&self) -> usize {
        self.stride
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
