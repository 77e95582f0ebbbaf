//! A recurrence over a whole sequence, as one operation.
//!
//! The input's products of all steps are computed beforehand as one block. A step costs the
//! recurrent product and one fused pass of gating. The weight gradient is one deferred product over
//! all steps.

mod opencl;

use std::sync::Arc;

use tensor::{Lengths, Op, Result, Tape, Tensor, Var, kernels};

use crate::gating::Active;
use crate::step_kernel::{
    KernelBackward, KernelForward, Recurrent, SavedActivations, States, defer_weight_gradients,
};

/// The result of a scan.
pub(crate) struct Scanned {
    /// \[T, B, H\], zero past a sequence's end.
    pub(crate) y: Var,
    /// \[B, H\]: the state at each sequence's end.
    pub(crate) h: Var,
    /// \[B, H\]: the cell state at each sequence's end.
    pub(crate) c: Option<Var>,
}

/// The inputs of a recurrence.
pub(crate) struct ScanInput<'a> {
    /// The input's products \[T, B, G H\].
    pub(crate) projected: Var,
    /// \[B, H\]: the states before the first step; zeros if there are none.
    pub(crate) h0: Option<Var>,
    pub(crate) c0: Option<Var>,
    /// \[B, H\]: the dropout mask that multiplies the state before the product with W_hh.
    pub(crate) mask: Option<Tensor>,
    pub(crate) lengths: Option<&'a Lengths>,
    /// Runs from the last step to the first.
    pub(crate) reverse: bool,
    /// The name of its gradient-flow series.
    pub(crate) name: &'a Arc<str>,
}

/// Runs a recurrence.
pub(crate) fn scan(tape: &mut Tape<'_>, layer: Recurrent, input: ScanInput<'_>) -> Result<Scanned> {
    let ScanInput { projected, h0, c0, mask, lengths, reverse, name } = input;
    // Activations overwrite the products, which have no other use.
    let gates = tape.take_value(projected);
    let start = (h0.map(|v| tape.value(v)), c0.map(|v| tape.value(v)));
    let (kept, states, cells, y) = match tape.opencl() {
        Some(device) => {
            let lengths = lengths.and_then(Lengths::on_device);
            let scan = opencl::Scan { layer, mask: mask.as_ref(), lengths, reverse };
            opencl::forward(device, tape.params(), &scan, gates, start)?
        }
        None => {
            let forward = KernelForward::new(tape.params(), layer, mask.as_ref(), tape.threads());
            let kept = SavedActivations::new(layer, gates, mask.as_ref());
            run(layer, &forward, kept, start, lengths.map(|lengths| &**lengths), reverse)?
        }
    };
    let last = if reverse { 0 } else { states.dims()[0] - 1 };
    let y = tape.output(y);
    let h = tape.output(states.index(last));
    let c = layer.cell.has_cell_state().then(|| tape.output(cells.index(last)));
    tape.record(Scan {
        layer,
        projected,
        h0,
        c0,
        y,
        h,
        c,
        mask,
        kept,
        states,
        cells,
        lengths: lengths.cloned(),
        reverse,
        name: Arc::clone(name),
    });
    Ok(Scanned { y, h, c })
}

/// Runs all steps on the CPU. Returns the saved activations, states, cell states and outputs.
fn run(
    layer: Recurrent,
    forward: &KernelForward<'_>,
    mut kept: SavedActivations,
    (h0, c0): (Option<&Tensor>, Option<&Tensor>),
    lengths: Option<&[usize]>,
    reverse: bool,
) -> Result<(SavedActivations, Tensor, Tensor, Tensor)> {
    let shape = kept.gates.shape();
    let (time, batch) = (shape.dims()[0], shape.dims()[1]);
    let n = shape.width() / layer.cell.gates();
    let mut states = Tensor::uninit([time + 1, batch, n]);
    let has_c = layer.cell.has_cell_state();
    let mut cells = Tensor::uninit([if has_c { time + 1 } else { 0 }, batch, n]);
    let first = if reverse { time } else { 0 };
    set_slot(&mut states, first, h0);
    if has_c {
        set_slot(&mut cells, first, c0);
    }

    let mut view = kept.view();
    let (s_all, c_all) = (states.data_mut(), cells.data_mut());
    let mut step = |t: usize| {
        let (h_prev, h) = slots(s_all, t, reverse, batch * n);
        let (c_prev, c) = slots(c_all, t, reverse, if has_c { batch * n } else { 0 });
        let active = Active { lengths, time: t };
        forward.step(active, view.step(t), States { h_prev, c_prev, h, c });
    };
    if reverse {
        (0..time).rev().for_each(&mut step);
    } else {
        (0..time).for_each(&mut step);
    }
    let y = outputs(&states, lengths, reverse)?;
    Ok((kept, states, cells, y))
}

/// Slot t + 1 holds the state after step t; in the reverse direction, slot t does.
fn set_slot(slots: &mut Tensor, slot: usize, value: Option<&Tensor>) {
    let n = slots.shape().inner().len();
    let to = &mut slots.data_mut()[slot * n..(slot + 1) * n];
    match value {
        Some(value) => to.copy_from_slice(value.data()),
        None => to.fill(0.0),
    }
}

/// Returns the state before step t and the slot for the state after it.
fn slots(all: &mut [f32], t: usize, reverse: bool, n: usize) -> (&[f32], &mut [f32]) {
    if n == 0 {
        return (&[], &mut []);
    }
    let (low, high) = all[t * n..(t + 2) * n].split_at_mut(n);
    if reverse { (high, low) } else { (low, high) }
}

