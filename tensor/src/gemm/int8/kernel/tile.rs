//! A register tile, and the loops around it.

use crate::gemm::int8::activations::QuantizedRows;
use crate::gemm::int8::panels::{COLUMNS, Panel, Panels};
use crate::gemm::output::Output;
use crate::gemm::rows::SumStart;

/// The output of a tile, and what its sums begin with.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a> {
    /// The rows' bytes, `stride` apart.
    pub(super) bytes: *const u8,
    pub(super) stride: usize,
    /// The rows' scales.
    pub(super) rows: &'a [f32],
    pub(super) panel: Panel<'a>,
    /// Element (0, 0) of the output, whose rows are `out_stride` apart.
    pub(super) out: *mut f32,
    pub(super) out_stride: usize,
    /// Columns of the panel that the output has.
    pub(super) columns: usize,
    pub(super) init: SumStart<'a>,
}

/// The instructions of a path.
pub(super) trait Multiply: Copy {
    /// Rows of its tile, at most 12.
    const ROWS: usize;

    /// Computes a tile of M rows.
    ///
    /// # Safety
    /// The processor has the path's instructions; the tile has M rows of as many groups as the
    /// panel has, M scales, and its output M rows of `columns` elements.
    unsafe fn tile<const M: usize>(self, tile: Tile<'_>);
}

/// Computes all tiles of some panels.
#[inline(always)]
pub(super) fn all_tiles<I: Multiply>(
    i: I,
    x: &QuantizedRows,
    w: &Panels,
    panels: std::ops::Range<usize>,
    out: Output,
    init: SumStart<'_>,
) {
    for p in panels {
        let column = p * COLUMNS;
        let columns = COLUMNS.min(w.width() - column);
        let init = match init {
            SumStart::Bias(bias) => SumStart::Bias(&bias[column..column + columns]),
            other => other,
        };
        let rows = x.rows();
        let mut row = rows.start;
        while row < rows.end {
            let m = I::ROWS.min(rows.end - row);
            let (bytes, scales) = x.get(row, m);
            let tile = Tile {
                bytes,
                stride: x.stride(),
                rows: scales,
                panel: w.panel(p),
                out: out.at(row, column),
                out_stride: out.stride,
                columns,
                init,
            };
            macro_rules! rows {
                ($($n:literal)*) => {
                    match m {
                        // SAFETY: the rows are within `x`, the panel is within `w`, the output has
                        // all rows and columns, and the caller has the instructions.
                        $($n if $n <= I::ROWS => unsafe { i.tile::<$n>(tile) },)*
                        _ => {}
                    }
                };
            }
            rows!(12 4 1 2 3 5 6 7 8 9 10 11);
            row += m;
        }
    }
}
