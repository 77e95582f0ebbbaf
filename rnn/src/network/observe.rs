//! A network on one sequence, with the activations of every gate, each of which can be changed.
//!
//! The products are those of the library; the gating is that of the references, in f32. The values
//! therefore equal those of [`Rnn::forward`] and [`Rnn::step`] but for rounding, on a path that
//! training and decoding never take.

use tensor::{Error as TensorError, PooledVec, Tape, Tensor, Var, ops};

use super::{Output, Rnn};
use crate::cell::Cell;
use crate::error::Result;
use crate::gate::Gate;
use crate::norm::normalise;
use crate::scan::{ScanInput, Scanned};
use crate::state::State;
use crate::step::{Layer, StepInput};
use crate::step_kernel::Recurrent;
use crate::{elman, gru, lstm};

/// The place of an activation in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// The layer and direction: layer l of a network with D directions has the indices l D to
    /// l D + D - 1.
    pub layer: usize,
    /// The time step.
    pub time: usize,
    /// The gate or state.
    pub gate: Gate,
    /// The unit, below H.
    pub unit: usize,
}

/// The activations of a layer at one step: each gate and state of the cell with its H values, in the
/// order of [`Cell::values`].
pub type StepActivations = Vec<(Gate, Vec<f32>)>;

/// The activations of one layer and direction over time.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerActivations {
    /// The name of the layer and direction: `encoder.rnn.l0`, `encoder.rnn.l0.reverse`.
    pub name: String,
    /// The activations at each time step, in the order of the input.
    pub steps: Vec<StepActivations>,
}

/// A function that returns the value by which the activation of a site is replaced; it is given the
/// computed value.
type Edit<'a> = dyn FnMut(Site, f32) -> f32 + 'a;

impl Rnn {
    /// Returns the names of the layers and directions, in the order of their states.
    pub fn layer_names(&self) -> impl Iterator<Item = &str> {
        self.series.iter().map(AsRef::as_ref)
    }

    /// Runs the network over one whole sequence \[T, 1, I\] like [`Rnn::forward`], and returns the
    /// activations of each layer and direction too. Each activation is replaced by the result of
    /// `edit` before it is used.
    ///
    /// # Errors
    /// A batch of more than one sequence, a tape of a device, shapes that do not fit.
    ///
    /// PyTorch: `register_forward_hook`, which sees the outputs of a layer, but not its gates.
    ///
    /// ```
    /// use rnn::{Cell, Gate, Rnn, RnnConfig, Site};
    /// use tensor::init::{Init, rng};
    /// use tensor::{Params, Tape, Tensor};
    ///
    /// let mut params = Params::new();
    /// let config = RnnConfig::new(Cell::Gru, 3, 5);
    /// let rnn = Rnn::new(&mut params, "", config, Init::XavierUniform, &mut rng(1, "init"))?;
    /// let mut tape = Tape::inference(&params);
    /// let x = tape.constant(Tensor::full([4, 1, 3], 1.0));
    /// // With an update gate of 1, the state stays what it is.
    /// let keep = &mut |site: Site, value| if site.gate == Gate::Update { 1.0 } else { value };
    /// let (out, layers) = rnn.observe(&mut tape, x, None, keep)?;
    /// assert_eq!(tape.value(out.y).data(), [0.0; 20]);
    /// let (gate, reset) = &layers[0].steps[3][0];
    /// assert_eq!((*gate, reset.len()), (Gate::Reset, 5));
    /// # Ok::<(), rnn::Error>(())
    /// ```
    pub fn observe(
        &self,
        tape: &mut Tape<'_>,
        x: Var,
        state: Option<&[State]>,
        edit: &mut Edit<'_>,
    ) -> Result<(Output, Vec<LayerActivations>)> {
        let name = |name: &str| LayerActivations { name: name.to_owned(), steps: Vec::new() };
        let mut layers: Vec<LayerActivations> = self.layer_names().map(name).collect();
        let scan = &mut |tape: &mut Tape<'_>, index: usize, layer, input: ScanInput<'_>| {
            let (scanned, steps) = scan(tape, index, layer, &input, edit)?;
            layers[index].steps = steps;
            Ok(scanned)
        };
        let output = self.run(tape, x, None, state, scan)?;
        Ok((output, layers))
    }

