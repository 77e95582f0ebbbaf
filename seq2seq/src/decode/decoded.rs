//! The output of a decoder.

use tokenizer::EOS;

/// A decoded output: a translation, or the continuation of a text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decoded {
    /// Target ids, EOS last unless the length limit was hit; empty if the source is empty.
    pub ids: Vec<u32>,
    /// Natural-log probability of the ids.
    pub logprob: f64,
    /// Natural-log probability of each id.
    pub token_logprobs: Vec<f32>,
    /// Attention weights of each id over the source positions; empty without attention.
    pub attention: Vec<Vec<f32>>,
}

impl Decoded {
    /// Returns `true` if the length limit was hit before the end token.
    pub fn is_truncated(&self) -> bool {
        self.ids.last().is_some_and(|&id| id != EOS)
    }
}

/// An output that a search or sampling returned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hypothesis {
    /// Its tokens, log-probability and attention.
    pub decoded: Decoded,
    /// Its score: the log-probability after the length penalty, with the coverage penalty if there
    /// is one.
    pub score: f64,
}
