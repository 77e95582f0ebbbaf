//! Stacked, bidirectional recurrent networks.

mod observe;
mod update_gate;

use std::ops::Range;
use std::sync::Arc;

use tensor::init::{Init, InitFn, Rng};
use tensor::{Lengths, ParamId, Params, PooledVec, Shape, Tape, Tensor, Var, ops};

use crate::config::{Merge, RnnConfig, RnnOptions};
use crate::error::{Error, Result};
use crate::norm::normalise;
use crate::scan::{ScanInput, Scanned, scan};
use crate::state::State;
use crate::step::{Layer, StepInput, step};
use crate::step_kernel::Recurrent;

pub use observe::{LayerActivations, Site, StepActivations};

/// The result of [`Rnn::forward`].
#[derive(Debug, Clone)]
pub struct Output {
    /// The last layer's outputs over time, \[T, B, D H\] (\[T, B, H\] if directions are summed or
    /// averaged), zero past a sequence's end.
    pub y: Var,
    /// The state at each sequence's end, for each layer and direction in PyTorch's order.
    pub state: PooledVec<State>,
}

/// A function that computes the recurrence of a layer and direction, given by its index.
type Scan<'a> = dyn FnMut(&mut Tape<'_>, usize, Recurrent, ScanInput<'_>) -> Result<Scanned> + 'a;

