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
    /// Width of the input, I.
    pub input: usize,
    /// Width of the state, H.
    pub hidden: usize,
    /// Layers, L.
    #[serde(default = "one")]
    pub layers: usize,
    /// A second direction, from the end to the start.
    #[serde(default)]
    pub bidirectional: bool,
    /// Dropout on the outputs of each layer but the last.
    #[serde(default)]
    pub dropout: f32,
    /// Biases b_ih and b_hh.
    #[serde(default = "yes")]
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

/// How the outputs of two directions become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// Side by side, 2 H wide, as in PyTorch.
    #[default]
    Concat,
    /// Their sum, H wide.
    Sum,
    /// Half their sum, H wide.
    Average,
}

impl Merge {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Concat, Self::Sum, Self::Average];

    /// Its name, as configurations have it.
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

/// What a network does beyond PyTorch's; nothing by default.
///
/// | option | what it does |
/// |---|---|
/// | `merge` | how the outputs of two directions become one, in every layer |
/// | `residual` | from the second layer on, a layer's output is its states plus its input before dropout (Wu et al. 2016, equation 6) |
/// | `layer_norm` | LN(W_ih x; gain_ih, b_ih) and LN(W_hh h; gain_hh, b_hh) take the place of the products (Ba et al. 2016, equations 20 to 25; an LSTM's cell state is not normalised); gains are parameters `gain_ih_l0`, `gain_hh_l0` \[G H\], 1 at first; mean and variance over all of an LSTM's gates at once, over r and z and over n of a GRU |
/// | `variational` | dropout between layers draws one mask a sequence, not one a step (Gal and Ghahramani 2016) |
/// | `dropout_state` | dropout, one mask a sequence, of the state where it meets W_hh (the same, equation 7) |
/// | `forget_bias` | added at first to b_ih of the forget gate (Jozefowicz et al. 2015, section 4) |
///
/// As data, what is not said is as by default: `{"residual": true, "merge": "sum"}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RnnOptions {
    /// How the outputs of two directions become one.
    pub merge: Merge,
    /// Each layer from the second on adds its input to its output.
    pub residual: bool,
    /// Layer normalisation of both products.
    pub layer_norm: bool,
    /// One dropout mask a sequence between layers.
    pub variational: bool,
    /// Dropout of the recurrent state, one mask a sequence.
    pub dropout_state: f32,
    /// Added to the forget gate's first bias.
    pub forget_bias: f32,
}
