//! Concat attention (Luong et al. 2015, equation 8).
//!
//! e_s = v^T tanh(W \[q; m_s\])
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] |
//! | m | \[S, B, K\] |
//! | W | \[A, Q + K\] |
//! | v | \[A\] |
//!
//! W \[q; m\] is the sum of what the first Q columns of W make of q and the others of m. So the
//! keys are made once a sentence, and a step is that of [additive](mod@crate::additive), of which
//! this is the same family in one matrix.
//!
//! PyTorch: `torch.tanh(torch.cat([q.expand(S, -1, -1), m], -1) @ W.T) @ v`.
