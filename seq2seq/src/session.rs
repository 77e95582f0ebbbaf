//! A training run, from its options to its end.

use std::path::{Path, PathBuf};

use tensor::init::{Rng, rng};
use tensor::optim::Optimizer;
use tensor::{Device, Params};

use crate::config::{Change, Preset, SCHEDULE_KEYS, TaskKind};
use crate::data::{Spec, SplitRule};
use crate::event::{CheckpointKind, End, EndReason, Estimate, Event, Start};
use crate::link::Link;
use crate::options::TrainOptions;
use crate::range::Range;
use crate::run::{
    Checkpoint, EventLog, LiveChanges, Progress, RUNS, RunDir, StoredRun, Vocabularies,
    new_run_path,
};
use crate::task::{Built, LanguageModel, Preparation, SequenceModel, Task, TranslationModel};
use crate::train::{
    Average, LiveRun, Recorder, RunLength, Settings, Trainer, TrainingState, from_checkpoint,
    seconds_per_step, tensors, to_checkpoint,
};
use crate::{Error, Result, devices};

/// How a run ended, and where it is.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run directory.
    pub run_dir: PathBuf,
    /// How it ended.
    pub end: End,
    /// Whether nothing was done because the run had already finished.
    pub already_finished: bool,
}

/// Begins or resumes a run and trains it to its end, on this thread.
///
/// # Errors
/// Bad options, unreadable data, a run directory in use or damaged, a missing device;
/// [`Error::Cancelled`] if [the viewer cancelled](crate::Viewer::cancellation) before the run's
/// folder was created or, for a resumed run, before it was changed.
pub fn train(options: &TrainOptions, link: &mut Link) -> Result<Outcome> {
    let bad = |key: &str, value: String, allowed: String| {
        Err(Error::BadValue { key: key.into(), value, allowed })
    };
    if let Some(minutes) = options.max_minutes.filter(|&m| !Range::MINUTES.contains(m)) {
        let allowed = format!("a number of minutes {}", Range::MINUTES);
        return bad("max_minutes", minutes.to_string(), allowed);
    }
    if let Some(threads) = options.threads.filter(|&n| !Range::THREADS.contains(n as f64)) {
        let allowed = format!("a number of threads {}", Range::THREADS);
        return bad("threads", threads.to_string(), allowed);
    }
    if options.resume { resume(options, link) } else { begin(options, link) }
}

/// A run that is ready for the training loop.
struct Prepared<M: Task> {
    stored: StoredRun,
    built: Built<M>,
    params: Params,
    optimizer: Optimizer,
    average: Option<Average>,
    device: Device,
    start: Start,
}

