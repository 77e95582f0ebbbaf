//! One optimizer step: forward and backward passes of one or more batches, reduction of the
//! gradients, and one update.
//!
//! Each thread runs the forward and backward passes of its own rows of the batch on its own tape,
//! so threads synchronise only at the end. The gradients of weights are deferred: the rows of all
//! threads enter one product per weight, which is divided among the threads by rows of the weight.
//! Only the gradient of an output layer of many rows is multiplied by each thread
//! ([`linear_cross_entropy`](fn@tensor::ops::linear_cross_entropy)).

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tensor::optim::{Optimizer, Report, Update};
use tensor::{
    BackwardOutput, BatchPart, DeferredScalar, Flow, Gradients, Norms, Params, PooledVec, Profile,
    Ranks, ReducedGradients, Tape, Tensor, Threads,
};

use crate::Result;
use crate::model::{BatchLoss, BatchShape, Model};
use crate::ranks::gather_results;

/// Options of a step.
#[derive(Debug, Clone, Copy)]
pub struct StepOptions {
    /// The run's seed.
    pub seed: u64,
    /// Steps done before this one; it keys the step's random draws.
    pub step: u64,
    /// Learning rate.
    pub learning_rate: f32,
    /// Global gradient norm to clip at, if any.
    pub clip: Option<f32>,
    /// Whether to compute each parameter's ratio of update to value.
    pub ratios: bool,
    /// Whether to record gradient norms of states over time.
    pub flow: bool,
    /// Whether to record the time of each operation.
    pub profile: bool,
}

/// Result of a step.
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
    /// Ratio of update to value of each parameter, if requested.
    pub ratios: Option<Vec<f64>>,
    /// Gradient norms of states over time, by name, if requested.
    pub flow: Vec<(String, Vec<f64>)>,
    /// Time of each operation, summed over threads, if requested.
    pub profile: Option<Profile>,
    /// `false` if the loss or the gradient was not finite, so that nothing was updated.
    pub updated: bool,
    /// What each rank did, if there are several.
    pub ranks: Vec<RankWork>,
}

/// What a rank did in a step.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct RankWork {
    /// Counted positions of its parts.
    pub tokens: usize,
    /// Seconds of its forward and backward passes.
    pub busy: f64,
    /// Seconds in which gradients were exchanged, as this rank measured them; known of this rank only.
    pub exchange: f64,
    /// Bytes of gradients that it sent; known of this rank only.
    pub sent: usize,
}

/// A step that was started. On a device it may still be running.
#[must_use = "what a step gave is known only when it is finished"]
pub struct PendingStep {
    report: Report,
    /// Number of batch parts whose losses and counts of right positions are in the report.
    batches: usize,
    counted: usize,
    /// Of each part of a batch.
    flow: PooledVec<Flow>,
    others: Others,
    profile: Option<Profile>,
}

