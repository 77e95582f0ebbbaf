//! The loop: batches, steps, watching, commands, checkpoints.

use std::time::{Duration, Instant};

use tensor::init::Rng;
use tensor::optim::Optimizer;
use tensor::{Params, Threads};

use super::average::Average;
use super::progress::Progress;
use super::schedule::is_better;
use super::settings::Settings;
use super::step::{Outcome, PendingStep, StepOptions, start_step};
use super::{put_carried, to_checkpoint};
use crate::command::Command;
use crate::event::{
    Best, CheckpointKind, End, EndReason, Event, Flow, FlowSeries, ParameterMetrics, Step,
};
use crate::health::Health;
use crate::link::Link;
use crate::model::Model;
use crate::run::{EventLog, RunDir};
use crate::{Error, Result};

/// Trains a [`Model`], writes the run directory, sends events and obeys commands.
pub struct Trainer<'a, M: Model> {
    /// The model.
    pub model: &'a M,
    /// Its parameters.
    pub params: &'a mut Params,
    /// The optimizer.
    pub optimizer: &'a mut Optimizer,
    /// The moving average of the parameters that is looked at in place of them, if any.
    pub average: Option<Average>,
    /// What it learns from.
    pub examples: &'a [M::Example],
    /// The threads.
    pub threads: &'a Threads,
    /// What the loop does.
    pub settings: Settings,
    /// How far it is.
    pub progress: Progress,
    /// Where the shuffling generator stood when this epoch began.
    pub shuffle: Rng,
    /// The run directory.
    pub dir: &'a RunDir,
    /// Its event log.
    pub log: EventLog,
    /// The viewer's link.
    pub link: &'a mut Link,
}

/// When things were last done.
struct Clock {
    saved: Instant,
    sampled: Option<Instant>,
    validated_at: Option<u64>,
    health: Health,
    /// A loss, a gradient, or a parameter when a checkpoint was due, was not finite.
    broken: bool,
    /// The step that is not told of yet.
    in_flight: Option<(PendingStep, Box<Step>)>,
}