fn begin(options: &TrainOptions, link: &mut Link) -> Result<Outcome> {
    let preset = Preset::find(options.preset.as_deref().unwrap_or("phrasebook"))?;
    let is_given = options.data.is_some() || options.set.iter().any(|(key, _)| key == "data");
    if let Some(needs) = preset.needs.as_ref().filter(|_| !is_given) {
        let (what, example) = (needs.what.clone(), needs.data.clone());
        return Err(Error::NeedsData { preset: preset.name, what, example });
    }
    let mut config = preset.config;
    let data = options.data.as_ref().unwrap_or(&config.data).parse::<Spec>()?;
    if !data.files().is_empty() {
        let set = |key: &str| options.set.iter().any(|(other, _)| other == key);
        let own: Vec<_> = preset.own_data.iter().filter(|(key, _)| !set(key)).collect();
        for (key, value) in &own {
            config.set(key, value)?;
        }
        if !own.is_empty() {
            let keys: Vec<String> = own.iter().map(|(key, v)| format!("{key} = {v}")).collect();
            let text = format!("taking {} for data of your own", keys.join(", "));
            link.send(Event::Phase { text });
        }
    }
    let preset_config = config.clone();
    for (key, value) in &options.set {
        config.set(key, value)?;
    }
    if let Some(epochs) = options.epochs {
        config.epochs = epochs;
    }
    let differences = preset_config.changes(&config);
    config.validate()?;
    let set = options.set.iter().map(|(key, _)| key.as_str());
    config.check_effects(set, options.valid.as_deref() != Some("none"))?;
    let mut stored = StoredRun {
        program: env!("CARGO_PKG_VERSION").into(),
        preset: preset.name,
        data: options.data.clone().unwrap_or_else(|| config.data.clone()),
        config,
        data_path: None,
        valid: options.valid.clone(),
        valid_path: None,
        columns: options.columns,
        split: SplitRule::BothSides,
        corpus_hash: None,
        identity: None,
        seed: options.seed.unwrap_or(1),
        device: options.device.clone().unwrap_or_else(|| "cpu".into()),
        threads: options.threads,
        max_steps: options.max_steps,
        max_minutes: options.max_minutes,
        longest_target: None,
        live_changes: LiveChanges::default(),
    };
    stored.find_files()?;
    // Checked before the corpus is read, so that a run that cannot be written fails at once.
    let path = match &options.run_dir {
        Some(path) if path.symlink_metadata().is_ok() => {
            return Err(Error::RunExists { path: path.clone() });
        }
        Some(path) => path.clone(),
        None => new_run_path(Path::new(RUNS), &stored.preset),
    };
    match stored.config.task {
        TaskKind::Translation => begin_at::<TranslationModel>(stored, differences, &path, link),
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            begin_at::<LanguageModel>(stored, differences, &path, link)
        }
        TaskKind::Sequence => begin_at::<SequenceModel>(stored, differences, &path, link),
    }
}

fn begin_at<M: Task>(
    stored: StoredRun,
    differences: Vec<Change>,
    path: &Path,
    link: &mut Link,
) -> Result<Outcome> {
    let mut run = prepare::<M>(stored, None, link)?;
    run.start.differences = differences;
    run.stored.corpus_hash = Some(run.built.corpus);
    run.stored.longest_target = run.built.longest_target;
    run.stored.identify();
    link.check()?;
    let shuffle = rng(run.stored.seed, "shuffle");
    let progress = Progress::default();
    let average = run.average.as_ref();
    let first = to_checkpoint(&run.params, &run.optimizer, average, &shuffle, &[], progress);
    let created = RunDir::create(path, &run.stored, &run.built.vocabularies, &first);
    // A failure of the device is reported first, since it may cause the error of writing.
    run.params.checked(())?;
    let dir = created?;
    let (log, _) = dir.log(&dir.checkpoint(CheckpointKind::Last)?)?;
    go(run, &dir, log, shuffle, progress, link)
}

fn resume(options: &TrainOptions, link: &mut Link) -> Result<Outcome> {
    let Some(path) = &options.run_dir else {
        let what = "resume needs a run_dir: the run to go on with".into();
        return Err(Error::NothingTrained { what });
    };
    let dir = RunDir::resume(path)?;
    let mut stored = dir.stored()?;
    stored.take_data(options)?;
    stored.check(path, options)?;
    let checkpoint = dir.checkpoint(CheckpointKind::Last).map_err(|e| dir.way_on(e))?;
    let (step, events_len) = (checkpoint.progress.step, checkpoint.events_len);
    let StoredRun { config, live_changes, .. } = &mut stored;
    live_changes.rewind(config, step, events_len)?;
    let before = stored.config.clone();
    for (key, value) in &options.set {
        stored.config.set(key, value)?;
        stored.live_changes.forget(key);
    }
    if options.epochs.is_some() {
        stored.live_changes.forget("epochs");
    }
    stored.config.epochs = options.epochs.unwrap_or(stored.config.epochs);
    stored.max_steps = options.max_steps.or(stored.max_steps);
    stored.max_minutes = options.max_minutes.or(stored.max_minutes);
    stored.threads = options.threads.or(stored.threads);
    stored.check_ranges(path)?;
    stored.config.validate()?;
    let set = options.set.iter().map(|(key, _)| key.as_str());
    stored.config.check_effects(set, stored.valid.as_deref() != Some("none"))?;
    if let Some(device) = &options.device {
        stored.device.clone_from(device);
    }
    let changes = before.changes(&stored.config);
    match stored.config.task {
        TaskKind::Translation => {
            resume_at::<TranslationModel>(stored, changes, &dir, &checkpoint, link)
        }
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            resume_at::<LanguageModel>(stored, changes, &dir, &checkpoint, link)
        }
        TaskKind::Sequence => resume_at::<SequenceModel>(stored, changes, &dir, &checkpoint, link),
    }
}

