//! Training of a model of one's own with a run directory.

use std::path::Path;

use tensor::init::{Rng, rng};
use tensor::optim::Optimizer;
use tensor::{Device, Params};

use super::ranks::{Role, lead, ready, release, role};
use super::ready::{Ready, equip, go, started};
use super::{Outcome, finished};
use crate::event::{CheckpointKind, Start};
use crate::link::Link;
use crate::model::Model;
use crate::ranks::Given;
use crate::run::{Checkpoint, Progress, RunDir, StoredRun, Vocabularies};
use crate::train::{Average, Recorder, RunLength, from_checkpoint, tensors};
use crate::{Error, Result, devices};

/// Only the model knows what it validates on; that anything is held out allows the settings of
/// validations to change while it trains.
const UNCOUNTED: usize = 1;

/// Begins a run of a [`Model`] of one's own in the new folder `path`, and trains it to its end: with
/// the threads, optimizer, schedule, validations, checkpoints, events and commands of any run.
///
/// `stored` ([`StoredRun::new`]) has the configuration of the training loop, seed, device and limits;
/// the keys of networks and text have no effect on a model that does not read them. `vocabularies`
/// are stored with the run. The program watches and lists the run; only this call and
/// [`resume_model`] can continue it, since only the caller can build the model.
///
/// # Errors
/// The folder exists, a value of the configuration is out of its range, the device is missing; errors
/// of the model and of writing.
///
/// `seq2seq/examples/02-own-model.rs` is a complete program.
pub fn begin_model<M: Model>(
    (model, params): (&mut M, &mut Params),
    examples: &[M::Example],
    vocabularies: &Vocabularies,
    stored: StoredRun,
    path: &Path,
    link: &mut Link,
) -> Result<Outcome> {
    match role(link)? {
        Role::First => {
            let result = begin((model, params), examples, vocabularies, stored, path, link);
            release(link, result)
        }
        Role::Other(given) => follow((model, params), examples, &given, link),
        Role::Done(outcome) => Ok(outcome),
    }
}

fn begin<M: Model>(
    (model, params): (&mut M, &mut Params),
    examples: &[M::Example],
    vocabularies: &Vocabularies,
    mut stored: StoredRun,
    path: &Path,
    link: &mut Link,
) -> Result<Outcome> {
    stored.config.validate()?;
    stored.check_ranges(path)?;
    let own = Own::new(params, &stored, link)?;
    stored.identify();
    link.check()?;
    let shuffle = rng(stored.seed, "shuffle");
    let first = Checkpoint::first(params, &own.optimizer, own.average.as_ref(), &shuffle);
    let created = RunDir::create(path, &stored, vocabularies, &first);
    params.checked(())?;
    let dir = created?;
    let (log, _) = dir.log(&dir.checkpoint(CheckpointKind::Last)?)?;
    lead(link, path, &stored, vocabularies, &first, examples.len())?;
    let start =
        start(&stored, model, examples, vocabularies, started(&stored, params, &own.device));
    let recorder = Recorder::new(&dir, log, link);
    own.go(
        (model, params),
        examples,
        (stored, start, None),
        recorder,
        (shuffle, Progress::default()),
    )
}

/// Continues a run that [`begin_model`] began, from its last checkpoint: the parameters get their
/// values from there. Examples and model must be those of the beginning.
///
/// `change` may change limits, device and the keys that may change on a resume.
///
/// # Errors
/// `path` holds no run, another model or a run in use; those of [`begin_model`].
pub fn resume_model<M: Model>(
    (model, params): (&mut M, &mut Params),
    examples: &[M::Example],
    path: &Path,
    change: impl FnOnce(&mut StoredRun),
    link: &mut Link,
) -> Result<Outcome> {
    match role(link)? {
        Role::First => {
            let result = resume((model, params), examples, path, change, link);
            release(link, result)
        }
        Role::Other(given) => follow((model, params), examples, &given, link),
        Role::Done(outcome) => Ok(outcome),
    }
}

