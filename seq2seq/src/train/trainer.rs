//! The training loop: batches, steps, validations, commands, checkpoints.

use std::time::Instant;

use tensor::{Ranks, Threads};

use super::clock::{Clock, log_is_due, validation_is_due};
use super::control::{Control, Next};
use super::live_run::LiveRun;
use super::rank_times::RankTimes;
use super::recorder::Recorder;
use super::settings::Settings;
use super::state::TrainingState;
use super::step::{Outcome, PendingStep, StepOptions, start_step};
use crate::command::Command;
use crate::event::{End, EndReason, Event, Flow, FlowSeries, ParameterMetrics, TrainStep};
use crate::health::Health;
use crate::model::Model;
use crate::ranks::Order;
use crate::run::Progress;
use crate::{Error, Result};

/// Trains a [`Model`], writes the run directory, sends events and executes commands.
pub struct Trainer<'a, M: Model> {
    pub(super) state: TrainingState<'a, M>,
    pub(super) examples: &'a [M::Example],
    pub(super) threads: &'a Threads,
    pub(super) ranks: Ranks,
    pub(super) run: LiveRun,
    pub(super) settings: Settings,
    pub(super) recorder: Recorder<'a>,
    control: Control,
    pub(super) clock: Clock,
    pub(super) health: Health,
    rank_times: RankTimes,
    /// The last step, if it is not reported yet.
    pending: Option<(PendingStep, Box<TrainStep>)>,
    /// Whether a loss, a gradient, or a parameter at a checkpoint was not finite.
    pub(super) is_broken: bool,
}

impl<'a, M: Model> Trainer<'a, M> {
    /// Creates a trainer of `state` on `examples`, with the settings of `run`.
    pub fn new(
        state: TrainingState<'a, M>,
        examples: &'a [M::Example],
        threads: &'a Threads,
        (run, settings): (LiveRun, Settings),
        recorder: Recorder<'a>,
    ) -> Self {
        Self {
            state,
            examples,
            threads,
            ranks: Ranks::default(),
            run,
            recorder,
            control: Control::default(),
            clock: Clock::new(),
            health: Health::new(settings.health.clone()),
            rank_times: RankTimes::new(),
            settings,
            pending: None,
            is_broken: false,
        }
    }

    /// Trains together with other ranks, each of which runs a trainer of the same state and examples.
    #[must_use]
    pub fn with_ranks(self, ranks: Ranks) -> Self {
        Self { ranks, ..self }
    }

    /// Trains to the end, or until a command stops it.
    ///
    /// # Errors
    /// Errors of operations and of writing; the last checkpoint stays valid.
    pub fn run(mut self) -> Result<End> {
        let trained = self.train().and_then(|reason| match self.ranks.is_first() {
            true => self.end(reason),
            false => Ok(self.ended(reason)),
        });
        match trained {
            Err(e) if e.is_out_of_memory() && self.ranks.is_alone() => Err(self.save_what_is(e)),
            other => other,
        }
    }

    /// Runs steps and, between them, commands, validations, samples and checkpoints. Returns why
    /// training ended.
    fn train(&mut self) -> Result<EndReason> {
        self.state.progress.end = None;
        if self.state.progress.owes_validation && self.ranks.is_first() {
            self.validate(true)?;
        } else {
            self.sample()?;
        }
        let all = self.examples;
        let accumulation = self.settings.gradient_accumulation.max(1);
        loop {
            let model = &*self.state.model;
            let drawn = model.epoch_examples(self.state.progress.epoch, self.threads);
            let examples = drawn.as_deref().unwrap_or(all);
            let lengths: Vec<usize> = examples.iter().map(|e| model.sort_key(e)).collect();
            let widths: Vec<usize> = examples.iter().map(|e| model.num_positions(e)).collect();
            // The batches of an epoch depend only on the generator's state at its start.
            let mut rng = self.state.shuffle.clone();
            let batches = model.batches(&lengths, &widths, self.settings.batching, &mut rng);
            let steps: Vec<&[Vec<usize>]> = batches.chunks(accumulation as usize).collect();
            // The last step of an epoch may have had fewer batches.
            let done = self.state.progress.batch.div_ceil(accumulation) as usize;
            for (at, batches) in steps.iter().enumerate().skip(done) {
                if let Some(reason) = self.before_step()? {
                    return Ok(reason);
                }
                self.step(examples, batches)?;
                if !self.is_broken && self.ranks.is_first() {
                    self.observe(at, steps.len())?;
                }
                // The other ranks hear of it as of any end.
                if self.is_broken && self.ranks.is_first() {
                    return Ok(EndReason::NotFinite);
                }
            }
            self.state.shuffle = rng;
            self.state.progress.epoch += 1;
            self.state.progress.batch = 0;
        }
    }

