//! A translated or answered example, as it is shown.

use serde::{Deserialize, Serialize};

use crate::json_number;

/// One translated sentence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Source tokens as shown, the end token last; empty for a blank line.
    pub source: Vec<String>,
    /// Output tokens, the end token last unless the length limit was hit: greedy, or those of the
    /// reference if it was forced.
    pub output: Vec<String>,
    /// Whether the decoder was fed the reference (teacher forcing); otherwise its own tokens.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_forced: bool,
    /// The source as text, if the task has text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_text: Option<String>,
    /// The output as text, if the task has text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_text: Option<String>,
    /// The reference as it is in the corpus; empty if there is none.
    pub reference: String,
    /// Positions of the source tokens that are not in the vocabulary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<usize>,
    /// Gold links between source and output tokens, if the corpus has them and the output equals the
    /// reference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<(usize, usize)>,
    /// Attention weights, output tokens x source tokens; the mean over the heads.
    #[serde(with = "json_number::list")]
    pub attention: Vec<Vec<f32>>,
    /// The attention weights of each head, heads x output tokens x source tokens; only for a
    /// requested sentence and an attention with several heads.
    #[serde(default, with = "json_number::list", skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<Vec<Vec<f32>>>,
    /// Natural-log probability of the output.
    #[serde(with = "json_number::one")]
    pub logprob: f64,
    /// The outputs of a beam search, the best one first; only for a typed text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<ScoredOutput>,
}

/// An output of a beam search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredOutput {
    /// The output as text.
    pub text: String,
    /// Its natural-log probability.
    #[serde(with = "json_number::one")]
    pub logprob: f64,
    /// Its score: the log-probability after the length penalty.
    #[serde(with = "json_number::one")]
    pub score: f64,
}
