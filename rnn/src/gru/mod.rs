//! Gated recurrent unit (Cho et al. 2014): the reset gate after the product, or before it.
//!
//! # Reset after the product: `gru`
//!
//! As in cuDNN.
//!
//! - r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
//! - z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
//! - n = tanh(W_in x + b_in + r (W_hn h + b_hn))
//! - h' = (1 - z) n + z h
//!
//! | value | shape |
//! |---|---|
//! | x | \[B, I\] |
//! | h | \[B, H\] |
//! | W_ih, W_hh | \[3 H, I\], \[3 H, H\]: gates r, z, n |
//! | b_ih, b_hh | \[3 H\] |
//!
//! Errors: shapes, lengths or states that do not fit ([`Error`](crate::Error)), returned by
//! [`Rnn::forward`](crate::Rnn::forward) and [`Rnn::step`](crate::Rnn::step).
//!
//! PyTorch: `torch.nn.GRU`.
//!
//! # Reset before the product: `gru_reset_before`
//!
//! As in Cho et al. 2014, equations 5 to 8, and in Bahdanau et al. 2014, appendix A.1. Only n
//! differs, and a step needs a second product:
//!
//! - n = tanh(W_in x + b_in + W_hn (r h) + b_hn)
//!
//! PyTorch has no such cell.
//!
//! # Conventions for the update gate
//!
//! Here, as in PyTorch and in Cho's paper, z is the weight of the old state. In Bahdanau's paper
//! and in Olah's article, z is the weight of the new one: h' = (1 - z) h + z n. Their gate is one
//! minus this one, and 1 - sigmoid(x) = sigmoid(-x), so
//! [`Rnn::flip_update_gate`](crate::Rnn::flip_update_gate) converts weights from one convention to
//! the other by a change of sign.
//!
//! ```
//! use rnn::{Cell, Rnn, RnnConfig};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config = RnnConfig::new(Cell::Gru, 3, 2);
//! let rnn = Rnn::new(&mut params, "", config, Init::Zeros, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let x = tape.input(Tensor::full([5, 4, 3], 1.0)); // five steps of four sequences
//! let out = rnn.forward(&mut tape, x, Some(&[5, 3, 1, 0]), None)?;
//! assert_eq!(tape.shape(out.y).dims(), [5, 4, 2]);
//! assert!(out.state[0].c.is_none()); // no cell state
//! # Ok::<(), rnn::Error>(())
//! ```

pub(crate) mod cpu;
pub(crate) mod opencl;
pub mod reference;
