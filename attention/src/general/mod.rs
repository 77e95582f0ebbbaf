//! General attention (Luong et al. 2015, equation 8).
//!
//! e_s = q^T W m_s
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] |
//! | m | \[S, B, K\] |
//! | W | \[Q, K\] |
//!
//! The keys W m_s are made once a sentence, so a step is a dot product with each.
//!
//! PyTorch: `torch.einsum("bq,qk,sbk->bs", q, W, m)`.

pub(crate) mod cpu;
pub mod reference;
