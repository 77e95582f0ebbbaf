//! Panels: a weight laid out in the order in which the register tile reads it.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::int8::{self, Int8Matrix};
use super::work::PACKINGS;
use crate::cpu::buffer::Buffer;
use crate::cpu::pooled_vec::PooledVec;
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads::{Threads, part};

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

/// Rows of a weight that are packed together: all their forms read them from a cache of the core.
const ROWS: usize = 32;

/// The panels that rows of a weight are packed into.
struct Target {
    panels: *mut f32,
    side: Side,
    rows: Range<usize>,
    columns: Range<usize>,
    width: usize,
}

// SAFETY: threads pack different rows of the weight, and each element has one place in the panels.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
    /// Packs those of the rows `among` of a weight that belong to this form.
    fn fill(&self, w: &[f32], inputs: usize, among: Range<usize>) {
        let first = self.rows.start;
        let rows = among.start.max(first)..among.end.min(self.rows.end);
        if rows.is_empty() || self.columns.is_empty() {
            return;
        }
        let from = &w[rows.start * inputs..rows.end * inputs];
        let at = rows.start - first..rows.end - first;
        if self.rows.len() * self.columns.len() >= STREAMED {
            dispatch(FillRows::<true> { target: self, from, inputs, at });
        } else {
            dispatch(FillRows::<false> { target: self, from, inputs, at });
        }
    }
}

/// Elements from which panels are written past the caches: those of a training step would not stay there
/// until they are used, and a line that is written as a whole need not be read before.
const STREAMED: usize = 1 << 20;

/// Packs consecutive rows of a weight, `from`, which are rows `at` of the form.
struct FillRows<'a, const STREAM: bool> {
    target: &'a Target,
    from: &'a [f32],
    inputs: usize,
    at: Range<usize>,
}

impl<const STREAM: bool> Kernel for FillRows<'_, STREAM> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match self.target.side {
            Side::Transposed => self.to_lanes(s),
            Side::Plain => self.to_rows(s),
        }
        if STREAM {
            s.fence();
        }
    }
}

