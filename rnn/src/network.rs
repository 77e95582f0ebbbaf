//! Stacked, bidirectional recurrent networks.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use tensor::{ParamId, Params, Shape, Tape, Tensor, Var, ops};

use crate::cell::Cell;
use crate::error::{Error, Result};
use crate::scan::{Recurrent, scan};
use crate::step::{Layer, StepInput, step};

/// The sizes and options of an [`Rnn`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RnnConfig {
    /// The cell.
    pub cell: Cell,
    /// Width of the input, I.
    pub input: usize,
    /// Width of the state, H.
    pub hidden: usize,
    /// Layers, L.
    pub layers: usize,
    /// A second direction, from the end to the start.
    pub bidirectional: bool,
    /// Dropout on the outputs of each layer but the last.
    pub dropout: f32,
    /// Biases b_ih and b_hh.
    pub bias: bool,
}

impl RnnConfig {
    /// One layer, forwards, with biases, without dropout.
    pub fn new(cell: Cell, input: usize, hidden: usize) -> Self {
        Self { cell, input, hidden, layers: 1, bidirectional: false, dropout: 0.0, bias: true }
    }

    /// 2 where bidirectional, else 1.
    pub fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }

    fn check(&self) -> Result<()> {
        let wrong = |key, value: String, expected| Err(Error::Config { key, value, expected });
        for (key, value) in
            [("input", self.input), ("hidden", self.hidden), ("layers", self.layers)]
        {
            if value == 0 {
                return wrong(key, "0".into(), "at least 1");
            }
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return wrong("dropout", self.dropout.to_string(), "0 <= dropout < 1");
        }
        Ok(())
    }
}

/// The state of one layer and direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The hidden state, \[B, H\].
    pub h: Var,
    /// The cell state of an LSTM, \[B, H\].
    pub c: Option<Var>,
}

/// What a whole sequence gives.
#[derive(Debug, Clone)]
pub struct Output {
    /// The last layer's states over time, \[T, B, D H\], zero past a sequence's end.
    pub y: Var,
    /// The state at each sequence's end, for each layer and direction in PyTorch's order.
    pub state: Vec<State>,
}

/// A recurrent network: layers of one [`Cell`] in one or two directions.
///
/// Parameters have PyTorch's names, layouts and gate order: `weight_ih_l0` \[G H, I\],
/// `weight_hh_l0` \[G H, H\], `bias_ih_l0`, `bias_hh_l0` \[G H\], `weight_ih_l0_reverse`, ...; G is
/// 1 for Elman's network, 4 for LSTM (i, f, g, o), 3 for GRU (r, z, n); the cells that PyTorch does
/// not have say theirs in their modules.
///
/// PyTorch: `torch.nn.RNN`, `torch.nn.LSTM`, `torch.nn.GRU`, time-major.
///
/// ```
/// use rnn::{Cell, Rnn, RnnConfig};
/// use tensor::{Params, Tape, Tensor};
///
/// let mut params = Params::new();
/// let config = RnnConfig { bidirectional: true, ..RnnConfig::new(Cell::Gru, 3, 5) };
/// let rnn = Rnn::new(&mut params, "encoder.", config, &mut |_, shape| Tensor::full(shape, 0.1))?;
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
    name: String,
    layers: Vec<Layer>,
}

impl Rnn {
    /// Adds the parameters of a network to a store, named `prefix` + PyTorch's name, with the
    /// values that `init` gives for a name and a shape.
    ///
    /// # Errors
    /// A size of zero, a dropout outside \[0, 1), a name that is taken.
    pub fn new(
        params: &mut Params,
        prefix: &str,
        config: RnnConfig,
        init: &mut dyn FnMut(&str, Shape) -> Tensor,
    ) -> Result<Self> {
        config.check()?;
        let (h, wide) = (config.hidden, config.hidden * config.cell.gates());
        let mut layers = Vec::new();
        for l in 0..config.layers {
            let input = if l == 0 { config.input } else { h * config.directions() };
            for d in 0..config.directions() {
                let suffix = if d == 0 { "" } else { "_reverse" };
                let mut add = |kind: &str, shape: Shape| -> Result<ParamId> {
                    let name = format!("{prefix}{kind}_l{l}{suffix}");
                    let value = init(&name, shape);
                    if value.shape() != shape {
                        return Err(tensor::Error::shapes("init", value.shape(), shape).into());
                    }
                    Ok(params.add(name, value)?)
                };
                let w_ih = add("weight_ih", [wide, input].into())?;
                let w_hh = add("weight_hh", [wide, h].into())?;
                let (mut b_ih, mut b_hh) = (None, None);
                if config.bias {
                    b_ih = Some(add("bias_ih", [wide].into())?);
                    b_hh = Some(add("bias_hh", [wide].into())?);
                }
                let peepholes = config.cell.peepholes();
                let mut peephole = None;
                if peepholes > 0 {
                    peephole = Some(add("peephole", [peepholes * h].into())?);
                }
                let recurrent = Recurrent { cell: config.cell, w_hh, b_hh, peephole };
                layers.push(Layer { w_ih, b_ih, recurrent });
            }
        }
        Ok(Self { config, name: prefix.to_string(), layers })
    }

