//! Recurrent states and their transfer from one tape to another.

use tensor::{Tape, Tensor, Var};

/// The state of one layer and direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The hidden state, \[B, H\].
    pub h: Var,
    /// The cell state of an LSTM, \[B, H\].
    pub c: Option<Var>,
}

impl State {
    /// Returns the values, for use on another tape.
    pub fn values(&self, tape: &Tape<'_>) -> StateValues {
        StateValues { h: tape.value(self.h).clone(), c: self.c.map(|c| tape.value(c).clone()) }
    }
}

/// The values of a [`State`], independent of a tape.
///
/// A long sequence can be processed in windows, each on its own tape and started from the final
/// values of the previous window. Gradients stop at the window's start (truncated backpropagation
/// through time, Williams and Peng 1990).
///
/// ```
/// use rnn::{Cell, Rnn, RnnConfig, StateValues};
/// use tensor::init::{Init, rng};
/// use tensor::{Params, Tape, Tensor};
///
/// let mut params = Params::new();
/// let config = RnnConfig::new(Cell::Lstm, 3, 5);
/// let rnn = Rnn::new(&mut params, "", config, Init::XavierUniform, &mut rng(1, "init"))?;
/// let mut carried: Option<Vec<StateValues>> = None;
/// for window in [8, 8, 4] {
///     let mut tape = Tape::new(&params);
///     let x = tape.input(Tensor::full([window, 2, 3], 1.0));
///     let start: Option<Vec<_>> =
///         carried.map(|c| c.iter().map(|s| s.constant(&mut tape)).collect());
///     let out = rnn.forward(&mut tape, x, None, start.as_deref())?;
///     carried = Some(out.state.iter().map(|s| s.values(&tape)).collect());
/// }
/// # Ok::<(), rnn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StateValues {
    /// The hidden state, \[B, H\].
    pub h: Tensor,
    /// The cell state, \[B, H\], if the cell has one.
    pub c: Option<Tensor>,
}

impl StateValues {
    /// Returns a state with these values on `tape`, as constants: no gradient flows into them.
    pub fn constant(&self, tape: &mut Tape<'_>) -> State {
        let h = tape.constant(self.h.clone());
        State { h, c: self.c.as_ref().map(|c| tape.constant(c.clone())) }
    }
}
