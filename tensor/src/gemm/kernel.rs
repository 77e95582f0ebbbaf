//! The register tile and the loops around it.

use std::ops::Range;

use super::output::Output;
use super::pack::Packed;
use super::rows::{Rows, SumStart};
use crate::cpu::buffer::Buffer;
use crate::simd::Simd;

/// Depth of a block: a panel's block of two vectors' width stays in the first-level cache.
const DEPTH: usize = 512;
/// Rows of a block: the block of X stays in the second-level cache.
const ROWS: usize = 192;

/// How many rows ahead of their use a panel is prefetched: memory latency has passed by then.
const AHEAD: usize = 16;
/// The same for tiles of at most [`FEW`] rows: they use a panel as fast as memory delivers it.
const AHEAD_OF_FEW: usize = 64;
const FEW: usize = 4;

/// The strides with which a tile reads its left operand.
#[derive(Clone, Copy)]
pub(super) struct Left {
    /// Element (0, 0).
    pub(super) start: *const f32,
    /// Distance between rows.
    pub(super) row: usize,
    /// Distance between consecutive k.
    pub(super) depth: usize,
    /// Distance between a row and the one [`Simd::TILE_ROWS`] below it.
    pub(super) tile: usize,
    /// False if a tile may only begin at a multiple of [`Simd::TILE_ROWS`], because rows lie in
    /// panels of that height; true if all rows are `row` apart.
    pub(super) anywhere: bool,
}

/// A block of a panel of the right operand.
#[derive(Clone, Copy)]
pub(super) struct Right {
    /// Element (0, 0).
    pub(super) start: *const f32,
    /// Number of consecutive rows of two vectors.
    pub(super) count: usize,
    /// The block used after this one, of the same length, which is prefetched into the second-level
    /// cache. A hint: any address is valid.
    pub(super) next: *const f32,
}

/// out\[rows, panels\] = init + X\[rows\] W\[panels\]
///
/// # Safety
/// Rows lie within `x`, panels within `w`, and the output holds all rows of `w.width()` elements;
/// no other thread touches the same rows and panels of the output.
#[inline(always)]
pub(super) unsafe fn rows_times_panels<S: Simd>(
    s: S,
    x: Rows<'_>,
    w: &Packed,
    rows: Range<usize>,
    panels: Range<usize>,
    output: Output,
    init: SumStart<'_>,
) {
    if rows.is_empty() || panels.is_empty() {
        return;
    }
    let nr = 2 * S::LANES;
    let data = w.f32_panels(nr);
    assert_eq!(data.len(), w.panels() * nr * w.depth(), "f32 panels of this level's width");
    let start = x.start();
    let depth = w.depth();
    let blocks = depth.div_ceil(DEPTH).max(1);
    // Rows that lie a power of two apart map to the same cache lines: if several panels read them,
    // a copy with another distance between rows pays.
    let from = if x.stride.is_multiple_of(FIGHT) { COPY_FROM / 6 } else { COPY_FROM };
    let copies = panels.len() >= from && rows.len() >= S::TILE_ROWS;
    let mut copy = copies.then(|| Buffer::uninit(ROWS.min(rows.len()) * APART));
    let mut row = rows.start;
    while row < rows.end {
        let row_end = (row + ROWS).min(rows.end);
        for block in 0..blocks {
            let k = block * DEPTH;
            let count = DEPTH.min(depth - k);
            let mut left = Left {
                // SAFETY: rows row..row_end and k..k + count lie within x.
                start: unsafe { start.add(row * x.stride + k) },
                row: x.stride,
                depth: 1,
                tile: x.stride * S::TILE_ROWS,
                anywhere: true,
            };
            if let Some(copy) = copy.as_mut().and_then(Buffer::unique) {
                for (to, r) in copy.chunks_exact_mut(APART).zip(row..row_end) {
                    to[..count].copy_from_slice(&x.row(r)[k..k + count]);
                }
                let (start, tile) = (copy.as_ptr(), APART * S::TILE_ROWS);
                left = Left { start, row: APART, depth: 1, tile, anywhere: true };
            }
            for p in panels.clone() {
                // SAFETY: panel p and its k-th row are within the packed data.
                let b = unsafe { data.as_ptr().add(p * nr * depth + k * nr) };
                let column = p * nr;
                let begin = match init {
                    _ if block > 0 => SumStart::Output,
                    SumStart::Bias(bias) => {
                        SumStart::Bias(&bias[column..w.width().min(column + nr)])
                    }
                    other => other,
                };
                let rows = row..row_end;
                // The next panel's block, or the first panel's next block.
                let next = match p + 1 < panels.end {
                    true => b.wrapping_add(nr * depth),
                    false => data.as_ptr().wrapping_add((panels.start * depth + k + count) * nr),
                };
                let b = Right { start: b, count, next };
                // SAFETY: the caller's contract.
                unsafe {
                    column_of_tiles(s, left, rows, b, output, column, begin);
                }
            }
        }
        row = row_end;
    }
}