/// Returns the states of all steps, zero past each sequence's end.
fn outputs(states: &Tensor, lengths: Option<&[usize]>, reverse: bool) -> Result<Tensor> {
    let time = states.dims()[0] - 1;
    let y = states.range(usize::from(!reverse), time);
    let Some(lengths) = lengths.filter(|l| l.iter().any(|&n| n < time)) else { return Ok(y) };
    let mut y = y.copy()?;
    let (batch, n) = (lengths.len(), y.shape().width());
    for (t, step) in y.data_mut().chunks_exact_mut(batch * n).enumerate() {
        for (row, &length) in step.chunks_exact_mut(n).zip(lengths) {
            if t >= length {
                row.fill(0.0);
            }
        }
    }
    Ok(y)
}

struct Scan {
    layer: Recurrent,
    projected: Var,
    h0: Option<Var>,
    c0: Option<Var>,
    y: Var,
    h: Var,
    c: Option<Var>,
    mask: Option<Tensor>,
    kept: SavedActivations,
    states: Tensor,
    cells: Tensor,
    lengths: Option<Lengths>,
    reverse: bool,
    name: Arc<str>,
}

impl Op for Scan {
    fn name(&self) -> &'static str {
        self.layer.cell.name()
    }

    fn backward(mut self, back: &mut tensor::Backward<'_>) -> Result<()> {
        let dy = back.take(self.y);
        let dh = back.take(self.h);
        let dc = self.c.and_then(|c| back.take(c));
        if dy.is_none() && dh.is_none() && dc.is_none() {
            return Ok(());
        }
        let (dh, dc) = match back.opencl() {
            Some(device) => {
                let lengths = self.lengths.as_ref().and_then(Lengths::on_device);
                let (layer, mask, reverse) = (self.layer, self.mask.as_ref(), self.reverse);
                let scan = opencl::Scan { layer, mask, lengths, reverse };
                let states = (&self.states, &self.cells);
                let wants_state = self.h0.is_some_and(|v| back.requires_grad(v));
                let flow = back.wants_flow().then_some(&self.name[..]);
                let (dy, kept) = (dy.as_ref(), &mut self.kept);
                {
                    let given = opencl::OutputGradients { dy, dh, dc, wants_state, flow };
                    opencl::steps_back(back, device, &scan, states, kept, given)?
                }
            }
            None => self.steps_back(back, dy.as_ref(), dh, dc),
        };
        if let Some(h0) = self.h0 {
            back.add(h0, dh)?;
        }
        if let Some(c0) = self.c0 {
            back.add(c0, dc)?;
        }
        let time = self.states.dims()[0] - 1;
        let before = self.states.range(usize::from(self.reverse), time);
        let d = defer_weight_gradients(back, self.layer, self.kept, before);
        back.add(self.projected, d)
    }
}

impl Scan {
    /// Runs the backward pass through all steps on the CPU. Returns the gradients of the initial
    /// states.
    fn steps_back(
        &mut self,
        back: &mut tensor::Backward<'_>,
        dy: Option<&Tensor>,
        dh: Option<Tensor>,
        dc: Option<Tensor>,
    ) -> (Tensor, Tensor) {
        let dims = self.states.shape();
        let (time, batch, n) = (dims.dims()[0] - 1, dims.dims()[1], dims.width());
        let mut steps = KernelBackward::new(back, self.layer, self.mask.take(), batch);
        let mut dh = dh.unwrap_or_else(|| Tensor::zeros([batch, n]));
        let has_c = self.layer.cell.has_cell_state();
        let empty = || Tensor::zeros([if has_c { batch } else { 0 }, n]);
        let mut dc = dc.unwrap_or_else(empty);
        let lengths = self.lengths.as_deref();
        {
            let (dh, dc) = (dh.data_mut(), dc.data_mut());
            let mut view = self.kept.view();
            let mut step = |t: usize| {
                let active = Active { lengths, time: t };
                if let Some(dy) = dy {
                    let dy = &dy.data()[t * batch * n..][..batch * n];
                    add_active(dh, dy, active, n);
                }
                if let Some(flow) = back.flow() {
                    flow.add(&self.name, t, active_norm(dh, active, n));
                }
                let before = if self.reverse { t + 1 } else { t };
                let after = if self.reverse { t } else { t + 1 };
                let (h_prev, c_prev) = (self.states.index(before), self.cells.index(before));
                let c = self.cells.index(after);
                let around = (h_prev.data(), c_prev.data(), c.data());
                steps.step(active, view.step(t), around, dh, dc);
            };
            if self.reverse {
                (0..time).for_each(&mut step);
            } else {
                (0..time).rev().for_each(&mut step);
            }
        }
        steps.finish(back);
        (dh, dc)
    }
}

fn add_active(dh: &mut [f32], dy: &[f32], active: Active<'_>, n: usize) {
    if active.lengths.is_none() {
        kernels::add(dh, dy);
        return;
    }
    for (b, (dh, dy)) in dh.chunks_exact_mut(n).zip(dy.chunks_exact(n)).enumerate() {
        if active.row(b) {
            kernels::add(dh, dy);
        }
    }
}

/// Returns the norm over the rows that are within their sequence.
fn active_norm(dh: &[f32], active: Active<'_>, n: usize) -> f64 {
    let rows = dh.chunks_exact(n).enumerate().filter(|(b, _)| active.row(*b));
    rows.map(|(_, row)| kernels::sum_of_squares(row)).sum::<f64>().sqrt()
}
