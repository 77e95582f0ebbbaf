//! The trainer's state to a checkpoint and back.

use std::path::Path;

use tensor::init::{Position, Rng};
use tensor::optim::{Optimizer, Slot, State};
use tensor::{Params, Tensor};

use super::average::Average;
use super::progress::Progress;
use super::schedule::Patience;
use crate::run::{Checkpoint, RngState, StoredOptimizer, StoredTensor};
use crate::{Error, Result};

const STEPS: &str = "steps";
const SHUFFLE: &str = "shuffle";
const STALE: &str = "validations without a best";
const WAITED: &str = "validations since the rate was lowered";
const REDUCTIONS: &str = "reductions of the rate";
const OWED: &str = "validations owed";

/// Everything a resumed run needs. Tensors are shared, not copied.
pub(crate) fn to_checkpoint(
    params: &Params,
    optimizer: &Optimizer,
    average: Option<&Average>,
    shuffle: &Rng,
    progress: &Progress,
) -> Checkpoint {
    let state = optimizer.state();
    let slot = |s: &Slot| (s.name.clone(), s.tensors.iter().map(StoredTensor::from).collect());
    let average = average.map(Average::slot);
    let slots = state.slots.iter().chain(&average).map(slot).collect();
    let patience = progress.patience;
    let running = [
        (STALE, patience.stale),
        (WAITED, patience.waited),
        (REDUCTIONS, patience.reductions),
        (OWED, u64::from(progress.owes_validation)),
    ];
    let at = Position::of(shuffle);
    let rng = RngState { seed: at.seed, stream: at.stream, word_pos: at.word };
    Checkpoint {
        step: progress.step,
        epoch: progress.epoch,
        batch: progress.batch,
        seconds: progress.seconds,
        events_len: 0,
        params: params.iter().map(|(n, t)| (n.to_string(), StoredTensor::from(t))).collect(),
        optimizer: StoredOptimizer {
            step: progress.step,
            slots,
            rows: vec![(STEPS.into(), state.steps.clone())],
        },
        rng: vec![(SHUFFLE.into(), rng)],
        best: progress.best,
        learning_rate: progress.learning_rate,
        running: running.map(|(name, n)| (name.to_owned(), n as f64)).to_vec(),
        end: progress.end,
    }
}

/// The place of what a model carries from batch to batch, beside the optimizer's; no parameter has
/// this name.
const CARRIED: &str = "carried from batch to batch";

/// Puts what a model carries from batch to batch into a checkpoint.
pub(crate) fn put_carried(checkpoint: &mut Checkpoint, carried: &[Tensor]) {
    if !carried.is_empty() {
        let tensors = carried.iter().map(StoredTensor::from).collect();
        checkpoint.optimizer.slots.push((CARRIED.into(), tensors));
    }
}

/// Takes it out again; nothing where nothing was put in.
pub(crate) fn take_carried(checkpoint: &mut Checkpoint) -> Vec<Tensor> {
    let slots = &mut checkpoint.optimizer.slots;
    let Some(at) = slots.iter().position(|(name, _)| name == CARRIED) else { return Vec::new() };
    slots.remove(at).1.into_iter().map(Tensor::from).collect()
}

/// Puts a checkpoint's parameters into a model's store.
///
/// # Errors
/// A parameter that is missing, foreign or of another shape; the error names `path`.
fn load_params(params: &mut Params, checkpoint: &Checkpoint, path: &Path) -> Result<()> {
    let wrong = |what: String| Error::OtherModel { path: path.into(), what };
    if checkpoint.params.len() != params.len() {
        let (found, expected) = (checkpoint.params.len(), params.len());
        return Err(wrong(format!("{found} parameters, expected {expected}")));
    }
    for (name, stored) in &checkpoint.params {
        let id = params.find(name).ok_or_else(|| wrong(format!("unknown parameter {name}")))?;
        let tensor = Tensor::from(stored.clone());
        params.set(id, tensor).map_err(|e| wrong(format!("{name}: {e}")))?;
    }
    Ok(())
}

/// Puts what a checkpoint offers for use into a model's store: the average of its parameters where
/// it has one, else the parameters.
///
/// # Errors
/// Those of [`load_params`].
pub(crate) fn load_for_use(
    params: &mut Params,
    checkpoint: &Checkpoint,
    path: &Path,
) -> Result<()> {
    load_params(params, checkpoint, path)?;
    let slots = &checkpoint.optimizer.slots;
    let Some((_, average)) = slots.iter().find(|(name, _)| name == Average::SLOT) else {
        return Ok(());
    };
    let wrong = |what: String| Error::OtherModel { path: path.into(), what };
    let (found, expected) = (average.len(), params.len());
    if found != expected {
        return Err(wrong(format!("{found} averages, expected {expected}")));
    }
    for (id, stored) in params.ids().zip(average) {
        let tensor = Tensor::from(stored.clone());
        params.set(id, tensor).map_err(|e| wrong(format!("average: {e}")))?;
    }
    Ok(())
}

/// Puts a checkpoint back: parameters, optimizer, average, generator, progress.
///
/// # Errors
/// A checkpoint of another model, or without the average that is wanted; the error names `path`.
pub(crate) fn from_checkpoint(
    params: &mut Params,
    optimizer: &mut Optimizer,
    average: Option<&mut Average>,
    checkpoint: &Checkpoint,
    path: &Path,
) -> Result<(Rng, Progress)> {
    load_params(params, checkpoint, path)?;
    let wrong = |what: String| Error::OtherModel { path: path.into(), what };
    let stored = &checkpoint.optimizer;
    let steps = stored.rows.iter().find(|(n, _)| n == STEPS).map(|(_, s)| s.clone());
    let slots = stored.slots.iter().map(|(name, tensors)| Slot {
        name: name.clone(),
        tensors: tensors.iter().cloned().map(Tensor::from).collect(),
    });
    let (mut averages, slots): (Vec<Slot>, Vec<Slot>) =
        slots.partition(|slot| slot.name == Average::SLOT);
    if let Some(average) = average
        && !averages.pop().is_some_and(|slot| average.restore(slot))
    {
        return Err(wrong("no average of its parameters that fits".into()));
    }
    let state = State { steps: steps.unwrap_or_default(), slots };
    optimizer.restore(state).map_err(|e| wrong(e.to_string()))?;
    let rng = checkpoint.rng.iter().find(|(n, _)| n == SHUFFLE).map(|(_, s)| *s);
    let rng = rng.ok_or_else(|| wrong("no generator for shuffling".into()))?;
    let rng = Position { seed: rng.seed, stream: rng.stream, word: rng.word_pos }.rng();
    let running = |name: &str| {
        let found = checkpoint.running.iter().find(|(n, _)| n == name);
        found.map_or(0, |(_, value)| *value as u64)
    };
    let progress = Progress {
        step: checkpoint.step,
        epoch: checkpoint.epoch,
        batch: checkpoint.batch,
        seconds: checkpoint.seconds,
        best: checkpoint.best,
        learning_rate: checkpoint.learning_rate,
        patience: Patience {
            stale: running(STALE),
            waited: running(WAITED),
            reductions: running(REDUCTIONS),
        },
        owes_validation: running(OWED) > 0,
        end: checkpoint.end,
    };
    Ok((rng, progress))
}
