//! A trained model, ready to translate, score and be evaluated.

use std::path::Path;

use serde::{Deserialize, Serialize};

use tensor::{Device, Params};

use crate::config::Task;
use crate::data::{Corpus, Text};
use crate::evaluate::{evaluate, forced};
use crate::model::{Decoded, EncoderDecoder, greedy};
use crate::run::RunDir;
use crate::train::load_for_use;
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

/// Figures of a corpus; teacher-forced ones count EOS. Those that a task does not have are absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Natural-log loss per target token; of answers that are numbers the mean squared error.
    pub loss_per_token: f64,
    /// exp(loss_per_token).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perplexity: Option<f64>,
    /// Share of target tokens that are the argmax; of a grammar the share of steps that are legal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_accuracy: Option<f64>,
    /// Share of greedy outputs equal to the normalised reference, or of sequences answered rightly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact_match: Option<f64>,
    /// BLEU of greedy outputs, tokenisation `none`, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bleu: Option<f64>,
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
pub struct Translator {
    network: EncoderDecoder,
    params: Params,
    text: Text,
    device: Device,
}

impl Translator {
    /// Opens the model of a run.
    ///
    /// # Errors
    /// No run there, a damaged file, a device that is not there.
    pub fn open(run: &Path, device: &str, threads: Option<usize>) -> Result<Self> {
        let device = Device::open(device, threads.unwrap_or(0))?;
        let dir = RunDir::open(run)?;
        let stored = dir.stored_in_range()?;
        if stored.config.task != Task::Translation {
            return Err(Error::OtherTask {
                path: run.into(),
                task: stored.config.task,
                needed: "a translation",
            });
        }
        let vocabularies = dir.vocabularies()?;
        let text = Text::restore(&stored.config, vocabularies.source, vocabularies.target);
        let mut params = Params::new();
        let (source, target) = (text.source_vocabulary.len(), text.target_vocabulary.len());
        let network =
            EncoderDecoder::new(&mut params, &stored.config, source, target, stored.seed)?;
        load_for_use(&mut params, &dir.best_or_last()?, run)?;
        params.to_device(&device)?;
        Ok(Self { network, params, text, device })
    }

    /// Greedy translations, one for each line.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn translate(&self, lines: &[String]) -> Result<Vec<Translation>> {
        let sources: Vec<_> = lines.iter().map(|l| self.text.encode_source(l)).collect();
        let limit = self.network.max_length();
        let threads = self.device.threads();
        let decoded = greedy(&self.network, &self.params, &sources, limit, threads)?;
        let translation = |(line, d): (&String, Decoded)| Translation {
            source: line.clone(),
            target: self.text.detokenize(&d.ids),
            logprob: d.logprob,
            tokens: self.text.target_words(&d.ids),
            source_tokens: self.text.source_words(line),
            attention: d.attention.into_iter().map(|a| self.text.attention_in_order(a)).collect(),
        };
        Ok(lines.iter().zip(decoded).map(translation).collect())
    }

    /// Figures of a corpus SPEC.
    ///
    /// # Errors
    /// Unreadable data, errors of the device.
    pub fn evaluate(&self, data: &str, columns: Option<(usize, usize)>) -> Result<Evaluation> {
        let corpus = Corpus::read(data, columns)?;
        if corpus.pairs.is_empty() {
            let what = format!("corpus {data}: it holds no pair, so there is nothing to score");
            return Err(Error::NothingTrained { what });
        }
        self.evaluate_corpus(&corpus)
    }

    /// Figures of sentence pairs.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn evaluate_corpus(&self, corpus: &Corpus) -> Result<Evaluation> {
        evaluate(&self.network, &self.params, &self.text, corpus, self.device.threads())
    }

    /// Natural-log probabilities of each target given its source, EOS included.
    ///
    /// # Errors
    /// Unreadable data, errors of the device.
    pub fn score(&self, data: &str, columns: Option<(usize, usize)>) -> Result<Vec<f64>> {
        let corpus = Corpus::read(data, columns)?;
        let examples: Vec<_> = corpus.pairs.iter().map(|p| self.text.encode(p)).collect();
        let threads = self.device.threads();
        let pairs = forced(&self.network, &self.params, &self.text, &examples, threads)?;
        Ok(pairs.into_iter().map(|p| p.logprob).collect())
    }
}
