//! Elman's recurrent network (Elman 1990).
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
//! The gradient through k steps is multiplied by W_hh k times: where its largest singular value
//! is below 1 it vanishes (Hochreiter 1991; Bengio et al. 1994).
//!
//! PyTorch: `torch.nn.RNN(nonlinearity="tanh" | "relu")`.

pub(crate) mod cpu;
pub(crate) mod opencl;
pub mod reference;