/// The number of panels from which a copy of X pays.
const COPY_FROM: usize = 24;
/// Rows at a multiple of this distance map to the same set of the first-level cache.
const FIGHT: usize = 1024;
/// Distance between rows of the copy: a block's depth plus a cache line, so that rows map to
/// different sets.
const APART: usize = DEPTH + 16;

/// Computes one panel's width of the output, tile by tile downwards; `left` starts at row
/// `rows.start`.
///
/// # Safety
/// As [`rows_times_panels`]; `left` has `rows` of `b.count` elements, and `b` that many rows of two
/// vectors.
#[inline(always)]
pub(super) unsafe fn column_of_tiles<S: Simd>(
    s: S,
    left: Left,
    rows: Range<usize>,
    b: Right,
    output: Output,
    column: usize,
    begin: SumStart<'_>,
) {
    let nr = 2 * S::LANES;
    let valid = nr.min(output.width - column);
    let mut row = rows.start;
    // While this panel is used, the next one is prefetched into the second-level cache, a part with
    // each tile; a single tile would have to prefetch all of it at once.
    let tiles = rows.len().div_ceil(S::TILE_ROWS);
    let mut step = if tiles > 1 { nr.div_ceil(tiles) } else { 0 };
    let end = b.next.wrapping_add(nr * b.count);
    let mut b = b;
    while row < rows.end {
        let m = tile_rows(S::TILE_ROWS, rows.end - row, left.anywhere);
        // SAFETY: the row is within the left operand.
        let (a, c) = unsafe {
            let r = row - rows.start;
            let a = r / S::TILE_ROWS * left.tile + r % S::TILE_ROWS * left.row;
            let a = left.start.add(a);
            (Left { start: a, ..left }, output.at(row, column))
        };
        if valid == nr {
            // SAFETY: m rows of a whole panel's width.
            unsafe { tile_of(s, m, a, b, step, Tile { start: c, stride: output.stride }, begin) };
        } else {
            // The last panel: compute a whole tile in a buffer, then copy the valid columns.
            let mut aside = [0.0_f32; 12 * 32];
            let to = Tile { start: aside.as_mut_ptr(), stride: nr };
            let (within, bias) = match begin {
                SumStart::Bias(bias) => (SumStart::Zero, Some(bias)),
                other => (other, None),
            };
            if matches!(begin, SumStart::Output) {
                for i in 0..m {
                    for j in 0..valid {
                        // SAFETY: i < m rows and j < valid columns of the output.
                        aside[i * nr + j] = unsafe { *c.add(i * output.stride + j) };
                    }
                }
            }
            // SAFETY: `aside` holds 12 rows of 32 elements, as much as any tile.
            unsafe { tile_of(s, m, a, b, step, to, within) };
            for i in 0..m {
                for j in 0..valid {
                    let bias = bias.map_or(0.0, |bias| bias[j]);
                    // SAFETY: as above.
                    unsafe { *c.add(i * output.stride + j) = aside[i * nr + j] + bias };
                }
            }
        }
        row += m;
        b.next = b.next.wrapping_add(step * b.count);
        if b.next >= end {
            step = 0;
        }
    }
}

/// Returns the rows of the next tile if `left` are left. The last two tiles share their rows if a
/// whole tile would leave a small remainder, because a tile of one or two rows is limited by the
/// latency of its own sums.
fn tile_rows(most: usize, left: usize, anywhere: bool) -> usize {
    let halves = anywhere && left > most && left < most + most.div_ceil(2);
    if halves { left.div_ceil(2) } else { left.min(most) }
}

/// The output of a tile: rows of two vectors, `stride` apart.
#[derive(Clone, Copy)]
struct Tile {
    start: *mut f32,
    stride: usize,
}