    /// The sizes and options.
    pub fn config(&self) -> &RnnConfig {
        &self.config
    }

    /// Runs whole sequences.
    ///
    /// | value | shape |
    /// |---|---|
    /// | x | \[T, B, I\] |
    /// | lengths | B numbers between 0 and T; all T where absent |
    /// | state | L D states; zeros where absent |
    ///
    /// A sequence's states stop at its end and its reverse direction starts there, as with
    /// PyTorch's `pack_padded_sequence`; outputs past the end are zero.
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
        let mut input = x;
        let mut states = Vec::with_capacity(self.layers.len());
        for (l, layer) in self.layers.chunks(directions).enumerate() {
            let mut outputs = Vec::with_capacity(directions);
            for (d, layer) in layer.iter().enumerate() {
                let start = state.map(|s| s[l * directions + d]);
                let projected = ops::linear(tape, input, layer.w_ih, layer.b_ih)?;
                let name = self.series(l, d);
                let scanned = scan(
                    tape,
                    layer.recurrent,
                    projected,
                    start.map(|s| s.h),
                    start.and_then(|s| s.c),
                    lengths,
                    d == 1,
                    &name,
                )?;
                outputs.push(scanned.y);
                states.push(State { h: scanned.h, c: scanned.c });
            }
            input = if let [y] = outputs[..] { y } else { ops::concat(tape, &outputs)? };
            if l + 1 < self.config.layers {
                input = ops::dropout(tape, input, self.config.dropout)?;
            }
        }
        Ok(Output { y: input, state: states })
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

    /// The name of a series of states: `encoder.l0`, `encoder.l0.reverse`.
    fn series(&self, layer: usize, direction: usize) -> String {
        let name = self.name.trim_end_matches('.');
        format!("{name}.l{layer}{}", if direction == 1 { ".reverse" } else { "" })
    }

    /// States of zeros for a batch.
    pub fn zero_state(&self, tape: &mut Tape<'_>, batch: usize) -> Vec<State> {
        let shape = [batch, self.config.hidden];
        let has_c = self.config.cell.has_cell_state();
        (0..self.layers.len())
            .map(|_| State {
                h: tape.constant(Tensor::zeros(shape)),
                c: has_c.then(|| tape.constant(Tensor::zeros(shape))),
            })
            .collect()
    }

    /// The products of the first layer's W_ih with inputs of all steps, b_ih included: what a
    /// [`StepInput`] takes as `projected`. `columns` are those that `x` meets.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn project(&self, tape: &mut Tape<'_>, x: Var, columns: Range<usize>) -> Result<Var> {
        let Some(layer) = self.layers.first() else { return Ok(x) };
        Ok(ops::linear_columns(tape, x, layer.w_ih, columns, layer.b_ih)?)
    }

    /// One time step through all layers, forwards: the last layer's state and all new states.
    ///
    /// `time` is the step's place in the gradient-flow series `prefix.lN`.
    ///
    /// # Errors
    /// A bidirectional network, shapes or states that do not fit.
    pub fn step(
        &self,
        tape: &mut Tape<'_>,
        input: &StepInput,
        state: &[State],
        time: usize,
    ) -> Result<(Var, Vec<State>)> {
        if self.config.bidirectional {
            let expected = "false: one step at a time goes forwards only";
            return Err(Error::Config { key: "bidirectional", value: "true".into(), expected });
        }
        if state.len() != self.layers.len() {
            return Err(Error::States { got: state.len(), expected: self.layers.len() });
        }
        let mut new = Vec::with_capacity(state.len());
        let mut above = None;
        for (l, (layer, &before)) in self.layers.iter().zip(state).enumerate() {
            let after = match above {
                None => step(tape, *layer, input, before)?,
                Some(x) => {
                    let x = ops::dropout(tape, x, self.config.dropout)?;
                    let parts = vec![(x, 0..self.config.hidden)];
                    step(tape, *layer, &StepInput { projected: None, parts }, before)?
                }
            };
            if tape.is_recording() {
                tape.watch(after.h, &self.series(l, 0), time);
            }
            above = Some(after.h);
            new.push(after);
        }
        let Some(top) = above else { return Err(Error::States { got: 0, expected: 1 }) };
        Ok((top, new))
    }
}
