//! Conversion of the training state to and from checkpoints.

use std::path::Path;

use tensor::init::{Position, Rng};
use tensor::optim::{Optimizer, Slot, State};
use tensor::{Params, Tensor};

use super::average::Average;
use crate::run::{Checkpoint, Progress, RngState, StoredOptimizer, StoredTensor};
use crate::{Error, Result};

/// Returns a checkpoint with everything that a resumed run needs, apart from the log's length and
/// the run's identity. Tensors are shared, not copied.
pub(crate) fn to_checkpoint(
    params: &Params,
    optimizer: &Optimizer,
    average: Option<&Average>,
    shuffle: &Rng,
    carried: &[Tensor],
    progress: Progress,
) -> Checkpoint {
    let stored = |all: &[Tensor]| all.iter().map(StoredTensor::from).collect();
    let state = optimizer.state();
    let at = Position::of(shuffle);
    Checkpoint {
        progress,
        events_len: 0,
        identity: None,
        params: params.iter().map(|(n, t)| (n.to_string(), StoredTensor::from(t))).collect(),
        average: average.map(|average| stored(&average.tensors())),
        optimizer: StoredOptimizer {
            slots: state.slots.iter().map(|s| (s.name.clone(), stored(&s.tensors))).collect(),
            updates: state.steps.clone(),
        },
        shuffle: RngState { seed: at.seed, stream: at.stream, word_pos: at.word },
        carried: stored(carried),
    }
}

impl Checkpoint {
    /// Returns the checkpoint of step 0, with which [`RunDir::create`](crate::RunDir::create) begins
    /// a run: parameters, optimizer, the average of the parameters if there is one, and the shuffling
    /// generator (`tensor::init::rng(seed, "shuffle")`).
    pub fn first(
        params: &Params,
        optimizer: &Optimizer,
        average: Option<&Average>,
        shuffle: &Rng,
    ) -> Self {
        to_checkpoint(params, optimizer, average, shuffle, &[], Progress::default())
    }
}

/// Converts stored tensors to tensors.
pub(crate) fn tensors(stored: &[StoredTensor]) -> Vec<Tensor> {
    stored.iter().cloned().map(Tensor::from).collect()
}

/// Loads a checkpoint's parameters into `params`.
///
/// # Errors
/// A parameter that is missing, unknown or of another shape; the error names `path`.
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

/// Loads a checkpoint for inference into `params`: the average of the parameters if it has one,
/// else the parameters.
///
/// # Errors
/// Those of [`load_params`], an average that does not fit.
pub(crate) fn load_for_use(
    params: &mut Params,
    checkpoint: &Checkpoint,
    path: &Path,
) -> Result<()> {
    load_params(params, checkpoint, path)?;
    let Some(average) = &checkpoint.average else { return Ok(()) };
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

/// Loads the mean of the parameters of several checkpoints for inference; of a checkpoint with an
/// average of its parameters, that average.
///
/// # Errors
/// Those of [`load_for_use`]; a checkpoint that cannot be read.
pub(crate) fn load_average(
    params: &mut Params,
    checkpoints: impl ExactSizeIterator<Item = Result<Checkpoint>>,
    path: &Path,
) -> Result<()> {
    let share = 1.0 / checkpoints.len().max(1) as f64;
    let mut sums: Vec<Vec<f64>> = params.iter().map(|(_, value)| vec![0.0; value.len()]).collect();
    for checkpoint in checkpoints {
        load_for_use(params, &checkpoint?, path)?;
        for (sum, (_, value)) in sums.iter_mut().zip(params.iter()) {
            sum.iter_mut().zip(value.data()).for_each(|(sum, &x)| *sum += share * f64::from(x));
        }
    }
    let ids: Vec<_> = params.ids().collect();
    for (id, sum) in ids.into_iter().zip(sums) {
        let mean = sum.into_iter().map(|x| x as f32).collect();
        let mean = Tensor::from_vec(params.get(id).shape(), mean)?;
        params.set(id, mean)?;
    }
    Ok(())
}

/// Restores parameters, optimizer and average from a checkpoint, and returns the shuffling
/// generator.
///
/// # Errors
/// A checkpoint of another model, or without the required average; the error names `path`.
pub(crate) fn from_checkpoint(
    params: &mut Params,
    optimizer: &mut Optimizer,
    average: Option<&mut Average>,
    checkpoint: &Checkpoint,
    path: &Path,
) -> Result<Rng> {
    load_params(params, checkpoint, path)?;
    let wrong = |what: String| Error::OtherModel { path: path.into(), what };
    if let Some(average) = average {
        let found = checkpoint.average.as_deref().map(tensors);
        if !found.is_some_and(|found| average.restore(found)) {
            return Err(wrong("no average of its parameters that fits".into()));
        }
    }
    let StoredOptimizer { slots, updates } = &checkpoint.optimizer;
    let slot = |(name, stored): &(String, Vec<StoredTensor>)| Slot {
        name: name.clone(),
        tensors: tensors(stored),
    };
    let state = State { steps: updates.clone(), slots: slots.iter().map(slot).collect() };
    optimizer.restore(state).map_err(|e| wrong(e.to_string()))?;
    let RngState { seed, stream, word_pos } = checkpoint.shuffle;
    Ok(Position { seed, stream, word: word_pos }.rng())
}
