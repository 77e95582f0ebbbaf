//! Plain Rust.

use super::tile::{Multiply, Tile};
use crate::gemm::int8::panels::{Block, COLUMNS, GROUP};
use crate::gemm::rows::SumStart;

#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Multiply for Portable {
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn tile<const M: usize>(self, tile: Tile<'_>) {
        for r in 0..M {
            let mut sums = [0_i32; COLUMNS];
            for (g, Block(block)) in tile.panel.blocks.iter().enumerate() {
                // SAFETY: the row has as many groups as the panel.
                let x = unsafe {
                    tile.bytes.add(r * tile.stride + g * GROUP).cast::<[u8; GROUP]>().read()
                };
                for (sum, w) in sums.iter_mut().zip(block.as_chunks::<GROUP>().0) {
                    let product = |k: usize| i32::from(x[k]) * i32::from(w[k]);
                    *sum += product(0) + product(1) + product(2) + product(3);
                }
            }
            // SAFETY: row r of the output has `columns` elements.
            let out = unsafe {
                std::slice::from_raw_parts_mut(tile.out.add(r * tile.out_stride), tile.columns)
            };
            for (c, out) in out.iter_mut().enumerate() {
                let scale = tile.rows[r] * tile.panel.scales[c];
                let init = match tile.init {
                    SumStart::Zero => 0.0,
                    SumStart::Bias(bias) => bias[c],
                    SumStart::Output => *out,
                };
                *out = (sums[c] - tile.panel.offsets[c]) as f32 * scale + init;
            }
        }
    }
}
