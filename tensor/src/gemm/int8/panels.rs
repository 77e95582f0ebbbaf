//! A weight of 8 bits in the order in which the register tiles read it.

use std::ops::Range;

use super::matrix::{Int8Matrix, OFFSET};
use crate::cpu::buffer::Buffer;

/// Columns of a panel: two vectors of the widest path.
pub(super) const COLUMNS: usize = 32;
/// Consecutive k that one instruction multiplies and adds.
pub(super) const GROUP: usize = 4;

/// A group of k for all columns of a panel: four integers of column 0, four of column 1, ...
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Block(pub(super) [i8; COLUMNS * GROUP]);

/// Returns memory of f32 as blocks, as many as it holds.
fn blocks(elements: &[f32]) -> &[Block] {
    // SAFETY: any bytes are valid integers; what lies before an aligned block is left out.
    unsafe { elements.align_to().1 }
}

/// As [`blocks`].
fn blocks_mut(elements: &mut [f32]) -> &mut [Block] {
    // SAFETY: any bytes are valid integers, and valid f32.
    unsafe { elements.align_to_mut().1 }
}

/// Rows and columns of a weight \[O, I\], packed for the product X W^T: depth I, width O.
///
/// Panel p holds columns p 32 to (p + 1) 32 of W^T, zeros past the width, as one [`Block`] for each
/// group of four k, zeros past the depth.
#[derive(Debug)]
pub(in crate::gemm) struct Panels {
    blocks: Buffer,
    /// [`OFFSET`] times the sum of each column: what [`OFFSET`] adds to the sums of a product.
    offsets: Vec<i32>,
    /// The scale of each column, zeros past the width.
    scales: Vec<f32>,
    depth: usize,
    width: usize,
}

/// One panel, as a tile reads it.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    pub(super) blocks: &'a [Block],
    pub(super) offsets: &'a [i32; COLUMNS],
    pub(super) scales: &'a [f32; COLUMNS],
}

impl Panels {
    /// Packs a block of a weight.
    pub(in crate::gemm) fn pack(w: &Int8Matrix, rows: Range<usize>, columns: Range<usize>) -> Self {
        let (depth, width) = (columns.len(), rows.len());
        let inputs = w.shape().width();
        let (groups, panels) = (depth.div_ceil(GROUP), width.div_ceil(COLUMNS));
        let mut memory = Buffer::uninit(groups * panels * size_of::<Block>() / size_of::<f32>());
        let blocks = memory.unique().map_or(&mut [][..], |elements| {
            elements.fill(0.0);
            blocks_mut(elements)
        });
        let mut offsets = vec![0; panels * COLUMNS];
        let mut scales = vec![0.0; panels * COLUMNS];
        for (column, row) in rows.enumerate() {
            let from = &w.integers()[row * inputs..][columns.clone()];
            let (panel, at) = (column / COLUMNS, column % COLUMNS);
            for (block, group) in blocks[panel * groups..].iter_mut().zip(from.chunks(GROUP)) {
                block.0[at * GROUP..][..group.len()].copy_from_slice(group);
            }
            offsets[column] = i32::from(OFFSET) * from.iter().map(|&q| i32::from(q)).sum::<i32>();
            scales[column] = w.scales()[row];
        }
        Self { blocks: memory, offsets, scales, depth, width }
    }

    pub(in crate::gemm) fn depth(&self) -> usize {
        self.depth
    }

    pub(in crate::gemm) fn width(&self) -> usize {
        self.width
    }

    pub(in crate::gemm) fn panels(&self) -> usize {
        self.width.div_ceil(COLUMNS)
    }

    /// Returns the bytes that it takes.
    pub(in crate::gemm) fn bytes(&self) -> usize {
        let per_column = size_of::<f32>() + size_of::<i32>();
        size_of_val(self.blocks.data()) + per_column * self.scales.len()
    }

    /// Estimates how long a product of `rows` rows takes one thread, in nanoseconds.
    pub(super) fn duration(&self, rows: usize) -> usize {
        // At least the time of reading the weight.
        (rows * self.depth * self.width / 100).max(self.depth * self.width / 20)
    }

    pub(super) fn panel(&self, p: usize) -> Panel<'_> {
        let groups = self.depth.div_ceil(GROUP);
        let columns = p * COLUMNS;
        let of = |range: usize| range..range + COLUMNS;
        Panel {
            blocks: &blocks(self.blocks.data())[p * groups..][..groups],
            offsets: self.offsets[of(columns)].try_into().unwrap_or(&[0; COLUMNS]),
            scales: self.scales[of(columns)].try_into().unwrap_or(&[0.0; COLUMNS]),
        }
    }
}
