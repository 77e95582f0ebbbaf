//! Recurrences on an OpenCL device.
//!
//! A step needs few launches, since each costs as much as a small product:
//!
//! | step | launches |
//! |---|---|
//! | forward | 1: the product with the state, those with up to two parts of the input, the gating |
//! | backward, in a sequence | 1: the next step's products, the gating |
//! | backward, single step | 2: the gating; the products of the state and of the input's parts |
//! | layer normalisation | 1 more: the product, then the rows with their means and variances |
//! | `gru_reset_before` | twice as many: its second product depends on the first |
//!
//! The programs are those of [`crate::programs`].

use tensor::opencl::{Ids, Matrix, OpenCl, ProductForm, ProductOutput, Program, Start};
use tensor::{Params, Result, Tensor};

use super::{Recurrent, SavedActivations};
use crate::cell::Cell;
use crate::programs::{Programs, ROW_ITEMS};

static MULTIPLIED: Program = Program::new(&[include_str!("multiplied.cl")]);

// Flags for the optional arguments of a kernel, as in `cell.cl`.
pub(crate) const LENGTHS: usize = 1;
pub(crate) const BIAS: usize = 2;
pub(crate) const MASK: usize = 4;
pub(crate) const GAIN: usize = 8;
pub(crate) const START: usize = 16;
pub(crate) const START_ROW: usize = 32;
pub(crate) const THROUGH: usize = 64;
pub(crate) const DY: usize = 128;
pub(crate) const FLOW: usize = 256;

pub(crate) fn has(what: usize, present: bool) -> usize {
    if present { what } else { 0 }
}

pub(crate) const UNITS: usize = 16;

/// The tile size and the work-groups of a launch.
pub(crate) struct Tiles {
    pub(crate) wide: bool,
    pub(crate) groups: [usize; 3],
    pub(crate) local: [usize; 3],
}

impl Tiles {
    /// Chooses the tile size for `rows` and `columns` tiles of [`UNITS`] columns: wide tiles if
    /// there are enough of them to occupy every compute unit.
    pub(crate) fn new(device: &OpenCl, rows: usize, columns: usize) -> Self {
        let wide = rows > 32 && rows.div_ceil(64) * columns >= device.units();
        let (height, local) = if wide { (64, [UNITS, 16, 1]) } else { (16, [UNITS, 4, 4]) };
        Self { wide, groups: [columns, rows.div_ceil(height), 1], local }
    }

    pub(crate) fn of<'a>(&self, programs: &'a Programs) -> &'a Program {
        if self.wide { &programs.wide } else { &programs.narrow }
    }
}

/// The recurrent weights of a layer on its device, for batches of one size.
pub(crate) struct Layer<'a> {
    pub(crate) device: &'a OpenCl,
    pub(crate) cell: Cell,
    pub(crate) programs: &'static [Programs],
    pub(crate) batch: usize,
    pub(crate) n: usize,
    pub(crate) w: &'a Tensor,
    pub(crate) bias: Option<&'a Tensor>,
    pub(crate) peephole: Option<&'a Tensor>,
    pub(crate) gain: Option<&'a Tensor>,
    /// An empty tensor in place of absent arguments.
    pub(crate) none: Tensor,
    none_ids: Ids,
}

impl<'a> Layer<'a> {
    pub(crate) fn new(
        device: &'a OpenCl,
        params: &'a Params,
        layer: Recurrent,
        batch: usize,
    ) -> Result<Self> {
        let value = |id: Option<_>| id.map(|id| params.get(id));
        let w = params.get(layer.w_hh);
        Ok(Self {
            device,
            cell: layer.cell,
            programs: layer.cell.programs(),
            batch,
            n: w.shape().width(),
            w,
            bias: value(layer.b_hh),
            peephole: value(layer.peephole),
            gain: value(layer.gain),
            none: device.uninit([0])?,
            none_ids: device.ids(&[])?,
        })
    }

    /// Returns the width of all gates, G H.
    pub(crate) fn gates_width(&self) -> usize {
        self.cell.gates() * self.n
    }

    pub(crate) fn or_none<'b>(&'b self, tensor: Option<&'b Tensor>) -> &'b Tensor {
        tensor.unwrap_or(&self.none)
    }

