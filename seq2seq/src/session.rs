//! A training run from its options to its end.

use std::path::{Path, PathBuf};

use tensor::init::{Rng, rng};
use tensor::optim::{self, Optimizer, OptimizerConfig};
use tensor::{Device, Params};

use crate::config::Preset;
use crate::control::Link;
use crate::data::{Batching, Corpus, Example, Text};
use crate::event::{CheckpointKind, End, EndReason, Event, Start};
use crate::health;
use crate::model::{EncoderDecoder, Model, TranslationModel};
use crate::run::{EventLog, RunDir, StoredRun, Vocabularies, new_run_path};
use crate::train::{Average, Progress, Settings, Trainer, from_checkpoint, to_checkpoint};
use crate::{Error, Result};

/// What a person asked for: a preset, changes to it, and where it goes.
///
/// `None` means "as the preset says" for a new run and "as the run was started" for a resumed one.
#[derive(Debug, Clone, Default)]
pub struct TrainOptions {
    /// Name of the preset; `phrasebook` by default.
    pub preset: Option<String>,
    /// The corpus: `phrasebook`, `phrasebook:PART`, a TSV file, or two files joined by a comma.
    pub data: Option<String>,
    /// The held-out pairs, in the same form, or `none`; by default a fixed share of the corpus.
    pub valid: Option<String>,
    /// Source and target column of TSV files, from 1.
    pub columns: Option<(usize, usize)>,
    /// `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`.
    pub device: Option<String>,
    /// Threads; by default all processors.
    pub threads: Option<usize>,
    /// Seed of every random stream.
    pub seed: Option<u64>,
    /// Epochs, counted from the run's start.
    pub epochs: Option<u64>,
    /// Optimizer steps, counted from the run's start.
    pub max_steps: Option<u64>,
    /// Minutes of training, counted from the run's start.
    pub max_minutes: Option<f64>,
    /// The run directory; by default a new one under `runs/`.
    pub run_dir: Option<PathBuf>,
    /// Changes to the preset, key and value.
    pub set: Vec<(String, String)>,
    /// Go on with the run in `run_dir`.
    pub resume: bool,
}

/// How a run ended, and where it is.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run directory.
    pub run_dir: PathBuf,
    /// How it ended.
    pub end: End,
    /// True where nothing was done because the run had already finished.
    pub already_finished: bool,
}

/// Trains, from the options to the run's end, on this thread.
///
/// # Errors
/// Bad options, unreadable data, a run directory in use or damaged, a device that is not there.
pub fn train(options: &TrainOptions, link: &mut Link) -> Result<Outcome> {
    if let Some(minutes) = options.max_minutes.filter(|m| !(m.is_finite() && *m > 0.0)) {
        return Err(Error::BadValue {
            key: "--max-minutes".into(),
            value: minutes.to_string(),
            allowed: "a number of minutes above 0".into(),
        });
    }
    if options.resume { resume(options, link) } else { begin(options, link) }
}

/// Everything between the options and the loop.
struct Prepared {
    stored: StoredRun,
    task: TranslationModel,
    examples: Vec<Example>,
    params: Params,
    optimizer: Optimizer,
    average: Option<Average>,
    device: Device,
    corpus: u64,
    start: Start,
}

fn begin(options: &TrainOptions, link: &mut Link) -> Result<Outcome> {
    let preset = Preset::find(options.preset.as_deref().unwrap_or("phrasebook"))?;
    let mut config = preset.config;
    for (key, value) in &options.set {
        config.set(key, value)?;
    }
    if let Some(epochs) = options.epochs {
        config.epochs = epochs;
    }
    config.validate()?;
    let stored = StoredRun {
        program: env!("CARGO_PKG_VERSION").into(),
        preset: preset.name,
        config,
        data: options.data.clone().unwrap_or_else(|| "phrasebook".into()),
        valid: options.valid.clone(),
        columns: options.columns,
        corpus_hash: None,
        seed: options.seed.unwrap_or(1),
        device: options.device.clone().unwrap_or_else(|| "cpu".into()),
        threads: options.threads,
        max_steps: options.max_steps,
        max_minutes: options.max_minutes,
    };
    // Before the corpus is read: a run that cannot be written should say so at once.
    let path = match &options.run_dir {
        Some(path) if path.symlink_metadata().is_ok() => {
            return Err(Error::RunExists { path: path.clone() });
        }
        Some(path) => path.clone(),
        None => new_run_path(Path::new("runs"), &stored.preset),
    };
    let mut run = prepare(stored, None, link)?;
    run.stored.corpus_hash = Some(run.corpus);
    let shuffle = rng(run.stored.seed, "shuffle");
    let progress = Progress::default();
    let average = run.average.as_ref();
    let first = to_checkpoint(&run.params, &run.optimizer, average, &shuffle, &progress);
    let text = &run.task.text;
    let vocabularies = Vocabularies {
        source: text.source_vocabulary.clone(),
        target: text.target_vocabulary.clone(),
    };
    let dir = RunDir::create(&path, &run.stored, &vocabularies, &first)?;
    let log = dir.log(&dir.checkpoint(CheckpointKind::Last)?)?;
    go(run, &dir, log, shuffle, progress, link)
}

