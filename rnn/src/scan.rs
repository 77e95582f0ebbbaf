//! A recurrence over a whole sequence, as one operation.
//!
//! The input's products of all steps come as one block; a step costs the recurrent product and one
//! fused pass of gating. The weight's gradient is one product over all steps, deferred.

use tensor::gemm::{Init, Rows, Side, matmul};
use tensor::{Op, ParamId, Result, Tape, Tensor, Var, kernels};

use crate::cell::{self, Active, Cell};

/// The recurrent half of a layer's weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recurrent {
    pub(crate) cell: Cell,
    pub(crate) w_hh: ParamId,
    pub(crate) b_hh: Option<ParamId>,
    pub(crate) peephole: Option<ParamId>,
}

/// What a scan gives.
pub(crate) struct Scanned {
    /// \[T, B, H\], zero past a sequence's end.
    pub(crate) y: Var,
    /// \[B, H\]: the state at each sequence's end.
    pub(crate) h: Var,
    /// The cell state there.
    pub(crate) c: Option<Var>,
}

/// Runs a recurrence over `projected`, the input's products \[T, B, G H\].
pub(crate) fn scan(
    tape: &mut Tape<'_>,
    layer: Recurrent,
    projected: Var,
    h0: Option<Var>,
    c0: Option<Var>,
    lengths: Option<&[usize]>,
    reverse: bool,
    name: &str,
) -> Result<Scanned> {
    let cell = layer.cell;
    let dims = tape.shape(projected);
    let (time, batch) = (dims.dims()[0], dims.dims()[1]);
    let n = dims.width() / cell.gates();
    let wide = dims.width();
    let threads = tape.threads().clone();
    let packed = tape.params().packed(layer.w_hh, 0..n, Side::Transposed, &threads);
    let bias = layer.b_hh.map(|b| tape.params().get(b).clone());
    let bias = bias.as_ref().map_or(&[] as &[f32], |b| b.data());

    let peephole = layer.peephole.map(|p| tape.params().get(p).clone());
    let peephole = peephole.as_ref().map_or(&[] as &[f32], |p| p.data());

    // Activations take the place of the products, which nobody else needs.
    let mut gates = tape.take_value(projected);
    let apart = cell.keeps_products_apart();
    let mut hidden = Tensor::scratch([if apart { time } else { 0 }, batch, wide]);
    let mut states = Tensor::scratch([time + 1, batch, n]);
    let has_c = cell.has_cell_state();
    let mut cells = Tensor::scratch([if has_c { time + 1 } else { 0 }, batch, n]);
    let first = if reverse { time } else { 0 };
    set_slot(&mut states, first, h0.map(|v| tape.value(v)));
    if has_c {
        set_slot(&mut cells, first, c0.map(|v| tape.value(v)));
    }

    let (g_all, hid_all) = (gates.data_mut(), hidden.data_mut());
    let (s_all, c_all) = (states.data_mut(), cells.data_mut());
    let mut step = |t: usize| {
        let active = Active { lengths, time: t };
        let rows = active.rows(batch);
        let g = &mut g_all[t * batch * wide..][..batch * wide];
        let (h_prev, h) = slots(s_all, t, reverse, batch * n);
        let (c_prev, c) = slots(c_all, t, reverse, if has_c { batch * n } else { 0 });
        let x = Rows::new(&h_prev[..rows * n], n);
        let hid: &mut [f32] = if apart {
            let hid = &mut hid_all[t * batch * wide..][..batch * wide];
            let init = if bias.is_empty() { Init::Zero } else { Init::Bias(bias) };
            matmul(&threads, x, &packed, &mut hid[..rows * wide], init);
            hid
        } else {
            matmul(&threads, x, &packed, &mut g[..rows * wide], Init::Output);
            &mut []
        };
        let bias = if apart { &[] } else { bias };
        cell.forward(cell::Forward {
            width: n,
            active,
            gates: g,
            hidden: hid,
            bias,
            peephole,
            h_prev,
            c_prev,
            h,
            c,
        });
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
        gates,
        hidden,
        states,
        cells,
        lengths: lengths.map(<[usize]>::to_vec),
        reverse,
        name: name.to_string(),
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
    gates: Tensor,
    hidden: Tensor,
    states: Tensor,
    cells: Tensor,
    lengths: Option<Vec<usize>>,
    reverse: bool,
    name: String,
}

impl Op for Scan {
    fn name(&self) -> &'static str {
        self.layer.cell.name()
    }

    fn backward(self: Box<Self>, back: &mut tensor::Backward<'_>) -> Result<()> {
        let dy = back.take(self.y);
        let dh = back.take(self.h);
        let dc = self.c.and_then(|c| back.take(c));
        if dy.is_none() && dh.is_none() && dc.is_none() {
            return Ok(());
        }
        let cell = self.layer.cell;
        let dims = self.states.shape();
        let (time, batch, n) = (dims.dims()[0] - 1, dims.dims()[1], dims.width());
        let wide = n * cell.gates();
        let threads = back.threads().clone();
        let packed = back.params().packed(self.layer.w_hh, 0..n, Side::Plain, &threads);
        let mut dh = dh.unwrap_or_else(|| Tensor::zeros([batch, n]));
        let has_c = cell.has_cell_state();
        let empty = || Tensor::zeros([if has_c { batch } else { 0 }, n]);
        let mut dc = dc.unwrap_or_else(empty);
        let (mut gates, mut hidden) = (self.gates, self.hidden);
        let apart = cell.keeps_products_apart();
        let lengths = self.lengths.as_deref();
        let peephole = peephole_of(back, self.layer);
        let mut d_peephole = Tensor::zeros(peephole.shape());
        {
            let (dh, dc) = (dh.data_mut(), dc.data_mut());
            let (g_all, hid_all) = (gates.data_mut(), hidden.data_mut());
            let d_peephole = d_peephole.data_mut();
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
                let slot = |x: &'_ Tensor, i: usize| x.index(i);
                let (h_prev, c_prev) = (slot(&self.states, before), slot(&self.cells, before));
                let c = slot(&self.cells, after);
                let g = &mut g_all[t * batch * wide..][..batch * wide];
                let hid: &mut [f32] =
                    if apart { &mut hid_all[t * batch * wide..][..batch * wide] } else { &mut [] };
                cell.backward(cell::Backward {
                    width: n,
                    active,
                    gates: g,
                    hidden: hid,
                    peephole: peephole.data(),
                    d_peephole,
                    h_prev: h_prev.data(),
                    c_prev: c_prev.data(),
                    c: c.data(),
                    dh,
                    dc,
                });
                let rows = active.rows(batch);
                let d: &[f32] = if apart { hid } else { g };
                let d = Rows::new(&d[..rows * wide], wide);
                matmul(&threads, d, &packed, &mut dh[..rows * n], Init::Output);
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
        let d = if apart { hidden } else { gates.clone() };
        let before = self.states.range(usize::from(self.reverse), time);
        if let Some(p) = self.layer.peephole {
            back.gradients.add(p, d_peephole);
        }
        if let Some(b) = self.layer.b_hh {
            back.gradients.defer_sum(b, d.clone(), 0..wide);
        }
        back.gradients.defer(self.layer.w_hh, 0..n, before, d, 0..wide);
        back.add(self.projected, gates)
    }
}

/// The peephole weights, an empty tensor where there are none.
pub(crate) fn peephole_of(back: &tensor::Backward<'_>, layer: Recurrent) -> Tensor {
    layer.peephole.map_or_else(|| Tensor::scratch([0]), |p| back.param(p).clone())
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
