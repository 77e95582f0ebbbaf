//! A training run, from its options to its end.

mod outcome;
mod own;
mod pairs;
mod ranks;
mod ready;

use std::path::{Path, PathBuf};

use tensor::init::rng;

pub use self::outcome::Outcome;
pub use self::own::{begin_model, resume_model};
pub use self::pairs::train_pairs;
use self::ranks::{Role, follow, lead, release, role};
use self::ready::{go, prepare};
use crate::config::{Change, Preset, SCHEDULE_KEYS, TaskKind};
use crate::data::{PairsInMemory, Spec};
use crate::event::{CheckpointKind, End, EndReason, Event};
use crate::link::Link;
use crate::options::TrainOptions;
use crate::range::Range;
use crate::run::{Checkpoint, Progress, RUNS, RunDir, StoredRun, new_run_path};
use crate::task::{LanguageModel, SequenceModel, Task, TranslationModel};
use crate::train::{Recorder, from_checkpoint, tensors};
use crate::{Error, Result};

/// Begins or resumes a run and trains it to its end, on this thread.
///
/// If the link has [joined other ranks](Link::with_ranks), all of them call this. The others read the
/// corpus of the options that rank 0 was given, and return when it does.
///
/// # Errors
/// Bad options, unreadable data, a run directory in use or damaged, a missing device;
/// [`Error::Cancelled`] if [the viewer cancelled](crate::Viewer::cancellation) before the run's
/// folder was created or, for a resumed run, before it was changed.
pub fn train(options: &TrainOptions, link: &mut Link) -> Result<Outcome> {
    match role(link)? {
        Role::First => {
            let result = check_ranges(options).and_then(|()| match options.resume {
                true => resume(options, None, link),
                false => begin(options, link),
            });
            release(link, result)
        }
        Role::Other(given) => follow(&given, None, link),
        Role::Done(outcome) => Ok(outcome),
    }
}

/// Checks the numbers of the options.
fn check_ranges(options: &TrainOptions) -> Result<()> {
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
    Ok(())
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
    let data = options.data.clone().unwrap_or_else(|| config.data.clone());
    let mut stored = StoredRun {
        preset: preset.name,
        valid: options.valid.clone(),
        columns: options.columns,
        ..StoredRun::new(config, data)
    };
    stored.take_limits(options);
    stored.find_files()?;
    // Checked before the corpus is read, so that a run that cannot be written fails at once.
    let path = new_path(options, &stored)?;
    match stored.config.task {
        TaskKind::Translation => {
            begin_at::<TranslationModel>(stored, None, differences, &path, link)
        }
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            begin_at::<LanguageModel>(stored, None, differences, &path, link)
        }
        TaskKind::Sequence => begin_at::<SequenceModel>(stored, None, differences, &path, link),
    }
}

/// Returns the folder of a new run.
///
/// # Errors
/// It exists already.
fn new_path(options: &TrainOptions, stored: &StoredRun) -> Result<PathBuf> {
    match &options.run_dir {
        Some(path) if path.symlink_metadata().is_ok() => {
            Err(Error::RunExists { path: path.clone() })
        }
        Some(path) => Ok(path.clone()),
        None => Ok(new_run_path(Path::new(RUNS), &stored.preset)),
    }
}

fn begin_at<M: Task>(
    stored: StoredRun,
    memory: Option<&PairsInMemory>,
    differences: Vec<Change>,
    path: &Path,
    link: &mut Link,
) -> Result<Outcome> {
    let mut run = prepare::<M>(stored, None, memory, link)?;
    run.start.differences = differences;
    run.stored.corpus_hash = Some(run.built.corpus);
    run.stored.longest_target = run.built.longest_target;
    run.stored.identify();
    link.check()?;
    let shuffle = rng(run.stored.seed, "shuffle");
    let average = run.average.as_ref();
    let first = Checkpoint::first(&run.params, &run.optimizer, average, &shuffle);
    let created = RunDir::create(path, &run.stored, &run.built.vocabularies, &first);
    // A failure of the device is reported first, since it may cause the error of writing.
    run.params.checked(())?;
    let dir = created?;
    let (log, _) = dir.log(&dir.checkpoint(CheckpointKind::Last)?)?;
    let examples = run.built.examples.len();
    lead(link, dir.path(), &run.stored, &run.built.vocabularies, &first, examples)?;
    go(run.ready(), Recorder::new(&dir, log, link), (shuffle, Progress::default()))
}

fn resume(
    options: &TrainOptions,
    memory: Option<&PairsInMemory>,
    link: &mut Link,
) -> Result<Outcome> {
    let Some(path) = &options.run_dir else {
        let what = "resume needs a run_dir: the run to go on with".into();
        return Err(Error::NothingTrained { what });
    };
    let dir = RunDir::resume(path)?;
    let mut stored = dir.stored()?;
    stored.take_data(options)?;
    stored.check(path, options)?;
    let checkpoint = dir.checkpoint(CheckpointKind::Last).map_err(|e| dir.way_on(e))?;
    stored.rewind(&checkpoint)?;
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
            resume_at::<TranslationModel>(stored, memory, changes, (&dir, &checkpoint), link)
        }
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            resume_at::<LanguageModel>(stored, None, changes, (&dir, &checkpoint), link)
        }
        TaskKind::Sequence => {
            resume_at::<SequenceModel>(stored, None, changes, (&dir, &checkpoint), link)
        }
    }
}

fn resume_at<M: Task>(
    stored: StoredRun,
    memory: Option<&PairsInMemory>,
    changes: Vec<Change>,
    (dir, checkpoint): (&RunDir, &Checkpoint),
    link: &mut Link,
) -> Result<Outcome> {
    let mut run = prepare::<M>(stored, Some(dir.vocabularies()?), memory, link)?;
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
    if let Some(outcome) = finished(&run.stored, run.start.last_step, &progress, dir) {
        return Ok(outcome);
    }
    link.check()?;
    dir.store(&run.stored)?;
    let (log, warning) = dir.log(checkpoint)?;
    run.built.warnings.extend(warning);
    let given = Checkpoint { progress, ..checkpoint.clone() };
    let stored = StoredRun { corpus_hash: Some(run.built.corpus), ..run.stored.clone() };
    let examples = run.built.examples.len();
    lead(link, dir.path(), &stored, &run.built.vocabularies, &given, examples)?;
    go(run.ready(), Recorder::new(dir, log, link), (shuffle, progress))
}

/// Returns how a run ended if nothing is left to do.
fn finished(
    stored: &StoredRun,
    last_step: Option<u64>,
    progress: &Progress,
    dir: &RunDir,
) -> Option<Outcome> {
    let patience = stored.config.stop_patience;
    let over = last_step.is_some_and(|n| progress.step >= n)
        || stored.max_minutes.is_some_and(|m| progress.seconds >= m * 60.0)
        || (patience > 0 && progress.patience.stale >= patience);
    (over && progress.is_finished()).then(|| {
        let end = End {
            step: progress.step,
            seconds: progress.seconds,
            reason: progress.end.unwrap_or(EndReason::Finished),
            dropped_events: 0,
        };
        Outcome { run_dir: dir.path().into(), end, already_finished: true }
    })
}
