//! One time step of a layer, as one operation: what a decoder is made of.

use std::ops::Range;

use tensor::gemm::{Init, Rows, Side, matmul};
use tensor::{Error, Op, ParamId, Result, Tape, Tensor, Var};

use crate::cell::{self, Active};
use crate::network::State;
use crate::scan::{Recurrent, peephole_of};

/// What a step's input is made of.
///
/// PyTorch multiplies a concatenation \[e; c\] with W_ih. Here each part meets its own columns of
/// W_ih, so that what is known for all steps (`projected`) is one large product before the loop.
#[derive(Debug, Clone, Default)]
pub struct StepInput {
    /// Products with some columns of W_ih made beforehand, b_ih included: \[B, G H\].
    pub projected: Option<Var>,
    /// Values \[B, .\] and the columns of W_ih that they meet.
    pub parts: Vec<(Var, Range<usize>)>,
}

/// All weights of one layer and direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer {
    pub(crate) w_ih: ParamId,
    pub(crate) b_ih: Option<ParamId>,
    pub(crate) recurrent: Recurrent,
}

const NO_LENGTHS: Active<'static> = Active { lengths: None, time: 0 };

pub(crate) fn step(
    tape: &mut Tape<'_>,
    layer: Layer,
    input: &StepInput,
    state: State,
) -> Result<State> {
    let Recurrent { cell, w_hh, b_hh, peephole } = layer.recurrent;
    let n = tape.params().shape(w_hh).width();
    let wide = n * cell.gates();
    let batch = tape.shape(state.h).rows();
    if tape.shape(state.h).width() != n {
        return Err(Error::shapes("rnn step", tape.shape(state.h), [batch, n]));
    }
    let threads = tape.threads().clone();
    let params = tape.params();
    let mut gates = match input.projected {
        Some(p) if tape.shape(p).len() == batch * wide => tape.value(p).copy(),
        Some(p) => return Err(Error::shapes("rnn step", tape.shape(p), [batch, wide])),
        None => {
            let mut gates = Tensor::zeros([batch, wide]);
            if let Some(b) = layer.b_ih {
                let bias = params.get(b);
                gates
                    .data_mut()
                    .chunks_exact_mut(wide)
                    .for_each(|r| r.copy_from_slice(bias.data()));
            }
            gates
        }
    };
    for (x, columns) in &input.parts {
        let fits = tape.shape(*x).rows() == batch
            && tape.shape(*x).width() == columns.len()
            && columns.end <= params.shape(layer.w_ih).width();
        if !fits {
            return Err(Error::shapes("rnn step", tape.shape(*x), [batch, columns.len()]));
        }
        let packed = params.packed(layer.w_ih, columns.clone(), Side::Transposed, &threads);
        let rows = Rows::new(tape.value(*x).data(), columns.len());
        matmul(&threads, rows, &packed, gates.data_mut(), Init::Output);
    }
    let packed = params.packed(w_hh, 0..n, Side::Transposed, &threads);
    let bias = b_hh.map_or(&[] as &[f32], |b| params.get(b).data());
    let h_prev = tape.value(state.h).clone();
    let c_prev = state.c.map_or_else(|| Tensor::scratch([0]), |c| tape.value(c).clone());
    let apart = cell.keeps_products_apart();
    let mut hidden = Tensor::scratch([if apart { batch } else { 0 }, wide]);
    let x = Rows::new(h_prev.data(), n);
    if apart {
        let init = if bias.is_empty() { Init::Zero } else { Init::Bias(bias) };
        matmul(&threads, x, &packed, hidden.data_mut(), init);
    } else {
        matmul(&threads, x, &packed, gates.data_mut(), Init::Output);
    }
    let mut h = Tensor::scratch([batch, n]);
    let mut c = Tensor::scratch([if cell.has_cell_state() { batch } else { 0 }, n]);
    cell.forward(cell::Forward {
        width: n,
        active: NO_LENGTHS,
        gates: gates.data_mut(),
        hidden: hidden.data_mut(),
        bias: if apart { &[] } else { bias },
        peephole: peephole.map_or(&[], |p| params.get(p).data()),
        h_prev: h_prev.data(),
        c_prev: c_prev.data(),
        h: h.data_mut(),
        c: c.data_mut(),
    });
    let h = tape.output(h);
    let c = cell.has_cell_state().then(|| tape.output(c));
    let new = State { h, c };
    if tape.is_recording() {
        tape.record(Step { layer, input: input.clone(), state, new, gates, hidden });
    }
    Ok(new)
}

