//! The gates and states that a cell computes at each step, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cell::Cell;

/// A value that a cell computes for each unit at each step: a gate, a candidate or a state.
///
/// | gate | name | in |
/// |---|---|---|
/// | input, forget, candidate, output | i, f, g, o | the LSTMs |
/// | cell state | c | the LSTMs |
/// | reset, update, candidate | r, z, n | the GRUs |
/// | hidden state | h | every cell |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Gate {
    /// The input gate of an LSTM, in (0, 1).
    #[serde(rename = "i")]
    Input,
    /// The forget gate of an LSTM, in (0, 1).
    #[serde(rename = "f")]
    Forget,
    /// The candidate of an LSTM, in (-1, 1).
    #[serde(rename = "g")]
    Candidate,
    /// The output gate of an LSTM, in (0, 1).
    #[serde(rename = "o")]
    Output,
    /// The cell state of an LSTM, unbounded.
    #[serde(rename = "c")]
    CellState,
    /// The reset gate of a GRU, in (0, 1).
    #[serde(rename = "r")]
    Reset,
    /// The update gate of a GRU, in (0, 1): the share of the previous state.
    #[serde(rename = "z")]
    Update,
    /// The candidate of a GRU, in (-1, 1).
    #[serde(rename = "n")]
    New,
    /// The hidden state, the output of the cell.
    #[serde(rename = "h")]
    Hidden,
}

impl Gate {
    /// Every gate and state of any cell.
    pub const ALL: [Self; 9] = [
        Self::Input,
        Self::Forget,
        Self::Candidate,
        Self::Output,
        Self::CellState,
        Self::Reset,
        Self::Update,
        Self::New,
        Self::Hidden,
    ];

    /// Returns the letter of the equations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "i",
            Self::Forget => "f",
            Self::Candidate => "g",
            Self::Output => "o",
            Self::CellState => "c",
            Self::Reset => "r",
            Self::Update => "z",
            Self::New => "n",
            Self::Hidden => "h",
        }
    }

    /// Returns the name in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Input => "input gate",
            Self::Forget => "forget gate",
            Self::Candidate | Self::New => "candidate",
            Self::Output => "output gate",
            Self::CellState => "cell state",
            Self::Reset => "reset gate",
            Self::Update => "update gate",
            Self::Hidden => "hidden state",
        }
    }

    /// Returns the bounds of the value in a cell; `None` if it is unbounded.
    ///
    /// ```
    /// use rnn::{Cell, Gate};
    ///
    /// assert_eq!(Gate::Forget.bounds(Cell::Lstm), Some((0.0, 1.0)));
    /// assert_eq!(Gate::Hidden.bounds(Cell::Gru), Some((-1.0, 1.0)));
    /// assert_eq!(Gate::CellState.bounds(Cell::Lstm), None);
    /// ```
    pub fn bounds(self, cell: Cell) -> Option<(f32, f32)> {
        match self {
            Self::Input | Self::Forget | Self::Output | Self::Reset | Self::Update => {
                Some((0.0, 1.0))
            }
            Self::Candidate if cell == Cell::Lstm1997Squash => Some((-2.0, 2.0)),
            Self::Hidden if cell == Cell::RnnRelu => None,
            Self::Candidate | Self::New | Self::Hidden => Some((-1.0, 1.0)),
            Self::CellState => None,
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Cell {
    /// Returns the gates and states that the cell computes at each step, in the order of its
    /// equations. A gate that follows from another one (the input gate of `lstm_coupled`) is left
    /// out.
    pub fn values(self) -> &'static [Gate] {
        use Gate::{
            Candidate, CellState, Forget, Hidden, Input, New, Output as Out, Reset, Update,
        };
        match self {
            Self::RnnTanh | Self::RnnRelu => &[Hidden],
            Self::Lstm | Self::LstmPeephole => &[Input, Forget, Candidate, Out, CellState, Hidden],
            Self::Lstm1997 | Self::Lstm1997Squash => &[Input, Candidate, Out, CellState, Hidden],
            Self::LstmCoupled => &[Forget, Candidate, Out, CellState, Hidden],
            Self::Gru | Self::GruResetBefore => &[Reset, Update, New, Hidden],
        }
    }
}