    pub(crate) fn ids_or_none<'b>(&'b self, ids: Option<&'b Ids>) -> &'b Ids {
        ids.unwrap_or(&self.none_ids)
    }

    /// Returns the kernel flags for the gain, and for the bias if the gating adds it.
    pub(crate) fn weights(&self) -> usize {
        has(BIAS, self.bias.is_some()) | has(GAIN, self.gain.is_some())
    }

    pub(crate) fn tiles(&self) -> Tiles {
        Tiles::new(self.device, self.batch, self.n.div_ceil(UNITS))
    }

    /// Returns whether a step's product and its gating are one kernel.
    pub(crate) fn is_fused(&self) -> bool {
        self.gain.is_none()
    }

    /// Returns the number of elements that a step of one launch reads or writes: the weights, the
    /// gates twice, the states.
    pub(crate) fn touched(&self) -> usize {
        self.w.len() + self.touched_by_rows()
    }

    /// Returns the same number for a step over rows, whose product is a separate launch.
    pub(crate) fn touched_by_rows(&self) -> usize {
        self.batch * (2 * self.gates_width() + 6 * self.n)
    }

    /// Counts the operations of the product of `gates` with the state.
    pub(crate) fn count_product(&self, gates: &std::ops::Range<usize>) {
        self.device.count_product((2 * self.batch * gates.len() * self.n * self.n) as u64);
    }

    /// Returns the gradient whose rows multiply W_hh in the backward pass.
    pub(crate) fn d_products<'b>(&self, kept: &'b SavedActivations) -> &'b Tensor {
        match self.cell.keeps_products_apart() {
            _ if self.gain.is_some() => &kept.normal,
            true => &kept.hidden,
            false => &kept.gates,
        }
    }

    /// Multiplies rows of the state by the weights of program `k`'s gates and writes their columns
    /// of `to`, starting at a row.
    pub(crate) fn product(
        &self,
        k: usize,
        x: Matrix<'_>,
        to: &mut Tensor,
        row: usize,
    ) -> Result<()> {
        let gates = &self.cell.products()[k];
        let rows = gates.start * self.n..gates.end * self.n;
        let at = rows.start;
        let w = Matrix::block(self.w, rows, 0..self.n);
        self.device.product(ProductForm::Nt, x, w, ProductOutput::block(to, row, at), Start::Zero)
    }

    /// Sets `to` to the gradient of the state that program `k` multiplies: D W of one step's rows.
    pub(crate) fn product_back(
        &self,
        k: usize,
        d: &Tensor,
        step: usize,
        to: &mut Tensor,
    ) -> Result<()> {
        let gates = &self.cell.products()[k];
        let columns = gates.start * self.n..gates.end * self.n;
        let w = Matrix::block(self.w, columns.clone(), 0..self.n);
        let d = Matrix::block(d, step * self.batch..(step + 1) * self.batch, columns);
        self.device.product(ProductForm::Nn, d, w, ProductOutput::new(to), Start::Zero)
    }

    /// Allocates the tensors saved for the backward pass. `masked` has one more slot than there are
    /// steps.
    pub(crate) fn kept(&self, gates: Tensor, mask: bool) -> Result<SavedActivations> {
        let time = gates.dims()[0];
        let part = |present: bool, time, width| {
            self.device.uninit([if present { time } else { 0 }, self.batch, width])
        };
        let hidden = self.cell.hidden_width() * self.n;
        let normalises = self.gain.is_some();
        let groups = self.cell.norm_groups().len();
        Ok(SavedActivations {
            gates,
            hidden: part(hidden > 0, time, hidden)?,
            masked: part(mask, time + 1, self.n)?,
            normal: part(normalises, time, self.gates_width())?,
            scales: self.device.uninit([if normalises { time } else { 0 }, groups, self.batch])?,
        })
    }
}

