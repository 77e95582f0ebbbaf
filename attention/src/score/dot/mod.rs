//! Dot attention (Luong et al. 2015, equation 8), and scaled (Vaswani et al. 2017, equation 1).
//!
//! e_s = q^T m_s for `dot`, e_s = q^T m_s / sqrt(Q) for `scaled_dot`
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] |
//! | m | \[S, B, Q\] |
//!
//! There are no parameters: query and memory have the same width, and the layers that compute them
//! must learn to match them. The dot product of two vectors with independent entries grows with
//! sqrt(Q), which sharpens the softmax; scaling compensates for it.
//!
//! Errors: a query, memory or length does not match ([`Error`](crate::Error)); returned by
//! [`Attention::memory`](crate::Attention::memory) and [`Attention::attend`](crate::Attention::attend).
//!
//! PyTorch: `torch.einsum("bq,sbq->bs", q, m)`, divided by `math.sqrt(Q)`.
//!
//! ```
//! use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config = AttentionConfig::new(AttentionKind::Dot, 2, 2);
//! let attention = Attention::new(&mut params, "", config, Init::Ones, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let memory = tape.input(Tensor::from_vec([2, 1, 2], vec![1.0, 0.0, 0.0, 1.0])?); // two positions
//! let memory = attention.memory(&mut tape, memory, &[2])?;
//! let query = tape.input(Tensor::from_vec([1, 2], vec![1.0, 0.0])?);
//! let a = attention.attend(&mut tape, query, &memory, QueryPosition::default())?;
//! let a = tape.value(a.weights).data();
//! // Scores 1 and 0.
//! assert!((a[0] / a[1] - 1f32.exp()).abs() < 1e-5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod cpu;
pub mod reference;
