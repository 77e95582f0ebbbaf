//! One time step of a layer, as one operation. Decoders are built from it.

mod opencl;

use std::ops::Range;

use tensor::gemm::{Rows, Side, SumStart, matmul};
use tensor::opencl::OpenCl;
use tensor::{Error, Op, ParamId, PooledVec, Result, Tape, Tensor, Var, ops};

use crate::gating::Active;
use crate::norm::normalise;
use crate::state::State;
use crate::step_kernel::{
    KernelBackward, KernelForward, Recurrent, SavedActivations, States, defer_weight_gradients,
};

/// The input of a step.
///
/// PyTorch multiplies a concatenation \[e; c\] by W_ih. Here each part is multiplied by its own
/// columns of W_ih, so that the parts known for all steps (`projected`) need one large product
/// before the loop.
#[derive(Debug, Clone, Default)]
pub struct StepInput {
    /// Products with some columns of W_ih, computed beforehand, \[B, G H\]. They include b_ih,
    /// except if products are normalised.
    pub projected: Option<Var>,
    /// Values \[B, .\], each with the columns of W_ih that multiply it.
    pub parts: PooledVec<(Var, Range<usize>)>,
}

/// All weights of one layer and direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer {
    pub(crate) w_ih: ParamId,
    pub(crate) b_ih: Option<ParamId>,
    /// The gain of the normalised input product.
    pub(crate) gain_ih: Option<ParamId>,
    pub(crate) recurrent: Recurrent,
}

/// Returns the normalised product of the whole input, for a layer that has a gain.
fn normalised(tape: &mut Tape<'_>, layer: Layer, gain: ParamId, input: &StepInput) -> Result<Var> {
    let mut terms: PooledVec<Var> = input.projected.into_iter().collect();
    for (x, columns) in &input.parts {
        terms.push(ops::linear_columns(tape, *x, layer.w_ih, columns.clone(), None)?);
    }
    // A sum even of a single term, since the norm overwrites its input.
    let product = ops::sum(tape, &terms, 1.0)?;
    normalise(tape, layer.recurrent.cell, product, gain, layer.b_ih)
}

pub(crate) fn step(
    tape: &mut Tape<'_>,
    layer: Layer,
    input: &StepInput,
    state: State,
    mask: Option<Tensor>,
) -> Result<State> {
    let whole;
    let input = match layer.gain_ih {
        Some(gain) => {
            let projected = Some(normalised(tape, layer, gain, input)?);
            whole = StepInput { projected, parts: PooledVec::new() };
            &whole
        }
        None => input,
    };
    let cell = layer.recurrent.cell;
    let n = tape.params().shape(layer.recurrent.w_hh).width();
    let gates_width = n * cell.gates();
    let batch = tape.shape(state.h).rows();
    if tape.shape(state.h).width() != n {
        return Err(Error::shapes("rnn step", tape.shape(state.h), [batch, n]));
    }
    if let Some(p) = input.projected
        && tape.shape(p).len() != batch * gates_width
    {
        return Err(Error::shapes("rnn step", tape.shape(p), [batch, gates_width]));
    }
    for (x, columns) in &input.parts {
        let fits = tape.shape(*x).rows() == batch
            && tape.shape(*x).width() == columns.len()
            && columns.end <= tape.params().shape(layer.w_ih).width();
        if !fits {
            return Err(Error::shapes("rnn step", tape.shape(*x), [batch, columns.len()]));
        }
    }
    let (kept, h, c) = match tape.opencl() {
        Some(device) => {
            let params = tape.params();
            let value = |v: Var| tape.value(v);
            let bias = layer.b_ih.filter(|_| layer.gain_ih.is_none()).map(|b| params.get(b));
            let weights = opencl::Input { w: params.get(layer.w_ih), bias };
            let parts: PooledVec<_> =
                input.parts.iter().map(|(x, c)| (value(*x), c.clone())).collect();
            let given = (input.projected.map(value), &parts[..]);
            let before = (value(state.h), state.c.map(value));
            opencl::forward(device, params, layer.recurrent, weights, given, mask.as_ref(), before)?
        }
        None => run(tape, layer, input, state, mask.as_ref(), [batch, n])?,
    };
    let h = tape.output(h);
    let c = cell.has_cell_state().then(|| tape.output(c));
    let new = State { h, c };
    if tape.is_recording() {
        tape.record(RnnStep { layer, input: input.clone(), state, new, mask, kept });
    }
    Ok(new)
}

/// Runs the step on the CPU. Returns the saved activations and the new states.
fn run(
    tape: &Tape<'_>,
    layer: Layer,
    input: &StepInput,
    state: State,
    mask: Option<&Tensor>,
    [batch, n]: [usize; 2],
) -> Result<(SavedActivations, Tensor, Tensor)> {
    let cell = layer.recurrent.cell;
    let gates_width = n * cell.gates();
    let (params, threads) = (tape.params(), tape.threads());
    let mut gates = match input.projected {
        Some(p) => tape.value(p).copy()?,
        None => {
            let mut gates = Tensor::zeros([batch, gates_width]);
            if let Some(b) = layer.b_ih {
                let bias = params.get(b);
                gates
                    .data_mut()
                    .chunks_exact_mut(gates_width)
                    .for_each(|r| r.copy_from_slice(bias.data()));
            }
            gates
        }
    };
    for (x, columns) in &input.parts {
        let packed = params.packed(layer.w_ih, columns.clone(), Side::Transposed, threads);
        let rows = Rows::new(tape.value(*x).data(), columns.len());
        matmul(threads, rows, &packed, gates.data_mut(), SumStart::Output);
    }
    let gates = gates.reshape([1, batch, gates_width])?;
    let mut kept = SavedActivations::new(layer.recurrent, gates, mask);
    let h_prev = tape.value(state.h).clone();
    let c_prev = state.c.map_or_else(|| Tensor::uninit([0]), |c| tape.value(c).clone());
    let mut h = Tensor::uninit([batch, n]);
    let mut c = Tensor::uninit([if cell.has_cell_state() { batch } else { 0 }, n]);
    let forward = KernelForward::new(params, layer.recurrent, mask, threads);
    let states =
        States { h_prev: h_prev.data(), c_prev: c_prev.data(), h: h.data_mut(), c: c.data_mut() };
    forward.step(Active::ALL, kept.view(), states);
    Ok((kept, h, c))
}