impl<M: Model> Trainer<'_, M> {
    /// Trains to the end, or until a command stops it.
    ///
    /// # Errors
    /// Errors of operations and of writing; the last checkpoint is good then.
    pub fn run(mut self) -> Result<End> {
        let mut clock = Clock {
            saved: Instant::now(),
            sampled: None,
            validated_at: None,
            health: Health::new(self.settings.clip),
            broken: false,
            in_flight: None,
        };
        match self.run_on(&mut clock) {
            Err(e) if e.is_out_of_memory() => Err(self.save_what_is(&mut clock, e)),
            other => other,
        }
    }

    /// Saves a run whose device has no memory left for its next step: all that was done is there.
    fn save_what_is(&mut self, clock: &mut Clock, error: Error) -> Error {
        match self.save(CheckpointKind::Last, clock) {
            Ok(()) => {
                let (run, step) = (self.dir.path().to_owned(), self.progress.step);
                Error::OutOfMemory { run, step, source: Box::new(error) }
            }
            // The last checkpoint is from before.
            Err(_) => error,
        }
    }

    fn run_on(&mut self, clock: &mut Clock) -> Result<End> {
        let lengths: Vec<usize> = self.examples.iter().map(|e| self.model.sort_key(e)).collect();
        let widths: Vec<usize> =
            self.examples.iter().map(|e| self.model.num_positions(e)).collect();
        self.progress.end = None;
        let (mut paused, mut once) = (false, false);
        if self.progress.owes_validation {
            self.validate(clock, true)?;
        } else {
            self.sample(clock)?;
        }
        let reason = 'run: loop {
            // The epoch's batches follow from where the generator stands at its start.
            let mut rng = self.shuffle.clone();
            let batching = self.settings.batching;
            let batches = self.model.batches(&lengths, &widths, batching, &mut rng);
            let accumulation = self.settings.gradient_accumulation.max(1);
            let steps: Vec<&[Vec<usize>]> = batches.chunks(accumulation as usize).collect();
            // The last step of an epoch may have had fewer batches.
            let done = self.progress.batch.div_ceil(accumulation) as usize;
            for (at, batches) in steps.iter().enumerate().skip(done) {
                if let Some(reason) = self.finished() {
                    break 'run reason;
                }
                loop {
                    if paused {
                        self.finish_pending(clock)?;
                    }
                    let command = match (paused, once) {
                        // One step first: what else waits, waits until after it.
                        (_, true) => None,
                        // Nobody left to resume: go on.
                        (true, _) => Some(self.link.wait_command().unwrap_or(Command::Resume)),
                        (false, _) => self.link.try_command(),
                    };
                    match command {
                        None => break,
                        Some(Command::Pause) => paused = true,
                        Some(Command::Resume) => paused = false,
                        Some(Command::StepOnce) => (paused, once) = (true, true),
                        Some(Command::Stop) => {
                            self.tell_control(Command::Stop)?;
                            break 'run EndReason::Stopped;
                        }
                        Some(ref other) => self.obey(other, clock)?,
                    }
                    // A figure that is not finite has no place in the log.
                    let finite =
                        |c: &Command| !matches!(c, Command::SetLearningRate(r) if !r.is_finite());
                    if let Some(command) = command.filter(finite) {
                        self.tell_control(command)?;
                    }
                }
                once = false;
                self.step(batches, clock)?;
                if !clock.broken {
                    self.watch(at, steps.len(), clock)?;
                }
                if clock.broken {
                    break 'run EndReason::NotFinite;
                }
            }
            self.shuffle = rng;
            self.progress.epoch += 1;
            self.progress.batch = 0;
        };
        self.end(reason, clock)
    }

    /// Why the run is over before the next step, if it is.
    fn finished(&self) -> Option<EndReason> {
        let over = self.progress.step >= self.settings.last_step
            || self.settings.max_seconds.is_some_and(|s| self.progress.seconds >= s);
        if over {
            return Some(EndReason::Finished);
        }
        let stale = |limit: u64| self.progress.patience.stale >= limit;
        self.settings.stop_patience.is_some_and(stale).then_some(EndReason::EarlyStopped)
    }

    /// One step. On a device it is told of with the next one, or when somebody asks: nothing waits
    /// for it here.
    fn step(&mut self, batches: &[Vec<usize>], clock: &mut Clock) -> Result<()> {
        let every = |n: u64| n > 0 && self.progress.step.is_multiple_of(n);
        let figures = every(self.settings.figures_every);
        let learning_rate = self.learning_rate();
        let examples: Vec<Vec<&M::Example>> = batches
            .iter()
            .map(|batch| batch.iter().map(|&i| &self.examples[i]).collect())
            .collect();
        let batches: Vec<&[&M::Example]> = examples.iter().map(Vec::as_slice).collect();
        let options = StepOptions {
            seed: self.settings.seed,
            step: self.progress.step,
            learning_rate,
            clip: self.settings.clip,
            ratios: figures,
            flow: every(self.settings.flow_every),
            profile: false,
        };
        let start = Instant::now();
        let (params, optimizer) = (&mut *self.params, &mut *self.optimizer);
        let started = start_step(self.model, params, optimizer, &batches, self.threads, &options)?;
        if let Some(average) = self.average.as_mut() {
            average.update(self.params, self.progress.step + 1, self.threads)?;
        }
        self.finish_pending(clock)?;
        let seconds = start.elapsed().as_secs_f64();
        self.progress.step += 1;
        self.progress.batch += batches.len() as u64;
        self.progress.seconds += seconds;
        let tokens: usize =
            batches.iter().map(|batch| self.model.loss_normalization(batch).tokens).sum();
        let step = Step {
            step: self.progress.step,
            epoch: self.progress.epoch + 1,
            learning_rate: f64::from(learning_rate),
            tokens: tokens as u64,
            tokens_per_second: tokens as f64 / seconds,
            seconds: self.progress.seconds,
            // Known when the step is over.
            loss: 0.0,
            gradient_norm: 0.0,
            clipped_norm: 0.0,
            parameters: Vec::new(),
        };
        clock.in_flight = Some((started, Box::new(step)));
        if self.params.opencl().is_none() {
            self.finish_pending(clock)?;
        }
        Ok(())
    }

    /// Tells of the step under way, if there is one; waits for a device.
    fn finish_pending(&mut self, clock: &mut Clock) -> Result<()> {
        let Some((started, mut step)) = clock.in_flight.take() else { return Ok(()) };
        let outcome = started.finish(self.optimizer)?;
        let at = step.step;
        step.loss = outcome.loss;
        step.gradient_norm = outcome.norms.total;
        step.clipped_norm = outcome.norms.clipped;
        step.parameters = self.figures(&outcome);
        self.tell(Event::Step(step))?;
        if !outcome.updated {
            clock.broken = true;
            return Ok(());
        }
        self.warn(clock.health.step(at, outcome.norms.total))?;
        if !outcome.flow.is_empty() {
            let narrow = |norms: Vec<f64>| norms.into_iter().map(|n| n as f32).collect();
            let series = |(name, norms)| FlowSeries { name, norms: narrow(norms) };
            let series: Vec<FlowSeries> = outcome.flow.into_iter().map(series).collect();
            self.warn(clock.health.flow(at, &series))?;
            self.tell(Event::Flow(Flow { step: at, series }))?;
        }
        Ok(())
    }

    /// The rate that a person set, or else the schedule's.
    fn learning_rate(&self) -> f32 {
        let Progress { step, epoch, patience, .. } = self.progress;
        let scheduled = self.settings.learning_rate.at(step, epoch, patience.reductions);
        self.progress.learning_rate.unwrap_or(scheduled)
    }

    fn figures(&self, outcome: &Outcome) -> Vec<ParameterMetrics> {
        let Some(ratios) = &outcome.ratios else { return Vec::new() };
        let rows = self.params.iter().zip(&outcome.norms.each).zip(ratios);
        rows.map(|(((name, _), &gradient_norm), &update_ratio)| ParameterMetrics {
            name: name.to_string(),
            gradient_norm,
            update_ratio,
        })
        .collect()
    }

    /// What is due after step `at` of the `steps` of this epoch: validation, samples, a checkpoint.
    fn watch(&mut self, at: usize, steps: usize, clock: &mut Clock) -> Result<()> {
        let every = self.settings.validate_every_epochs;
        if every > 0.0 {
            // Due where the count of validations due changes: a function of the place alone.
            let before = self.progress.epoch as f64;
            let due = |done| ((before + done as f64 / steps as f64) / every + 1e-9).floor();
            if due(at + 1) > due(at) {
                self.validate(clock, true)?;
            }
        }
        let every = self.settings.sample_every_seconds;
        let waited = |t: Instant| t.elapsed() >= Duration::from_secs_f64(every);
        if every > 0.0 && clock.sampled.is_none_or(waited) {
            self.sample(clock)?;
        }
        if clock.saved.elapsed() >= Duration::from_secs_f64(self.settings.checkpoint_seconds) {
            self.save(CheckpointKind::Last, clock)?;
        }
        Ok(())
    }

    fn obey(&mut self, command: &Command, clock: &mut Clock) -> Result<()> {
        match command {
            Command::SetLearningRate(rate) if rate.is_finite() && *rate > 0.0 => {
                self.progress.learning_rate = Some(*rate);
            }
            Command::SetLearningRate(rate) => {
                let text = format!("learning rate {rate} refused: it must be above 0");
                self.tell(Event::Warning { step: self.progress.step, text })?;
            }
            Command::Save => self.save(CheckpointKind::Last, clock)?,
            Command::Evaluate => self.validate(clock, false)?,
            Command::Translate(text) => {
                let answer = self.look(|m, params, threads| m.answer(params, text, threads))?;
                if let Some(answer) = answer.flatten() {
                    self.tell(Event::Translation(answer))?;
                }
            }
            Command::Pause | Command::Resume | Command::StepOnce | Command::Stop => {}
        }
        Ok(())
    }

    /// Looks at the model as others will use it: with the average of its parameters, if any.
    /// `None` where the run was cancelled meanwhile: it stops before the next step.
    fn look<T>(&self, how: impl FnOnce(&M, &Params, &Threads) -> Result<T>) -> Result<Option<T>> {
        let params = self.average.as_ref().map_or(&*self.params, Average::params);
        match how(self.model, params, self.threads) {
            Err(Error::Cancelled) => Ok(None),
            seen => Ok(Some(params.checked(seen?)?)),
        }
    }

    /// A validation, one that was `due` or one that a person asked for.
    fn validate(&mut self, clock: &mut Clock, due: bool) -> Result<()> {
        self.finish_pending(clock)?;
        let Some(seen) = self.look(M::validate)? else {
            self.progress.owes_validation |= due;
            return Ok(());
        };
        self.progress.owes_validation = false;
        clock.validated_at = Some(self.progress.step);
        let Some(mut v) = seen else { return Ok(()) };
        v.step = self.progress.step;
        let metric = self.settings.early_stopping_metric;
        // A loss without a number is nobody's best, and would never be beaten.
        v.best = v.loss.is_finite()
            && self.progress.best.is_none_or(|best| is_better(metric, &v, &best));
        if !v.best && due {
            self.progress.patience.wait(self.settings.patience);
        }
        if v.best {
            self.progress.patience.refresh();
            let best = Best { step: v.step, bleu: v.bleu, loss: v.loss };
            self.progress.best = Some(best);
            self.save(CheckpointKind::Best, clock)?;
        }
        let remark = self.model.remark(&v);
        self.tell(Event::Validation(v))?;
        self.warn(clock.health.validation(remark))?;
        self.sample(clock)
    }

    fn sample(&mut self, clock: &mut Clock) -> Result<()> {
        self.finish_pending(clock)?;
        clock.sampled = Some(Instant::now());
        if self.settings.sample_every_seconds > 0.0
            && let Some(mut samples) = self.look(M::samples)?.flatten()
        {
            samples.step = self.progress.step;
            self.warn(clock.health.samples(&samples))?;
            self.tell(Event::Samples(samples))?;
        }
        Ok(())
    }

    fn save(&mut self, kind: CheckpointKind, clock: &mut Clock) -> Result<()> {
        self.finish_pending(clock)?;
        // An update may overflow after a finite gradient: the checkpoint before it is the good one.
        if clock.broken || !self.params.iter().all(|(_, value)| is_finite(value.data())) {
            clock.broken = true;
            return Ok(());
        }
        let average = self.average.as_ref();
        let mut checkpoint =
            to_checkpoint(self.params, self.optimizer, average, &self.shuffle, &self.progress);
        put_carried(&mut checkpoint, &self.model.carried());
        let saved = self.dir.save(kind, &mut checkpoint, &mut self.log);
        // Where the device failed, that says more than what could not be written.
        self.params.checked(())?;
        saved?;
        if kind == CheckpointKind::Last {
            clock.saved = Instant::now();
        }
        self.tell(Event::Checkpoint { step: self.progress.step, kind })
    }

    fn end(&mut self, reason: EndReason, clock: &mut Clock) -> Result<End> {
        let end = |trainer: &Self, reason| End {
            step: trainer.progress.step,
            seconds: trainer.progress.seconds,
            reason,
            dropped_events: trainer.link.dropped(),
        };
        self.finish_pending(clock)?;
        let mut reason = reason;
        if reason == EndReason::Finished && clock.validated_at != Some(self.progress.step) {
            self.validate(clock, false)?;
            if clock.validated_at != Some(self.progress.step) {
                // Cancelled: a resume validates, and is finished then.
                reason = EndReason::Stopped;
            }
        }
        if reason != EndReason::NotFinite {
            self.progress.end = Some(reason);
            self.save(CheckpointKind::Last, clock)?;
        }
        if clock.broken {
            reason = EndReason::NotFinite;
        }
        if reason == EndReason::NotFinite {
            // Nothing is saved: the last checkpoint is from before.
            self.warn(Some(self.advice()))?;
        }
        let end = end(self, reason);
        self.tell(Event::End(end.clone()))?;
        self.log.sync()?;
        Ok(end)
    }

    /// What may help where a run is no longer finite.
    fn advice(&self) -> String {
        let rate = self.learning_rate();
        let clip = match self.settings.clip {
            Some(norm) => format!("a clip_norm below {norm:?}"),
            None => "clip_norm = 1 (now off)".to_owned(),
        };
        format!(
            "the loss, a gradient or a parameter is not a finite number: training ends here, and \
             the last checkpoint is from before. Resume it with learning_rate = {:?} (it was \
             {rate:?}) or with {clip}, or begin anew with shorter sentences (max_source_words, \
             max_target_words)",
            rate / 10.0
        )
    }

    fn warn(&mut self, texts: impl IntoIterator<Item = String>) -> Result<()> {
        texts
            .into_iter()
            .try_for_each(|text| self.tell(Event::Warning { step: self.progress.step, text }))
    }

    fn tell_control(&mut self, command: Command) -> Result<()> {
        self.tell(Event::Control { step: self.progress.step, command })
    }

    fn tell(&mut self, event: Event) -> Result<()> {
        self.log.append(&event)?;
        self.link.send(event);
        Ok(())
    }
}

/// True where every value is a finite number; in pieces, so that it is vectorised.
fn is_finite(values: &[f32]) -> bool {
    values.chunks(256).all(|part| part.iter().fold(true, |all, x| all & x.is_finite()))
}
