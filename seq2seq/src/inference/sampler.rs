//! Sampling from a trained language model.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tensor::{Device, Params};

use super::open_run;
use crate::config::TaskKind;
use crate::decode::{Decoded, SamplingOptions};
use crate::range::Range;
use crate::run::StoredRun;
use crate::score::Evaluation;
use crate::task::LanguageModel;
use crate::{Error, Result};

/// Options of [`Sampler::sample`].
#[derive(Debug, Clone, PartialEq)]
pub struct SampleOptions {
    /// Number of texts.
    pub count: usize,
    /// Divisor of the logits before a token is drawn, 0 for the most probable token; by default the
    /// run's.
    pub temperature: Option<f32>,
    /// Beginning of each text.
    pub prefix: String,
    /// Seed of the random draws.
    pub seed: u64,
    /// Maximum number of tokens after the prefix, the end token included; by default the run's.
    pub length: Option<usize>,
}

impl Default for SampleOptions {
    fn default() -> Self {
        Self { count: 10, temperature: None, prefix: String::new(), seed: 1, length: None }
    }
}

/// A text that a language model generated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeneratedText {
    /// The text, its prefix included.
    pub text: String,
    /// Natural-log probability of the tokens after the prefix, at temperature 1.
    pub logprob: f64,
    /// The tokens after the prefix, the end token last if the text was not cut.
    pub tokens: Vec<String>,
}

/// A trained language model of a run directory (`best` if the run has validated, else `last`).
#[derive(Debug)]
pub struct Sampler {
    model: LanguageModel,
    params: Params,
    device: Device,
    stored: StoredRun,
}

impl Sampler {
    /// Opens the model of a run.
    ///
    /// # Errors
    /// A missing run, a run of another task, a damaged file, a missing device.
    pub fn open(run: &Path, device: &str, threads: Option<usize>) -> Result<Self> {
        let tasks = [TaskKind::LanguageLines, TaskKind::LanguageStream];
        let opened = open_run(run, device, threads, &tasks)?;
        let vocabulary = opened.dir.vocabularies()?.target;
        let (model, params) =
            opened.load(|params, stored| LanguageModel::new(params, stored, vocabulary))?;
        Ok(Self { model, params, device: opened.device, stored: opened.stored })
    }

    /// Computes the metrics of a text file, or of the targets of another corpus.
    ///
    /// # Errors
    /// Unreadable data, data without a token to predict, errors of the device.
    pub fn evaluate(&self, data: &str) -> Result<Evaluation> {
        let found = self.model.evaluate(&self.params, data, self.device.threads())?;
        Ok(self.params.checked(found)?)
    }

    /// Returns the tokens of a prefix that are not in the vocabulary, each once, in their order.
    /// The model reads them as `<unk>`.
    pub fn unknown_in(&self, prefix: &str) -> Vec<String> {
        self.model.unknown_in(prefix)
    }

    /// Generates texts. The same options give the same texts.
    ///
    /// # Errors
    /// A temperature below 0, errors of operations.
    pub fn sample(&self, options: &SampleOptions) -> Result<Vec<GeneratedText>> {
        let temperature = options.temperature.unwrap_or(self.stored.config.temperature);
        if !Range::TEMPERATURE.contains(f64::from(temperature)) {
            return Err(Error::BadValue {
                key: "temperature".into(),
                value: temperature.to_string(),
                allowed: format!("a number {}", Range::TEMPERATURE),
            });
        }
        let draws = SamplingOptions { temperature, seed: options.seed };
        let limit = options.length.unwrap_or_else(|| self.model.text_limit());
        let prefix = &options.prefix;
        let all = self.model.write(&self.params, prefix, options.count, limit, draws)?;
        let all = self.params.checked(all)?;
        let written = |d: Decoded| GeneratedText {
            text: self.model.joined(prefix, &d.ids),
            logprob: d.logprob,
            tokens: self.model.shown(&d.ids),
        };
        Ok(all.into_iter().map(written).collect())
    }
}
