//! A recurrence over a whole sequence, as one operation.
//!
//! The input's products of all steps come as one block; a step costs the recurrent product and one
//! fused pass of gating. The weight's gradient is one product over all steps, deferred.

use std::sync::Arc;

use tensor::{List, Op, Result, Tape, Tensor, Var, kernels};

use crate::cell::Active;
use crate::recur::{Backward, Forward, Kept, Recurrent, States};

/// What a scan gives.
pub(crate) struct Scanned {
    /// \[T, B, H\], zero past a sequence's end.
    pub(crate) y: Var,
    /// \[B, H\]: the state at each sequence's end.
    pub(crate) h: Var,
    /// The cell state there.
    pub(crate) c: Option<Var>,
}

/// Runs a recurrence over `projected`, the input's products \[T, B, G H\]. A mask \[B, H\] is what
/// the state is multiplied with before it meets W_hh.
pub(crate) fn scan(
    tape: &mut Tape<'_>,
    layer: Recurrent,
    projected: Var,
    (h0, c0): (Option<Var>, Option<Var>),
    mask: Option<Tensor>,
    lengths: Option<&[usize]>,
    reverse: bool,
    name: &Arc<str>,
) -> Result<Scanned> {
    let cell = layer.cell;
    let dims = tape.shape(projected);
    let (time, batch) = (dims.dims()[0], dims.dims()[1]);
    let n = dims.width() / cell.gates();
    let forward = Forward::new(tape.params(), layer, mask.as_ref(), tape.threads());

    // Activations take the place of the products, which nobody else needs.
    let mut kept = Kept::new(layer, tape.take_value(projected), mask.as_ref());
    let mut states = Tensor::scratch([time + 1, batch, n]);
    let has_c = cell.has_cell_state();
    let mut cells = Tensor::scratch([if has_c { time + 1 } else { 0 }, batch, n]);
    let first = if reverse { time } else { 0 };
    set_slot(&mut states, first, h0.map(|v| tape.value(v)));
    if has_c {
        set_slot(&mut cells, first, c0.map(|v| tape.value(v)));
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

    let y = outputs(&states, lengths, reverse);
    let last = if reverse { 0 } else { time };
    let y = tape.output(y);
    let h = tape.output(states.index(last));
    let c = has_c.then(|| tape.output(cells.index(last)));
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
        lengths: lengths.map(List::from),
        reverse,
        name: Arc::clone(name),
    });
    Ok(Scanned { y, h, c })
}

/// Slot t + 1 holds the state after step t; going backwards, slot t does.
fn set_slot(slots: &mut Tensor, slot: usize, value: Option<&Tensor>) {
    let n = slots.shape().inner().len();
    let to = &mut slots.data_mut()[slot * n..(slot + 1) * n];
    match value {
        Some(value) => to.copy_from_slice(value.data()),
        None => to.fill(0.0),
    }
}

/// The state before step t and the place for the one after it.
fn slots(all: &mut [f32], t: usize, reverse: bool, n: usize) -> (&[f32], &mut [f32]) {
    if n == 0 {
        return (&[], &mut []);
    }
    let (low, high) = all[t * n..(t + 2) * n].split_at_mut(n);
    if reverse { (high, low) } else { (low, high) }
}

/// The states of all steps, zero past each sequence's end.
fn outputs(states: &Tensor, lengths: Option<&[usize]>, reverse: bool) -> Tensor {
    let time = states.dims()[0] - 1;
    let y = states.range(usize::from(!reverse), time);
    let Some(lengths) = lengths.filter(|l| l.iter().any(|&n| n < time)) else { return y };
    let mut y = y.copy();
    let (batch, n) = (lengths.len(), y.shape().width());
    for (t, step) in y.data_mut().chunks_exact_mut(batch * n).enumerate() {
        for (row, &length) in step.chunks_exact_mut(n).zip(lengths) {
            if t >= length {
                row.fill(0.0);
            }
        }
    }
    y
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
    kept: Kept,
    states: Tensor,
    cells: Tensor,
    lengths: Option<List<usize>>,
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
        let cell = self.layer.cell;
        let dims = self.states.shape();
        let (time, batch, n) = (dims.dims()[0] - 1, dims.dims()[1], dims.width());
        let mut steps = Backward::new(back, self.layer, self.mask.take(), batch);
        let mut dh = dh.unwrap_or_else(|| Tensor::zeros([batch, n]));
        let has_c = cell.has_cell_state();
        let empty = || Tensor::zeros([if has_c { batch } else { 0 }, n]);
        let mut dc = dc.unwrap_or_else(empty);
        let lengths = self.lengths.as_deref();
        {
            let (dh, dc) = (dh.data_mut(), dc.data_mut());
            let mut view = self.kept.view();
            let mut step = |t: usize| {
                let active = Active { lengths, time: t };
                if let Some(dy) = &dy {
                    let dy = &dy.data()[t * batch * n..][..batch * n];
                    add_active(dh, dy, active, n);
                }
                if back.wants_flow() {
                    let norm = active_norm(dh, active, n);
                    back.add_flow(&self.name, t, norm);
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
        if let Some(h0) = self.h0 {
            back.add(h0, dh)?;
        }
        if let Some(c0) = self.c0 {
            back.add(c0, dc)?;
        }
        let before = self.states.range(usize::from(self.reverse), time);
        let d = steps.finish(back, self.kept, before);
        back.add(self.projected, d)
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

/// The norm over the rows that are within their sequence.
fn active_norm(dh: &[f32], active: Active<'_>, n: usize) -> f64 {
    let rows = dh.chunks_exact(n).enumerate().filter(|(b, _)| active.row(*b));
    rows.map(|(_, row)| kernels::sum_of_squares(row)).sum::<f64>().sqrt()
}
