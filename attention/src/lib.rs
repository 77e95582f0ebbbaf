//! Attention over a memory of encoder states.
//!
//! Every attention turns a query and a memory into a context in three parts:
//!
//! - scores e_s = score(query, memory_s): the kinds of attention differ in this function;
//! - weights a = softmax(e) over the unmasked positions, exactly zero elsewhere;
//! - context c = sum_s a_s memory_s.
//!
//! Each kind is named by its equation, with q the query \[Q\] and m_s a memory entry \[K\]:
//!
//! | [`AttentionKind`] | score e_s | source |
//! |---|---|---|
//! | [`additive`](mod@additive) | v^T tanh(W_q q + W_m m_s) | Bahdanau et al. 2014, appendix A.1.2 |
//! | [`additive_bias`](mod@additive) | v^T tanh(W_q q + b_q + W_m m_s + b_m) + b_v | the PyTorch and TensorFlow tutorials |
//! | [`dot`](mod@dot) | q^T m_s | Luong et al. 2015, equation 8 |
//! | [`scaled_dot`](mod@dot) | q^T m_s / sqrt(Q) | Vaswani et al. 2017, equation 1 |
//! | [`general`](mod@general) | q^T W m_s | Luong et al. 2015, equation 8 |
//! | [`scaled_general`](mod@general) | q^T W m_s / sqrt(Q) | the two rows above |
//! | [`concat`](mod@concat) | v^T tanh(W \[q; m_s\]) | Luong et al. 2015, equation 8 |
//! | [`cosine`](mod@cosine) | q^T m_s / (\|q\| \|m_s\|) | Graves et al. 2014, equation 6; Weng 2018, "content-base" |
//! | [`location`](mod@location) | row s of W q | Luong et al. 2015, equation 9 |
//! | [`local_m`](mod@local) | a score above `location`, in a window around step t | Luong et al. 2015, section 3.2 |
//! | [`local_p`](mod@local) | the same in a window around a predicted position, times a Gaussian | Luong et al. 2015, equations 10 and 11 |
//! | [`multi_head`](mod@multi_head) | (W_q q)_j^T (W_k m_s)_j / sqrt(d_k) for each head j | Vaswani et al. 2017, section 3.2.2 |
//! | `none` | | the baseline without attention: not a kind, but `None` as an `Option<Attention>`; see [`AttentionKind::by_name`] |
//!
//! All kinds mask the positions past the end of a sentence. `location` also masks those past its
//! table, `local_m` and `local_p` those outside the window, and a causal `multi_head` those
//! later than the current step. The weights sum to one if any position is unmasked (except for a
//! `local_p` that is not renormalised); otherwise they are all zero, never NaN.
//!
//! [`Attention::memory`] computes a [`Memory`], including the projected keys, once per sentence;
//! every step takes it as an argument, and the module keeps no hidden state. [`Attention::attend`]
//! takes the query of one step, or the queries of a whole sequence at once.
//!
//! Letters in shapes: B batch, T steps of a sequence of queries, S source length, Q query width, K
//! memory width, A attention width, h heads, O width of the `multi_head` output.
#![forbid(unsafe_code)]

mod attention;
mod config;
mod error;
pub mod local;
mod mask;
mod memory;
pub mod multi_head;
mod plain;
pub mod reference;
mod score;
mod softmax;
mod step;
#[cfg(test)]
mod tests;

pub use attention::{Attention, AttentionOutput, ObservedAttention};
pub use config::{AttentionConfig, AttentionKind};
pub use error::{Error, Result};
pub use memory::{Memory, QueryPosition};
pub use score::{additive, concat, cosine, dot, general, location};

/// Runs the README example as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
