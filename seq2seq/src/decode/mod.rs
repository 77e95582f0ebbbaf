//! Decoding: from a trained network to its output.

mod greedy;
mod sampling;

use tokenizer::EOS;

pub use greedy::greedy;
pub use sampling::{SamplingOptions, generate};

/// What was decoded: a translation, or the continuation of a text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decoded {
    /// Target ids, EOS last unless the length limit was hit; none where the source is empty.
    pub ids: Vec<u32>,
    /// Natural-log probability of the ids.
    pub logprob: f64,
    /// Attention weights of each id over the source positions; none without attention.
    pub attention: Vec<Vec<f32>>,
}

impl Decoded {
    /// True where the length limit was hit before the end token came.
    pub fn is_truncated(&self) -> bool {
        self.ids.last().is_some_and(|&id| id != EOS)
    }
}
