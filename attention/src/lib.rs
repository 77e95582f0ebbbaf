//! Attention over a memory of encoder states, as one small family.
//!
//! Every attention turns a query and a memory into a context in three parts:
//!
//! - scores e_s = score(query, memory_s): what sets one attention apart from another;
//! - weights a = softmax(e) over the positions that are seen, exactly zero elsewhere;
//! - context c = sum_s a_s memory_s.
//!
//! An attention is named by its equation, q being the query \[Q\] and m_s a memory entry \[K\]:
//!
//! | [`AttentionKind`] | score e_s | source |
//! |---|---|---|
//! | [`additive`](mod@additive) | v^T tanh(W_q q + W_m m_s) | Bahdanau et al. 2014, appendix A.1.2 |
//! | [`additive_bias`](mod@additive) | v^T tanh(W_q q + b_q + W_m m_s + b_m) + b_v | the tutorials of PyTorch and TensorFlow |
//! | [`dot`](mod@dot) | q^T m_s | Luong et al. 2015, equation 8 |
//! | [`scaled_dot`](mod@dot) | q^T m_s / sqrt(Q) | Vaswani et al. 2017, equation 1 |
//! | [`general`](mod@general) | q^T W m_s | Luong et al. 2015, equation 8 |
//! | [`scaled_general`](mod@general) | q^T W m_s / sqrt(Q) | the two before |
//! | [`concat`](mod@concat) | v^T tanh(W \[q; m_s\]) | Luong et al. 2015, equation 8 |
//! | [`cosine`](mod@cosine) | q^T m_s / (\|q\| \|m_s\|) | Graves et al. 2014, equation 6; Weng 2018, "content-base" |
//! | [`location`](mod@location) | row s of W q | Luong et al. 2015, equation 9 |
//! | [`local_m`](mod@local) | one of those above `location`, in a window around step t | Luong et al. 2015, section 3.2 |
//! | [`local_p`](mod@local) | the same in a window around a predicted position, times a Gaussian | Luong et al. 2015, equations 10 and 11 |
//! | [`multi_head`](mod@multi_head) | (W_q q)_j^T (W_k m_s)_j / sqrt(d_k) for each head j | Vaswani et al. 2017, section 3.2.2 |
//! | `none` | | the baseline: not a kind but the absence of one, `Option<Attention>`; see [`AttentionKind::by_name`] |
//!
//! What is seen, whatever the kind: nothing past a sentence's end; no entry past the table of
//! `location`; the window of `local_m` and `local_p` alone; nothing later than the step itself
//! where `multi_head` is causal. Weights sum to one where anything is seen (but for a `local_p` that is
//! not renormalised), and are zeros, without NaN, where nothing is.
//!
//! The [`Memory`] and its projected keys are a value that [`Attention::memory`] makes once a
//! sentence and every step takes; nothing is hidden in the module. [`Attention::attend`] takes the
//! query of one step, or those of a whole sequence at once.
//!
//! Letters of shapes: B batch, T steps of a sequence of queries, S source length, Q query width, K
//! memory width, A attention width, h heads, O width of their output.
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

pub use attention::{Attention, AttentionOutput};
pub use config::{AttentionConfig, AttentionKind};
pub use error::{Error, Result};
pub use memory::{Memory, QueryPosition};
pub use score::{additive, concat, cosine, dot, general, location};

/// The example of the README is tested with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
