//! Elman's network, the LSTMs and the GRUs: stacked, in one or two directions, exact on padded
//! batches.
//!
//! Each family of cells has a module with its equations: [`mod@elman`], [`mod@lstm`] with its
//! variants from 1997 on, and [`mod@gru`] with the reset gate after the product or before it.
//! [`Rnn`] stacks these cells, and [`RnnOptions`] are the options that PyTorch's networks do not
//! have. [`mod@reference`] implements the same equations in plain loops. For a cell that PyTorch
//! has, values and parameter names are PyTorch's, so weights can be exchanged with PyTorch.
//!
//! Letters in shapes: B batch, T time, I input width, H hidden width, L layers, D directions,
//! G gates.
#![forbid(unsafe_code)]

mod cell;
mod cells;
mod config;
pub mod elman;
mod error;
mod gate;
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
pub use gate::Gate;
pub use network::{LayerActivations, Output, Rnn, Site, StepActivations};
pub use state::{State, StateValues};
pub use step::StepInput;

/// Runs the README's example as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
