//! The metrics of a set of examples.

use serde::{Deserialize, Serialize};

use super::scored::OutputScores;
use crate::json_number;

/// The metrics of a set of examples; metrics that do not apply to a task are absent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// Teacher-forced loss per target token in nats, EOS included; for numeric answers the mean
    /// squared error.
    #[serde(with = "json_number::one")]
    pub loss: f64,
    /// exp(loss).
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub perplexity: Option<f64>,
    /// Share of target tokens that equal the teacher-forced argmax; for a grammar the share of
    /// steps with a legal prediction.
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub token_accuracy: Option<f64>,
    /// Share of detokenised outputs that equal the reference in the corpus, ignoring white
    /// space at the ends and repeated white space; or share of sequences with the right answer.
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub exact_match: Option<f64>,
    /// BLEU of detokenised outputs against the references in the corpus, 0 to 100:
    /// [`bleu_13a`](crate::score::bleu_13a).
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub bleu: Option<f64>,
    /// BLEU of the model's tokens (words, or letters) against those of the references, 0 to 100:
    /// [`bleu`](crate::score::bleu).
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub token_bleu: Option<f64>,
    /// Outputs that were truncated at the length limit, before the end token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<u64>,
}

/// The evaluation of a corpus: its metrics, and how they were computed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// The metrics.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// How BLEU was computed, in the form of sacreBLEU's signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bleu_signature: Option<String>,
    /// Share of outputs whose tokens equal those of the reference after the target recipe
    /// and unit were applied to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_exact_match: Option<f64>,
    /// Blank sources. Their output is empty, and the teacher-forced metrics exclude them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_sources: Option<u64>,
    /// Sentences scored.
    pub sentences: u64,
    /// Target tokens scored, EOS included.
    pub tokens: u64,
    /// Alignment error rate, if the corpus has gold links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aer: Option<f64>,
    /// Scores of the outputs, if the model gives texts and they were requested.
    #[serde(flatten)]
    pub outputs: Option<OutputScores>,
    /// Remarks for readers of the metrics, in sentences.
    #[serde(skip)]
    pub remarks: Vec<String>,
}