impl PendingStep {
    /// Returns the result of the step; waits for a device. `optimizer` must be the one that made
    /// the step.
    ///
    /// # Errors
    /// A failure of the device.
    pub fn finish(self, optimizer: &mut Optimizer) -> Result<Outcome> {
        let measured = self.report.read(optimizer)?;
        let (nll, correct) = measured.metrics.split_at(self.batches.min(measured.metrics.len()));
        Ok(Outcome {
            loss: nll.iter().sum::<f64>() / self.counted.max(1) as f64,
            count: self.counted,
            correct: correct.iter().sum::<f64>() as usize,
            norms: measured.norms,
            ratios: measured.ratios,
            flow: joined(self.flow, self.others.flow)?,
            profile: self.profile,
            updated: measured.updated,
            ranks: self.others.work,
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

/// Starts a step on one or several batches with one update, as if they were one batch: the
/// gradients are summed in the order of the batches, and each loss is divided by the sum of the
/// divisors of all batches.
///
/// A batch's [`weight`](BatchShape::weight) is 1 over the divisor of its loss, so the common weight
/// is 1 / (sum over batches of 1 / weight). Each batch is padded on its own and has its own random
/// draws; only one batch at a time is in memory.
///
/// If the threads have [ranks](Threads::ranks), the batches are shared out over the threads of all of
/// them, and every rank gets the sums and takes the same step.
///
/// On the processor the step is complete when this returns. On a device it may still be running,
/// and the next step may be started before [`PendingStep::finish`].
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
    let begun = Instant::now();
    let mut total = Sums { profile, ..Sums::default() };
    let mut added = batches.iter().zip(&shapes).enumerate().try_for_each(|(i, (batch, shape))| {
        let batch = StepBatch::<M> { examples: batch, shape, first_counter: i as u32 * COUNTERS };
        total.add_batch(model, params, &batch, threads, options)
    });
    let mut others = Others::default();
    if !threads.ranks().is_alone() {
        (added, others) = match total.share(added, begun, threads.ranks()) {
            Ok(others) => (Ok(()), others),
            Err(error) => (Err(error), others),
        };
    }
    added?;
    let Sums { nll, counted, correct, flow, gradients, mut profile } = total;
    let mut reduced = match gradients {
        Some(reduced) => reduced,
        None => Gradients::default().reduce(params, threads)?,
    };
    let since = Instant::now();
    let sent = reduced.sum_over(threads.ranks(), params, threads)?;
    if let Some(own) = others.work.get_mut(threads.ranks().rank()) {
        (own.exchange, own.sent) = (since.elapsed().as_secs_f64(), sent);
    }
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
    Ok(PendingStep { report, batches, counted, flow, others, profile })
}

/// Runs the forward and backward passes of one batch, and returns the gradients.
///
/// # Errors
/// Errors of operations.
pub(super) fn backpropagate<M: Model>(
    model: &M,
    params: &Params,
    batch: &[&M::Example],
    threads: &Threads,
    options: &StepOptions,
) -> Result<Option<ReducedGradients>> {
    let shape = &model.loss_normalization(batch);
    let batch = StepBatch::<M> { examples: batch, shape, first_counter: 0 };
    let mut sums = Sums::default();
    sums.add_batch(model, params, &batch, threads, options)?;
    Ok(sums.gradients)
}

/// Upper bound of the counters that the random draws of one batch use.
const COUNTERS: u32 = 1 << 16;

/// One of a step's batches.
struct StepBatch<'a, M: Model> {
    examples: &'a [&'a M::Example],
    shape: &'a BatchShape,
    /// First counter of its random draws.
    first_counter: u32,
}

/// Sums over the batches of a step.
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
    /// Runs the forward and backward passes of a batch, one part of it per thread.
    fn add_batch<M: Model>(
        &mut self,
        model: &M,
        params: &Params,
        batch: &StepBatch<'_, M>,
        threads: &Threads,
        options: &StepOptions,
    ) -> Result<()> {
        let &StepBatch { examples: batch, shape, first_counter } = batch;
        let own = params.device_properties().data_parallel(threads).count();
        let ranks = threads.ranks();
        let (before, all) = (ranks.parts_before(), ranks.parts(own).min(batch.len()).max(1));
        let count = own.min(all.saturating_sub(before));
        let mut parts: PooledVec<Option<Result<(BatchLoss, BackwardOutput)>>> =
            (0..count).map(|_| None).collect();
        threads.for_each(&mut parts, |first, part| {
            // Every all-th row: neighbours have similar lengths, so all threads get similar work.
            let first = before + first;
            let rows: PooledVec<&M::Example> =
                batch.iter().skip(first).step_by(all).copied().collect();
            let rows_of = BatchPart { first, step: all, total: batch.len() };
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

/// What the other ranks told about a step.
#[derive(Debug, Default)]
struct Others {
    work: Vec<RankWork>,
    /// Of each other rank, its norms of states over time.
    flow: Vec<Vec<(String, Vec<f64>)>>,
}

/// What a rank tells the others about its part of a step.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    nll: f64,
    counted: usize,
    correct: f64,
    busy: f64,
    flow: Vec<(String, Vec<f64>)>,
}

impl Sums {
    /// Adds the losses and counts of all ranks, in their order, and returns what the others told.
    ///
    /// # Errors
    /// The step failed on a rank.
    fn share(&mut self, added: Result<()>, begun: Instant, ranks: &Ranks) -> Result<Others> {
        let read = |all: &PooledVec<DeferredScalar>| -> Result<f64> {
            all.iter().try_fold(0.0, |sum, one| Ok(sum + one.get()?))
        };
        let mine = added.and_then(|()| {
            // On a device, reading the loss waits for the forward pass only.
            let (nll, correct) = (read(&self.nll)?, read(&self.correct)?);
            let flow = match ranks.is_first() {
                true => Vec::new(),
                false => joined(std::mem::take(&mut self.flow), Vec::new())?,
            };
            let busy = begun.elapsed().as_secs_f64();
            Ok(Told { nll, counted: self.counted, correct, busy, flow })
        });
        let all = gather_results(ranks, mine)?;
        let sum = |of: fn(&Told) -> f64| all.iter().map(of).sum::<f64>();
        self.nll = [sum(|told| told.nll).into()].into();
        self.correct = [sum(|told| told.correct).into()].into();
        self.counted = all.iter().map(|told| told.counted).sum();
        let work =
            |told: &Told| RankWork { tokens: told.counted, busy: told.busy, ..RankWork::default() };
        let work = all.iter().map(work).collect();
        let flow = all.into_iter().map(|told| told.flow).collect();
        Ok(Others { work, flow })
    }
}

/// Adds the time of work that all threads share, counted once per thread.
fn note(profile: &mut Option<Profile>, name: &'static str, since: Instant, threads: &Threads) {
    if let Some(profile) = profile {
        profile.add_backward(name, since.elapsed() * threads.count() as u32);
    }
}

/// Combines the norms of all parts of a batch and of other ranks, series by series.
fn joined(
    parts: PooledVec<Flow>,
    others: Vec<Vec<(String, Vec<f64>)>>,
) -> Result<Vec<(String, Vec<f64>)>> {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut add = |(name, norms): (String, Vec<f64>)| {
        let squares = all.entry(name).or_default();
        squares.resize(squares.len().max(norms.len()), 0.0);
        squares.iter_mut().zip(norms).for_each(|(s, n)| *s += n * n);
    };
    for part in parts {
        part.read()?.into_iter().for_each(&mut add);
    }
    others.into_iter().flatten().for_each(&mut add);
    all.values_mut().flatten().for_each(|n| *n = n.sqrt());
    Ok(all.into_iter().collect())
}