fn resume_at<M: Task>(
    stored: StoredRun,
    changes: Vec<Change>,
    dir: &RunDir,
    checkpoint: &Checkpoint,
    link: &mut Link,
) -> Result<Outcome> {
    let mut run = prepare::<M>(stored, Some(dir.vocabularies()?), link)?;
    dir.forget_kept_after(checkpoint.progress.step)?;
    if run.stored.corpus_hash.is_some_and(|h| h != run.built.corpus) {
        return Err(Error::CorpusChanged { run: dir.path().into(), data: run.stored.data });
    }
    // Runs of older versions did not store it.
    run.stored.longest_target = run.built.longest_target;
    run.stored.identify();
    run.built.model.load_state(tensors(&checkpoint.carried))?;
    let file = dir.checkpoint_path(CheckpointKind::Last);
    let average = run.average.as_mut();
    let shuffle = from_checkpoint(&mut run.params, &mut run.optimizer, average, checkpoint, &file)?;
    let mut progress = checkpoint.progress;
    if changes.iter().any(|change| SCHEDULE_KEYS.contains(&change.key.as_str())) {
        // The keys of this resume replace a rate that an older program set while it trained.
        progress.learning_rate = None;
    }
    run.start.changes = changes;
    run.start.differences = run.stored.differences();
    let patience = run.stored.config.stop_patience;
    let over = run.start.last_step.is_some_and(|n| progress.step >= n)
        || run.start.max_minutes.is_some_and(|m| progress.seconds >= m * 60.0)
        || (patience > 0 && progress.patience.stale >= patience);
    if over && progress.is_finished() {
        let end = End {
            step: progress.step,
            seconds: progress.seconds,
            reason: progress.end.unwrap_or(EndReason::Finished),
            dropped_events: 0,
        };
        return Ok(Outcome { run_dir: dir.path().into(), end, already_finished: true });
    }
    link.check()?;
    dir.store(&run.stored)?;
    let (log, warning) = dir.log(checkpoint)?;
    run.built.warnings.extend(warning);
    go(run, dir, log, shuffle, progress, link)
}

/// Reads the corpus and builds the model.
fn prepare<M: Task>(
    stored: StoredRun,
    vocabularies: Option<Vocabularies>,
    link: &mut Link,
) -> Result<Prepared<M>> {
    let config = &stored.config;
    let device = devices::open(&stored.device, stored.threads)?;
    let mut params = Params::new();
    let mut built = M::build(&stored, vocabularies, &mut params, &mut Preparation::new(link))?;
    if let Some(waits) = config.waits_for_validations().filter(|_| built.held_out == 0) {
        let problem =
            format!("{waits}: nothing is held out, so it would wait for ever; give valid = FILE");
        return Err(Error::Configuration { problems: vec![problem] });
    }
    if let Some(first) = built.model.epoch_examples(0, device.threads()) {
        // Typical lengths, from which the steps of an epoch are counted.
        built.examples = first;
    }
    params.to_device(&device)?;
    let optimizer = Optimizer::new(config.optimizer_config(), &params)?;
    let average = match config.average_decay {
        decay if decay > 0.0 => Some(Average::new(decay, &params, &device)?),
        _ => None,
    };
    let length = RunLength::new(&built.model, &built.examples, &stored);
    let start = Start {
        preset: stored.preset.clone(),
        model: config.summary(),
        differences: Vec::new(),
        task: config.task,
        data: stored.data.clone(),
        device: device.describe(),
        threads: device.threads().count(),
        seed: stored.seed,
        parameters: params.scalars() as u64,
        train_pairs: built.examples.len() as u64,
        valid_pairs: built.held_out as u64,
        source_vocabulary: built.vocabularies.source.len() as u64,
        target_vocabulary: built.vocabularies.target.len() as u64,
        unknown_rate: built.unknown.held_out.0,
        unknown_target_rate: built.unknown.held_out.1,
        unknown_training_rates: built.unknown.training,
        steps_per_epoch: length.steps_per_epoch,
        last_step: Some(length.last_step),
        max_minutes: stored.max_minutes,
        changes: Vec::new(),
        settings: config.live_settings(),
        step: 0,
        seconds: 0.0,
        best: None,
    };
    Ok(Prepared { stored, built, params, optimizer, average, device, start })
}