fn resume(options: &TrainOptions, link: &mut Link) -> Result<Outcome> {
    let Some(path) = &options.run_dir else {
        let what = "--resume needs --run-dir: the run to go on with".into();
        return Err(Error::NothingTrained { what });
    };
    let dir = RunDir::resume(path)?;
    let mut stored = dir.stored()?;
    stored.check(path, options)?;
    for (key, value) in &options.set {
        stored.config.set(key, value)?;
    }
    stored.config.epochs = options.epochs.unwrap_or(stored.config.epochs);
    stored.config.validate()?;
    stored.max_steps = options.max_steps.or(stored.max_steps);
    stored.max_minutes = options.max_minutes.or(stored.max_minutes);
    stored.threads = options.threads.or(stored.threads);
    if let Some(device) = &options.device {
        stored.device.clone_from(device);
    }
    let checkpoint = dir.checkpoint(CheckpointKind::Last)?;
    let mut run = prepare(stored, Some(dir.vocabularies()?), link)?;
    if run.stored.corpus_hash.is_some_and(|h| h != run.corpus) {
        return Err(Error::CorpusChanged { run: path.clone(), data: run.stored.data });
    }
    let file = dir.checkpoint_path(CheckpointKind::Last);
    let average = run.average.as_mut();
    let (shuffle, progress) =
        from_checkpoint(&mut run.params, &mut run.optimizer, average, &checkpoint, &file)?;
    let patience = run.stored.config.stop_patience;
    let over = run.start.last_step.is_some_and(|n| progress.step >= n)
        || run.start.max_minutes.is_some_and(|m| progress.seconds >= m * 60.0)
        || (patience > 0 && progress.patience.stale >= patience);
    if over && checkpoint.is_finished() {
        let end = End {
            step: progress.step,
            seconds: progress.seconds,
            reason: checkpoint.end.unwrap_or(EndReason::Finished),
            dropped_events: 0,
        };
        return Ok(Outcome { run_dir: path.clone(), end, already_finished: true });
    }
    dir.store(&run.stored)?;
    let log = dir.log(&checkpoint)?;
    go(run, &dir, log, shuffle, progress, link)
}

/// Reads the corpus and builds the model.
fn prepare(
    stored: StoredRun,
    vocabularies: Option<Vocabularies>,
    link: &mut Link,
) -> Result<Prepared> {
    let mut say = |text: &str| link.send(Event::Phase { text: text.into() });
    let config = &stored.config;
    let device = Device::open(&stored.device, stored.threads.unwrap_or(0))?;
    say(&format!("reading corpus {}", stored.data));
    let (train, held_out) = corpora(&stored)?;
    let corpus = train.fingerprint() ^ held_out.fingerprint().rotate_left(31);
    say("building vocabularies");
    let text = match vocabularies {
        Some(v) => Text::restore(config, v.source, v.target),
        None => Text::build(config, &train),
    };
    let examples: Vec<Example> = train.pairs.iter().map(|p| text.encode(p)).collect();
    say("building the model");
    let mut params = Params::new();
    let (source, target) = (text.source_vocabulary.len(), text.target_vocabulary.len());
    let network = EncoderDecoder::new(&mut params, config, source, target, stored.seed)?;
    let optimizer = Optimizer::new(config.optimizer.into(), &params)?;
    let (valid_pairs, unknown_rate) = (held_out.pairs.len(), text.unknown_rate(&held_out).rate());
    let average = (config.average_decay > 0.0).then(|| Average::new(config.average_decay, &params));
    let task = TranslationModel::new(network, text, held_out, &train);
    let sizes = |size: fn(&TranslationModel, &Example) -> usize| -> Vec<usize> {
        examples.iter().map(|e| size(&task, e)).collect()
    };
    let (lengths, widths) = (sizes(Model::length), sizes(Model::width));
    let (epochs, steps_per_epoch) = Batching::new(config).steps(
        &lengths,
        &widths,
        config.accumulate,
        config.epochs,
        stored.max_steps.unwrap_or(u64::MAX),
        rng(stored.seed, "shuffle"),
    );
    let start = Start {
        preset: stored.preset.clone(),
        data: stored.data.clone(),
        device: device.describe(),
        threads: device.threads().count(),
        seed: stored.seed,
        parameters: params.scalars() as u64,
        train_pairs: examples.len() as u64,
        valid_pairs: valid_pairs as u64,
        source_vocabulary: source as u64,
        target_vocabulary: target as u64,
        unknown_rate,
        steps_per_epoch,
        last_step: Some(stored.max_steps.map_or(epochs, |n| n.min(epochs))),
        max_minutes: stored.max_minutes,
        step: 0,
        seconds: 0.0,
    };
    Ok(Prepared { stored, task, examples, params, optimizer, average, device, corpus, start })
}