    /// Runs one time step of one sequence like [`Rnn::step`], and returns the activations of each
    /// layer too. Each activation is replaced by the result of `edit` before it is used.
    ///
    /// # Errors
    /// Those of [`Rnn::step`]; a batch of more than one sequence, a tape of a device.
    pub fn observe_step(
        &self,
        tape: &mut Tape<'_>,
        input: &StepInput,
        state: &[State],
        time: usize,
        edit: &mut Edit<'_>,
    ) -> Result<(Var, PooledVec<State>, Vec<StepActivations>)> {
        let mut all = Vec::with_capacity(state.len());
        let step =
            &mut |tape: &mut Tape<'_>, index, layer: Layer, input: &StepInput, before: State, _| {
                check(tape, tape.shape(before.h).rows())?;
                let a = input_product(tape, layer, input)?;
                let before = StateVectors::new(tape, before);
                let mut edit =
                    |gate, unit, value| edit(Site { layer: index, time, gate, unit }, value);
                let (after, activations) = gating(tape, layer.recurrent, &a, &before, &mut edit)?;
                all.push(activations);
                after.on(tape, layer.recurrent.cell)
            };
        let (top, states) = self.run_step(tape, input, state, time, step)?;
        Ok((top, states, all))
    }
}

/// The state of one example.
#[derive(Debug, Clone)]
struct StateVectors {
    h: Vec<f32>,
    /// Zeros if the cell has no cell state.
    c: Vec<f32>,
}

impl StateVectors {
    fn new(tape: &Tape<'_>, state: State) -> Self {
        let h = tape.value(state.h).data().to_vec();
        let c = state.c.map_or_else(|| vec![0.0; h.len()], |c| tape.value(c).data().to_vec());
        Self { h, c }
    }

    fn on(&self, tape: &mut Tape<'_>, cell: Cell) -> Result<State> {
        let h = tape.constant(Tensor::from_slice([1, self.h.len()], &self.h)?);
        let c = match cell.has_cell_state() {
            true => Some(tape.constant(Tensor::from_slice([1, self.c.len()], &self.c)?)),
            false => None,
        };
        Ok(State { h, c })
    }
}

/// Checks that there is one sequence, on the processor.
fn check(tape: &Tape<'_>, batch: usize) -> Result<()> {
    if batch != 1 || tape.opencl().is_some() {
        let what = format!("{batch} sequences, expected one, on the processor");
        return Err(TensorError::argument("rnn observe", what).into());
    }
    Ok(())
}

/// Runs a recurrence over one sequence step by step.
fn scan(
    tape: &mut Tape<'_>,
    index: usize,
    layer: Recurrent,
    input: &ScanInput<'_>,
    edit: &mut Edit<'_>,
) -> Result<(Scanned, Vec<StepActivations>)> {
    let shape = tape.shape(input.projected);
    let (time, batch) = (shape.dims()[0], shape.dims()[1]);
    check(tape, batch)?;
    let n = shape.width() / layer.cell.gates();
    let vector = |v: Option<Var>| v.map_or_else(|| vec![0.0; n], |v| tape.value(v).data().to_vec());
    let mut state = StateVectors { h: vector(input.h0), c: vector(input.c0) };
    let mut outputs = vec![0.0; time * n];
    let mut steps = vec![Vec::new(); time];
    let mut order: Vec<usize> = (0..time).collect();
    if input.reverse {
        order.reverse();
    }
    for t in order {
        let a = tape.value(input.projected).index(t).data().to_vec();
        let mut edit = |gate, unit, value| edit(Site { layer: index, time: t, gate, unit }, value);
        let (after, activations) = gating(tape, layer, &a, &state, &mut edit)?;
        outputs[t * n..(t + 1) * n].copy_from_slice(&after.h);
        steps[t] = activations;
        state = after;
    }
    let y = tape.constant(Tensor::from_vec([time, 1, n], outputs)?);
    let State { h, c } = state.on(tape, layer.cell)?;
    Ok((Scanned { y, h, c }, steps))
}

