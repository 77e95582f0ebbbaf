//! A translated line, and what is given with a line.

use serde::{Deserialize, Serialize};

/// A line to translate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TranslationRequest {
    /// The line.
    pub source: String,
    /// Text with which the translation begins; empty for a free translation.
    pub prefix: String,
    /// The number of the line, which selects its random numbers in sampling.
    pub number: u64,
}

/// A line whose translation is free, with the number 0.
impl From<&str> for TranslationRequest {
    fn from(source: &str) -> Self {
        Self { source: source.to_owned(), ..Self::default() }
    }
}

/// One translated line.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Translation {
    /// The line as given.
    pub source: String,
    /// The translation.
    pub target: String,
    /// Natural-log probability of the target given the source, EOS included; 0 if the source is
    /// blank, since its translation is always empty.
    pub logprob: f64,
    /// Target tokens, EOS last unless the translation was cut; empty if the source is blank. A
    /// token that was unknown is `<unk>` here even if it was replaced in `target`.
    pub tokens: Vec<String>,
    /// Natural-log probability of each target token.
    #[serde(default)]
    pub token_logprobs: Vec<f32>,
    /// Source tokens, EOS last; empty if the source is blank, before or after its recipe is
    /// applied.
    pub source_tokens: Vec<String>,
    /// The word of each source token, without EOS, counted from 0, if tokens are pieces of words;
    /// empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_token_words: Vec<usize>,
    /// The same for the target tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_words: Vec<usize>,
    /// Attention weights, tokens x source tokens.
    pub attention: Vec<Vec<f32>>,
    /// Attention weights of each head, tokens x heads x source tokens, if they were requested and
    /// the attention has heads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<Vec<Vec<f32>>>,
    /// The most probable tokens at each position, given the tokens before it, if they were
    /// requested; if the translation was cut, also at the position after the last token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Vec<Alternative>>,
    /// Whether the translation was cut at the length limit, before its end token.
    #[serde(default)]
    pub truncated: bool,
    /// Number of unknown target tokens that were replaced.
    #[serde(default)]
    pub replaced: usize,
    /// Number of tokens of the prefix that are unknown to the model, which reads them as `<unk>`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown_prefix: usize,
    /// The score by which hypotheses are ranked: the log-probability after the length penalty.
    #[serde(default)]
    pub score: f64,
    /// The best hypotheses, this one first, or the samples in the order in which they were drawn, if
    /// more than one was requested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub n_best: Vec<Candidate>,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// A translation among the n best of a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The translation.
    pub target: String,
    /// Natural-log probability of the target given the source, EOS included.
    pub logprob: f64,
    /// The log-probability after the length penalty.
    pub score: f64,
    /// Target tokens, EOS last unless the translation was cut.
    pub tokens: Vec<String>,
    /// Natural-log probability of each target token.
    #[serde(default)]
    pub token_logprobs: Vec<f32>,
    /// The word of each target token, as in [`Translation::token_words`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_words: Vec<usize>,
    /// Whether the translation was cut at the length limit, before its end token.
    pub truncated: bool,
    /// Attention weights, tokens x source tokens; not in the JSON form.
    #[serde(skip)]
    pub attention: Vec<Vec<f32>>,
}

/// A token that could have been at a position of a translation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// The token.
    pub token: String,
    /// Its probability given the source and the tokens before it.
    pub probability: f64,
}

/// The natural-log probability of a target given its source, with the limitations of that score.
#[derive(Debug, Clone, PartialEq)]
pub struct PairScore {
    /// The log-probability, EOS included. The translation of a blank source is always empty, so
    /// given a blank source it is 0 for a blank target and minus infinity for any other.
    pub logprob: f64,
    /// The target's tokens, EOS last, and the log-probability of each; empty if the source is blank.
    pub tokens: Vec<(String, f64)>,
    /// Attention weights of each target token over the source tokens, EOS last on both sides; empty
    /// without attention.
    pub attention: Vec<Vec<f32>>,
    /// Whether the source is blank, before or after its recipe is applied.
    pub is_source_blank: bool,
    /// Whether the target is blank, so that its probability is that of the end token alone.
    pub is_target_blank: bool,
    /// Number of source tokens that are not in the vocabulary and are read as `<unk>`.
    pub unknown_source: usize,
    /// Number of target tokens that are not in the vocabulary and are scored as `<unk>`.
    pub unknown_target: usize,
}