/// The pairs to train on and those held out.
fn corpora(stored: &StoredRun) -> Result<(Corpus, Corpus)> {
    let config = &stored.config;
    // The whole phrasebook as training corpus is its training part: its test part stays unseen.
    let is_phrasebook = stored.data == "phrasebook";
    let data = if is_phrasebook { "phrasebook:train" } else { &stored.data };
    let mut train = Corpus::read(data, stored.columns)?;
    let read = train.pairs.len();
    Text::filter(config, &mut train);
    let held_out = match stored.valid.as_deref() {
        Some("none") => Corpus::default(),
        Some(spec) => Corpus::read(spec, stored.columns)?,
        None if is_phrasebook => Corpus::read("phrasebook:valid", None)?,
        None => train.hold_out(),
    };
    if let Some(waits) = config.waits_for_validations().filter(|_| held_out.pairs.is_empty()) {
        let problem =
            format!("{waits}: no pair is held out, so it would wait for ever; give --valid");
        return Err(Error::Configuration { problems: vec![problem] });
    }
    if train.pairs.is_empty() {
        let what = format!(
            "corpus {}: none of its {read} pairs is left to train on: they are empty, longer than \
             max_source_words = {} or max_target_words = {}, or begin with none of target_prefixes \
             (see `--columns` and `--set`)",
            stored.data, config.max_source_words, config.max_target_words
        );
        return Err(Error::NothingTrained { what });
    }
    Ok((train, held_out))
}

/// Starts the loop.
fn go(
    mut run: Prepared,
    dir: &RunDir,
    mut log: EventLog,
    shuffle: Rng,
    progress: Progress,
    link: &mut Link,
) -> Result<Outcome> {
    let config = &run.stored.config;
    run.start.step = progress.step;
    run.start.seconds = progress.seconds;
    let last_step = run.start.last_step.unwrap_or(u64::MAX);
    let unknown_rate = run.start.unknown_rate;
    let start = Event::Start(Box::new(run.start));
    log.append(&start)?;
    link.send(start);
    let warnings = health::unknown_words(&run.examples, unknown_rate);
    for text in warnings {
        let warning = Event::Warning { step: progress.step, text };
        log.append(&warning)?;
        link.send(warning);
    }
    let settings = Settings::new(config, run.stored.seed, last_step, run.stored.max_minutes);
    let trainer = Trainer {
        model: &run.task,
        params: &mut run.params,
        optimizer: &mut run.optimizer,
        average: run.average,
        examples: &run.examples,
        threads: run.device.threads(),
        settings,
        progress,
        shuffle,
        dir,
        log,
        link,
    };
    let end = trainer.run()?;
    Ok(Outcome { run_dir: dir.path().to_path_buf(), end, already_finished: false })
}

impl From<crate::config::Optimizer> for OptimizerConfig {
    fn from(name: crate::config::Optimizer) -> Self {
        use crate::config::Optimizer as Name;
        match name {
            Name::Sgd => Self::Sgd(optim::Sgd::default()),
            Name::Adam => Self::Adam(optim::Adam::default()),
            Name::Adamw => Self::AdamW(optim::AdamW::default()),
            Name::Adadelta => Self::Adadelta(optim::Adadelta::default()),
            Name::Adagrad => Self::Adagrad(optim::Adagrad::default()),
            Name::Rmsprop => Self::RmsProp(optim::RmsProp::default()),
        }
    }
}
