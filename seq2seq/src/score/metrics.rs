//! The metrics of a set of examples.

use serde::{Deserialize, Serialize};

use crate::json_number;

/// The metrics of a set of examples; those that a task does not have are absent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// Teacher-forced loss per target token in nats, EOS counted; of answers that are numbers the
    /// mean squared error.
    #[serde(with = "json_number::one")]
    pub loss: f64,
    /// exp(loss).
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub perplexity: Option<f64>,
    /// Share of target tokens that are the teacher-forced argmax; of a grammar the share of steps
    /// that are legal.
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub token_accuracy: Option<f64>,
    /// Share of greedy outputs, detokenised, equal to the reference as it stands in the corpus, white
    /// space at the ends and its runs aside; or of sequences answered rightly.
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub exact_match: Option<f64>,
    /// BLEU of greedy outputs, detokenised, against the references as they stand in the corpus, 0 to
    /// 100: [`bleu_13a`](crate::score::bleu_13a).
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub bleu: Option<f64>,
    /// BLEU of the model's tokens (words, or letters) against those of the references, 0 to 100:
    /// [`bleu`](crate::score::bleu).
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub token_bleu: Option<f64>,
    /// Greedy outputs that were cut at the limit of their length, before the end token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<u64>,
}

/// All that is said of a corpus: its metrics, and how they were computed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// The metrics.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// How BLEU was computed, in the form of sacreBLEU's signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bleu_signature: Option<String>,
    /// Share of greedy outputs whose tokens are those of the reference, as its recipe and unit make
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_exact_match: Option<f64>,
    /// Blank sources, whose output is empty and which have no part in the teacher-forced metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_sources: Option<u64>,
    /// Sentences scored.
    pub sentences: u64,
    /// Target tokens scored, EOS counted.
    pub tokens: u64,
    /// Alignment error rate, where the corpus has gold links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aer: Option<f64>,
    /// What a reader of the metrics should know, in sentences.
    #[serde(skip)]
    pub remarks: Vec<String>,
}
