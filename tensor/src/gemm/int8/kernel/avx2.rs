//! AVX2: `vpmaddubsw` and `vpmaddwd`.

use std::arch::x86_64::*;
use std::ops::Range;

use super::tile::{Multiply, Tile, all_tiles};
use crate::gemm::int8::activations::QuantizedRows;
use crate::gemm::int8::panels::{COLUMNS, GROUP, Panels};
use crate::gemm::output::Output;
use crate::gemm::rows::SumStart;

#[derive(Clone, Copy)]
struct Avx2;

/// Columns of a vector of sums.
const LANES: usize = 8;
/// Vectors whose sums are in registers at once.
const VECTORS: usize = 2;

/// [`run`](super::run) on this path.
///
/// # Safety
/// The processor has AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn run(
    x: &QuantizedRows,
    w: &Panels,
    panels: Range<usize>,
    out: Output,
    init: SumStart<'_>,
) {
    all_tiles(Avx2, x, w, panels, out, init);
}

impl Multiply for Avx2 {
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn tile<const M: usize>(self, tile: Tile<'_>) {
        for first in (0..tile.columns).step_by(VECTORS * LANES) {
            // SAFETY: the contract is the same, and `first` is a column of the output.
            unsafe { columns::<M>(tile, first) };
        }
    }
}

/// Computes two vectors' columns of a tile, from column `first` on.
///
/// # Safety
/// As [`Multiply::tile`].
#[inline(always)]
unsafe fn columns<const M: usize>(tile: Tile<'_>, first: usize) {
    // SAFETY: the processor has AVX2; reads are within the rows and the panel, by the contract.
    unsafe {
        let ones = _mm256_set1_epi16(1);
        let mut sums = [[_mm256_setzero_si256(); VECTORS]; M];
        for (g, block) in tile.panel.blocks.iter().enumerate() {
            let w = block.0.as_ptr().add(first * GROUP);
            let w: [__m256i; VECTORS] =
                [_mm256_load_si256(w.cast()), _mm256_load_si256(w.add(LANES * GROUP).cast())];
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = tile.bytes.add(r * tile.stride + g * GROUP).cast::<i32>();
                let x = _mm256_set1_epi32(x.read_unaligned());
                for (sum, &w) in sums.iter_mut().zip(&w) {
                    // Two products each, which 16 bits hold: see the module `int8`.
                    let pairs = _mm256_maddubs_epi16(x, w);
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
                }
            }
        }
        for (r, sums) in sums.into_iter().enumerate() {
            let row = _mm256_set1_ps(tile.rows[r]);
            for (v, sum) in sums.into_iter().enumerate() {
                let column = first + v * LANES;
                let left = tile.columns.saturating_sub(column).min(LANES);
                if left == 0 {
                    continue;
                }
                let scale = _mm256_loadu_ps(tile.panel.scales.as_ptr().add(column));
                let offset = tile.panel.offsets.as_ptr().add(column);
                let sum = _mm256_sub_epi32(sum, _mm256_loadu_si256(offset.cast()));
                let product = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_mul_ps(row, scale));
                let out = tile.out.add(r * tile.out_stride + column);
                let mut start = [0.0; LANES];
                match tile.init {
                    SumStart::Zero => {}
                    SumStart::Bias(bias) => start[..left].copy_from_slice(&bias[column..][..left]),
                    SumStart::Output => out.copy_to_nonoverlapping(start.as_mut_ptr(), left),
                }
                let sum = _mm256_add_ps(product, _mm256_loadu_ps(start.as_ptr()));
                if left == LANES {
                    _mm256_storeu_ps(out, sum);
                } else {
                    _mm256_storeu_ps(start.as_mut_ptr(), sum);
                    out.copy_from_nonoverlapping(start.as_ptr(), left);
                }
            }
        }
        const { assert!(COLUMNS.is_multiple_of(VECTORS * LANES)) };
    }
}
