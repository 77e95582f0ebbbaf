//! A trained model, ready to translate, score and be evaluated.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// One translated line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Translation {
    /// The line as given.
    pub source: String,
    /// The translation.
    pub target: String,
    /// Natural-log probability of the target given the source, EOS included.
    pub logprob: f64,
    /// Target tokens, EOS last.
    pub tokens: Vec<String>,
    /// Source tokens, EOS last.
    pub source_tokens: Vec<String>,
    /// Attention weights, tokens x source tokens.
    pub attention: Vec<Vec<f32>>,
}

/// Figures of a corpus; teacher-forced ones count EOS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Natural-log loss per target token.
    pub loss_per_token: f64,
    /// exp(loss_per_token).
    pub perplexity: f64,
    /// Share of target tokens that are the argmax.
    pub token_accuracy: f64,
    /// Share of greedy outputs equal to the normalised reference.
    pub exact_match: f64,
    /// BLEU of greedy outputs, tokenisation `none`, 0 to 100.
    pub bleu: f64,
    /// Sentences scored.
    pub sentences: u64,
    /// Target tokens scored, EOS counted.
    pub tokens: u64,
    /// Alignment error rate, where the corpus has gold links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aer: Option<f64>,
}

/// A trained model of a run directory (`best` where there was validation, else `last`).
#[derive(Debug)]
pub struct Translator {}

impl Translator {
    /// Opens the model of a run.
    ///
    /// # Errors
    /// No run there, a damaged file, a device that is not there.
    pub fn open(run: &Path, device: &str, threads: Option<usize>) -> Result<Self> {
        let _ = (run, device, threads);
        Err(Error::Other("not yet".into()))
    }

    /// Greedy translations, one for each line.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn translate(&self, lines: &[String]) -> Result<Vec<Translation>> {
        let _ = lines;
        Err(Error::Other("not yet".into()))
    }

    /// Figures of a corpus SPEC.
    ///
    /// # Errors
    /// Unreadable data, errors of the device.
    pub fn evaluate(&self, data: &str, columns: Option<(usize, usize)>) -> Result<Evaluation> {
        let _ = (data, columns);
        Err(Error::Other("not yet".into()))
    }

    /// Natural-log probabilities of each target given its source, EOS included.
    ///
    /// # Errors
    /// Unreadable data, errors of the device.
    pub fn score(&self, data: &str, columns: Option<(usize, usize)>) -> Result<Vec<f64>> {
        let _ = (data, columns);
        Err(Error::Other("not yet".into()))
    }
}
