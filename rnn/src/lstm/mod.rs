//! Long short-term memory: the cell of 1997 and its successors.
//!
//! # With a forget gate: `lstm`
//!
//! Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
//!
//! - i = sigmoid(W_ii x + b_ii + W_hi h + b_hi)
//! - f = sigmoid(W_if x + b_if + W_hf h + b_hf)
//! - g = tanh(W_ig x + b_ig + W_hg h + b_hg)
//! - o = sigmoid(W_io x + b_io + W_ho h + b_ho)
//! - c' = f c + i g
//! - h' = o tanh(c')
//!
//! | value | shape |
//! |---|---|
//! | x | \[B, I\] |
//! | h, c | \[B, H\] |
//! | W_ih, W_hh | \[4 H, I\], \[4 H, H\]: gates i, f, g, o |
//! | b_ih, b_hh | \[4 H\] |
//!
//! In a step, the direct path of the gradient of c is multiplied by f only and not by a matrix, so
//! the gradient need not vanish.
//!
//! Errors: shapes, lengths or states that do not fit ([`Error`](crate::Error)), returned by
//! [`Rnn::forward`](crate::Rnn::forward) and [`Rnn::step`](crate::Rnn::step).
//!
//! PyTorch: `torch.nn.LSTM`.
//!
//! # The variants
//!
//! PyTorch has none of them. Everything not listed is as above.
//!
//! | name | difference | gates | source |
//! |---|---|---|---|
//! | `lstm_1997` | c' = c + i g: no forget gate | i, g, o | Hochreiter and Schmidhuber 1997, section 4 |
//! | `lstm_1997_squash` | in addition, 4 sigmoid(x) - 2 for the candidate and h' = o (2 sigmoid(c') - 1) | i, g, o | the same paper, appendix A.1 |
//! | `lstm_peephole` | p_i c joins the sum of i, p_f c that of f, p_o c' that of o | i, f, g, o | Gers and Schmidhuber 2000; Graves 2013, equations 7 to 11 |
//! | `lstm_coupled` | c' = f c + (1 - f) g: one gate for forgetting and input | f, g, o | Olah 2015; Greff et al. 2015 |
//!
//! Without a forget gate the gradient of c passes a step unchanged: the constant error carousel.
//! The paper truncates the gradient at the gates' recurrent inputs; here it flows through all of
//! them.
//!
//! Peepholes are diagonal: p_i, p_f, p_o are vectors of H, stored in this order in one
//! parameter `peephole_l0` \[3 H\]. The output gate uses the new cell state, the other two the old
//! one.
//!
//! ```
//! use rnn::{Cell, Rnn, RnnConfig};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config = RnnConfig::new(Cell::Lstm, 3, 2);
//! let rnn = Rnn::new(&mut params, "", config, Init::Zeros, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let x = tape.input(Tensor::full([5, 4, 3], 1.0)); // five steps of four sequences
//! let out = rnn.forward(&mut tape, x, Some(&[5, 3, 1, 0]), None)?;
//! assert_eq!(tape.shape(out.y).dims(), [5, 4, 2]);
//! assert!(out.state[0].c.is_some()); // the cell state after each sequence's end
//! # Ok::<(), rnn::Error>(())
//! ```

pub(crate) mod cpu;
pub(crate) mod opencl;
pub mod reference;
