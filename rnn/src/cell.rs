//! The recurrent cells and their properties.

use std::fmt;
use std::ops::Range;
use std::slice::from_ref;

use serde::{Deserialize, Serialize};

/// A recurrent cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Elman's network with tanh: [`mod@crate::elman`].
    RnnTanh,
    /// Elman's network with max(0, x): [`mod@crate::elman`].
    RnnRelu,
    /// Long short-term memory with a forget gate: [`mod@crate::lstm`].
    Lstm,
    /// Gated recurrent unit: [`mod@crate::gru`].
    Gru,
    /// The long short-term memory of 1997, without a forget gate: [`mod@crate::lstm`].
    #[serde(rename = "lstm_1997")]
    Lstm1997,
    /// The LSTM of 1997 with the paper's squashing functions in place of tanh: [`mod@crate::lstm`].
    #[serde(rename = "lstm_1997_squash")]
    Lstm1997Squash,
    /// Long short-term memory whose gates see the cell state: [`mod@crate::lstm`].
    LstmPeephole,
    /// Long short-term memory with coupled input and forget gates: [`mod@crate::lstm`].
    LstmCoupled,
    /// Gated recurrent unit that resets before the product: [`mod@crate::gru`].
    GruResetBefore,
}

impl Cell {
    /// All cells.
    pub const ALL: [Self; 9] = [
        Self::RnnTanh,
        Self::RnnRelu,
        Self::Lstm,
        Self::Gru,
        Self::Lstm1997,
        Self::Lstm1997Squash,
        Self::LstmPeephole,
        Self::LstmCoupled,
        Self::GruResetBefore,
    ];

    /// Returns the name used in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::RnnTanh => "rnn_tanh",
            Self::RnnRelu => "rnn_relu",
            Self::Lstm => "lstm",
            Self::Gru => "gru",
            Self::Lstm1997 => "lstm_1997",
            Self::Lstm1997Squash => "lstm_1997_squash",
            Self::LstmPeephole => "lstm_peephole",
            Self::LstmCoupled => "lstm_coupled",
            Self::GruResetBefore => "gru_reset_before",
        }
    }

    /// Returns a one-line description.
    pub fn summary(self) -> &'static str {
        match self {
            Self::RnnTanh => "Elman's network with tanh",
            Self::RnnRelu => "Elman's network with max(0, x)",
            Self::Lstm => "long short-term memory with a forget gate",
            Self::Gru => "gated recurrent unit that resets after the product",
            Self::Lstm1997 => "long short-term memory without a forget gate",
            Self::Lstm1997Squash => "the same with the paper's squashing functions",
            Self::LstmPeephole => "long short-term memory whose gates see the cell state",
            Self::LstmCoupled => "long short-term memory whose input gate is 1 - forget gate",
            Self::GruResetBefore => "the GRU of Cho 2014 and Bahdanau 2014",
        }
    }

    /// Returns the PyTorch equivalent, which computes the same values, or `None` if there is none.
    pub fn pytorch(self) -> Option<&'static str> {
        match self {
            Self::RnnTanh | Self::RnnRelu => Some("torch.nn.RNN"),
            Self::Lstm => Some("torch.nn.LSTM"),
            Self::Gru => Some("torch.nn.GRU"),
            _ => None,
        }
    }

    /// Returns the number of blocks of H rows in the weights: the gates and the candidate.
    pub fn gates(self) -> usize {
        match self {
            Self::RnnTanh | Self::RnnRelu => 1,
            Self::Lstm | Self::LstmPeephole => 4,
            Self::Gru
            | Self::Lstm1997
            | Self::Lstm1997Squash
            | Self::LstmCoupled
            | Self::GruResetBefore => 3,
        }
    }

    /// Returns the index of the forget gate's block in the weights, if the cell has a forget gate.
    pub fn forget_gate(self) -> Option<usize> {
        match self {
            Self::Lstm | Self::LstmPeephole => Some(1),
            Self::LstmCoupled => Some(0),
            _ => None,
        }
    }

    /// Returns the number of blocks of H values in the peephole weights; 0 without peepholes.
    pub fn peepholes(self) -> usize {
        if self == Self::LstmPeephole { 3 } else { 0 }
    }

    /// Returns whether the cell has a cell state in addition to the hidden state.
    pub fn has_cell_state(self) -> bool {
        matches!(
            self,
            Self::Lstm
                | Self::Lstm1997
                | Self::Lstm1997Squash
                | Self::LstmPeephole
                | Self::LstmCoupled
        )
    }

    /// Returns whether the two products must be kept apart because a gate applies to only one of
    /// them.
    pub(crate) fn keeps_products_apart(self) -> bool {
        self == Self::Gru
    }

    /// Returns the number of blocks of H values saved for the backward pass in addition to the
    /// gates: those of a GRU's hidden product, or of r h if the cell resets before the product.
    pub(crate) fn hidden_width(self) -> usize {
        match self {
            Self::Gru => 3,
            Self::GruResetBefore => 1,
            _ => 0,
        }
    }

    /// Returns the gates that each product with the state computes, in order. A second product
    /// multiplies the state that the first product's gates have reset.
    pub(crate) fn products(self) -> &'static [Range<usize>] {
        match self {
            Self::GruResetBefore => &[0..2, 2..3],
            _ => match self.gates() {
                1 => from_ref(&(0..1)),
                3 => from_ref(&(0..3)),
                _ => from_ref(&(0..4)),
            },
        }
    }

    /// Returns the groups of gates whose products are normalised together.
    pub(crate) fn norm_groups(self) -> &'static [Range<usize>] {
        if self == Self::Gru { &[0..2, 2..3] } else { self.products() }
    }

    /// Returns the columns that `gates` occupy in rows of `width`.
    pub(crate) fn columns(self, gates: &Range<usize>, width: usize) -> Range<usize> {
        let n = width / self.gates();
        gates.start * n..gates.end * n
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
