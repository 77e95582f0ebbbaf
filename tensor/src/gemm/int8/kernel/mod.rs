//! The register tiles of the kernel paths, and the loops around them.
//!
//! A tile is some rows of the left operand times one panel. Its sums are exact integers, and every
//! path turns them into f32 by the same operations in the same order.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
#[cfg(target_arch = "x86_64")]
mod vnni;

use std::ops::Range;
use std::sync::OnceLock;

use super::activations::QuantizedRows;
use super::panels::{COLUMNS, Panel, Panels};
use crate::gemm::kernel::Output;
use crate::gemm::rows::SumStart;
use crate::simd::{Level, level};

/// The instructions that multiply integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(super) enum Path {
    /// Plain Rust.
    Portable,
    /// `vpmaddubsw` on vectors of 32 bytes.
    Avx2,
    /// `vpdpbusd` on vectors of 64 bytes.
    Vnni,
}

impl Path {
    /// Returns every path that this processor can run, from the slowest.
    pub(super) fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut paths = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                paths.push(Self::Avx2);
            }
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
                paths.push(Self::Vnni);
            }
        }
        paths
    }
}

/// Returns the fastest path that the processor has and that `TENSOR_SIMD` admits.
pub(super) fn path() -> Path {
    static PATH: OnceLock<Path> = OnceLock::new();
    *PATH.get_or_init(|| {
        let admitted = |path: &Path| match path {
            Path::Portable => true,
            Path::Avx2 => level() >= Level::Avx2,
            Path::Vnni => level() >= Level::Avx512,
        };
        Path::available().into_iter().rfind(admitted).unwrap_or(Path::Portable)
    })
}

/// The output of a tile, and what its sums begin with.
#[derive(Clone, Copy)]
struct Tile<'a> {
    /// The rows' bytes, `stride` apart.
    bytes: *const u8,
    stride: usize,
    /// The rows' scales.
    rows: &'a [f32],
    panel: Panel<'a>,
    /// Element (0, 0) of the output, whose rows are `out_stride` apart.
    out: *mut f32,
    out_stride: usize,
    /// Columns of the panel that the output has.
    columns: usize,
    init: SumStart<'a>,
}

/// The instructions of a path.
trait Multiply: Copy {
    /// Rows of its tile, at most 12.
    const ROWS: usize;

    /// Computes a tile of M rows.
    ///
    /// # Safety
    /// The processor has the path's instructions; the tile has M rows of as many groups as the
    /// panel has, M scales, and its output M rows of `columns` elements.
    unsafe fn tile<const M: usize>(self, tile: Tile<'_>);
}

/// out\[rows, panels\] = init + X W\[panels\] for the rows that `x` holds, which the output has.
pub(super) fn run(
    path: Path,
    x: &QuantizedRows,
    w: &Panels,
    panels: Range<usize>,
    out: Output,
    init: SumStart<'_>,
) {
    match path {
        Path::Portable => all_tiles(portable::Portable, x, w, panels, out, init),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `available` found the instructions.
        Path::Avx2 => unsafe { avx2::run(x, w, panels, out, init) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Path::Vnni => unsafe { vnni::run(x, w, panels, out, init) },
        #[cfg(not(target_arch = "x86_64"))]
        _ => all_tiles(portable::Portable, x, w, panels, out, init),
    }
}

#[inline(always)]
fn all_tiles<I: Multiply>(
    i: I,
    x: &QuantizedRows,
    w: &Panels,
    panels: Range<usize>,
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
                out_stride: out.stride(),
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