/// The arguments of the backward pass through one step's gating, without products. `kept` and the
/// outputs cover all steps.
pub(crate) struct RowsBack<'a> {
    pub(crate) time: usize,
    /// Slots of the states before and after the step, and of `state`.
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) seen: usize,
    pub(crate) lengths: Option<&'a Ids>,
    pub(crate) mask: Option<&'a Tensor>,
    pub(crate) state: &'a Tensor,
    pub(crate) h: &'a Tensor,
    pub(crate) c_before: &'a Tensor,
    pub(crate) c: &'a Tensor,
    pub(crate) dy: Option<&'a Tensor>,
    pub(crate) through: Option<&'a Tensor>,
}

/// The outputs of the backward pass other than the gradients in [`SavedActivations`].
pub(crate) struct Gradients {
    pub(crate) dh: Tensor,
    pub(crate) dc: Tensor,
    /// \[T, B, 3 H\], or empty: rows of the peephole weights' gradient.
    pub(crate) peephole: Tensor,
    /// \[T, B, G H\], or empty: rows of the gain's gradient.
    pub(crate) gain: Tensor,
    /// \[T, B, H\], or empty: the state's gradients, if their norms are recorded.
    pub(crate) flow: Tensor,
}

impl Gradients {
    pub(crate) fn new(
        layer: &Layer<'_>,
        time: usize,
        dh: Option<Tensor>,
        dc: Option<Tensor>,
        flow: bool,
    ) -> Result<Self> {
        let (device, batch, n) = (layer.device, layer.batch, layer.n);
        let zeros = |present: bool| device.zeros([if present { batch } else { 0 }, n]);
        let rows =
            |present: bool, width| device.uninit([if present { time } else { 0 }, batch, width]);
        Ok(Self {
            dh: dh.map_or_else(|| zeros(true), Ok)?,
            dc: dc.map_or_else(|| zeros(layer.cell.has_cell_state()), Ok)?,
            peephole: rows(layer.peephole.is_some(), layer.cell.peepholes() * n)?,
            gain: rows(layer.gain.is_some(), layer.gates_width())?,
            flow: rows(flow, n)?,
        })
    }

    /// Defers the gradients of the peephole weights and of the gain.
    pub(crate) fn defer(&self, back: &mut tensor::Backward<'_>, layer: Recurrent) {
        for (id, rows) in [(layer.peephole, &self.peephole), (layer.gain, &self.gain)] {
            if let Some(id) = id {
                back.gradients.defer_sum(id, rows.clone(), 0..rows.shape().width());
            }
        }
    }
}

impl Layer<'_> {
    pub(crate) fn rows_back(
        &self,
        k: usize,
        s: &RowsBack<'_>,
        kept: &mut SavedActivations,
        g: &mut Gradients,
    ) -> Result<()> {
        let flags = self.weights()
            | has(LENGTHS, s.lengths.is_some())
            | has(MASK, s.mask.is_some())
            | has(DY, s.dy.is_some())
            | has(THROUGH, s.through.is_some())
            | has(FLOW, !g.flow.is_empty());
        let launch = self.device.kernel(&self.programs[k].rows, "backward_rows");
        let launch = launch.uint(self.batch).uint(self.n).uint(s.time);
        let launch = launch.uint(s.before).uint(s.after).uint(s.seen).uint(flags);
        let launch = launch.ids(self.ids_or_none(s.lengths)).reads(self.or_none(self.peephole));
        let launch = launch.reads(self.or_none(s.mask)).reads(s.state).reads(s.h);
        let launch = launch.reads(s.c_before).reads(s.c).reads(self.or_none(s.dy));
        let launch = launch.reads(self.or_none(self.gain)).reads(self.or_none(s.through));
        let launch = launch.reads(&kept.scales).writes(&mut kept.normal).writes(&mut g.gain);
        let launch = launch.writes(&mut kept.gates).writes(&mut kept.hidden);
        let launch = launch.writes(&mut g.dh).writes(&mut g.dc);
        let launch = launch.writes(&mut g.peephole).writes(&mut g.flow);
        launch.groups([self.batch, 1, 1], ROW_ITEMS)
    }
}

/// Returns x m, element by element.
pub(crate) fn multiplied(device: &OpenCl, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let mut y = device.uninit(mask.shape())?;
    let launch = device.kernel(&MULTIPLIED, "multiplied").uint(mask.len()).reads(x).reads(mask);
    launch.writes(&mut y).over(mask.len())?;
    Ok(y)
}
