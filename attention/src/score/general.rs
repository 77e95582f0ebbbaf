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
//! The keys W m_s are computed once per sentence, so a step is a [dot](mod@crate::dot) product with
//! each key. The scale is that of Vaswani et al. 2017, equation 1, with the width of the query.
//!
//! Errors: a query, memory or length does not match ([`Error`](crate::Error)); returned by
//! [`Attention::memory`](crate::Attention::memory) and [`Attention::attend`](crate::Attention::attend).
//!
//! PyTorch: `torch.einsum("bq,qk,sbk->bs", q, W, m)`, divided by `math.sqrt(Q)`.
//!
//! ```
//! use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config = AttentionConfig::new(AttentionKind::General, 2, 2);
//! let attention = Attention::new(&mut params, "", config, Init::Ones, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let memory = tape.input(Tensor::from_vec([2, 1, 2], vec![1.0, 0.0, 0.0, 1.0])?); // two positions
//! let memory = attention.memory(&mut tape, memory, &[2])?;
//! let query = tape.input(Tensor::from_vec([1, 2], vec![1.0, 0.0])?);
//! let a = attention.attend(&mut tape, query, &memory, QueryPosition::default())?;
//! let a = tape.value(a.weights).data();
//! // W of ones: every score is the sum of q times that of m.
//! assert_eq!(a, [0.5, 0.5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
