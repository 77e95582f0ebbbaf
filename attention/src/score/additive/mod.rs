//! Additive attention (Bahdanau et al. 2014, appendix A.1.2).
//!
//! e_s = v^T tanh(W_q q + W_m m_s), and with biases, as in the tutorials,
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
//! The keys W_m m_s + b_m are computed once per sentence.
//!
//! Errors: a query, memory or length does not match ([`Error`](crate::Error)); returned by
//! [`Attention::memory`](crate::Attention::memory) and [`Attention::attend`](crate::Attention::attend).
//!
//! PyTorch: `v(torch.tanh(w_q(q).unsqueeze(1) + w_m(m)))`, with `nn.Linear` layers v, w_q and w_m.
//!
//! ```
//! use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config = AttentionConfig::new(AttentionKind::Additive, 2, 2);
//! let attention = Attention::new(&mut params, "", config, Init::Ones, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let memory = tape.input(Tensor::from_vec([2, 1, 2], vec![1.0, 0.0, 0.0, 1.0])?); // two positions
//! let memory = attention.memory(&mut tape, memory, &[2])?;
//! let query = tape.input(Tensor::from_vec([1, 2], vec![1.0, 0.0])?);
//! let a = attention.attend(&mut tape, query, &memory, QueryPosition::default())?;
//! let a = tape.value(a.weights).data();
//! // All weights one: both positions add up to the same, and share the weight.
//! assert_eq!(a, [0.5, 0.5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod cpu;
pub mod reference;
