//! One time step of a recurrence over a batch: products, normalisation, gating. A scan runs it for
//! every step of a sequence, a decoder's step once.

pub(crate) mod opencl;
pub(crate) mod products;

use std::ops::Range;
use std::sync::Arc;

use tensor::gemm::{Packed, Rows, Side, SumStart, matmul, matmul_columns};
use tensor::simd::dispatch;
use tensor::{ParamId, Params, PooledVec, Tensor, Threads};

use crate::cell::Cell;
use crate::gating::{self, Active};
use crate::{gru, norm};

/// The recurrent half of a layer's weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recurrent {
    pub(crate) cell: Cell,
    pub(crate) w_hh: ParamId,
    pub(crate) b_hh: Option<ParamId>,
    pub(crate) peephole: Option<ParamId>,
    /// The gain of the normalised hidden product.
    pub(crate) gain: Option<ParamId>,
}

/// Tensors saved for the backward pass, \[T, B, .\] each; empty if the layer does not need them.
pub(crate) struct SavedActivations {
    /// G H wide: products at first, then activations, then gradients of the input's products.
    pub(crate) gates: Tensor,
    /// [`Cell::hidden_width`] wide: the additional values that the cell saves.
    pub(crate) hidden: Tensor,
    /// H wide: the masked states before the steps, if there is a mask.
    pub(crate) masked: Tensor,
    /// G H wide: the normalised hidden products; after the backward pass, the gradients of the
    /// products.
    pub(crate) normal: Tensor,
    /// \[T, groups, B\]: the factors 1 / sqrt(var + eps) of the normalised hidden products.
    pub(crate) scales: Tensor,
}

impl SavedActivations {
    /// Creates the storage for steps that start from the input's products \[T, B, G H\].
    pub(crate) fn new(layer: Recurrent, gates: Tensor, mask: Option<&Tensor>) -> Self {
        let shape = gates.shape();
        let (time, batch, gates_width) = (shape.dims()[0], shape.dims()[1], shape.width());
        let n = gates_width / layer.cell.gates();
        let part =
            |present: bool, width| Tensor::uninit([if present { time } else { 0 }, batch, width]);
        let hidden = layer.cell.hidden_width() * n;
        let groups = layer.cell.norm_groups().len();
        let normal = layer.gain.is_some();
        Self {
            gates,
            hidden: part(hidden > 0, hidden),
            masked: part(mask.is_some(), n),
            normal: part(normal, gates_width),
            scales: Tensor::uninit([if normal { time } else { 0 }, groups, batch]),
        }
    }

    /// Returns a mutable view of all steps.
    pub(crate) fn view(&mut self) -> View<'_> {
        let shape = self.gates.shape();
        View {
            time: shape.dims()[0],
            gates: self.gates.data_mut(),
            hidden: self.hidden.data_mut(),
            masked: self.masked.data_mut(),
            normal: self.normal.data_mut(),
            scales: self.scales.data_mut(),
        }
    }
}

/// A mutable view of [`SavedActivations`], of all steps or of one.
pub(crate) struct View<'a> {
    time: usize,
    gates: &'a mut [f32],
    hidden: &'a mut [f32],
    masked: &'a mut [f32],
    normal: &'a mut [f32],
    scales: &'a mut [f32],
}

impl View<'_> {
    /// Returns the view of step `t`.
    pub(crate) fn step(&mut self, t: usize) -> View<'_> {
        let time = self.time;
        View {
            time: 1,
            gates: entry(self.gates, time, t),
            hidden: entry(self.hidden, time, t),
            masked: entry(self.masked, time, t),
            normal: entry(self.normal, time, t),
            scales: entry(self.scales, time, t),
        }
    }
}

fn entry(all: &mut [f32], time: usize, t: usize) -> &mut [f32] {
    let n = all.len() / time.max(1);
    &mut all[t * n..(t + 1) * n]
}

