//! Checkpoints of format version 1, which stored several values in lists of named entries.

use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, RngState, StoredOptimizer};
use super::codec::Stored;
use super::progress::{Patience, Progress};
use super::stored_tensor::StoredTensor;
use crate::event::{Best, EndReason};

/// Names of scalars.
const STALE: &str = "validations without a best";
const WAITED: &str = "validations since the rate was lowered";
const REDUCTIONS: &str = "reductions of the rate";
const OWED: &str = "validations owed";
const IDENTITY: &str = "identity of the run";
/// The name of the shuffling generator's state.
const SHUFFLE: &str = "shuffle";
/// The name of the optimizer's update counts.
const STEPS: &str = "steps";
/// Names of slots that did not belong to the optimizer.
const AVERAGE: &str = "average";
const CARRIED: &str = "carried from batch to batch";

impl Stored for Checkpoint {
    type V1 = CheckpointV1;
    const KIND: &'static str = "a checkpoint";
}

/// A checkpoint of format version 1.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct CheckpointV1 {
    step: u64,
    epoch: u64,
    batch: u64,
    seconds: f64,
    events_len: u64,
    params: Vec<(String, StoredTensor)>,
    optimizer: OptimizerV1,
    rng: Vec<(String, RngState)>,
    best: Option<Best>,
    learning_rate: Option<f32>,
    running: Vec<(String, f64)>,
    end: Option<EndReason>,
}

/// The optimizer of a checkpoint of format version 1.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct OptimizerV1 {
    step: u64,
    slots: Vec<(String, Vec<StoredTensor>)>,
    rows: Vec<(String, Vec<u64>)>,
}

/// Removes the value with the given name from a list and returns it.
fn take<T>(list: &mut Vec<(String, T)>, name: &str) -> Option<T> {
    let at = list.iter().position(|(other, _)| other == name)?;
    Some(list.remove(at).1)
}

impl From<CheckpointV1> for Checkpoint {
    fn from(mut old: CheckpointV1) -> Self {
        let mut number = |name| take(&mut old.running, name);
        let patience = Patience {
            stale: number(STALE).unwrap_or_default() as u64,
            waited: number(WAITED).unwrap_or_default() as u64,
            reductions: number(REDUCTIONS).unwrap_or_default() as u64,
        };
        let owes_validation = number(OWED).is_some_and(|n| n > 0.0);
        let identity = number(IDENTITY).map(|n| n as u64);
        let average = take(&mut old.optimizer.slots, AVERAGE);
        let carried = take(&mut old.optimizer.slots, CARRIED).unwrap_or_default();
        Self {
            progress: Progress {
                step: old.step,
                epoch: old.epoch,
                batch: old.batch,
                seconds: old.seconds,
                best: old.best,
                learning_rate: old.learning_rate,
                patience,
                owes_validation,
                end: old.end,
            },
            events_len: old.events_len,
            identity,
            params: old.params,
            average,
            optimizer: StoredOptimizer {
                updates: take(&mut old.optimizer.rows, STEPS).unwrap_or_default(),
                slots: old.optimizer.slots,
            },
            shuffle: take(&mut old.rng, SHUFFLE).unwrap_or_default(),
            carried,
        }
    }
}

#[cfg(test)]
mod tests {
    use tensor::Tensor;

    use super::*;

    #[test]
    fn everything_that_had_a_name_finds_its_field() {
        let tensor = |x: f32| vec![StoredTensor::from(Tensor::full([2], x))];
        let shuffle = RngState { seed: [7; 32], stream: 3, word_pos: 1 << 67 };
        let old = CheckpointV1 {
            step: 8,
            epoch: 1,
            batch: 2,
            optimizer: OptimizerV1 {
                step: 8,
                slots: vec![
                    ("m".into(), tensor(1.0)),
                    (AVERAGE.into(), tensor(2.0)),
                    ("v".into(), tensor(3.0)),
                    (CARRIED.into(), tensor(4.0)),
                ],
                rows: vec![(STEPS.into(), vec![8, 7])],
            },
            rng: vec![(SHUFFLE.into(), shuffle)],
            running: [(STALE, 3.0), (WAITED, 2.0), (REDUCTIONS, 1.0), (OWED, 1.0), (IDENTITY, 9.0)]
                .map(|(name, n)| (name.to_owned(), n))
                .to_vec(),
            end: Some(EndReason::Stopped),
            ..CheckpointV1::default()
        };
        let new = Checkpoint::from(old);
        let patience = Patience { stale: 3, waited: 2, reductions: 1 };
        assert_eq!((new.progress.step, new.progress.patience), (8, patience));
        assert!(new.progress.owes_validation && new.identity == Some(9));
        assert_eq!(new.progress.end, Some(EndReason::Stopped));
        assert_eq!(new.average, Some(tensor(2.0)));
        assert_eq!(new.carried, tensor(4.0));
        assert_eq!(new.optimizer.updates, [8, 7]);
        let slots = [("m".into(), tensor(1.0)), ("v".into(), tensor(3.0))];
        assert_eq!(new.optimizer.slots, slots);
        assert_eq!(new.shuffle, shuffle);
    }
}
