//! The loop: batches, steps, watching, commands, checkpoints.

use std::time::{Duration, Instant};

use tensor::init::Rng;
use tensor::optim::Optimizer;
use tensor::{Params, Threads};

use super::step::{Outcome, StepOptions, train_step};
use super::{put_carried, to_checkpoint};
use crate::Result;
use crate::control::{Command, Link};
use crate::event::{
    CheckpointKind, End, EndReason, Event, Flow, FlowSeries, ParameterFigures, Step,
};
use crate::model::Model;
use crate::run::{Best, EventLog, RunDir};

/// What the loop does, besides what the model does.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Examples in a step.
    pub batch: usize,
    /// Learning rate.
    pub learning_rate: f32,
    /// Global gradient norm to clip at, if any.
    pub clip: Option<f32>,
    /// The run's seed.
    pub seed: u64,
    /// The step at which the run ends.
    pub last_step: u64,
    /// Training seconds after which it ends, if limited.
    pub max_seconds: Option<f64>,
    /// Epochs between validations; 0 for only at the end.
    pub validate_every_epochs: f64,
    /// Seconds between samples; 0 for none.
    pub sample_every_seconds: f64,
    /// Seconds between checkpoints.
    pub checkpoint_seconds: f64,
    /// Steps between per-parameter figures; 0 for none.
    pub figures_every: u64,
    /// Steps between measurements of gradient flow; 0 for none.
    pub flow_every: u64,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Progress {
    /// Optimizer steps done.
    pub step: u64,
    /// The epoch under way, from 0.
    pub epoch: u64,
    /// Batches of this epoch that are done.
    pub batch: u64,
    /// Training seconds so far: steps alone, without pauses, validations and files.
    pub seconds: f64,
    /// The best validation so far.
    pub best: Option<Best>,
    /// The learning rate a person set.
    pub learning_rate: Option<f32>,
    /// How the run ended, if it has.
    pub end: Option<EndReason>,
}

/// Trains a [`Model`], writes the run directory, sends events and obeys commands.
pub struct Trainer<'a, M: Model> {
    /// The model.
    pub model: &'a M,
    /// Its parameters.
    pub params: &'a mut Params,
    /// The optimizer.
    pub optimizer: &'a mut Optimizer,
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
}