/// A block of W_hh's rows with a product of its own.
struct Product {
    /// The range of gates that the rows belong to.
    gates: Range<usize>,
    packed: Arc<Packed>,
}

fn products(
    params: &Params,
    layer: Recurrent,
    side: Side,
    threads: &Threads,
) -> PooledVec<Product> {
    let n = params.shape(layer.w_hh).width();
    let product = |gates: &Range<usize>| {
        let rows = gates.start * n..gates.end * n;
        let packed = params.packed_block(layer.w_hh, rows, 0..n, side, threads);
        Product { gates: gates.clone(), packed }
    };
    layer.cell.products().iter().map(product).collect()
}

/// The states before and after a step, \[B, H\] each; cell states are empty if the cell has none.
pub(crate) struct States<'a> {
    pub(crate) h_prev: &'a [f32],
    pub(crate) c_prev: &'a [f32],
    pub(crate) h: &'a mut [f32],
    pub(crate) c: &'a mut [f32],
}

fn value(params: &Params, id: Option<ParamId>) -> &[f32] {
    id.map_or(&[], |id| params.get(id).data())
}

/// The forward pass of a step.
pub(crate) struct KernelForward<'a> {
    layer: Recurrent,
    n: usize,
    threads: Threads,
    products: PooledVec<Product>,
    bias: &'a [f32],
    peephole: &'a [f32],
    gain: &'a [f32],
    mask: &'a [f32],
}

impl<'a> KernelForward<'a> {
    pub(crate) fn new(
        params: &'a Params,
        layer: Recurrent,
        mask: Option<&'a Tensor>,
        threads: &Threads,
    ) -> Self {
        Self {
            layer,
            n: params.shape(layer.w_hh).width(),
            threads: threads.clone(),
            products: products(params, layer, Side::Transposed, threads),
            bias: value(params, layer.b_hh),
            peephole: value(params, layer.peephole),
            gain: value(params, layer.gain),
            mask: mask.map_or(&[], Tensor::data),
        }
    }

    /// Computes the new states from the input's products, in `kept.gates`, and the previous states.
    pub(crate) fn step(&self, active: Active<'_>, kept: View<'_>, states: States<'_>) {
        let (n, cell) = (self.n, self.layer.cell);
        let gates_width = n * cell.gates();
        let States { h_prev, c_prev, h, c } = states;
        let View { gates, hidden, masked, normal, scales, .. } = kept;
        let batch = h.len() / n;
        let rows = active.rows(batch);
        let normalises = !self.gain.is_empty();
        if !self.mask.is_empty() {
            multiply(masked, h_prev, self.mask);
        }
        let state: &[f32] = if self.mask.is_empty() { h_prev } else { masked };
        let apart = cell.keeps_products_apart();
        // The bias that the gating adds: empty if the product or its norm has added it.
        let bias = if apart || normalises { &[] } else { self.bias };
        for (k, product) in self.products.iter().enumerate() {
            let (from, width) = (product.gates.start * n, product.gates.len() * n);
            if k > 0 {
                let reset = &mut *hidden;
                dispatch(gru::cpu::Reset { width: n, active, gates, bias, state, reset });
            }
            let (threads, packed, all) = (&self.threads, &product.packed, rows * gates_width);
            if apart && !normalises {
                let init =
                    if self.bias.is_empty() { SumStart::Zero } else { SumStart::Bias(self.bias) };
                matmul(threads, Rows::new(&state[..rows * n], n), packed, &mut hidden[..all], init);
                continue;
            }
            let x: &[f32] = if k == 0 { state } else { hidden };
            let x = Rows::new(&x[..rows * n], n);
            if normalises {
                let raw = &mut normal[..all];
                matmul_columns(threads, x, packed, raw, gates_width, from, SumStart::Zero);
                let out: &mut [f32] = if apart { hidden } else { gates };
                self.normalise(active, from..from + width, normal, scales, out, !apart);
            } else {
                let out = &mut gates[..all];
                matmul_columns(threads, x, packed, out, gates_width, from, SumStart::Output);
            }
        }
        cell.forward(gating::GatingForward {
            width: n,
            active,
            gates,
            hidden,
            bias,
            peephole: self.peephole,
            h_prev,
            c_prev,
            h,
            c,
        });
    }

