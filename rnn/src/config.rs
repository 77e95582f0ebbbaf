//! Sizes and options of a network.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::error::{Error, Result};

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

/// The sizes of an [`Rnn`](crate::Rnn).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RnnConfig {
    /// The cell.
    pub cell: Cell,
    /// The width of the input, I.
    pub input: usize,
    /// The width of the state, H.
    pub hidden: usize,
    /// The number of layers, L.
    #[serde(default = "one")]
    pub layers: usize,
    /// Adds a second direction, from the end to the start.
    #[serde(default)]
    pub bidirectional: bool,
    /// Dropout probability on the outputs of each layer except the last.
    #[serde(default)]
    pub dropout: f32,
    /// Adds the biases b_ih and b_hh.
    #[serde(default = "yes")]
    pub bias: bool,
}

impl RnnConfig {
    /// Returns a configuration of one layer in one direction, with biases and without dropout.
    pub fn new(cell: Cell, input: usize, hidden: usize) -> Self {
        Self { cell, input, hidden, layers: 1, bidirectional: false, dropout: 0.0, bias: true }
    }

    /// Returns the number of directions: 2 if bidirectional, else 1.
    pub fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }

    pub(crate) fn check(&self, options: &RnnOptions) -> Result<()> {
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
        let (dropout, bias) = (options.dropout_state, options.forget_bias);
        if !(0.0..1.0).contains(&dropout) {
            return wrong("dropout_state", dropout.to_string(), "0 <= dropout_state < 1");
        }
        if !bias.is_finite() {
            return wrong("forget_bias", bias.to_string(), "a finite number");
        }
        if bias != 0.0 && (self.cell.forget_gate().is_none() || !self.bias) {
            let expected = "0, or a cell with a forget gate (lstm, lstm_peephole, lstm_coupled) \
                            and biases";
            return wrong("forget_bias", bias.to_string(), expected);
        }
        Ok(())
    }
}

/// How the outputs of two directions are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// Concatenation, 2 H wide, as in PyTorch.
    #[default]
    Concat,
    /// The sum, H wide.
    Sum,
    /// The average, H wide.
    Average,
}

impl Merge {
    /// All variants.
    pub const ALL: [Self; 3] = [Self::Concat, Self::Sum, Self::Average];

    /// Returns the name used in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Concat => "concat",
            Self::Sum => "sum",
            Self::Average => "average",
        }
    }
}

impl fmt::Display for Merge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Options that PyTorch's networks do not have; by default all are off.
///
/// | option | effect |
/// |---|---|
/// | `merge` | how the outputs of two directions are merged, in every layer |
/// | `residual` | from the second layer on, a layer's output is its states plus its input before dropout (Wu et al. 2016, equation 6) |
/// | `layer_norm` | LN(W_ih x; gain_ih, b_ih) and LN(W_hh h; gain_hh, b_hh) take the place of the products (Ba et al. 2016, equations 20 to 25; an LSTM's cell state is not normalised); gains are parameters `gain_ih_l0`, `gain_hh_l0` \[G H\], initially 1; mean and variance over all of an LSTM's gates at once, over r and z and over n of a GRU |
/// | `variational` | dropout between layers draws one mask per sequence instead of one per step (Gal and Ghahramani 2016) |
/// | `dropout_state` | dropout of the state in the product with W_hh, one mask per sequence (the same paper, equation 7) |
/// | `forget_bias` | added to the initial value of the forget gate's b_ih (Jozefowicz et al. 2015, section 4) |
///
/// In serialised form, absent options take their defaults: `{"residual": true, "merge": "sum"}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RnnOptions {
    /// How the outputs of two directions are merged.
    pub merge: Merge,
    /// Adds each layer's input to its output, from the second layer on.
    pub residual: bool,
    /// Applies layer normalisation to both products.
    pub layer_norm: bool,
    /// Draws one dropout mask per sequence between layers.
    pub variational: bool,
    /// Dropout probability of the recurrent state, one mask per sequence.
    pub dropout_state: f32,
    /// Added to the initial bias of the forget gate.
    pub forget_bias: f32,
}