struct Step {
    layer: Layer,
    input: StepInput,
    state: State,
    new: State,
    gates: Tensor,
    hidden: Tensor,
}

impl Op for Step {
    fn name(&self) -> &'static str {
        self.layer.recurrent.cell.name()
    }

    fn backward(mut self: Box<Self>, back: &mut tensor::Backward<'_>) -> Result<()> {
        let dh = back.take(self.new.h);
        let dc = self.new.c.and_then(|c| back.take(c));
        if dh.is_none() && dc.is_none() {
            return Ok(());
        }
        let Recurrent { cell, w_hh, b_hh, peephole } = self.layer.recurrent;
        let h_prev = back.value(self.state.h).clone();
        let (batch, n) = (h_prev.shape().rows(), h_prev.shape().width());
        let wide = n * cell.gates();
        let threads = back.threads().clone();
        let mut dh = dh.unwrap_or_else(|| Tensor::zeros([batch, n]));
        let rows = if cell.has_cell_state() { batch } else { 0 };
        let mut dc = dc.unwrap_or_else(|| Tensor::zeros([rows, n]));
        let (c_prev, c) = match (self.state.c, self.new.c) {
            (Some(before), Some(after)) => (back.value(before).clone(), back.value(after).clone()),
            _ => (Tensor::scratch([0]), Tensor::scratch([0])),
        };
        let (mut gates, mut hidden) = (self.gates, self.hidden);
        let weights = peephole_of(back, self.layer.recurrent);
        let mut d_peephole = Tensor::zeros(weights.shape());
        cell.backward(cell::Backward {
            width: n,
            active: NO_LENGTHS,
            gates: gates.data_mut(),
            hidden: hidden.data_mut(),
            peephole: weights.data(),
            d_peephole: d_peephole.data_mut(),
            h_prev: h_prev.data(),
            c_prev: c_prev.data(),
            c: c.data(),
            dh: dh.data_mut(),
            dc: dc.data_mut(),
        });
        let d = if cell.keeps_products_apart() { hidden } else { gates.clone() };
        if back.needs(self.state.h) {
            let packed = back.params().packed(w_hh, 0..n, Side::Plain, &threads);
            matmul(&threads, Rows::new(d.data(), wide), &packed, dh.data_mut(), Init::Output);
            back.add(self.state.h, dh)?;
        }
        if let Some(c) = self.state.c {
            back.add(c, dc)?;
        }
        if let Some(p) = peephole {
            back.gradients.add(p, d_peephole);
        }
        if let Some(b) = b_hh {
            back.gradients.defer_sum(b, d.clone(), 0..wide);
        }
        back.gradients.defer(w_hh, 0..n, h_prev, d, 0..wide);
        for (x, columns) in std::mem::take(&mut self.input.parts) {
            let value = back.value(x).clone();
            if back.needs(x) {
                let packed =
                    back.params().packed(self.layer.w_ih, columns.clone(), Side::Plain, &threads);
                let mut dx = Tensor::scratch(value.shape());
                matmul(&threads, Rows::new(gates.data(), wide), &packed, dx.data_mut(), Init::Zero);
                back.add(x, dx)?;
            }
            back.gradients.defer(self.layer.w_ih, columns, value, gates.clone(), 0..wide);
        }
        match (self.input.projected, self.layer.b_ih) {
            (Some(p), _) => back.add(p, gates),
            (None, Some(b)) => {
                back.gradients.defer_sum(b, gates, 0..wide);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }
}
