//! The gradient of a weight: a sum of products over the rows of a whole step.

use std::sync::atomic::Ordering;

use super::kernel::{Left, Right, column_of_tiles};
use super::output::Output;
use super::rows::{Rows, SumStart};
use super::work::{WEIGHT_GRADIENTS, count, duration};
use crate::cpu::buffer::Buffer;
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads::{Threads, part};

/// One term dY^T X: the rows of an output's gradient and of the input that the weight multiplied.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    /// Rows of the output gradient, O wide.
    pub dy: Rows<'a>,
    /// Rows of the input, I wide.
    pub x: Rows<'a>,
}

/// Rows of a block: the output is read and written once per block.
const BLOCK: usize = 512;
/// Rows of the output that are computed together: a block of their gradients stays in the
/// second-level cache.
const CHUNK: usize = 192;

/// Computes out\[O, columns\] = (out if `add`) + the sum of dY^T X, as one product over all rows.
///
/// `out` has rows of `stride` elements; their columns from `column` on are written. Panics if a
/// term's widths differ from the first term's or if the output has the wrong size: operations check
/// shapes before they call it.
pub fn weight_gradient(
    threads: &Threads,
    terms: &[Product<'_>],
    out: &mut [f32],
    stride: usize,
    column: usize,
    add: bool,
) {
    let Some(first) = terms.first() else { return };
    WEIGHT_GRADIENTS.fetch_add(1, Ordering::Relaxed);
    let (outputs, inputs) = (first.dy.width(), first.x.width());
    for t in terms {
        assert_eq!((t.dy.width(), t.x.width()), (outputs, inputs), "widths of the terms");
        assert_eq!(t.dy.rows(), t.x.rows(), "rows of a term");
        count(outputs, t.x.rows(), inputs);
    }
    assert_eq!(out.len(), outputs * stride, "output of the sum");
    let output = Output::columns(out, stride, column, inputs);
    if !add {
        // The first block of rows overwrites the output; without any rows the sum is zero.
        if terms.iter().all(|t| t.dy.rows() == 0) {
            out.chunks_exact_mut(stride).for_each(|r| r[column..column + inputs].fill(0.0));
            return;
        }
    }
    // Each thread computes rows of the output and packs the input's panels into memory of its own.
    let rows: usize = terms.iter().map(|t| t.x.rows()).sum();
    threads.split(duration(rows, outputs, inputs), |i, parts| {
        let rows = part(outputs, 12, parts, i);
        dispatch(Outer { terms, rows, inputs, output, add });
    });
}

struct Outer<'a> {
    terms: &'a [Product<'a>],
    rows: std::ops::Range<usize>,
    inputs: usize,
    output: Output,
    add: bool,
}

impl Kernel for Outer<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (mr, nr) = (S::TILE_ROWS, 2 * S::LANES);
        let Self { terms, rows, inputs, output, add } = self;
        if rows.is_empty() || inputs == 0 {
            return;
        }
        let right_panels = inputs.div_ceil(nr);
        // Distance between panels: some lines more than a block, because panels that lie a power of
        // two apart map to the same sets of the first-level cache while they are written.
        let (left_panel, right_panel) = (mr * BLOCK + 16, nr * BLOCK + 32);
        let mut left = Buffer::uninit(CHUNK.div_ceil(mr) * left_panel);
        let mut right = Buffer::uninit(right_panels * right_panel);
        let (Some(left), Some(right)) = (left.unique(), right.unique()) else { return };
        let mut cursor = Cursor { terms, term: 0, row: 0 };
        let mut block: [Pair<'_>; BLOCK] = [(&[], &[]); BLOCK];
        let mut add = add;
        loop {
            let block = cursor.next_block(&mut block);
            let count = block.len();
            if count == 0 {
                return;
            }
            to_panels(s, block, |(_, x)| x, nr, right, right_panel);
            for first in rows.clone().step_by(CHUNK) {
                let chunk = first..(first + CHUNK).min(rows.end);
                to_panels(s, block, |(dy, _)| &dy[chunk.clone()], mr, left, left_panel);
                let start = left.as_ptr();
                let a = Left { start, row: 1, depth: mr, tile: left_panel, anywhere: false };
                let begin = if add { SumStart::Output } else { SumStart::Zero };
                for p in 0..right_panels {
                    let start = right[p * right_panel..][..nr * count].as_ptr();
                    let b = Right { start, count, next: start.wrapping_add(right_panel) };
                    // SAFETY: the panels hold `count` rows each, and the output holds all rows of
                    // `inputs` elements; no other thread has these rows.
                    unsafe {
                        column_of_tiles(s, a, chunk.clone(), b, output, p * nr, begin);
                    }
                }
            }
            add = true;
        }
    }
}

