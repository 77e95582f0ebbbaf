//! What is trained, and how far it is: all that a checkpoint holds.

use tensor::init::Rng;
use tensor::optim::Optimizer;
use tensor::{Params, Threads};

use super::average::Average;
use super::store::to_checkpoint;
use crate::model::Model;
use crate::run::{Checkpoint, Progress};
use crate::{Error, Result};

/// What is trained, and how far it is: all that a checkpoint holds.
pub struct TrainingState<'a, M: Model> {
    /// The model.
    pub model: &'a M,
    /// Its parameters.
    pub params: &'a mut Params,
    /// The optimizer.
    pub optimizer: &'a mut Optimizer,
    /// The moving average of the parameters that is looked at in place of them, if any.
    pub average: Option<Average>,
    /// Where the shuffling generator stood when this epoch began.
    pub shuffle: Rng,
    /// How far it is.
    pub progress: Progress,
}

impl<M: Model> TrainingState<'_, M> {
    /// Everything that a resumed run needs; tensors are shared, not copied.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        let (average, carried) = (self.average.as_ref(), self.model.carried());
        to_checkpoint(self.params, self.optimizer, average, &self.shuffle, &carried, self.progress)
    }

    /// True where every parameter is a finite number.
    pub(super) fn is_finite(&self) -> bool {
        self.params.iter().all(|(_, value)| is_finite(value.data()))
    }

    /// Looks at the model as others will use it: with the average of its parameters, if any.
    /// `None` where the run was cancelled meanwhile: it stops before the next step.
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

/// True where every value is a finite number; in pieces, so that it is vectorised.
fn is_finite(values: &[f32]) -> bool {
    values.chunks(256).all(|part| part.iter().fold(true, |all, x| all & x.is_finite()))
}