/// Calls [`tile`] for a number of rows known at run time.
///
/// # Safety
/// As [`tile`], with `m` rows, at most [`Simd::TILE_ROWS`].
#[inline(always)]
unsafe fn tile_of<S: Simd>(
    s: S,
    m: usize,
    a: Left,
    b: Right,
    step: usize,
    c: Tile,
    begin: SumStart<'_>,
) {
    macro_rules! rows {
        ($($n:literal)*) => {
            match m {
                // SAFETY: the caller's contract.
                $($n if $n <= S::TILE_ROWS => unsafe { tile::<S, $n>(s, a, b, step, c, begin) },)*
                _ => {}
            }
        };
    }
    rows!(6 12 4 1 2 3 5 7 8 9 10 11);
}

/// C\[M, 2 vectors\] = bias or C + A\[M, count\] B\[count, 2 vectors\], all sums in registers.
///
/// # Safety
/// `a` has M rows of `count` elements, `b` `count` rows of two vectors, `c` M rows of two vectors a
/// `stride` apart, `bias` two vectors.
#[inline(always)]
unsafe fn tile<S: Simd, const M: usize>(
    s: S,
    a: Left,
    b: Right,
    step: usize,
    c: Tile,
    begin: SumStart<'_>,
) {
    let Tile { start: c, stride } = c;
    let add = matches!(begin, SumStart::Output);
    // SAFETY: every access is within what the caller promised.
    unsafe {
        let lanes = S::LANES;
        if add {
            // The output is prefetched while the sums are computed.
            for i in 0..M {
                s.prefetch(c.add(i * stride));
                s.prefetch(c.add(i * stride + 2 * lanes - 1));
            }
        }
        let mut sums = match begin {
            SumStart::Bias(bias) => [[s.load(bias), s.load(&bias[lanes..])]; M],
            SumStart::Zero | SumStart::Output => [[s.splat(0.0); 2]; M],
        };
        let ahead = if M <= FEW { AHEAD_OF_FEW } else { AHEAD };
        let Right { start: mut b, count, mut next } = b;
        let mut at = a.start;
        for _ in 0..count {
            s.prefetch_later(next);
            next = next.wrapping_add(step);
            let (b0, b1) = (s.load_at(b), s.load_at(b.add(lanes)));
            s.prefetch(b.wrapping_add(ahead * 2 * lanes));
            if lanes > 8 {
                // Two vectors are two cache lines.
                s.prefetch(b.wrapping_add(ahead * 2 * lanes + lanes));
            }
            for (i, sum) in sums.iter_mut().enumerate() {
                let x = s.splat(*at.add(i * a.row));
                sum[0] = s.fma(x, b0, sum[0]);
                sum[1] = s.fma(x, b1, sum[1]);
            }
            b = b.add(2 * lanes);
            at = at.add(a.depth);
        }
        for (i, sum) in sums.into_iter().enumerate() {
            let to = c.add(i * stride);
            let (mut x, mut y) = (sum[0], sum[1]);
            if add {
                x = s.add(x, s.load_at(to));
                y = s.add(y, s.load_at(to.add(lanes)));
            }
            s.store_at(to, x);
            s.store_at(to.add(lanes), y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::tile_rows;

    /// Returns the rows of all tiles of a product of `rows` rows.
    fn tiles(most: usize, rows: usize, anywhere: bool) -> Vec<usize> {
        let mut left = rows;
        let next = || {
            let m = tile_rows(most, left, anywhere);
            left -= m;
            (m > 0).then_some(m)
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn the_last_two_tiles_share_a_small_remainder() {
        assert_eq!(tiles(6, 32, true), [6, 6, 6, 6, 4, 4]);
        assert_eq!(tiles(6, 32, false), [6, 6, 6, 6, 6, 2]);
        assert_eq!(tiles(6, 16, true), [6, 6, 4]);
        assert_eq!(tiles(12, 32, true), [12, 12, 8]);
        for most in [4, 6, 12] {
            for rows in 0..40 {
                let all = tiles(most, rows, true);
                assert!(all.iter().all(|&m| m <= most), "{most} {rows}");
                assert_eq!(all.iter().sum::<usize>(), rows);
                assert_eq!(all.len(), rows.div_ceil(most), "no tile more than is needed");
            }
        }
    }
}
