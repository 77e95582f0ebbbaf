//! Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al.
//! 2000).
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
//! The gradient of c passes a step through f alone, without a matrix: it need not vanish.
//!
//! PyTorch: `torch.nn.LSTM`.

pub(crate) mod cpu;
pub mod reference;
