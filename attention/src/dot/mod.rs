//! Dot attention (Luong et al. 2015, equation 8), and scaled (Vaswani et al. 2017, equation 1).
//!
//! e_s = q^T m_s for `dot`, e_s = q^T m_s / sqrt(Q) for `scaled_dot`
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] |
//! | m | \[S, B, Q\] |
//!
//! There is nothing to learn: query and memory are of one width, and the states themselves must
//! come to fit. A dot product of vectors of independent entries grows with sqrt(Q), and with it the
//! softmax's sharpness; scaling takes that back.
//!
//! PyTorch: `torch.einsum("bq,sbq->bs", q, m)`, divided by `math.sqrt(Q)`.

pub(crate) mod cpu;
pub mod reference;
