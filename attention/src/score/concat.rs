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
//! W \[q; m\] is the sum of two products: the first Q columns of W times q, and the others times m.
//! So the keys are computed once per sentence, and a step is the same as in
//! [additive](mod@crate::additive), with both matrices stored as one.
//!
//! Errors: a query, memory or length does not match ([`Error`](crate::Error)); returned by
//! [`Attention::memory`](crate::Attention::memory) and [`Attention::attend`](crate::Attention::attend).
//!
//! PyTorch: `torch.tanh(torch.cat([q.expand(S, -1, -1), m], -1) @ W.T) @ v`.
//!
//! ```
//! use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config = AttentionConfig::new(AttentionKind::Concat, 2, 2);
//! let attention = Attention::new(&mut params, "", config, Init::Ones, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let memory = tape.input(Tensor::from_vec([2, 1, 2], vec![1.0, 0.0, 0.0, 1.0])?); // two positions
//! let memory = attention.memory(&mut tape, memory, &[2])?;
//! let query = tape.input(Tensor::from_vec([1, 2], vec![1.0, 0.0])?);
//! let a = attention.attend(&mut tape, query, &memory, QueryPosition::default())?;
//! let a = tape.value(a.weights).data();
//! // W and v of ones: the sums of q and m are alike.
//! assert_eq!(a, [0.5, 0.5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
