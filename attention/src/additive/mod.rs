//! Additive attention (Bahdanau et al. 2014, appendix A.1.2).
//!
//! e_s = v^T tanh(W_q q + W_m m_s), and with biases, as the tutorials have it,
//! e_s = v^T tanh(W_q q + b_q + W_m m_s + b_m) + b_v.
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] |
//! | m | \[S, B, K\] |
//! | W_q, W_m | \[A, Q\], \[A, K\] |
//! | v, b_q, b_m | \[A\] |
//! | b_v | \[1\] |
//!
//! The keys W_m m_s + b_m are made once a sentence.
//!
//! PyTorch: `v(torch.tanh(w_q(q).unsqueeze(1) + w_m(m)))`, v, w_q, w_m being `nn.Linear`.

pub(crate) mod cpu;
pub mod reference;
