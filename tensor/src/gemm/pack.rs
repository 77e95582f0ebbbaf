//! Panels: a weight laid out in the order in which the register tile reads it.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::int8::{self, Int8Matrix};
use super::work::PACKINGS;
use crate::cpu::buffer::Buffer;
use crate::cpu::pooled_vec::PooledVec;
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads::Threads;

/// The product for which a weight \[O, I\] is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// X W^T, the forward product: depth I, width O.
    Transposed,
    /// X W, the backward product: depth O, width I.
    Plain,
}

/// A weight \[O, I\], or a block of its rows and columns, in the order in which products read it: as
/// f32 or as integers of 8 bits ([`int8`](super::int8)).
///
/// In f32, panel p holds, for each k of the depth, the elements of columns p NR to (p + 1) NR, zeros
/// past the width; NR is two vectors' width.
#[derive(Debug)]
pub struct Packed {
    panels: Form,
    side: Side,
    rows: Range<usize>,
    columns: Range<usize>,
    depth: usize,
    width: usize,
}

#[derive(Debug)]
enum Form {
    F32 { buffer: Buffer, panel_width: usize },
    Int8(int8::Panels),
}

struct PanelWidth;
impl Kernel for PanelWidth {
    type Output = usize;
    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> usize {
        2 * S::LANES
    }
}

impl Packed {
    /// Packs columns `columns` of a weight of `inputs` columns and `w.len() / inputs` rows. Panics
    /// if columns are out of range.
    pub fn new(
        threads: &Threads,
        w: &[f32],
        inputs: usize,
        columns: Range<usize>,
        side: Side,
    ) -> Self {
        let rows = 0..w.len() / inputs.max(1);
        Self::block(threads, w, inputs, rows, columns, side)
    }

    /// Packs a block of a weight of `inputs` columns. Panics if rows or columns are out of range.
    pub fn block(
        threads: &Threads,
        w: &[f32],
        inputs: usize,
        rows: Range<usize>,
        columns: Range<usize>,
        side: Side,
    ) -> Self {
        assert!(columns.start <= columns.end && columns.end <= inputs, "columns of the weight");
        let outputs = w.len() / inputs.max(1);
        assert!(rows.start <= rows.end && rows.end <= outputs, "rows of the weight");
        let (depth, width) = match side {
            Side::Transposed => (columns.len(), rows.len()),
            Side::Plain => (rows.len(), columns.len()),
        };
        let panel_width = dispatch(PanelWidth);
        let buffer = Buffer::uninit(width.div_ceil(panel_width) * panel_width * depth);
        let panels = Form::F32 { buffer, panel_width };
        let mut packed = Self { panels, side, rows, columns, depth, width };
        packed.fill(threads, w, inputs);
        packed
    }

    /// Packs a block of a quantised weight for the forward product. Panics if rows or columns are out
    /// of range.
    pub fn int8(w: &Int8Matrix, rows: Range<usize>, columns: Range<usize>) -> Self {
        PACKINGS.fetch_add(1, Ordering::Relaxed);
        let panels = Form::Int8(int8::Panels::pack(w, rows.clone(), columns.clone()));
        let (depth, width) = (columns.len(), rows.len());
        Self { panels, side: Side::Transposed, rows, columns, depth, width }
    }

    /// Packs the same weight again, with its new values. One of 8 bits is left as it is: its
    /// parameters cannot change ([`Params::quantize`](crate::Params::quantize)).
    pub fn fill(&mut self, threads: &Threads, w: &[f32], inputs: usize) {
        let Form::F32 { buffer, panel_width } = &mut self.panels else { return };
        PACKINGS.fetch_add(1, Ordering::Relaxed);
        let (nr, depth, width, side) = (*panel_width, self.depth, self.width, self.side);
        let columns = self.columns.clone();
        let w = &w[self.rows.start * inputs..self.rows.end * inputs];
        let Some(data) = buffer.unique() else { return };
        let mut panels: PooledVec<&mut [f32]> =
            data.chunks_exact_mut((nr * depth).max(1)).collect();
        panels.truncate(width.div_ceil(nr));
        threads.for_each_of(width * depth / 2, &mut panels, |p, panel| {
            let (first, count) = (p * nr, nr.min(width - p * nr));
            match side {
                Side::Transposed => {
                    // Row o of the weight becomes lane o of every k.
                    if count < nr {
                        panel.fill(0.0);
                    }
                    for lane in 0..count {
                        let row = &w[(first + lane) * inputs..][columns.clone()];
                        for (k, &value) in row.iter().enumerate() {
                            panel[k * nr + lane] = value;
                        }
                    }
                }
                Side::Plain => {
                    for (k, to) in panel.chunks_exact_mut(nr).enumerate() {
                        let from = &w[k * inputs + columns.start + first..][..count];
                        to[..count].copy_from_slice(from);
                        to[count..].fill(0.0);
                    }
                }
            }
        });
    }

    /// Returns the number of rows of the packed matrix.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the number of columns of the packed matrix.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the product that it was packed for.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Returns the range of the weight's rows.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Returns the range of the weight's columns.
    pub fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// Returns the bytes that the panels take.
    pub fn bytes(&self) -> usize {
        match &self.panels {
            Form::F32 { buffer, .. } => size_of_val(buffer.data()),
            Form::Int8(panels) => panels.bytes(),
        }
    }

    pub(super) fn panels(&self) -> usize {
        match &self.panels {
            Form::F32 { panel_width, .. } => self.width.div_ceil(*panel_width),
            Form::Int8(panels) => panels.panels(),
        }
    }

    /// Returns the panels of 8 bits, or `None` for a weight in f32.
    pub(super) fn int8_panels(&self) -> Option<&int8::Panels> {
        match &self.panels {
            Form::F32 { .. } => None,
            Form::Int8(panels) => Some(panels),
        }
    }

    /// Returns all panels of an f32 weight, each `width` wide.
    pub(super) fn f32_panels(&self, width: usize) -> &[f32] {
        match &self.panels {
            Form::F32 { buffer, panel_width } if *panel_width == width => {
                &buffer.data()[..self.width.div_ceil(width) * width * self.depth]
            }
            _ => &[],
        }
    }
}