    /// Normalises the groups of units within a range of columns of the hidden product.
    fn normalise(
        &self,
        active: Active<'_>,
        columns: Range<usize>,
        normal: &mut [f32],
        scales: &mut [f32],
        out: &mut [f32],
        add: bool,
    ) {
        let (cell, width) = (self.layer.cell, self.n * self.layer.cell.gates());
        let batch = normal.len() / width;
        for (group, scales) in cell.norm_groups().iter().zip(scales.chunks_exact_mut(batch)) {
            let group = cell.columns(group, width);
            if columns.contains(&group.start) {
                let (gain, bias) = (self.gain, self.bias);
                let columns = group;
                dispatch(norm::NormForward {
                    width,
                    columns,
                    active,
                    normal,
                    scales,
                    gain,
                    bias,
                    out,
                    add,
                });
            }
        }
    }
}

/// Computes out = a b, element by element.
fn multiply(out: &mut [f32], a: &[f32], b: &[f32]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = a * b;
    }
}

/// The backward pass of a step, with the weight gradients accumulated over steps.
pub(crate) struct KernelBackward {
    layer: Recurrent,
    n: usize,
    threads: Threads,
    products: PooledVec<Product>,
    peephole: Tensor,
    d_peephole: Tensor,
    gain: Tensor,
    d_gain: Tensor,
    mask: Option<Tensor>,
    /// Whether the gradient of the previous state is required.
    wants_state: bool,
    /// \[B, H\]: the gradient of the masked state.
    d_masked: Tensor,
    /// \[B, H\]: the gradient of the reset state.
    d_reset: Tensor,
}

impl KernelBackward {
    pub(crate) fn new(
        back: &tensor::Backward<'_>,
        layer: Recurrent,
        mask: Option<Tensor>,
        batch: usize,
    ) -> Self {
        let (params, threads) = (back.params(), back.threads());
        let n = params.shape(layer.w_hh).width();
        let weights =
            |id: Option<ParamId>| id.map_or_else(|| Tensor::uninit([0]), |p| params.get(p).clone());
        let (peephole, gain) = (weights(layer.peephole), weights(layer.gain));
        let rows = |present: bool| Tensor::zeros([if present { batch } else { 0 }, n]);
        Self {
            layer,
            n,
            threads: threads.clone(),
            products: products(params, layer, Side::Plain, threads),
            d_peephole: Tensor::zeros(peephole.shape()),
            d_gain: Tensor::zeros(gain.shape()),
            d_masked: rows(mask.is_some()),
            d_reset: rows(layer.cell.products().len() > 1),
            peephole,
            gain,
            mask,
            wants_state: true,
        }
    }

    /// Skips the product that only the gradient of the previous state needs.
    pub(crate) fn leave_state(&mut self) {
        self.wants_state = false;
    }