struct RnnStep {
    layer: Layer,
    input: StepInput,
    state: State,
    new: State,
    mask: Option<Tensor>,
    kept: SavedActivations,
}

impl Op for RnnStep {
    fn name(&self) -> &'static str {
        self.layer.recurrent.cell.name()
    }

    fn backward(mut self, back: &mut tensor::Backward<'_>) -> Result<()> {
        let dh = back.take(self.new.h);
        let dc = self.new.c.and_then(|c| back.take(c));
        if dh.is_none() && dc.is_none() {
            return Ok(());
        }
        let h_prev = back.value(self.state.h).clone();
        let (batch, n) = (h_prev.shape().rows(), h_prev.shape().width());
        let gates_width = n * self.layer.recurrent.cell.gates();
        let wanted = |x: &Var| back.requires_grad(*x);
        let columns: PooledVec<Range<usize>> =
            self.input.parts.iter().filter(|(x, _)| wanted(x)).map(|(_, c)| c.clone()).collect();
        let (dh, dc, d_parts) = match back.opencl() {
            Some(device) => self.back_on_device(back, device, (dh, dc), &columns)?,
            None => self.back_here(back, (dh, dc), &columns),
        };
        back.add(self.state.h, dh)?;
        if let Some(c) = self.state.c {
            back.add(c, dc)?;
        }
        let before = h_prev.reshape([1, batch, n])?;
        let gates = defer_weight_gradients(back, self.layer.recurrent, self.kept, before)
            .reshape([batch, gates_width])?;
        let mut d_parts = d_parts.into_iter();
        for (x, columns) in std::mem::take(&mut self.input.parts) {
            let value = back.value(x).clone();
            if back.requires_grad(x)
                && let Some(dx) = d_parts.next()
            {
                back.add(x, dx)?;
            }
            back.gradients.defer(self.layer.w_ih, columns, value, gates.clone(), 0..gates_width);
        }
        match (self.input.projected, self.layer.b_ih) {
            (Some(p), _) => back.add(p, gates),
            (None, Some(b)) => {
                back.gradients.defer_sum(b, gates, 0..gates_width);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }
}

/// Gradients of the previous states and of parts of the input.
type StepGradients = (Tensor, Tensor, PooledVec<Tensor>);

impl RnnStep {
    fn back_on_device(
        &mut self,
        back: &mut tensor::Backward<'_>,
        device: &OpenCl,
        d: (Option<Tensor>, Option<Tensor>),
        columns: &[Range<usize>],
    ) -> Result<StepGradients> {
        let value = |v: Var| back.value(v).clone();
        let (h_before, c_before) = (value(self.state.h), self.state.c.map(value));
        let (c, w_ih) = (self.new.c.map(value), back.param(self.layer.w_ih).clone());
        let step = opencl::StepBack {
            layer: self.layer.recurrent,
            mask: self.mask.as_ref(),
            h_before: &h_before,
            c_before: c_before.as_ref(),
            c: c.as_ref(),
            w_ih: &w_ih,
            parts: columns,
            wants_state: back.requires_grad(self.state.h),
        };
        opencl::step_back(back, device, &step, &mut self.kept, d)
    }

    fn back_here(
        &mut self,
        back: &mut tensor::Backward<'_>,
        (dh, dc): (Option<Tensor>, Option<Tensor>),
        columns: &[Range<usize>],
    ) -> StepGradients {
        let cell = self.layer.recurrent.cell;
        let h_prev = back.value(self.state.h).clone();
        let (batch, n) = (h_prev.shape().rows(), h_prev.shape().width());
        let gates_width = n * cell.gates();
        let mut dh = dh.unwrap_or_else(|| Tensor::zeros([batch, n]));
        let rows = if cell.has_cell_state() { batch } else { 0 };
        let mut dc = dc.unwrap_or_else(|| Tensor::zeros([rows, n]));
        let (c_prev, c) = match (self.state.c, self.new.c) {
            (Some(before), Some(after)) => (back.value(before).clone(), back.value(after).clone()),
            _ => (Tensor::uninit([0]), Tensor::uninit([0])),
        };
        let mut steps = KernelBackward::new(back, self.layer.recurrent, self.mask.take(), batch);
        if !back.requires_grad(self.state.h) {
            steps.leave_state();
        }
        let around = (h_prev.data(), c_prev.data(), c.data());
        steps.step(Active::ALL, self.kept.view(), around, dh.data_mut(), dc.data_mut());
        steps.finish(back);
        let (params, threads) = (back.params(), back.threads());
        let mut parts = PooledVec::with_capacity(columns.len());
        for columns in columns {
            let packed = params.packed(self.layer.w_ih, columns.clone(), Side::Plain, threads);
            let mut dx = Tensor::uninit([batch, columns.len()]);
            let d = Rows::new(self.kept.gates.data(), gates_width);
            matmul(threads, d, &packed, dx.data_mut(), SumStart::Zero);
            parts.push(dx);
        }
        (dh, dc, parts)
    }
}
