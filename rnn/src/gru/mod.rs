//! Gated recurrent unit (Cho et al. 2014), with the reset gate after the product as in cuDNN.
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
//! Cho's update gate is this z: it keeps the old state. Bahdanau's and Olah's is 1 - z.
//!
//! PyTorch: `torch.nn.GRU`.

pub(crate) mod cpu;
pub mod reference;
