//! Trained models of any task: measured, and made to write.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tensor::{Device, Params};

use crate::config::TaskKind;
use crate::model::SamplingOptions;
use crate::range::Range;
use crate::run::{RunDir, StoredRun};
use crate::task::{LanguageModel, SequenceModel};
use crate::tasks::Generated;
use crate::train::load_for_use;
use crate::{Error, Evaluation, Result, Translator, devices};

/// Figures of a run's model (`best` where there was validation, else `last`) on a corpus SPEC,
/// whatever its task. `max_length` cuts translations in place of the run's key of that name.
///
/// # Errors
/// No run there, a damaged file, unreadable data, data of another task, a device that is not there;
/// a `max_length` for a model that does not translate.
pub fn evaluate(
    run: &Path,
    device: &str,
    threads: Option<usize>,
    data: &str,
    columns: Option<(usize, usize)>,
    max_length: Option<usize>,
) -> Result<Evaluation> {
    let stored = RunDir::open(run)?.stored_in_range()?;
    if let Some(n) = max_length.filter(|_| stored.config.task != TaskKind::Translation) {
        let what = format!(
            "max_length = {n}: {} was trained with task = {}, whose evaluation writes nothing that \
             could be cut; leave it out",
            run.display(),
            stored.config.task
        );
        return Err(Error::Configuration { problems: vec![what] });
    }
    if let Some((source, target)) = columns.filter(|_| stored.config.task != TaskKind::Translation)
    {
        let what = format!(
            "columns = {source},{target}: {} was trained with task = {}, which has no two sides to \
             choose; leave it out",
            run.display(),
            stored.config.task
        );
        return Err(Error::Configuration { problems: vec![what] });
    }
    match stored.config.task {
        TaskKind::Translation => Translator::open(run, device, threads)?
            .with_max_length(max_length)
            .evaluate(data, columns),
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            let sampler = Sampler::open(run, device, threads)?;
            let threads = sampler.device.threads();
            let found = sampler.model.evaluate(&sampler.params, data, threads)?;
            Ok(sampler.params.checked(found)?)
        }
        TaskKind::Sequence => {
            let device = devices::open(device, threads)?;
            let task = stored.data.parse::<Generated>()?.name;
            let mut params = Params::new();
            let model = SequenceModel::new(&mut params, &stored.config, task, stored.seed)?;
            load_for_use(&mut params, &RunDir::open(run)?.best_or_last()?, run)?;
            params.to_device(&device)?;
            let found = model.evaluate(&params, data, stored.seed, device.threads())?;
            Ok(params.checked(found)?)
        }
    }
}

/// What a language model is to write.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleOptions {
    /// Texts.
    pub count: usize,
    /// What logits are divided by before a token is drawn, 0 for the most probable token; as the run
    /// was begun where absent.
    pub temperature: Option<f32>,
    /// How each text begins.
    pub prefix: String,
    /// Seed of the draws.
    pub seed: u64,
    /// Tokens after the prefix, at most, the end counted; as the run was begun where absent.
    pub length: Option<usize>,
}

impl Default for SampleOptions {
    fn default() -> Self {
        Self { count: 10, temperature: None, prefix: String::new(), seed: 1, length: None }
    }
}

/// A text that a language model wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeneratedText {
    /// The text, its prefix included.
    pub text: String,
    /// Natural-log probability of what follows the prefix, at temperature 1.
    pub logprob: f64,
    /// The tokens that follow the prefix, the end token last where the text came to its end.
    pub tokens: Vec<String>,
}

/// A trained language model of a run directory (`best` where there was validation, else `last`).
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
    /// No run there, another task's run, a damaged file, a device that is not there.
    pub fn open(run: &Path, device: &str, threads: Option<usize>) -> Result<Self> {
        let dir = RunDir::open(run)?;
        let stored = dir.stored_in_range()?;
        let task = stored.config.task;
        if !matches!(task, TaskKind::LanguageLines | TaskKind::LanguageStream) {
            return Err(Error::OtherTask {
                path: run.into(),
                task: task.to_string(),
                needed: "a language model",
            });
        }
        let device = devices::open(device, threads)?;
        let mut params = Params::new();
        let model = LanguageModel::new(&mut params, &stored, dir.vocabularies()?.target)?;
        load_for_use(&mut params, &dir.best_or_last()?, run)?;
        params.to_device(&device)?;
        Ok(Self { model, params, device, stored })
    }

    /// Tokens of a prefix that the model does not know, each once, in their order: it reads `<unk>` in
    /// their places.
    pub fn unknown_in(&self, prefix: &str) -> Vec<String> {
        self.model.unknown_in(prefix)
    }

    /// Writes texts: the same options give the same texts.
    ///
    /// # Errors
    /// A temperature below 0, errors of operations.
    pub fn sample(&self, options: &SampleOptions) -> Result<Vec<GeneratedText>> {
        let temperature = options.temperature.unwrap_or(self.stored.config.temperature);
        if !Range::TEMPERATURE.contains(f64::from(temperature)) {
            return Err(Error::BadValue {
                key: "--temperature".into(),
                value: temperature.to_string(),
                allowed: format!("a number {}", Range::TEMPERATURE),
            });
        }
        let draws = SamplingOptions { temperature, seed: options.seed };
        let limit = options.length.unwrap_or_else(|| self.model.text_limit());
        let prefix = &options.prefix;
        let all = self.model.write(&self.params, prefix, options.count, limit, draws)?;
        let all = self.params.checked(all)?;
        let written = |d: crate::model::Decoded| GeneratedText {
            text: self.model.joined(prefix, &d.ids),
            logprob: d.logprob,
            tokens: self.model.shown(&d.ids),
        };
        Ok(all.into_iter().map(written).collect())
    }
}
