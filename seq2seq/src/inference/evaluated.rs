//! How a model is evaluated, and what comes of it.

use std::path::PathBuf;

use tensor::Ranks;

use super::{EnsembleOptions, Precision};
use crate::decode::{BeamOptions, UnknownWordOptions};
use crate::score::{BleuOptions, Evaluation, ScoredOutputs};

/// Options of [`evaluate_outputs`](crate::evaluate_outputs). Those from `columns` on apply to translation only.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateOptions {
    /// The device: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`.
    pub device: String,
    /// Number of threads; all processors if absent, or this rank's share of them.
    pub threads: Option<usize>,
    /// The numbers that the model computes with.
    pub precision: Precision,
    /// The ranks that share the work: every rank calls the same function with the same options, and
    /// gets the result. By default there is only this one.
    pub ranks: Ranks,
    /// Source and target column, from 1; those of the run if absent.
    pub columns: Option<(usize, usize)>,
    /// How outputs are decoded.
    pub decoding: BeamOptions,
    /// What becomes of unknown words; what the run's key `unknown_words` says if absent.
    pub unknown_words: Option<UnknownWordOptions>,
    /// How several runs become one model.
    pub ensemble: EnsembleOptions,
    /// How BLEU splits texts into words, and the letter case of BLEU and chrF.
    pub bleu: BleuOptions,
    /// A file of gold links for the corpus: [`LinksFile`](crate::data::LinksFile).
    pub links: Option<PathBuf>,
}

impl Default for EvaluateOptions {
    fn default() -> Self {
        Self {
            device: "cpu".to_owned(),
            threads: None,
            precision: Precision::default(),
            ranks: Ranks::default(),
            columns: None,
            decoding: BeamOptions::greedy(),
            unknown_words: None,
            ensemble: EnsembleOptions::default(),
            bleu: BleuOptions::default(),
            links: None,
        }
    }
}

/// The evaluation of a model on a corpus, with its outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The metrics.
    pub evaluation: Evaluation,
    /// The outputs and their scores, if the model translates.
    pub translations: Option<EvaluatedTranslations>,
}

/// The outputs of a model that translates.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluatedTranslations {
    /// The outputs, in the order of the corpus.
    pub outputs: Vec<String>,
    /// Their scores, from which confidence is computed and two models are compared.
    pub scored: ScoredOutputs,
    /// The fingerprint of the corpus as it was read: [`Corpus::fingerprint`].
    ///
    /// [`Corpus::fingerprint`]: crate::data::Corpus::fingerprint
    pub corpus: u64,
}
