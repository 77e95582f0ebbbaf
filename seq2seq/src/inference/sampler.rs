//! Sampling from a trained language model.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tensor::{Device, Params, Ranks};

use super::{Precision, open_run};
use crate::config::TaskKind;
use crate::decode::{BeamOptions, Hypothesis, SamplingOptions};
use crate::range::Range;
use crate::run::{StoredRun, Vocabularies};
use crate::score::Evaluation;
use crate::task::LanguageModel;
use crate::{Error, Result};

/// Options of [`Sampler::sample`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SampleOptions {
    /// How tokens are drawn, and the number of texts.
    pub sampling: SamplingOptions,
    /// Beginning of each text.
    pub prefix: String,
    /// Maximum number of tokens after the prefix, the end token included; by default the run's.
    pub length: Option<usize>,
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
        let Vocabularies { target, subwords, .. } = opened.dir.vocabularies()?;
        let (model, params) = opened.load(|params, stored| {
            LanguageModel::new(params, stored, target, subwords.target.as_ref())
        })?;
        Ok(Self { model, params, device: opened.device, stored: opened.stored })
    }

    /// Shares the work with other ranks, as [`Translator::with_ranks`](crate::Translator::with_ranks)
    /// does.
    #[must_use]
    pub fn with_ranks(self, ranks: &Ranks) -> Self {
        Self { device: self.device.with_ranks(ranks), ..self }
    }

    /// Converts the model to other numbers, as
    /// [`Translator::with_precision`](crate::Translator::with_precision) does.
    ///
    /// # Errors
    /// 8-bit integers on a device; a value of a matrix that is not finite.
    pub fn with_precision(mut self, precision: Precision) -> Result<Self> {
        precision.convert(&mut self.params)?;
        Ok(self)
    }

    /// Computes the metrics of a text file, or of the targets of another corpus.
    ///
    /// # Errors
    /// Unreadable data, data without a token to predict, errors of the device.
    pub fn evaluate(&self, data: &str) -> Result<Evaluation> {
        let found = self.model.evaluate(&self.params, data, self.device.threads())?;
        Ok(self.params.checked(found)?)
    }

    /// Computes the metrics of lines of text.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn evaluate_lines(&self, lines: &[String]) -> Result<Evaluation> {
        let found = self.model.evaluate_lines(&self.params, lines, self.device.threads())?;
        Ok(self.params.checked(found)?)
    }

    /// Returns the tokens of a prefix that are not in the vocabulary, each once, in their order.
    /// The model reads them as `<unk>`.
    pub fn unknown_in(&self, prefix: &str) -> Vec<String> {
        self.model.unknown_in(prefix)
    }

    /// Returns the temperature that the run was started with.
    pub fn temperature(&self) -> f32 {
        self.stored.config.temperature
    }

    /// Samples texts. The same options give the same texts.
    ///
    /// # Errors
    /// A temperature below 0, errors of operations.
    pub fn sample(&self, options: &SampleOptions) -> Result<Vec<GeneratedText>> {
        let SampleOptions { sampling, prefix, length } = options;
        if !Range::TEMPERATURE.contains(f64::from(sampling.draw.temperature)) {
            return Err(Error::BadValue {
                key: "temperature".into(),
                value: sampling.draw.temperature.to_string(),
                allowed: format!("a number {}", Range::TEMPERATURE),
            });
        }
        let (limit, threads) = (self.limit(*length), self.device.threads());
        let all = self.model.sample_texts(&self.params, prefix, limit, sampling, threads)?;
        Ok(self.generated(prefix, all))
    }

    /// Continues a text by beam search: the most probable continuations of at most `length` tokens,
    /// by default the run's, the best-scored first.
    ///
    /// # Errors
    /// Errors of operations.
    pub fn search(
        &self,
        prefix: &str,
        length: Option<usize>,
        options: &BeamOptions,
    ) -> Result<Vec<GeneratedText>> {
        let (limit, threads) = (self.limit(length), self.device.threads());
        let all = self.model.search_texts(&self.params, prefix, limit, options, threads)?;
        Ok(self.generated(prefix, all))
    }

    fn limit(&self, length: Option<usize>) -> usize {
        length.unwrap_or_else(|| self.model.text_limit())
    }

    fn generated(&self, prefix: &str, all: Vec<Hypothesis>) -> Vec<GeneratedText> {
        let text = |h: Hypothesis| GeneratedText {
            text: self.model.joined(prefix, &h.decoded.ids),
            logprob: h.decoded.logprob,
            tokens: self.model.shown(&h.decoded.ids),
        };
        all.into_iter().map(text).collect()
    }
}
