//! The time of a step, measured before training.

use std::time::Instant;

use tensor::init::Rng;
use tensor::optim::Optimizer;
use tensor::{Params, Threads};

use super::settings::Settings;
use super::step::{StepOptions, backpropagate};
use crate::Result;
use crate::model::Model;

/// Bytes per second at which an optimizer reads and writes its state; an optimizer's part of a step
/// is small, so a typical value is enough.
const MEMORY_SPEED: f64 = 1e10;

/// Returns the seconds that a step takes: the forward and backward passes of a batch of typical
/// size, measured, and the optimizer's part from the number of parameters. Nothing is updated.
/// `None` on a device, which does not finish before it is waited for.
///
/// # Errors
/// Errors of operations.
pub(crate) fn seconds_per_step<M: Model>(
    model: &M,
    params: &Params,
    optimizer: &Optimizer,
    examples: &[M::Example],
    settings: &Settings,
    (threads, mut shuffle): (&Threads, Rng),
) -> Result<Option<f64>> {
    if params.device_properties().is_asynchronous {
        return Ok(None);
    }
    let lengths: Vec<usize> = examples.iter().map(|example| model.sort_key(example)).collect();
    let widths: Vec<usize> = examples.iter().map(|example| model.num_positions(example)).collect();
    let batches = model.batches(&lengths, &widths, settings.batching, &mut shuffle);
    let positions = |batch: &Vec<usize>| batch.iter().map(|&i| widths[i]).sum::<usize>();
    let mut by_size: Vec<&Vec<usize>> = batches.iter().collect();
    by_size.sort_by_key(|batch| positions(batch));
    let Some(typical) = by_size.get(by_size.len() / 2) else { return Ok(None) };
    let batch: Vec<&M::Example> = typical.iter().map(|&i| &examples[i]).collect();
    let options = StepOptions {
        seed: settings.seed,
        step: 0,
        learning_rate: 0.0,
        clip: None,
        ratios: false,
        flow: false,
        profile: false,
    };
    let carried = model.carried();
    // The first pass allocates the memory that the second one and all steps use.
    let mut seconds = 0.0;
    for _ in 0..2 {
        let begun = Instant::now();
        backpropagate(model, params, &batch, threads, &options)?;
        seconds = begun.elapsed().as_secs_f64();
    }
    model.load_state(carried)?;
    let all: usize = batches.iter().map(positions).sum();
    let mean = all as f64 / batches.len() as f64;
    let share = mean / positions(typical).max(1) as f64;
    // An update reads the gradient, and reads and writes the value and each slot.
    let numbers = params.scalars() as f64 * (3.0 + 2.0 * optimizer.config().slot_count() as f64);
    let update = 4.0 * numbers / MEMORY_SPEED;
    let batches_per_step = settings.gradient_accumulation.max(1) as f64;
    Ok(Some(seconds * share * batches_per_step + update))
}
