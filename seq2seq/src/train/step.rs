//! One optimizer step: one or more batches, each shared out to the threads, gradients put together, one update.
//!
//! Each thread runs forward and backward over its own rows of the batch on its own tape, so that
//! the threads meet only at the ends. Weights' gradients are not computed there but deferred: the
//! rows of all threads go into one product a weight, shared out by rows of the weight.

use std::collections::BTreeMap;
use std::time::Instant;

use tensor::optim::{Optimizer, Report, Update};
use tensor::{
    Backpropagated, BatchPart, DeferredScalar, Flow, Gradients, Norms, Params, PooledVec, Profile,
    ReducedGradients, Tape, Tensor, Threads,
};

use crate::Result;
use crate::model::{BatchLoss, BatchShape, Model};

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
    /// Counted positions where the most probable token was right.
    pub correct: usize,
    /// Gradient norms.
    pub norms: Norms,
    /// Update over value of each parameter, where requested.
    pub ratios: Option<Vec<f64>>,
    /// Gradient norms of states over time, by name, where requested.
    pub flow: Vec<(String, Vec<f64>)>,
    /// The time of each operation, all threads' together, where requested.
    pub profile: Option<Profile>,
    /// False where loss or gradient was not finite, so that nothing was updated.
    pub updated: bool,
}

/// A step that was begun. On a device it may still be under way.
#[must_use = "what a step gave is known only when it is finished"]
pub struct PendingStep {
    report: Report,
    /// Batches whose losses and counts of right positions the report has.
    batches: usize,
    counted: usize,
    /// Of each part of a batch.
    flow: PooledVec<Flow>,
    profile: Option<Profile>,
}

impl PendingStep {
    /// What the step gave; waits for a device. `optimizer` is the one that stepped.
    ///
    /// # Errors
    /// The device failed.
    pub fn finish(self, optimizer: &mut Optimizer) -> Result<Outcome> {
        let measured = self.report.read(optimizer)?;
        let (nll, correct) = measured.metrics.split_at(self.batches.min(measured.metrics.len()));
        Ok(Outcome {
            loss: nll.iter().sum::<f64>() / self.counted.max(1) as f64,
            count: self.counted,
            correct: correct.iter().sum::<f64>() as usize,
            norms: measured.norms,
            ratios: measured.ratios,
            flow: joined(self.flow)?,
            profile: self.profile,
            updated: measured.updated,
        })
    }
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
    start_step(model, params, optimizer, &[batch], threads, options)?.finish(optimizer)
}

/// Begins to train on one or several batches with one update, as if they were one batch: the
/// gradients are added up in the order of the batches, and each loss is divided by what all of them
/// count together.
///
/// A batch's [`weight`](BatchShape::weight) is 1 over what its loss is divided by, so the weight of
/// all is 1 / (sum over batches of 1 / weight). Each batch is padded by itself and has random draws
/// of its own; only one at a time is in memory.
///
/// On the processor the step is over when this returns. On a device nothing waits for it: the next
/// one may be begun before [`PendingStep::finish`].
///
/// # Errors
/// Errors of operations.
pub fn start_step<M: Model>(
    model: &M,
    params: &mut Params,
    optimizer: &mut Optimizer,
    batches: &[&[&M::Example]],
    threads: &Threads,
    options: &StepOptions,
) -> Result<PendingStep> {
    let mut shapes: PooledVec<BatchShape> =
        batches.iter().map(|batch| model.loss_normalization(batch)).collect();
    if shapes.len() > 1 {
        let divisor: f64 = shapes.iter().map(|shape| 1.0 / f64::from(shape.weight)).sum();
        shapes.iter_mut().for_each(|shape| shape.weight = (1.0 / divisor) as f32);
    }
    let profile = options.profile.then(Profile::default);
    let mut total = Sums { profile, ..Sums::default() };
    for (i, (batch, shape)) in batches.iter().zip(&shapes).enumerate() {
        let batch = StepBatch::<M> { examples: batch, shape, first_counter: i as u32 * COUNTERS };
        total.add_batch(model, params, &batch, threads, options)?;
    }
    let Sums { nll, counted, correct, flow, gradients, mut profile } = total;
    let reduced = match gradients {
        Some(reduced) => reduced,
        None => Gradients::default().reduce(params, threads)?,
    };
    let since = Instant::now();
    let batches = nll.len();
    let metrics: PooledVec<DeferredScalar> = nll.into_iter().chain(correct).collect();
    let how = Update {
        limit: options.clip,
        learning_rate: options.learning_rate,
        ratios: options.ratios,
        metrics: &metrics,
    };
    let report = optimizer.update(params, &reduced, &how, threads)?;
    note(&mut profile, "optimizer, packing", since, threads);
    Ok(PendingStep { report, batches, counted, flow, profile })
}

