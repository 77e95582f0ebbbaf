//! The length of a run in steps.

use tensor::init::rng;

use crate::data::Batching;
use crate::model::Model;
use crate::run::StoredRun;

/// The length of a run in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunLength {
    /// The step at which all epochs are done, or the limit of steps is reached.
    pub last_step: u64,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
}

impl RunLength {
    /// Computes the length of a run from its beginning, whose batches depend on the shuffling of
    /// every epoch if they are limited by positions.
    pub(crate) fn new<M: Model>(model: &M, examples: &[M::Example], stored: &StoredRun) -> Self {
        let sizes = |size: fn(&M, &M::Example) -> usize| -> Vec<usize> {
            examples.iter().map(|example| size(model, example)).collect()
        };
        let config = &stored.config;
        let limit = stored.max_steps.unwrap_or(u64::MAX);
        let (steps, steps_per_epoch) = Batching::new(config).steps(
            &sizes(M::sort_key),
            &sizes(M::num_positions),
            config.gradient_accumulation,
            config.epochs,
            limit,
            rng(stored.seed, "shuffle"),
        );
        Self { last_step: steps.min(limit), steps_per_epoch }
    }
}
