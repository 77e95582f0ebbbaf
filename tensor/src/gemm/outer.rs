//! The gradient of a weight: a sum of products over the rows of a whole step.

use super::Rows;
use super::kernel::{Left, Output, column_of_tiles};
use crate::buffer::Buffer;
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads::Threads;

/// One term dY^T X: the rows of an output's gradient and of the input that met the weight.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    /// Rows of the output gradient, O wide.
    pub dy: Rows<'a>,
    /// Rows of the input, I wide.
    pub x: Rows<'a>,
}

/// Rows of a block: both operands' panels of a block stay near.
const BLOCK: usize = 256;

/// out\[O, columns\] = (out if `add`) + the sum of dY^T X, one product over all rows.
///
/// `out` has rows of `stride` elements, of which those from `column` on are written. Terms of
/// other widths than the first's, or an output too small, panic: operations check before.
pub fn outer_sum(
    threads: &Threads,
    terms: &[Product<'_>],
    out: &mut [f32],
    stride: usize,
    column: usize,
    add: bool,
) {
    let Some(first) = terms.first() else { return };
    let (outputs, inputs) = (first.dy.width(), first.x.width());
    for t in terms {
        assert_eq!((t.dy.width(), t.x.width()), (outputs, inputs), "widths of the terms");
        assert_eq!(t.dy.rows(), t.x.rows(), "rows of a term");
    }
    assert_eq!(out.len(), outputs * stride, "output of the sum");
    let output = Output::columns(out, stride, column, inputs);
    if !add {
        // The first block of rows overwrites; with no rows at all the sum is zero.
        if terms.iter().all(|t| t.dy.rows() == 0) {
            out.chunks_exact_mut(stride).for_each(|r| r[column..column + inputs].fill(0.0));
            return;
        }
    }
    // Each thread takes rows of the output, and packs the input's panels for itself.
    threads.run(|i| {
        let rows = threads.part(outputs, 12, i);
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
        let (left_panels, right_panels) = (rows.len().div_ceil(mr), inputs.div_ceil(nr));
        let mut left = Buffer::scratch(left_panels * mr * BLOCK);
        let mut right = Buffer::scratch(right_panels * nr * BLOCK);
        let (Some(left), Some(right)) = (left.unique(), right.unique()) else { return };
        let mut cursor = Cursor { terms, term: 0, row: 0 };
        let mut add = add;
        while let Some(count) = cursor.next_block(|k, dy, x| {
            for (panel, from) in dy[rows.clone()].chunks(mr).enumerate() {
                let to = &mut left[panel * mr * BLOCK + k * mr..][..mr];
                copy_padded(to, from);
            }
            for (panel, from) in x.chunks(nr).enumerate() {
                let to = &mut right[panel * nr * BLOCK + k * nr..][..nr];
                copy_padded(to, from);
            }
        }) {
            for p in 0..right_panels {
                let b = right[p * nr * BLOCK..][..nr * count].as_ptr();
                for (i, first) in rows.clone().step_by(mr).enumerate() {
                    let a = left[i * mr * BLOCK..][..mr * count].as_ptr();
                    let a = Left { start: a, row: 1, depth: mr, tile: 0 };
                    let tile = first..(first + mr).min(rows.end);
                    // SAFETY: the panels hold `count` rows each, and the output holds all rows of
                    // `inputs` elements; no other thread has these rows.
                    unsafe { column_of_tiles(s, a, tile, b, count, output, p * nr, None, add) };
                }
            }
            add = true;
        }
    }
}

/// Copies a short row and fills up with zeros.
#[inline(always)]
fn copy_padded(to: &mut [f32], from: &[f32]) {
    if from.len() == to.len() {
        to.copy_from_slice(from);
    } else {
        to[..from.len()].copy_from_slice(from);
        to[from.len()..].fill(0.0);
    }
}

/// Walks the rows of all terms in blocks.
struct Cursor<'a> {
    terms: &'a [Product<'a>],
    term: usize,
    row: usize,
}

impl Cursor<'_> {
    /// Hands up to [`BLOCK`] rows to `take`, and tells how many.
    #[inline(always)]
    fn next_block(&mut self, mut take: impl FnMut(usize, &[f32], &[f32])) -> Option<usize> {
        let mut count = 0;
        while count < BLOCK {
            let Some(term) = self.terms.get(self.term) else { break };
            if self.row == term.dy.rows() {
                self.term += 1;
                self.row = 0;
                continue;
            }
            take(count, term.dy.row(self.row), term.x.row(self.row));
            self.row += 1;
            count += 1;
        }
        (count > 0).then_some(count)
    }
}
