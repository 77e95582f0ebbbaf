//! One optimizer step: a batch shared out to the threads, gradients put together, one update.
//!
//! Each thread runs forwards and backwards over its own rows of the batch on its own tape, so that
//! the threads meet only at the ends. Weights' gradients are not computed there but deferred: the
//! rows of all threads go into one product a weight, shared out by rows of the weight.

use std::time::Instant;

use tensor::optim::Optimizer;
use tensor::{Backpropagated, BatchPart, Gradients, Norms, Params, Profile, Tape, Tensor, Threads};

use crate::Result;
use crate::model::{BatchLoss, Model};

/// What a step needs besides the batch.
#[derive(Debug, Clone, Copy)]
pub struct StepOptions {
    /// The run's seed.
    pub seed: u64,
    /// Steps done before this one: the counter of the step's random draws.
    pub step: u64,
    /// Learning rate.
    pub learning_rate: f32,
    /// Global gradient norm to clip at, if any.
    pub clip: Option<f32>,
    /// Compute each parameter's ratio of update to value.
    pub ratios: bool,
    /// Keep gradient norms of states over time.
    pub flow: bool,
    /// Keep the time of each operation.
    pub profile: bool,
}

/// What a step gave.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Loss in nats per counted position, before the update.
    pub loss: f64,
    /// Counted positions.
    pub count: usize,
    /// Counted positions where the likeliest token was right.
    pub correct: usize,
    /// Gradient norms.
    pub norms: Norms,
    /// Update over value of each parameter, where asked for.
    pub ratios: Option<Vec<f64>>,
    /// Gradient norms of states over time, by name, where asked for.
    pub flow: Vec<(String, Vec<f64>)>,
    /// The time of each operation, all threads' together, where asked for.
    pub profile: Option<Profile>,
    /// False where loss or gradient was not finite, so that nothing was updated.
    pub updated: bool,
}

/// Trains on one batch.
///
/// # Errors
/// Errors of operations.
pub fn train_step<M: Model>(
    model: &M,
    params: &mut Params,
    optimizer: &mut Optimizer,
    batch: &[&M::Example],
    threads: &Threads,
    options: &StepOptions,
) -> Result<Outcome> {
    let shape = model.shape_of(batch);
    let count = threads.count().min(batch.len()).max(1);
    let mut parts: Vec<Option<Result<(BatchLoss, Backpropagated)>>> =
        (0..count).map(|_| None).collect();
    let shared: &Params = params;
    threads.for_each(&mut parts, |first, part| {
        // Every count-th row: like lengths are neighbours, so all threads get alike work.
        let rows: Vec<&M::Example> = batch.iter().skip(first).step_by(count).copied().collect();
        let place = BatchPart { first, step: count, total: batch.len() };
        let mut tape = Tape::new(shared)
            .with_draws(options.seed, options.step)
            .with_part(place)
            .with_threads(threads);
        if options.flow {
            tape = tape.with_flow();
        }
        if options.profile {
            tape = tape.with_profile();
        }
        *part = Some(model.loss(&mut tape, &rows, &shape).and_then(|loss| {
            let back = tape.backward(&[(loss.loss, Tensor::scalar(1.0))])?;
            Ok((loss, back))
        }));
    });
    let mut gradients = Gradients::default();
    let (mut nll, mut counted, mut correct) = (0.0, 0, 0);
    let mut flow: Vec<(String, Vec<f64>)> = Vec::new();
    let mut profile = options.profile.then(Profile::default);
    for part in parts.into_iter().flatten() {
        let (loss, back) = part?;
        nll += loss.nll;
        counted += loss.count;
        correct += loss.correct;
        add_flow(&mut flow, back.flow);
        if let (Some(all), Some(part)) = (&mut profile, &back.profile) {
            all.merge(part);
        }
        gradients.merge(back.gradients);
    }
    // These run on all threads at once, so each counts for all of them.
    let mut timed = |name, since: &mut Instant| {
        if let Some(profile) = &mut profile {
            profile.add_backward(name, since.elapsed() * threads.count() as u32);
            *since = Instant::now();
        }
    };
    let mut since = Instant::now();
    let summed = gradients.finish(params, threads)?;
    timed("weight gradients", &mut since);
    let norms = summed.norms(options.clip);
    timed("gradient norms", &mut since);
    let loss = nll / counted.max(1) as f64;
    let updated = loss.is_finite() && norms.total.is_finite();
    let mut ratios = None;
    if updated {
        let rate = options.learning_rate;
        ratios = optimizer.step(params, &summed, &norms, rate, threads, options.ratios)?;
        timed("optimizer, packing", &mut since);
    }
    for (_, norms) in &mut flow {
        norms.iter_mut().for_each(|n| *n = n.sqrt());
    }
    Ok(Outcome { loss, count: counted, correct, norms, ratios, flow, profile, updated })
}

/// Adds the squares of norms, series by series.
fn add_flow(all: &mut Vec<(String, Vec<f64>)>, part: Vec<(String, Vec<f64>)>) {
    for (name, norms) in part {
        let i = all.iter().position(|(n, _)| *n == name).unwrap_or_else(|| {
            all.push((name, Vec::new()));
            all.len() - 1
        });
        let sums = &mut all[i].1;
        sums.resize(sums.len().max(norms.len()), 0.0);
        sums.iter_mut().zip(norms).for_each(|(s, n)| *s += n * n);
    }
}
