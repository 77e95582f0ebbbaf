//! Elman's network, the LSTMs and the GRUs: stacked, in one or two directions, exact on padded
//! batches.
//!
//! The road from vanishing gradients to gates, each step a module with its equations:
//! [`mod@elman`], [`mod@lstm`] with its variants from 1997 on, [`mod@gru`] with the reset gate after
//! the product or before it. [`Rnn`] puts them together, [`RnnOptions`] says what it may do beyond
//! PyTorch's networks; [`mod@reference`] says the same in plain loops. Where PyTorch has a cell,
//! values and parameter names are PyTorch's, so weights travel both ways.
//!
//! Letters of shapes: B batch, T time, I input width, H hidden width, L layers, D directions,
//! G gates.
#![forbid(unsafe_code)]

mod cell;
mod cells;
mod config;
pub mod elman;
mod error;
mod gating;
pub mod gru;
pub mod lstm;
mod network;
mod norm;
mod programs;
pub mod reference;
mod scan;
mod state;
mod step;
mod step_kernel;
#[cfg(test)]
mod tests;

pub use cell::Cell;
pub use config::{Merge, RnnConfig, RnnOptions};
pub use error::{Error, Result};
pub use network::{Output, Rnn};
pub use state::{State, StateValues};
pub use step::StepInput;

/// The example of the README is tested with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