/// Rows are prefetched this many rows before they are copied: many lie in another core's cache.
const LATER: usize = 8;
/// Rows that are copied together: what they write to a panel fills whole cache lines.
const TOGETHER: usize = 4;

/// Copies rows into panels, `width` elements each and `stride` apart; the last one is filled up with
/// zeros. A `width` known at compile time, after inlining, makes each copy a few instructions.
#[inline(always)]
fn to_panels<'a, S: Simd>(
    s: S,
    block: &[Pair<'a>],
    row: impl Fn(&Pair<'a>) -> &'a [f32],
    width: usize,
    to: &mut [f32],
    stride: usize,
) {
    let Some(columns) = block.first().map(|pair| row(pair).len()) else { return };
    assert!(block.len() * width <= stride && columns.div_ceil(width) * stride <= to.len());
    let (whole, rest) = (columns / width, columns % width);
    for (i, group) in block.chunks(TOGETHER).enumerate() {
        for later in block.iter().skip(i * TOGETHER + LATER).take(TOGETHER) {
            row(later).chunks(LINE).for_each(|part| s.prefetch(part.as_ptr()));
        }
        let k = i * TOGETHER * width;
        let rows: [*const f32; TOGETHER] = std::array::from_fn(|j| {
            let row = row(&group[j.min(group.len() - 1)]);
            assert_eq!(row.len(), columns, "rows of one width");
            row.as_ptr()
        });
        for panel in 0..whole {
            for (j, row) in rows.iter().enumerate().take(group.len()) {
                // SAFETY: the row has `columns` elements, of which these are a whole panel's, and `to`
                // holds all panels of `block.len()` rows; both were checked.
                unsafe {
                    let to = to.as_mut_ptr().add(panel * stride + k + j * width);
                    std::ptr::copy_nonoverlapping(row.add(panel * width), to, width);
                }
            }
        }
        if rest > 0 {
            let to = to[whole * stride + k..].chunks_exact_mut(width);
            for (to, pair) in to.zip(group) {
                to[..rest].copy_from_slice(&row(pair)[whole * width..]);
                to[rest..].fill(0.0);
            }
        }
    }
}

/// Elements in a cache line.
const LINE: usize = 16;

/// A row of the output's gradient and the row of the input that the weight multiplied.
type Pair<'a> = (&'a [f32], &'a [f32]);

/// Iterates over the rows of all terms in blocks.
struct Cursor<'a> {
    terms: &'a [Product<'a>],
    term: usize,
    row: usize,
}

impl<'a> Cursor<'a> {
    /// Returns the next rows, as many as fit and are left; none at the end.
    fn next_block<'b>(&mut self, block: &'b mut [Pair<'a>]) -> &'b [Pair<'a>] {
        let mut count = 0;
        while let (Some(pair), Some(term)) = (block.get_mut(count), self.terms.get(self.term)) {
            if self.row == term.dy.rows() {
                self.term += 1;
                self.row = 0;
                continue;
            }
            *pair = (term.dy.row(self.row), term.x.row(self.row));
            self.row += 1;
            count += 1;
        }
        &block[..count]
    }
}