/// A function that computes one step of a layer, given by its index.
type Step<'a> =
    dyn FnMut(&mut Tape<'_>, usize, Layer, &StepInput, State, Option<Tensor>) -> Result<State> + 'a;

/// A recurrent network: layers of one [`Cell`](crate::Cell) in one or two directions.
///
/// Parameters have PyTorch's names, layouts and gate order: `weight_ih_l0` \[G H, I\],
/// `weight_hh_l0` \[G H, H\], `bias_ih_l0`, `bias_hh_l0` \[G H\], `weight_ih_l0_reverse`, ...; G is
/// 1 for Elman's network, 4 for LSTM (i, f, g, o), 3 for GRU (r, z, n). For the cells that PyTorch
/// does not have, the cell's module lists its gates.
///
/// PyTorch: `torch.nn.RNN`, `torch.nn.LSTM`, `torch.nn.GRU`, time-major.
///
/// ```
/// use rnn::{Cell, Rnn, RnnConfig};
/// use tensor::init::{Init, rng};
/// use tensor::{Params, Tape, Tensor};
///
/// let (mut params, mut rng) = (Params::new(), rng(1, "init"));
/// let config = RnnConfig { bidirectional: true, ..RnnConfig::new(Cell::Gru, 3, 5) };
/// let rnn = Rnn::new(&mut params, "encoder.", config, Init::TorchDefault, &mut rng)?;
/// let mut tape = Tape::new(&params);
/// let x = tape.input(Tensor::full([7, 2, 3], 1.0)); // T = 7, B = 2, I = 3
/// let out = rnn.forward(&mut tape, x, Some(&[7, 4]), None)?;
/// assert_eq!(tape.shape(out.y).dims(), [7, 2, 10]);
/// assert_eq!(out.state.len(), 2);
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rnn {
    config: RnnConfig,
    options: RnnOptions,
    layers: Vec<Layer>,
    /// The name of each layer and direction's series of states, such as `encoder.l0` and
    /// `encoder.l0.reverse`.
    series: Vec<Arc<str>>,
}

impl Rnn {
    /// Creates a network without options and adds its parameters to `params`. The name of each is
    /// `prefix` followed by PyTorch's name: with the prefix `encoder.`, `encoder.weight_ih_l0`.
    ///
    /// `init` draws the initial values by [`Init::parameter`]: each gate of a matrix separately, and
    /// [`Init::TorchDefault`] as `nn.RNN`, `nn.LSTM` and `nn.GRU` do, with a fan-in of H.
    ///
    /// # Errors
    /// A size of zero, a dropout outside \[0, 1), a parameter name that already exists, or an `init`
    /// out of its range.
    pub fn new(
        params: &mut Params,
        prefix: &str,
        config: RnnConfig,
        init: Init,
        rng: &mut Rng,
    ) -> Result<Self> {
        Self::with_options(params, prefix, config, RnnOptions::default(), init, rng)
    }

    /// Creates a network as [`Rnn::new`] does, with options.
    ///
    /// # Errors
    /// Those of [`Rnn::new`]; an option out of its range, or `forget_bias` for a cell without a
    /// forget gate.
    ///
    /// ```
    /// use rnn::{Cell, Merge, Rnn, RnnConfig, RnnOptions};
    /// use tensor::init::{Init, rng};
    /// use tensor::{Params, Tape, Tensor};
    ///
    /// let (mut params, mut rng) = (Params::new(), rng(1, "init"));
    /// let config =
    ///     RnnConfig { layers: 2, bidirectional: true, ..RnnConfig::new(Cell::Lstm, 3, 5) };
    /// let options = RnnOptions { merge: Merge::Sum, residual: true, ..RnnOptions::default() };
    /// let rnn =
    ///     Rnn::with_options(&mut params, "encoder.", config, options, Init::default(), &mut rng)?;
    /// let mut tape = Tape::new(&params);
    /// let x = tape.input(Tensor::full([7, 2, 3], 1.0));
    /// let out = rnn.forward(&mut tape, x, None, None)?;
    /// assert_eq!(tape.shape(out.y).dims(), [7, 2, 5]);
    /// # Ok::<(), rnn::Error>(())
    /// ```
    pub fn with_options(
        params: &mut Params,
        prefix: &str,
        config: RnnConfig,
        options: RnnOptions,
        init: Init,
        rng: &mut Rng,
    ) -> Result<Self> {
        let (fan, gates) = (config.hidden, config.cell.gates());
        let draw = &mut |_: &str, shape: Shape| {
            let blocks = if shape.rank() == 2 { gates } else { 1 };
            init.parameter(shape, fan, blocks, rng)
        };
        Self::with_init(params, prefix, config, options, draw)
    }

    /// Creates a network as [`Rnn::with_options`] does; `init` returns the initial value for a
    /// parameter's whole name (prefix included) and shape, and may fail.
    ///
    /// # Errors
    /// Those of [`Rnn::with_options`] and of `init`; `init` returned a value of another shape.
    pub fn with_init(
        params: &mut Params,
        prefix: &str,
        config: RnnConfig,
        options: RnnOptions,
        init: &mut InitFn<'_>,
    ) -> Result<Self> {
        config.check(&options)?;
        let width = width(&config, &options);
        let (h, gates_width) = (config.hidden, config.hidden * config.cell.gates());
        let mut layers = Vec::new();
        for l in 0..config.layers {
            let input = if l == 0 { config.input } else { width };
            for d in 0..config.directions() {
                let suffix = if d == 0 { "" } else { "_reverse" };
                let name = |kind: &str| format!("{prefix}{kind}_l{l}{suffix}");
                let mut add = |kind: &str, shape: Shape| -> Result<ParamId> {
                    Ok(params.add_initialized(name(kind), shape, init)?)
                };
                let w_ih = add("weight_ih", [gates_width, input].into())?;
                let w_hh = add("weight_hh", [gates_width, h].into())?;
                let (mut b_ih, mut b_hh) = (None, None);
                if config.bias {
                    b_ih = Some(add("bias_ih", [gates_width].into())?);
                    b_hh = Some(add("bias_hh", [gates_width].into())?);
                }
                let peepholes = config.cell.peepholes();
                let mut peephole = None;
                if peepholes > 0 {
                    peephole = Some(add("peephole", [peepholes * h].into())?);
                }
                let (mut gain_ih, mut gain) = (None, None);
                if options.layer_norm {
                    let mut ones = |kind| params.add(name(kind), Tensor::full([gates_width], 1.0));
                    gain_ih = Some(ones("gain_ih")?);
                    gain = Some(ones("gain_hh")?);
                }
                if let Some((bias, gate)) = b_ih.zip(config.cell.forget_gate())
                    && options.forget_bias != 0.0
                {
                    let mut value = params.get(bias).copy()?;
                    let forget = &mut value.data_mut()[gate * h..(gate + 1) * h];
                    forget.iter_mut().for_each(|b| *b += options.forget_bias);
                    params.set(bias, value)?;
                }
                let recurrent = Recurrent { cell: config.cell, w_hh, b_hh, peephole, gain };
                layers.push(Layer { w_ih, b_ih, gain_ih, recurrent });
            }
        }
        let name = prefix.trim_end_matches('.');
        let of = |i: usize| {
            let (l, d) = (i / config.directions(), i % config.directions());
            format!("{name}.l{l}{}", if d == 1 { ".reverse" } else { "" }).into()
        };
        let series = (0..layers.len()).map(of).collect();
        Ok(Self { config, options, layers, series })
    }

    /// Returns the sizes.
    pub fn config(&self) -> &RnnConfig {
        &self.config
    }

    /// Returns the options.
    pub fn options(&self) -> &RnnOptions {
        &self.options
    }

    /// Sets the dropout between layers and of the state, for a change during training: no parameter
    /// depends on it.
    ///
    /// PyTorch: `rnn.dropout = p`.
    ///
    /// ```
    /// use rnn::{Cell, Rnn, RnnConfig};
    /// use tensor::Params;
    /// use tensor::init::{Init, rng};
    ///
    /// let (mut params, config) = (Params::new(), RnnConfig::new(Cell::Gru, 3, 5));
    /// let mut rnn = Rnn::new(&mut params, "rnn.", config, Init::Zeros, &mut rng(1, "init"))?;
    /// rnn.set_dropout(0.2, true, 0.1)?;
    /// assert_eq!((rnn.config().dropout, rnn.options().dropout_state), (0.2, 0.1));
    /// assert!(rnn.set_dropout(1.0, false, 0.0).is_err());
    /// assert_eq!(rnn.config().dropout, 0.2);
    /// # Ok::<(), rnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// A share outside \[0, 1); nothing is changed then.
    pub fn set_dropout(&mut self, dropout: f32, variational: bool, state: f32) -> Result<()> {
        let config = RnnConfig { dropout, ..self.config.clone() };
        let options = RnnOptions { variational, dropout_state: state, ..self.options.clone() };
        config.check(&options)?;
        (self.config, self.options) = (config, options);
        Ok(())
    }

    /// Returns the width of the outputs: D H, or H if directions are summed or averaged.
    pub fn width(&self) -> usize {
        width(&self.config, &self.options)
    }

    /// Runs the network over a batch of whole sequences.
    ///
    /// | value | shape |
    /// |---|---|
    /// | x | \[T, B, I\] |
    /// | lengths | B numbers between 0 and T; all T if absent |
    /// | state | L D states; zeros if absent |
    ///
    /// The forward direction of a sequence stops at the sequence's end and the reverse direction
    /// starts there, as with PyTorch's `pack_padded_sequence`. Outputs past the end are zero.
    ///
    /// # Errors
    /// Shapes, lengths or states that do not fit.
    pub fn forward(
        &self,
        tape: &mut Tape<'_>,
        x: Var,
        lengths: Option<&[usize]>,
        state: Option<&[State]>,
    ) -> Result<Output> {
        let scan = &mut |tape: &mut Tape<'_>, _, layer, input: ScanInput<'_>| {
            Ok(scan(tape, layer, input)?)
        };
        self.run(tape, x, lengths, state, scan)
    }

    /// Runs the network over a batch of whole sequences; `scan` computes each recurrence.
    fn run(
        &self,
        tape: &mut Tape<'_>,
        x: Var,
        lengths: Option<&[usize]>,
        state: Option<&[State]>,
        scan: &mut Scan<'_>,
    ) -> Result<Output> {
        let shape = tape.shape(x);
        let &[time, batch, input] = shape.dims() else {
            return Err(tensor::Error::shapes("rnn", shape, [0, 0, self.config.input]).into());
        };
        if input != self.config.input {
            let want = [time, batch, self.config.input];
            return Err(tensor::Error::shapes("rnn", shape, want).into());
        }
        if let Some(lengths) = lengths {
            if lengths.len() != batch {
                return Err(tensor::Error::shapes("rnn lengths", [lengths.len()], [batch]).into());
            }
            if let Some(n) = lengths.iter().find(|&&n| n > time) {
                let what = format!("length {n}, expected at most {time}");
                return Err(tensor::Error::argument("rnn lengths", what).into());
            }
        }
        let directions = self.config.directions();
        self.check_states(tape, state, batch)?;
        let lengths = lengths.map(|lengths| Lengths::new(tape, lengths)).transpose()?;
        let mut input = x;
        let mut states = PooledVec::with_capacity(self.layers.len());
        for (l, layer) in self.layers.chunks(directions).enumerate() {
            let (before, mut outputs) = (input, PooledVec::with_capacity(directions));
            if l > 0 {
                input = self.dropout(tape, input, l)?;
            }
            for (d, layer) in layer.iter().enumerate() {
                let series = &self.series[l * directions + d];
                let start = state.map(|s| s[l * directions + d]);
                let mut projected = ops::linear(tape, input, layer.w_ih, self.input_bias(layer))?;
                if let Some(gain) = layer.gain_ih {
                    projected = normalise(tape, self.config.cell, projected, gain, layer.b_ih)?;
                }
                let input = ScanInput {
                    projected,
                    h0: start.map(|s| s.h),
                    c0: start.and_then(|s| s.c),
                    mask: self.state_mask(tape, batch, series)?,
                    lengths: lengths.as_ref(),
                    reverse: d == 1,
                    name: series,
                };
                let scanned = scan(tape, l * directions + d, layer.recurrent, input)?;
                outputs.push(scanned.y);
                states.push(State { h: scanned.h, c: scanned.c });
            }
            input = match (&outputs[..], self.options.merge) {
                (&[y], _) => y,
                (ys, Merge::Concat) => ops::concat(tape, ys)?,
                (ys, Merge::Sum) => ops::sum(tape, ys, 1.0)?,
                (ys, Merge::Average) => ops::sum(tape, ys, 0.5)?,
            };
            if l > 0 && self.options.residual {
                input = ops::sum(tape, &[input, before], 1.0)?;
            }
        }
        Ok(Output { y: input, state: states })
    }

    /// Returns the bias of the product with the input, or `None` if layer normalisation adds it.
    fn input_bias(&self, layer: &Layer) -> Option<ParamId> {
        layer.b_ih.filter(|_| layer.gain_ih.is_none())
    }

    /// Applies dropout to the input of layer `l`.
    fn dropout(&self, tape: &mut Tape<'_>, x: Var, l: usize) -> Result<Var> {
        let p = self.config.dropout;
        if self.options.variational {
            let name = format!("{}.input", self.series[l * self.config.directions()]);
            return Ok(ops::dropout_sequence(tape, x, p, &name)?);
        }
        Ok(ops::dropout(tape, x, p)?)
    }

    /// Returns the dropout mask of the state of a layer and direction, \[B, H\].
    fn state_mask(&self, tape: &Tape<'_>, batch: usize, series: &str) -> Result<Option<Tensor>> {
        let p = self.options.dropout_state;
        if p == 0.0 {
            return Ok(None);
        }
        let name = format!("{series}.state");
        Ok(ops::sequence_mask(tape, [batch, self.config.hidden], p, &name)?)
    }

    fn check_states(&self, tape: &Tape<'_>, state: Option<&[State]>, batch: usize) -> Result<()> {
        let Some(state) = state else { return Ok(()) };
        let expected = self.layers.len();
        if state.len() != expected {
            return Err(Error::States { got: state.len(), expected });
        }
        let want = Shape::from([batch, self.config.hidden]);
        for s in state {
            for v in [Some(s.h), s.c].into_iter().flatten() {
                if tape.shape(v).len() != want.len() {
                    return Err(tensor::Error::shapes("rnn state", tape.shape(v), want).into());
                }
            }
            if self.config.cell.has_cell_state() != s.c.is_some() {
                let what = "a cell with a cell state needs h and c, any other h alone";
                return Err(tensor::Error::argument("rnn state", what).into());
            }
        }
        Ok(())
    }

    /// Returns zero states for a batch.
    ///
    /// # Errors
    /// A failure of the device.
    pub fn zero_state(&self, tape: &mut Tape<'_>, batch: usize) -> Result<PooledVec<State>> {
        let shape = [batch, self.config.hidden];
        let has_c = self.config.cell.has_cell_state();
        let zeros = match tape.opencl() {
            Some(device) => device.zeros(shape)?,
            None => Tensor::zeros(shape),
        };
        let state = |_| State {
            h: tape.constant(zeros.clone()),
            c: has_c.then(|| tape.constant(zeros.clone())),
        };
        Ok((0..self.layers.len()).map(state).collect())
    }

    /// Multiplies the inputs of all steps by `columns` of the first layer's W_ih. The result is for
    /// [`StepInput`]'s `projected`.
    ///
    /// b_ih is added, except if products are normalised: layer normalisation comes before the bias.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn project(&self, tape: &mut Tape<'_>, x: Var, columns: Range<usize>) -> Result<Var> {
        let Some(layer) = self.layers.first() else { return Ok(x) };
        Ok(ops::linear_columns(tape, x, layer.w_ih, columns, self.input_bias(layer))?)
    }

    /// Runs one time step through all layers. Returns the last layer's output and all new states.
    ///
    /// `time` is the step's index in the gradient-flow series `prefix.lN`.
    ///
    /// # Errors
    /// A bidirectional network, shapes or states that do not fit.
    pub fn step(
        &self,
        tape: &mut Tape<'_>,
        input: &StepInput,
        state: &[State],
        time: usize,
    ) -> Result<(Var, PooledVec<State>)> {
        let step = &mut |tape: &mut Tape<'_>, _, layer, input: &StepInput, before, mask| {
            Ok(step(tape, layer, input, before, mask)?)
        };
        self.run_step(tape, input, state, time, step)
    }

    /// Runs one time step through all layers; `step` computes each layer.
    fn run_step(
        &self,
        tape: &mut Tape<'_>,
        input: &StepInput,
        state: &[State],
        time: usize,
        step: &mut Step<'_>,
    ) -> Result<(Var, PooledVec<State>)> {
        if self.config.bidirectional {
            let expected = "false: one step at a time goes forwards only";
            return Err(Error::Config { key: "bidirectional", value: "true".into(), expected });
        }
        if state.len() != self.layers.len() {
            return Err(Error::States { got: state.len(), expected: self.layers.len() });
        }
        let mut new = PooledVec::with_capacity(state.len());
        let mut above = None;
        for (l, (layer, &before)) in self.layers.iter().zip(state).enumerate() {
            let series = &self.series[l];
            let batch = tape.shape(before.h).rows();
            let mask = self.state_mask(tape, batch, series)?;
            let after = match above {
                None => step(tape, l, *layer, input, before, mask)?,
                Some(x) => {
                    let x = self.dropout(tape, x, l)?;
                    let parts = PooledVec::from([(x, 0..self.config.hidden)]);
                    let input = StepInput { projected: None, parts };
                    step(tape, l, *layer, &input, before, mask)?
                }
            };
            if tape.is_recording() {
                tape.watch(after.h, series, time);
            }
            above = match above {
                Some(x) if self.options.residual => Some(ops::sum(tape, &[after.h, x], 1.0)?),
                _ => Some(after.h),
            };
            new.push(after);
        }
        let Some(top) = above else { return Err(Error::States { got: 0, expected: 1 }) };
        Ok((top, new))
    }
}

fn width(config: &RnnConfig, options: &RnnOptions) -> usize {
    let apart = if options.merge == Merge::Concat { config.directions() } else { 1 };
    config.hidden * apart
}