impl<const STREAM: bool> FillRows<'_, STREAM> {
    /// Returns the columns of a row that belong to the form.
    #[inline(always)]
    fn row(&self, row: usize) -> &[f32] {
        &self.from[(row - self.at.start) * self.inputs..][self.target.columns.clone()]
    }

    /// Writes a vector of a panel.
    ///
    /// # Safety
    /// The vector must be one of those that the panel consists of.
    #[inline(always)]
    unsafe fn store<S: Simd>(s: S, to: *mut f32, v: S::V) {
        // SAFETY: the panels begin at a cache line, so that each of their vectors is aligned.
        unsafe { if STREAM { s.stream_at(to, v) } else { s.store_at(to, v) } }
    }

    /// Row o of the weight becomes lane o of every k.
    #[inline(always)]
    fn to_lanes<S: Simd>(&self, s: S) {
        let (lanes, nr, depth) = (S::LANES, 2 * S::LANES, self.target.columns.len());
        let whole = depth - depth % lanes;
        let mut row = self.at.start;
        while row < self.at.end {
            // Rows of one panel; of these, whole vectors of lanes.
            let end = self.at.end.min((row / nr + 1) * nr);
            let first = row.next_multiple_of(lanes).min(end);
            let last = first + (end - first) / lanes * lanes;
            // SAFETY: the panels hold all rows of the form.
            let panel = unsafe { self.target.panels.add(row / nr * nr * depth) };
            for k in (0..whole).step_by(lanes) {
                for row in (first..last).step_by(lanes) {
                    let from = (row - self.at.start) * self.inputs + self.target.columns.start + k;
                    assert!(from + (lanes - 1) * self.inputs + lanes <= self.from.len());
                    let from = self.from[from..].as_ptr();
                    // SAFETY: all the vector's rows are within `from`, and k + lanes is within the depth; the panel holds these lanes of every k, and no other
                    // thread has these rows.
                    unsafe {
                        let to = panel.add(k * nr + row % nr);
                        s.transpose(from, self.inputs, |j, v| Self::store(s, to.add(j * nr), v));
                    }
                }
            }
            for row in row..end {
                let from = if (first..last).contains(&row) { whole } else { 0 };
                for (k, &value) in self.row(row).iter().enumerate().skip(from) {
                    // SAFETY: k is within the depth; no other thread has this row.
                    unsafe { *panel.add(k * nr + row % nr) = value };
                }
            }
            row = end;
        }
    }

    /// Row o of the weight becomes row o of every panel.
    #[inline(always)]
    fn to_rows<S: Simd>(&self, s: S) {
        let (lanes, nr, depth) = (S::LANES, 2 * S::LANES, self.target.rows.len());
        let whole = self.target.width - self.target.width % nr;
        for first in (0..self.target.width).step_by(nr) {
            for row in self.at.clone() {
                let from = &self.row(row)[first..];
                // SAFETY: the panels hold row `row` of the panel that begins with column `first`,
                // and no other thread has this row.
                let to = unsafe { self.target.panels.add(first * depth + row * nr) };
                if first < whole {
                    // SAFETY: two vectors of both, since the panel is within the width.
                    unsafe {
                        Self::store(s, to, s.load(from));
                        Self::store(s, to.add(lanes), s.load(&from[lanes..]));
                    }
                } else {
                    for (j, &value) in from.iter().enumerate() {
                        // SAFETY: j is within the panel's width.
                        unsafe { *to.add(j) = value };
                    }
                }
            }
        }
    }
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
        let mut buffer = Buffer::uninit(width.div_ceil(panel_width) * panel_width * depth);
        if let Some(data) = buffer.unique() {
            // The columns past the width, which no later packing writes.
            data[width / panel_width * panel_width * depth..].fill(0.0);
        }
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
        Self::fill_all([self], threads, w, inputs);
    }

    /// Packs several forms of a weight again, reading it once.
    pub(crate) fn fill_all<'a>(
        forms: impl IntoIterator<Item = &'a mut Self>,
        threads: &Threads,
        w: &[f32],
        inputs: usize,
    ) {
        let targets: PooledVec<Target> = forms.into_iter().filter_map(Self::target).collect();
        PACKINGS.fetch_add(targets.len() as u64, Ordering::Relaxed);
        let outputs = w.len() / inputs.max(1);
        assert!(targets.iter().all(|t| t.rows.end <= outputs && t.columns.end <= inputs));
        // Rows that belong to none of the forms are left out.
        let begin = targets.iter().map(|t| t.rows.start).min().unwrap_or(0);
        let end = targets.iter().map(|t| t.rows.end).max().unwrap_or(0);
        let elements: usize = targets.iter().map(|t| t.rows.len() * t.columns.len()).sum();
        threads.split(elements / 3, |i, parts| {
            let rows = part(end - begin, ROWS, parts, i);
            for first in (begin + rows.start..begin + rows.end).step_by(ROWS) {
                let rows = first..(first + ROWS).min(begin + rows.end);
                targets.iter().for_each(|target| target.fill(w, inputs, rows.clone()));
            }
        });
    }

    /// Returns where the panels of a weight in f32 lie.
    fn target(&mut self) -> Option<Target> {
        let Form::F32 { buffer, .. } = &mut self.panels else { return None };
        let panels = buffer.unique()?.as_mut_ptr();
        let (side, width) = (self.side, self.width);
        Some(Target { panels, side, rows: self.rows.clone(), columns: self.columns.clone(), width })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_its_place() {
        let nr = dispatch(PanelWidth);
        // Blocks that begin and end anywhere; the last is written past the caches.
        for (outputs, inputs, rows, columns) in [
            (1, 1, 0..1, 0..1),
            (7, 5, 0..7, 1..4),
            (70, 33, 3..68, 0..33),
            (129, 65, 32..129, 16..65),
            (1_100, 1_030, 9..1_090, 5..1_005),
        ] {
            let old = vec![7.0; outputs * inputs];
            let new: Vec<f32> = (0..outputs * inputs).map(|i| i as f32).collect();
            for threads in [Threads::single(), Threads::new(3)] {
                let form = |side| {
                    let (rows, columns) = (rows.clone(), columns.clone());
                    Packed::block(&threads, &old, inputs, rows, columns, side)
                };
                let mut forms = [form(Side::Transposed), form(Side::Plain)];
                Packed::fill_all(&mut forms, &threads, &new, inputs);
                for packed in &forms {
                    let panels = packed.f32_panels(nr);
                    assert!(!panels.is_empty());
                    for (i, &got) in panels.iter().enumerate() {
                        let (p, k, lane) = (i / (nr * packed.depth), i / nr % packed.depth, i % nr);
                        let column = p * nr + lane;
                        let (row, of_row) = match packed.side {
                            Side::Transposed => (column, k),
                            Side::Plain => (k, column),
                        };
                        let want = if column < packed.width {
                            new[(rows.start + row) * inputs + columns.start + of_row]
                        } else {
                            0.0
                        };
                        assert_eq!(got, want, "{:?} {rows:?} {columns:?} at {i}", packed.side);
                    }
                }
            }
        }
    }
}