impl<M: Model> Trainer<'_, M> {
    /// Trains to the end, or until a command stops it.
    ///
    /// # Errors
    /// Errors of operations and of writing; the last checkpoint is good then.
    pub fn run(mut self) -> Result<End> {
        let lengths: Vec<usize> = self.examples.iter().map(|e| self.model.length(e)).collect();
        let mut clock = Clock { saved: Instant::now(), sampled: None, validated_at: None };
        self.progress.end = None;
        let (mut paused, mut once) = (false, false);
        self.sample(&mut clock)?;
        let reason = 'run: loop {
            // The epoch's batches follow from where the generator stands at its start.
            let mut rng = self.shuffle.clone();
            let batches = self.model.batches(&lengths, self.settings.batch, &mut rng);
            for batch in batches.iter().skip(self.progress.batch as usize) {
                if let Some(reason) = self.finished() {
                    break 'run reason;
                }
                loop {
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
                        Some(ref other) => self.obey(other, &mut clock)?,
                    }
                    // A figure that is not finite has no place in the log.
                    let finite =
                        |c: &Command| !matches!(c, Command::SetLearningRate(r) if !r.is_finite());
                    if let Some(command) = command.filter(finite) {
                        self.tell_control(command)?;
                    }
                }
                once = false;
                let examples: Vec<&M::Example> = batch.iter().map(|&i| &self.examples[i]).collect();
                if !self.step(&examples)? {
                    break 'run EndReason::NotFinite;
                }
                self.watch(batches.len() as u64, &mut clock)?;
            }
            self.shuffle = rng;
            self.progress.epoch += 1;
            self.progress.batch = 0;
        };
        self.end(reason, &mut clock)
    }

    /// Why the run is over before the next step, if it is.
    fn finished(&self) -> Option<EndReason> {
        let over = self.progress.step >= self.settings.last_step
            || self.settings.max_seconds.is_some_and(|s| self.progress.seconds >= s);
        over.then_some(EndReason::Finished)
    }

    /// One step and its event; false where loss or gradient was not finite.
    fn step(&mut self, batch: &[&M::Example]) -> Result<bool> {
        let every = |n: u64| n > 0 && self.progress.step.is_multiple_of(n);
        let figures = every(self.settings.figures_every);
        let learning_rate = self.progress.learning_rate.unwrap_or(self.settings.learning_rate);
        let options = StepOptions {
            seed: self.settings.seed,
            step: self.progress.step,
            learning_rate,
            clip: self.settings.clip,
            ratios: figures,
            flow: every(self.settings.flow_every),
        };
        let start = Instant::now();
        let (params, optimizer) = (&mut *self.params, &mut *self.optimizer);
        let outcome = train_step(self.model, params, optimizer, batch, self.threads, &options)?;
        let seconds = start.elapsed().as_secs_f64();
        self.progress.step += 1;
        self.progress.batch += 1;
        self.progress.seconds += seconds;
        let tokens = self.model.shape_of(batch).tokens;
        let step = Step {
            step: self.progress.step,
            epoch: self.progress.epoch + 1,
            loss: outcome.loss,
            learning_rate: f64::from(learning_rate),
            gradient_norm: outcome.norms.total,
            clipped_norm: outcome.norms.clipped,
            tokens: tokens as u64,
            tokens_per_second: tokens as f64 / seconds,
            seconds: self.progress.seconds,
            parameters: self.figures(&outcome),
        };
        self.tell(Event::Step(Box::new(step)))?;
        if !outcome.flow.is_empty() {
            let narrow = |norms: Vec<f64>| norms.into_iter().map(|n| n as f32).collect();
            let series = |(name, norms)| FlowSeries { name, norms: narrow(norms) };
            let series = outcome.flow.into_iter().map(series).collect();
            self.tell(Event::Flow(Flow { step: self.progress.step, series }))?;
        }
        Ok(outcome.updated)
    }

    fn figures(&self, outcome: &Outcome) -> Vec<ParameterFigures> {
        let Some(ratios) = &outcome.ratios else { return Vec::new() };
        let rows = self.params.iter().zip(&outcome.norms.each).zip(ratios);
        rows.map(|(((name, _), &gradient_norm), &update_ratio)| ParameterFigures {
            name: name.to_string(),
            gradient_norm,
            update_ratio,
        })
        .collect()
    }

    /// What is due after a step: validation, samples, a checkpoint.
    fn watch(&mut self, batches: u64, clock: &mut Clock) -> Result<()> {
        let every = self.settings.validate_every_epochs;
        if every > 0.0 {
            // Due where the count of validations due changes: a function of the step alone.
            let due = |step: u64| (step as f64 / (every * batches as f64) + 1e-9).floor();
            if due(self.progress.step) > due(self.progress.step - 1) {
                self.validate(clock)?;
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
            Command::Evaluate => self.validate(clock)?,
            Command::Translate(text) => {
                if let Some(answer) = self.model.answer(self.params, text, self.threads)? {
                    self.tell(Event::Translation(answer))?;
                }
            }
            Command::Pause | Command::Resume | Command::StepOnce | Command::Stop => {}
        }
        Ok(())
    }

    fn validate(&mut self, clock: &mut Clock) -> Result<()> {
        clock.validated_at = Some(self.progress.step);
        let Some(mut v) = self.model.validate(self.params, self.threads)? else { return Ok(()) };
        v.step = self.progress.step;
        let better = |best: Best| {
            let (new, old) = (v.bleu.unwrap_or(0.0), best.bleu.unwrap_or(0.0));
            new > old || (new == old && v.loss < best.loss)
        };
        v.best = self.progress.best.is_none_or(better);
        if v.best {
            let best = Best { step: v.step, bleu: v.bleu, loss: v.loss };
            self.progress.best = Some(best);
            self.save(CheckpointKind::Best, clock)?;
        }
        self.tell(Event::Validation(v))?;
        self.sample(clock)
    }

    fn sample(&mut self, clock: &mut Clock) -> Result<()> {
        clock.sampled = Some(Instant::now());
        if self.settings.sample_every_seconds > 0.0
            && let Some(mut samples) = self.model.samples(self.params, self.threads)?
        {
            samples.step = self.progress.step;
            self.tell(Event::Samples(samples))?;
        }
        Ok(())
    }

    fn save(&mut self, kind: CheckpointKind, clock: &mut Clock) -> Result<()> {
        let mut checkpoint =
            to_checkpoint(self.params, self.optimizer, &self.shuffle, &self.progress);
        put_carried(&mut checkpoint, &self.model.carried());
        self.dir.save(kind, &mut checkpoint, &mut self.log)?;
        if kind == CheckpointKind::Last {
            clock.saved = Instant::now();
        }
        self.tell(Event::Checkpoint { step: self.progress.step, kind })
    }

    fn end(&mut self, reason: EndReason, clock: &mut Clock) -> Result<End> {
        let end = |trainer: &Self| End {
            step: trainer.progress.step,
            seconds: trainer.progress.seconds,
            reason,
            dropped_events: trainer.link.dropped(),
        };
        if reason == EndReason::NotFinite {
            // Nothing is saved: the last checkpoint is from before.
            let end = end(self);
            self.tell(Event::End(end.clone()))?;
            self.log.sync()?;
            return Ok(end);
        }
        if reason == EndReason::Finished && clock.validated_at != Some(self.progress.step) {
            self.validate(clock)?;
        }
        self.progress.end = Some(reason);
        self.save(CheckpointKind::Last, clock)?;
        let end = end(self);
        self.tell(Event::End(end.clone()))?;
        self.log.sync()?;
        Ok(end)
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
