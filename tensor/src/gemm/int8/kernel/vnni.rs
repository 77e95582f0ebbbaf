//! AVX-512 with VNNI: `vpdpbusd`.

use std::arch::x86_64::*;
use std::ops::Range;

use super::tile::{Multiply, Tile, all_tiles};
use crate::gemm::int8::activations::QuantizedRows;
use crate::gemm::int8::panels::{Block, COLUMNS, GROUP, Panels};
use crate::gemm::output::Output;
use crate::gemm::rows::SumStart;

#[derive(Clone, Copy)]
struct Vnni;

/// Columns of a vector of sums.
const LANES: usize = 16;
const VECTORS: usize = COLUMNS / LANES;
/// Blocks ahead of their use that a panel is prefetched.
const AHEAD: usize = 16;

/// [`run`](super::run) on this path.
///
/// # Safety
/// The processor has AVX-512F and AVX-512 VNNI.
#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) unsafe fn run(
    x: &QuantizedRows,
    w: &Panels,
    panels: Range<usize>,
    out: Output,
    init: SumStart<'_>,
) {
    all_tiles(Vnni, x, w, panels, out, init);
}

impl Multiply for Vnni {
    const ROWS: usize = 12;

    #[inline(always)]
    unsafe fn tile<const M: usize>(self, tile: Tile<'_>) {
        // SAFETY: the contract is the same.
        unsafe {
            // A few rows have too few sums to hide the latency of one instruction.
            match M {
                1 => tile_in::<M, 4>(tile),
                2..=5 => tile_in::<M, 2>(tile),
                _ => tile_in::<M, 1>(tile),
            }
        }
    }
}

/// Computes a tile with WAYS sums for each element of the output, each of every WAYS-th block.
///
/// # Safety
/// As [`Multiply::tile`].
#[inline(always)]
unsafe fn tile_in<const M: usize, const WAYS: usize>(tile: Tile<'_>) {
    // SAFETY: the processor has the instructions; reads are within the rows and the panel, by the
    // contract.
    unsafe {
        let mut sums = [[[_mm512_setzero_si512(); VECTORS]; M]; WAYS];
        let (chunks, rest) = tile.panel.blocks.as_chunks::<WAYS>();
        let mut bytes = tile.bytes;
        for blocks in chunks {
            for (block, sums) in blocks.iter().zip(&mut sums) {
                add_block(tile, block, bytes, sums);
                bytes = bytes.add(GROUP);
            }
        }
        for block in rest {
            add_block(tile, block, bytes, &mut sums[0]);
            bytes = bytes.add(GROUP);
        }
        let columns = [Columns::new(&tile, 0), Columns::new(&tile, LANES)];
        let (mut all, others) = (sums[0], &sums[1..]);
        for r in 0..M {
            for v in 0..VECTORS {
                for other in others {
                    all[r][v] = _mm512_add_epi32(all[r][v], other[r][v]);
                }
            }
        }
        for (r, sums) in all.into_iter().enumerate() {
            let row = _mm512_set1_ps(tile.rows[r]);
            let out = tile.out.wrapping_add(r * tile.out_stride);
            for (sum, columns) in sums.into_iter().zip(&columns) {
                columns.write(sum, row, out);
            }
        }
    }
}

/// Adds the products of one block of the weight and the rows' bytes at `bytes`.
///
/// # Safety
/// As [`Multiply::tile`].
#[inline(always)]
unsafe fn add_block<const M: usize>(
    tile: Tile<'_>,
    block: &Block,
    bytes: *const u8,
    sums: &mut [[__m512i; VECTORS]; M],
) {
    // SAFETY: as in `tile_in`.
    unsafe {
        let block = block.0.as_ptr();
        let (w0, w1) =
            (_mm512_load_si512(block.cast()), _mm512_load_si512(block.add(LANES * GROUP).cast()));
        let later = block.wrapping_add(AHEAD * COLUMNS * GROUP);
        _mm_prefetch::<_MM_HINT_T0>(later);
        _mm_prefetch::<_MM_HINT_T0>(later.wrapping_add(LANES * GROUP));
        for (r, [sum0, sum1]) in sums.iter_mut().enumerate() {
            let x = bytes.add(r * tile.stride).cast::<i32>();
            let x = _mm512_set1_epi32(x.read_unaligned());
            *sum0 = _mm512_dpbusd_epi32(*sum0, x, w0);
            *sum1 = _mm512_dpbusd_epi32(*sum1, x, w1);
        }
    }
}

/// A vector's columns of the output.
struct Columns {
    first: usize,
    mask: __mmask16,
    offset: __m512i,
    scale: __m512,
    bias: __m512,
    adds: bool,
}

impl Columns {
    /// # Safety
    /// As [`Multiply::tile`].
    #[inline(always)]
    unsafe fn new(tile: &Tile<'_>, first: usize) -> Self {
        let left = tile.columns.saturating_sub(first).min(LANES);
        let mask = ((1_u32 << left) - 1) as __mmask16;
        // SAFETY: the processor has the instructions; a panel has all its columns, and the mask
        // keeps reads within the bias.
        unsafe {
            let bias = match tile.init {
                SumStart::Bias(bias) if left > 0 => {
                    _mm512_maskz_loadu_ps(mask, bias.as_ptr().add(first))
                }
                _ => _mm512_setzero_ps(),
            };
            Self {
                first,
                mask,
                offset: _mm512_loadu_si512(tile.panel.offsets.as_ptr().add(first).cast()),
                scale: _mm512_loadu_ps(tile.panel.scales.as_ptr().add(first)),
                bias,
                adds: matches!(tile.init, SumStart::Output),
            }
        }
    }

    /// Writes a row's sums; `row` is the row's scale.
    ///
    /// # Safety
    /// As [`Multiply::tile`]; `out` is the row of the output.
    #[inline(always)]
    unsafe fn write(&self, sum: __m512i, row: __m512, out: *mut f32) {
        // SAFETY: the processor has the instructions; the mask keeps accesses within the output.
        unsafe {
            let out = out.wrapping_add(self.first);
            let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sum, self.offset));
            let start = if self.adds { _mm512_maskz_loadu_ps(self.mask, out) } else { self.bias };
            let y = _mm512_add_ps(_mm512_mul_ps(sum, _mm512_mul_ps(row, self.scale)), start);
            _mm512_mask_storeu_ps(out, self.mask, y);
        }
    }
}
