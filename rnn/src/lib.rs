//! Elman RNN, LSTM and GRU: stacked, in one or two directions, exact on padded batches.
//!
//! The road from vanishing gradients to gates, each step a module with its equations:
//! [`mod@elman`], [`mod@lstm`], [`mod@gru`]. [`Rnn`] puts them together; [`mod@reference`] says
//! the same in plain loops. Values and parameter names are PyTorch's, so weights travel both ways.
//!
//! Letters of shapes: B batch, T time, I input width, H hidden width, L layers, D directions,
//! G gates.
#![forbid(unsafe_code)]

mod cell;
pub mod elman;
mod error;
pub mod gru;
pub mod lstm;
mod network;
pub mod reference;
mod scan;
mod step;
#[cfg(test)]
mod tests;

pub use cell::Cell;
pub use error::{Error, Result};
pub use network::{Output, Rnn, RnnConfig, State};
pub use step::StepInput;