    /// Runs the backward pass through [`KernelForward::step`]. Replaces `dh` and `dc`, the
    /// gradients of the new states, by those of the previous states, and leaves the products'
    /// gradients in `kept`.
    pub(crate) fn step(
        &mut self,
        active: Active<'_>,
        kept: View<'_>,
        (h_prev, c_prev, c): (&[f32], &[f32], &[f32]),
        dh: &mut [f32],
        dc: &mut [f32],
    ) {
        let (n, cell) = (self.n, self.layer.cell);
        let gates_width = n * cell.gates();
        let rows = active.rows(dh.len() / n);
        let View { gates, hidden, masked, normal, scales, .. } = kept;
        cell.backward(gating::GatingBackward {
            width: n,
            active,
            gates,
            hidden,
            peephole: self.peephole.data(),
            d_peephole: self.d_peephole.data_mut(),
            h_prev,
            c_prev,
            c,
            dh,
            dc,
        });
        let apart = cell.keeps_products_apart();
        let state: &[f32] = if self.mask.is_none() { h_prev } else { masked };
        let d_state = if self.mask.is_none() { &mut *dh } else { self.d_masked.data_mut() };
        if self.mask.is_some() {
            d_state.fill(0.0);
        }
        for (k, product) in self.products.iter().enumerate().rev() {
            let (from, width) = (product.gates.start * n, product.gates.len() * n);
            if !self.gain.is_empty() {
                let d: &[f32] = if apart { hidden } else { gates };
                let batch = normal.len() / gates_width;
                for (group, scales) in cell.norm_groups().iter().zip(scales.chunks_exact(batch)) {
                    let columns = cell.columns(group, gates_width);
                    if (from..from + width).contains(&columns.start) {
                        dispatch(norm::Back {
                            width: gates_width,
                            columns,
                            active,
                            d,
                            normal,
                            scales,
                            gain: self.gain.data(),
                            d_gain: self.d_gain.data_mut(),
                        });
                    }
                }
            }
            let d: &[f32] = match (self.gain.is_empty(), apart) {
                (false, _) => normal,
                (true, true) => hidden,
                (true, false) => gates,
            };
            let d = Rows::columns(&d[..rows * gates_width], gates_width, from, width);
            if k == 0 && self.wants_state {
                let out = &mut d_state[..rows * n];
                matmul(&self.threads, d, &product.packed, out, SumStart::Output);
            } else if k > 0 {
                let d_reset = self.d_reset.data_mut();
                matmul(&self.threads, d, &product.packed, &mut d_reset[..rows * n], SumStart::Zero);
                dispatch(gru::cpu::ResetBack { width: n, active, gates, state, d_reset, d_state });
            }
        }
        if let Some(mask) = &self.mask {
            let d_masked = self.d_masked.data();
            for ((dh, d), m) in dh.iter_mut().zip(d_masked).zip(mask.data()) {
                *dh += d * m;
            }
        }
    }

    /// Adds the accumulated weight gradients to the tape's gradients, after the last step.
    pub(crate) fn finish(self, back: &mut tensor::Backward<'_>) {
        if let Some(id) = self.layer.peephole {
            back.gradients.add(id, self.d_peephole);
        }
        if let Some(id) = self.layer.gain {
            back.gradients.add(id, self.d_gain);
        }
    }
}

/// Defers the gradients of W_hh and b_hh, whose rows are in `kept` after the backward pass.
/// `before` holds the state before each step. Returns the gradient of the input's products.
pub(crate) fn defer_weight_gradients(
    back: &mut tensor::Backward<'_>,
    layer: Recurrent,
    kept: SavedActivations,
    before: Tensor,
) -> Tensor {
    let Recurrent { cell, w_hh, b_hh, .. } = layer;
    let n = before.shape().width();
    let gates_width = n * cell.gates();
    let SavedActivations { gates, hidden, masked, normal, .. } = kept;
    let apart = cell.keeps_products_apart();
    let d = if apart { hidden.clone() } else { gates.clone() };
    if let Some(b) = b_hh {
        back.gradients.defer_sum(b, d.clone(), 0..gates_width);
    }
    let d = if layer.gain.is_some() { normal } else { d };
    let before = if masked.is_empty() { before } else { masked };
    if let [_] = cell.products() {
        back.gradients.defer(w_hh, 0..n, before, d, 0..gates_width);
        return gates;
    }
    for (gates, x) in cell.products().iter().zip([before, hidden]) {
        let rows = gates.start * n..gates.end * n;
        back.gradients.defer_rows(w_hh, rows.clone(), 0..n, x, d.clone(), rows);
    }
    gates
}