/// Random draws of one batch use fewer counters than this.
const COUNTERS: u32 = 1 << 16;

/// One of a step's batches.
struct StepBatch<'a, M: Model> {
    examples: &'a [&'a M::Example],
    shape: &'a BatchShape,
    /// Where its random draws begin.
    first_counter: u32,
}

/// What the batches of a step add up to.
#[derive(Default)]
struct Sums {
    /// Of each part of a batch.
    nll: PooledVec<DeferredScalar>,
    counted: usize,
    correct: PooledVec<DeferredScalar>,
    flow: PooledVec<Flow>,
    gradients: Option<ReducedGradients>,
    profile: Option<Profile>,
}

impl Sums {
    /// Runs a batch forwards and back, a part of it on each thread.
    fn add_batch<M: Model>(
        &mut self,
        model: &M,
        params: &Params,
        batch: &StepBatch<'_, M>,
        threads: &Threads,
        options: &StepOptions,
    ) -> Result<()> {
        let &StepBatch { examples: batch, shape, first_counter } = batch;
        let data_parallel = params.device_properties().data_parallel(threads);
        let count = data_parallel.count().min(batch.len()).max(1);
        let mut parts: PooledVec<Option<Result<(BatchLoss, Backpropagated)>>> =
            (0..count).map(|_| None).collect();
        threads.for_each(&mut parts, |first, part| {
            // Every count-th row: like lengths are neighbours, so all threads get alike work.
            let rows: PooledVec<&M::Example> =
                batch.iter().skip(first).step_by(count).copied().collect();
            let rows_of = BatchPart { first, step: count, total: batch.len() };
            let mut tape = Tape::new(params)
                .with_draws(options.seed, options.step)
                .with_first_counter(first_counter)
                .with_part(rows_of)
                .with_threads(threads);
            if options.flow {
                tape = tape.with_flow();
            }
            if options.profile {
                tape = tape.with_profile();
            }
            *part = Some(model.loss(&mut tape, &rows, shape).and_then(|loss| {
                let back = tape.backward(&[(loss.loss, Tensor::scalar(1.0))])?;
                Ok((loss, back))
            }));
        });
        let mut gradients = Gradients::default();
        for part in parts.into_iter().flatten() {
            let (loss, back) = part?;
            self.nll.push(loss.nll);
            self.counted += loss.count;
            self.correct.push(loss.correct);
            self.flow.push(back.flow);
            if let (Some(all), Some(part)) = (&mut self.profile, &back.profile) {
                all.merge(part);
            }
            gradients.merge(back.gradients);
        }
        let since = Instant::now();
        let reduced = gradients.reduce(params, threads)?;
        note(&mut self.profile, "weight gradients", since, threads);
        match &mut self.gradients {
            Some(total) => total.add(reduced)?,
            none => *none = Some(reduced),
        }
        Ok(())
    }
}

/// Adds the time of work that all threads share, which counts for each of them.
fn note(profile: &mut Option<Profile>, name: &'static str, since: Instant, threads: &Threads) {
    if let Some(profile) = profile {
        profile.add_backward(name, since.elapsed() * threads.count() as u32);
    }
}

/// The norms of what all parts of a batch have together, series by series.
fn joined(parts: PooledVec<Flow>) -> Result<Vec<(String, Vec<f64>)>> {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for part in parts {
        for (name, norms) in part.read()? {
            let squares = all.entry(name).or_default();
            squares.resize(squares.len().max(norms.len()), 0.0);
            squares.iter_mut().zip(norms).for_each(|(s, n)| *s += n * n);
        }
    }
    all.values_mut().flatten().for_each(|n| *n = n.sqrt());
    Ok(all.into_iter().collect())
}
