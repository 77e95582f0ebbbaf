//! Attention over a memory of encoder states, as one small family.
//!
//! Every attention turns a query and a memory into a context in three parts:
//!
//! - scores e_s = score(query, memory_s): what sets one attention apart from another;
//! - weights a = softmax(e) over the positions within the sentence, exactly zero past its end;
//! - context c = sum_s a_s memory_s.
//!
//! An attention is named by its equation: [`mod@additive`], [`mod@general`]. The [`Memory`] and its
//! projected keys are a value that [`Attention::memory`] makes once a sentence and every step
//! takes; nothing is hidden in the module.
//!
//! Letters of shapes: B batch, S source length, Q query width, K memory width, A attention width.
#![forbid(unsafe_code)]

pub mod additive;
mod attention;
pub mod concat;
mod config;
pub mod cosine;
pub mod dot;
mod error;
pub mod general;
pub mod local;
pub mod location;
pub mod multi_head;
pub mod reference;
mod score;
mod span;
mod step;
#[cfg(test)]
mod tests;
mod weigh;

pub use attention::{Attended, Attention, Memory, Place};
pub use config::{AttentionConfig, Kind};
pub use error::{Error, Result};