    /// Returns why the run ends before the next step, if it does. Rank 0 executes the commands and
    /// then orders the step; the others execute its orders.
    fn before_step(&mut self) -> Result<Option<EndReason>> {
        if !self.ranks.is_first() {
            return self.follow_orders();
        }
        if let Some(reason) = self.is_over() {
            return Ok(Some(reason));
        }
        if self.obey_commands()?.is_break() {
            return Ok(Some(EndReason::Stopped));
        }
        self.order(&Order::Step)?;
        Ok(None)
    }

    /// Returns why the run ends before the next step, if it does. Rank 0 knows.
    fn is_over(&self) -> Option<EndReason> {
        let progress = &self.state.progress;
        let over = progress.step >= self.settings.last_step
            || self.settings.max_seconds.is_some_and(|s| progress.seconds >= s);
        if over {
            return Some(EndReason::Finished);
        }
        let stale = |limit: u64| progress.patience.stale >= limit;
        self.settings.stop_patience.is_some_and(stale).then_some(EndReason::EarlyStopped)
    }

    /// Runs what is due after step `at` of the `steps` of this epoch.
    fn observe(&mut self, at: usize, steps: usize) -> Result<()> {
        if validation_is_due(&self.settings, &self.state.progress, at, steps) {
            self.validate(true)?;
        }
        if self.clock.samples_are_due(&self.settings, self.state.progress.seconds) {
            self.sample()?;
        }
        if self.clock.checkpoint_is_due(&self.settings) {
            self.save()?;
        }
        Ok(())
    }

    /// Executes the commands before the next step; breaks if one of them is to stop.
    fn obey_commands(&mut self) -> Result<std::ops::ControlFlow<()>> {
        self.repeat_changes()?;
        loop {
            if self.control.is_paused() {
                self.finish_pending()?;
            }
            let command = match self.control.next(self.recorder.link, self.patience()) {
                Next::Command(command) => command,
                Next::Nothing => {
                    self.order(&Order::Wait)?;
                    continue;
                }
                Next::Step => return Ok(std::ops::ControlFlow::Continue(())),
            };
            let step = self.state.progress.step;
            if let Some(reason) = self.obey(&command)? {
                self.recorder.tell(Event::Refused { command, reason })?;
                continue;
            }
            let stops = matches!(command, Command::Stop);
            // A change has an event of its own.
            if !matches!(command, Command::SetLearningRate(_) | Command::Set { .. }) {
                self.recorder.tell(Event::Control { step, command })?;
            }
            if stops {
                return Ok(std::ops::ControlFlow::Break(()));
            }
        }
    }

    /// Executes a command. Returns the reason if it is refused.
    fn obey(&mut self, command: &Command) -> Result<Option<String>> {
        match command {
            // The log has no representation of a rate that is not finite.
            Command::SetLearningRate(rate) if !rate.is_finite() => {
                let text = format!("learning rate {rate} refused: it must be a number above 0");
                self.recorder.warn(self.state.progress.step, [text])?;
            }
            Command::SetLearningRate(rate) => return self.set_rate(*rate),
            Command::Set { key, value } => return self.change(&[(key, value)], false),
            Command::Save => self.save()?,
            Command::Evaluate => self.validate(false)?,
            Command::Translate(text) => {
                let how = |m: &M, params: &_, threads: &_| m.answer(params, text, threads);
                if let Some(answer) = self.state.look(self.threads, how)?.flatten() {
                    self.recorder.tell(Event::Translation(answer))?;
                }
            }
            Command::Inspect(_) | Command::HeldOut(_) | Command::Units(_) => {
                return self.answer(command);
            }
            Command::Histogram(name) => return self.histogram(name),
            Command::Pause | Command::Resume | Command::StepOnce | Command::Stop => {}
        }
        Ok(None)
    }

    /// Runs one step. On a device it does not wait for the step, which is reported with the next
    /// step or when its result is needed.
    fn step(&mut self, examples: &[M::Example], batches: &[Vec<usize>]) -> Result<()> {
        let is_due = |every: u64| log_is_due(every, self.state.progress.step);
        let metrics = is_due(self.settings.metrics_every);
        let learning_rate = self.learning_rate();
        let examples: Vec<Vec<&M::Example>> =
            batches.iter().map(|batch| batch.iter().map(|&i| &examples[i]).collect()).collect();
        let batches: Vec<&[&M::Example]> = examples.iter().map(Vec::as_slice).collect();
        let options = StepOptions {
            seed: self.settings.seed,
            step: self.state.progress.step,
            learning_rate,
            clip: self.settings.clip,
            ratios: metrics,
            flow: is_due(self.settings.flow_every),
            profile: false,
        };
        let start = Instant::now();
        let state = &mut self.state;
        let (params, optimizer) = (&mut *state.params, &mut *state.optimizer);
        let model = &*state.model;
        let threads = self.threads.with_ranks(&self.ranks);
        let started = start_step(model, params, optimizer, &batches, &threads, &options)?;
        if let Some(average) = state.average.as_mut() {
            average.update(state.params, state.progress.step + 1, self.threads)?;
        }
        self.finish_pending()?;
        let seconds = start.elapsed().as_secs_f64();
        let progress = &mut self.state.progress;
        progress.step += 1;
        progress.batch += batches.len() as u64;
        progress.seconds += seconds;
        let tokens: usize =
            batches.iter().map(|batch| self.state.model.loss_normalization(batch).tokens).sum();
        let step = TrainStep {
            step: progress.step,
            epoch: progress.epoch + 1,
            learning_rate: f64::from(learning_rate),
            tokens: tokens as u64,
            tokens_per_second: tokens as f64 / seconds,
            seconds: progress.seconds,
            // Known when the step is complete.
            loss: 0.0,
            gradient_norm: 0.0,
            clipped_norm: 0.0,
            parameters: Vec::new(),
        };
        self.pending = Some((started, Box::new(step)));
        if !self.state.params.device_properties().is_asynchronous {
            self.finish_pending()?;
        }
        Ok(())
    }

