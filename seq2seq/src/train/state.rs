//! The state of training, as stored in a checkpoint.

use tensor::init::Rng;
use tensor::kernels::all_finite;
use tensor::optim::Optimizer;
use tensor::{Params, Threads, le_bytes};

use super::average::Average;
use super::store::to_checkpoint;
use crate::model::Model;
use crate::run::{Checkpoint, Progress};
use crate::{Error, Result};

/// The state of training, as stored in a checkpoint.
pub struct TrainingState<'a, M: Model> {
    /// The model.
    pub model: &'a mut M,
    /// Its parameters.
    pub params: &'a mut Params,
    /// The optimizer.
    pub optimizer: &'a mut Optimizer,
    /// The moving average of the parameters, used for evaluation in their place, if any.
    pub average: Option<Average>,
    /// State of the shuffling generator at the start of this epoch.
    pub shuffle: Rng,
    /// Progress of the run.
    pub progress: Progress,
}

impl<M: Model> TrainingState<'_, M> {
    /// Returns everything that a resumed run needs. Tensors are shared, not copied.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        let (average, carried) = (self.average.as_ref(), self.model.carried());
        to_checkpoint(self.params, self.optimizer, average, &self.shuffle, &carried, self.progress)
    }

    /// Returns a hash of the parameters and of their average.
    pub(super) fn fingerprint(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let mut bytes = [0; 1 << 14];
        let average = self.average.iter().flat_map(|average| average.params().iter());
        for (_, value) in self.params.iter().chain(average) {
            for part in value.data().chunks(bytes.len() / 4) {
                hasher.update(le_bytes::write(part, &mut bytes));
            }
        }
        hasher.finalize()
    }

    /// Returns `true` if every parameter is finite.
    pub(super) fn is_finite(&self) -> bool {
        self.params.iter().all(|(_, value)| all_finite(value.data()))
    }

    /// Calls `how` with the parameters that inference uses: the average, if any. Returns `None` if
    /// the run was cancelled meanwhile; it then stops before the next step.
    pub(super) fn look<T>(
        &self,
        threads: &Threads,
        how: impl FnOnce(&M, &Params, &Threads) -> Result<T>,
    ) -> Result<Option<T>> {
        let params = self.average.as_ref().map_or(&*self.params, Average::params);
        match how(self.model, params, threads) {
            Err(Error::Cancelled) => Ok(None),
            seen => Ok(Some(params.checked(seen?)?)),
        }
    }
}
