//! General attention (Luong et al. 2015, equation 8), and scaled.
//!
//! e_s = q^T W m_s for `general`, e_s = q^T W m_s / sqrt(Q) for `scaled_general`
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] |
//! | m | \[S, B, K\] |
//! | W | \[Q, K\] |
//!
//! The keys W m_s are made once a sentence, so a step is a [dot](mod@crate::dot) with each. The
//! scale is that of Vaswani et al. 2017, equation 1, by the query's width.
//!
//! PyTorch: `torch.einsum("bq,qk,sbk->bs", q, W, m)`, divided by `math.sqrt(Q)`.