    /// Completes and reports the pending step, if there is one; waits for a device.
    pub(super) fn finish_pending(&mut self) -> Result<()> {
        let Some((started, mut step)) = self.pending.take() else { return Ok(()) };
        let outcome = started.finish(self.state.optimizer)?;
        let at = step.step;
        step.loss = outcome.loss;
        step.gradient_norm = outcome.norms.total;
        step.clipped_norm = outcome.norms.clipped;
        step.parameters = self.parameter_metrics(&outcome);
        let found = if outcome.updated { self.health.step(&step) } else { Vec::new() };
        let report = self.rank_times.add(&outcome.ranks, &step);
        self.recorder.tell(Event::Step(step))?;
        if let Some(report) = report {
            self.recorder.tell(Event::Ranks(report))?;
        }
        if !outcome.updated {
            self.is_broken = true;
            return Ok(());
        }
        self.recorder.warn(at, found)?;
        if !outcome.flow.is_empty() {
            let narrow = |norms: Vec<f64>| norms.into_iter().map(|n| n as f32).collect();
            let series = |(name, norms)| FlowSeries { name, norms: narrow(norms) };
            let series: Vec<FlowSeries> = outcome.flow.into_iter().map(series).collect();
            self.recorder.warn(at, self.health.flow(at, &series))?;
            self.recorder.tell(Event::Flow(Flow { step: at, series }))?;
        }
        Ok(())
    }

    /// Returns the rate that the user set, or else the schedule's.
    fn learning_rate(&self) -> f32 {
        let Progress { step, epoch, patience, .. } = self.state.progress;
        let scheduled = self.settings.learning_rate.at(step, epoch, patience.reductions);
        self.state.progress.learning_rate.unwrap_or(scheduled)
    }

    fn parameter_metrics(&self, outcome: &Outcome) -> Vec<ParameterMetrics> {
        let Some(ratios) = &outcome.ratios else { return Vec::new() };
        let rows = self.state.params.iter().zip(&outcome.norms.each).zip(ratios);
        rows.map(|(((name, _), &gradient_norm), &update_ratio)| ParameterMetrics {
            name: name.to_string(),
            gradient_norm,
            update_ratio,
        })
        .collect()
    }

    /// Validates once more unless that was just done, saves, and reports why the run ended.
    fn end(&mut self, mut reason: EndReason) -> Result<End> {
        self.finish_pending()?;
        let step = self.state.progress.step;
        if reason == EndReason::Finished && self.clock.validated_at != Some(step) {
            self.validate(false)?;
            if self.clock.validated_at != Some(step) {
                // Cancelled: a resume validates and then finishes.
                reason = EndReason::Stopped;
            }
        }
        if reason != EndReason::NotFinite && self.clock.skipped_samples {
            // The log ends with outputs of the model of its last validation.
            self.sample()?;
        }
        if reason != EndReason::NotFinite {
            self.state.progress.end = Some(reason);
            self.save()?;
        }
        if self.is_broken {
            // Nothing is saved, so the last checkpoint has finite values.
            reason = EndReason::NotFinite;
            self.recorder.warn(step, [self.advice()])?;
        }
        self.order(&Order::End(reason))?;
        let end = self.ended(reason);
        self.recorder.tell(Event::End(end.clone()))?;
        self.recorder.sync()?;
        Ok(end)
    }

    /// Returns how the run ended.
    fn ended(&self, reason: EndReason) -> End {
        let Progress { step, seconds, .. } = self.state.progress;
        End { step, seconds, reason, dropped_events: self.recorder.link.dropped() }
    }

    /// Saves a run whose device has no memory left for its next step, so that no step is lost.
    fn save_what_is(&mut self, error: Error) -> Error {
        match self.save() {
            Ok(()) => {
                let run = self.recorder.path().to_owned();
                let step = self.state.progress.step;
                Error::OutOfMemory { run, step, source: Box::new(error) }
            }
            // The previous checkpoint stays the last one.
            Err(_) => error,
        }
    }

    /// Returns advice for a run whose values are no longer finite.
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
}
