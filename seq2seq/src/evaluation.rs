//! The figures of a corpus.

use serde::{Deserialize, Serialize};

/// Figures of a corpus; teacher-forced ones count EOS. Those that a task does not have are absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// Natural-log loss per target token; of answers that are numbers the mean squared error.
    pub loss_per_token: f64,
    /// exp(loss_per_token).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perplexity: Option<f64>,
    /// Share of target tokens that are the argmax; of a grammar the share of steps that are legal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_accuracy: Option<f64>,
    /// Share of greedy outputs, detokenised, equal to the reference as it stands in the corpus, white
    /// space at the ends and its runs aside; or of sequences answered rightly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact_match: Option<f64>,
    /// BLEU of greedy outputs, detokenised, against the references as they stand in the corpus, 0 to
    /// 100: [`bleu_13a`](crate::score::bleu_13a).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bleu: Option<f64>,
    /// How `bleu` was computed, in the form of sacreBLEU's signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bleu_signature: Option<String>,
    /// Share of greedy outputs whose tokens are those of the reference, as its recipe and unit make
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_exact_match: Option<f64>,
    /// BLEU of the same tokens (words, or letters), 0 to 100: [`bleu`](crate::score::bleu).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_bleu: Option<f64>,
    /// Greedy outputs that were cut at the limit of their length, before the end token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<u64>,
    /// Blank sources, whose output is empty and which have no part in the teacher-forced figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_sources: Option<u64>,
    /// Sentences scored.
    pub sentences: u64,
    /// Target tokens scored, EOS counted.
    pub tokens: u64,
    /// Alignment error rate, where the corpus has gold links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aer: Option<f64>,
    /// What a reader of the figures should know, in sentences.
    #[serde(skip)]
    pub remarks: Vec<String>,
}