/// Number of steps from which on the time of a run is estimated.
const ESTIMATED: u64 = 50;
/// Seconds from which on a run is reported as long.
const LONG: f64 = 2.0 * 3600.0;

/// Returns the estimate for `steps` steps of `step` seconds each.
fn estimate(
    steps: u64,
    step: Option<f64>,
    bytes: f64,
    stored: &StoredRun,
    progress: &Progress,
) -> Estimate {
    let left = stored.max_minutes.map_or(f64::INFINITY, |m| m * 60.0 - progress.seconds);
    let seconds = step.map(|step| (steps as f64 * step).min(left.max(0.0)));
    Estimate { steps, seconds, bytes }
}

/// Returns a warning about a run that takes hours, with a preset that takes less.
fn too_long(estimate: &Estimate, stored: &StoredRun) -> Option<String> {
    let hours = estimate.seconds.filter(|&seconds| seconds >= LONG)? / 3600.0;
    let preset = Preset::find(&stored.preset).ok();
    let smaller = preset
        .and_then(|preset| preset.smaller)
        .map_or_else(String::new, |name| format!("the preset {name} has a smaller model; "));
    Some(format!(
        "training takes about {hours:.0} hours on this machine: {smaller}fewer epochs or a time limit \
         end it sooner"
    ))
}

/// Starts the loop.
fn go<M: Task>(
    mut run: Prepared<M>,
    dir: &RunDir,
    log: EventLog,
    shuffle: Rng,
    progress: Progress,
    link: &mut Link,
) -> Result<Outcome> {
    link.set_run_dir(dir.path());
    let config = &run.stored.config;
    run.start.step = progress.step;
    run.start.seconds = progress.seconds;
    run.start.best = progress.best.filter(|best| best.loss.is_finite());
    let last_step = run.start.last_step.unwrap_or(u64::MAX);
    let mut recorder = Recorder { dir, log, link };
    recorder.tell(Event::Start(Box::new(run.start)))?;
    recorder.warn(progress.step, run.built.warnings)?;
    let threads = run.device.threads().with_cancellation(recorder.link.cancellation());
    let settings = Settings::new(config, run.stored.seed, last_step, run.stored.max_minutes);
    let is_own = run.stored.data.parse::<Spec>().is_ok_and(|data| !data.files().is_empty());
    if is_own && last_step.saturating_sub(progress.step) >= ESTIMATED {
        let phase = Event::Phase { text: "measuring a step".to_owned() };
        recorder.link.send(phase);
        let (model, examples) = (&run.built.model, &run.built.examples);
        let with = (&threads, shuffle.clone());
        let step = seconds_per_step(model, &run.params, &run.optimizer, examples, &settings, with)?;
        let steps = last_step - progress.step;
        let estimate = estimate(steps, step, run.built.memory, &run.stored, &progress);
        let warning = too_long(&estimate, &run.stored);
        recorder.tell(Event::Estimate(estimate))?;
        recorder.warn(progress.step, warning)?;
    }
    let state = TrainingState {
        model: &mut run.built.model,
        params: &mut run.params,
        optimizer: &mut run.optimizer,
        average: run.average,
        shuffle,
        progress,
    };
    let live = LiveRun { stored: run.stored, held_out: run.built.held_out };
    let examples = &run.built.examples;
    let trainer = Trainer::new(state, examples, &threads, (live, settings), recorder);
    let end = trainer.run()?;
    Ok(Outcome { run_dir: dir.path().to_path_buf(), end, already_finished: false })
}