/// Returns the product of a step's whole input with W_ih, b_ih included.
fn input_product(tape: &mut Tape<'_>, layer: Layer, input: &StepInput) -> Result<Vec<f32>> {
    let mut terms: PooledVec<Var> = input.projected.into_iter().collect();
    for (i, (x, columns)) in input.parts.iter().enumerate() {
        let adds_bias = i == 0 && input.projected.is_none() && layer.gain_ih.is_none();
        let bias = layer.b_ih.filter(|_| adds_bias);
        terms.push(ops::linear_columns(tape, *x, layer.w_ih, columns.clone(), bias)?);
    }
    let mut product = ops::sum(tape, &terms, 1.0)?;
    if let Some(gain) = layer.gain_ih {
        product = normalise(tape, layer.recurrent.cell, product, gain, layer.b_ih)?;
    }
    Ok(tape.value(product).data().to_vec())
}

/// Returns the product of a state with W_hh, b_hh included.
fn hidden_product(tape: &mut Tape<'_>, layer: Recurrent, h: &[f32]) -> Result<Vec<f32>> {
    let h = tape.constant(Tensor::from_slice([1, h.len()], h)?);
    let bias = layer.b_hh.filter(|_| layer.gain.is_none());
    let mut product = ops::linear(tape, h, layer.w_hh, bias)?;
    if let Some(gain) = layer.gain {
        product = normalise(tape, layer.cell, product, gain, layer.b_hh)?;
    }
    Ok(tape.value(product).data().to_vec())
}

/// Computes the gates and the new state from the input's product and the previous state.
fn gating(
    tape: &mut Tape<'_>,
    layer: Recurrent,
    a: &[f32],
    before: &StateVectors,
    edit: &mut dyn FnMut(Gate, usize, f32) -> f32,
) -> Result<(StateVectors, StepActivations)> {
    let (cell, n) = (layer.cell, before.h.len());
    let b = hidden_product(tape, layer, &before.h)?;
    let (gates, after) = match cell {
        Cell::RnnTanh | Cell::RnnRelu => {
            let mut h = elman::reference::forward(cell == Cell::RnnRelu, a, &b);
            for (unit, h) in h.iter_mut().enumerate() {
                *h = edit(Gate::Hidden, unit, *h);
            }
            (Vec::new(), StateVectors { h, c: before.c.clone() })
        }
        Cell::Gru => {
            let step = gru::reference::forward_with(a, &b, &before.h, edit);
            (step.gates, StateVectors { h: step.h, c: before.c.clone() })
        }
        Cell::GruResetBefore => {
            let gates = gru::reference::reset_with(a, &b, n, edit);
            let reset: Vec<f32> = gates.iter().zip(&before.h).map(|(r, h)| r * h).collect();
            let b = hidden_product(tape, layer, &reset)?;
            let products = (&a[2 * n..], &b[2 * n..]);
            let step = gru::reference::forward_before_with(gates, products, &before.h, edit);
            (step.gates, StateVectors { h: step.h, c: before.c.clone() })
        }
        _ => {
            let peephole = layer.peephole.map_or(&[][..], |id| tape.params().get(id).data());
            let step = lstm::reference::forward_with(cell, (a, &b), peephole, &before.c, edit);
            (step.gates, StateVectors { h: step.h, c: step.c })
        }
    };
    let value = |gate: Gate| {
        let block = |k: usize| gates[k * n..(k + 1) * n].to_vec();
        match gate {
            Gate::Input | Gate::Reset => block(0),
            Gate::Forget | Gate::Update => block(1),
            Gate::Candidate | Gate::New => block(2),
            Gate::Output => block(3),
            Gate::CellState => after.c.clone(),
            Gate::Hidden => after.h.clone(),
        }
    };
    let activations = cell.values().iter().map(|&gate| (gate, value(gate))).collect();
    Ok((after, activations))
}