fn resume<M: Model>(
    (model, params): (&mut M, &mut Params),
    examples: &[M::Example],
    path: &Path,
    change: impl FnOnce(&mut StoredRun),
    link: &mut Link,
) -> Result<Outcome> {
    let dir = RunDir::resume(path)?;
    let mut stored = dir.stored()?;
    let checkpoint = dir.checkpoint(CheckpointKind::Last).map_err(|e| dir.way_on(e))?;
    stored.rewind(&checkpoint)?;
    let before = stored.config.clone();
    change(&mut stored);
    stored.check_ranges(path)?;
    stored.config.validate()?;
    let mut own = Own::new(params, &stored, link)?;
    let file = dir.checkpoint_path(CheckpointKind::Last);
    let shuffle = own.load((model, params), &checkpoint, &file)?;
    let vocabularies = dir.vocabularies()?;
    let mut start =
        start(&stored, model, examples, &vocabularies, started(&stored, params, &own.device));
    start.changes = before.changes(&stored.config);
    if let Some(outcome) = finished(&stored, start.last_step, &checkpoint.progress, &dir) {
        return Ok(outcome);
    }
    link.check()?;
    dir.store(&stored)?;
    let (log, warning) = dir.log(&checkpoint)?;
    lead(link, path, &stored, &vocabularies, &checkpoint, examples.len())?;
    let recorder = Recorder::new(&dir, log, link);
    let at = (shuffle, checkpoint.progress);
    own.go((model, params), examples, (stored, start, warning), recorder, at)
}

/// Trains on a rank after the first.
fn follow<M: Model>(
    (model, params): (&mut M, &mut Params),
    examples: &[M::Example],
    given: &Given,
    link: &mut Link,
) -> Result<Outcome> {
    let Given { path, checkpoint, .. } = given;
    let prepared = (|link: &Link, params: &mut Params| {
        let stored = given.stored()?;
        if examples.len() != given.examples {
            return Err(Error::OtherCorpus { data: stored.data });
        }
        let mut own = Own::new(params, &stored, link)?;
        let shuffle = own.load((model, params), checkpoint, path)?;
        Ok((stored, own, shuffle))
    })(link, params);
    let (stored, own, shuffle) = ready(link, prepared)?;
    let vocabularies = given.vocabularies()?;
    let start =
        start(&stored, model, examples, &vocabularies, started(&stored, params, &own.device));
    let recorder = Recorder::silent(path, link);
    let at = (shuffle, checkpoint.progress);
    own.go((model, params), examples, (stored, start, None), recorder, at)
}

/// What a model of one's own is trained with.
struct Own {
    device: Device,
    optimizer: Optimizer,
    average: Option<Average>,
}

impl Own {
    /// Opens the device and moves the parameters there.
    fn new(params: &mut Params, stored: &StoredRun, link: &Link) -> Result<Self> {
        let device = devices::open_at(&stored.device, stored.threads, link.ranks().place())?;
        params.to_device(&device)?;
        let (optimizer, average) = equip(&stored.config, params, &device)?;
        Ok(Self { device, optimizer, average })
    }

    /// Loads a checkpoint, and returns the shuffling generator.
    fn load<M: Model>(
        &mut self,
        (model, params): (&M, &mut Params),
        checkpoint: &Checkpoint,
        path: &Path,
    ) -> Result<Rng> {
        model.load_state(tensors(&checkpoint.carried))?;
        from_checkpoint(params, &mut self.optimizer, self.average.as_mut(), checkpoint, path)
    }

    /// Starts the loop.
    fn go<M: Model>(
        mut self,
        (model, params): (&mut M, &mut Params),
        examples: &[M::Example],
        (stored, start, warning): (StoredRun, Start, Option<String>),
        recorder: Recorder<'_>,
        at: (Rng, Progress),
    ) -> Result<Outcome> {
        let run = Ready {
            stored,
            model,
            examples,
            params,
            optimizer: &mut self.optimizer,
            average: self.average,
            device: &self.device,
            start,
            warnings: warning.into_iter().collect(),
            memory: 0.0,
            held_out: UNCOUNTED,
        };
        go(run, recorder, at)
    }
}

fn start<M: Model>(
    stored: &StoredRun,
    model: &M,
    examples: &[M::Example],
    vocabularies: &Vocabularies,
    start: Start,
) -> Start {
    let length = RunLength::new(model, examples, stored);
    Start {
        train_pairs: examples.len() as u64,
        source_vocabulary: vocabularies.source.len() as u64,
        target_vocabulary: vocabularies.target.len() as u64,
        steps_per_epoch: length.steps_per_epoch,
        last_step: Some(length.last_step),
        ..start
    }
}
