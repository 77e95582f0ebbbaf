//! Elman's recurrent network (Elman 1990, figure 2, which gives it as a diagram; the equation is
//! PyTorch's).
//!
//! h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or max(0, .) in place of tanh.
//!
//! | value | shape |
//! |---|---|
//! | x_t | \[B, I\] |
//! | h_t | \[B, H\] |
//! | W_ih, W_hh | \[H, I\], \[H, H\] |
//! | b_ih, b_hh | \[H\] |
//!
//! The gradient through k steps is multiplied by W_hh k times. If the largest singular value of
//! W_hh is below 1, the gradient vanishes (Hochreiter 1991; Bengio et al. 1994).
//!
//! Errors: shapes, lengths or states that do not fit ([`Error`](crate::Error)), returned by
//! [`Rnn::forward`](crate::Rnn::forward) and [`Rnn::step`](crate::Rnn::step).
//!
//! PyTorch: `torch.nn.RNN(nonlinearity="tanh" | "relu")`.
//!
//! ```
//! use rnn::{Cell, Rnn, RnnConfig};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config = RnnConfig::new(Cell::RnnTanh, 3, 2);
//! let rnn = Rnn::new(&mut params, "", config, Init::Zeros, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let x = tape.input(Tensor::full([5, 4, 3], 1.0)); // five steps of four sequences
//! let out = rnn.forward(&mut tape, x, Some(&[5, 3, 1, 0]), None)?;
//! assert_eq!(tape.shape(out.y).dims(), [5, 4, 2]);
//! assert!(tape.value(out.y).data().iter().all(|&h| h == 0.0)); // all weights are zero
//! # Ok::<(), rnn::Error>(())
//! ```

pub(crate) mod cpu;
pub(crate) mod opencl;
pub mod reference;
