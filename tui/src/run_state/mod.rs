//! The state of a run, computed from its events: the metrics that every viewer shows.

use seq2seq::event::{End, EndReason, Ranks, Start, TrainStep, Validation};
use seq2seq::{Command, Event};
use serde::{Deserialize, Serialize};

use crate::format::estimated;

mod append;
mod changed;
mod rate;
mod smoother;
mod window;

pub use rate::Rate;
pub use smoother::{SMOOTHING, Smoother};
pub use window::WindowMean;

/// Maximum number of warnings kept.
const WARNINGS: usize = 200;

/// The stages of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Before the first step.
    Preparing,
    /// Performing optimizer steps.
    Training,
    /// Waiting for the user.
    Paused,
    /// Saving, then ending.
    Stopping,
    /// Everything that was requested is done.
    Finished,
    /// Ended because the held-out metrics no longer improved.
    EarlyStopped,
    /// Ended by the user.
    Stopped,
    /// Ended by a loss or gradient that is not finite.
    Diverged,
    /// Ended by an error.
    Failed,
    /// Ended without an end event.
    Crashed,
}

impl State {
    /// Returns the word that is displayed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Training => "training",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Finished => "finished",
            Self::EarlyStopped => "stopped early",
            Self::Stopped => "stopped",
            Self::Diverged => "diverged",
            Self::Failed => "failed",
            Self::Crashed => "crashed",
        }
    }

    /// Returns true if no step will follow.
    pub fn is_over(self) -> bool {
        matches!(
            self,
            Self::Finished
                | Self::EarlyStopped
                | Self::Stopped
                | Self::Diverged
                | Self::Failed
                | Self::Crashed
        )
    }
}

/// The metrics of a run, updated by each of its events.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RunState {
    /// The model, the data and the limits of the run.
    pub start: Option<Start>,
    /// The newest step; its per-parameter metrics are left out.
    pub step: Option<TrainStep>,
    /// Mean of the newest losses.
    pub loss: WindowMean,
    /// Smoothed target tokens per second.
    pub speed: Smoother,
    /// Steps per second, for the time left.
    pub rate: Rate,
    /// The validation before the newest one.
    pub previous: Option<Validation>,
    /// The newest validation.
    pub validation: Option<Validation>,
    /// The best validation.
    pub best: Option<Validation>,
    /// What the ranks did lately, if there are several.
    pub ranks: Option<Ranks>,
    /// Step of the newest checkpoint.
    pub saved: Option<u64>,
    /// The current work other than optimizer steps, such as preparation.
    pub phase: Option<String>,
    /// Steps whose loss or gradient norm was not finite.
    pub not_finite: u64,
    /// The first of them.
    pub first_not_finite: Option<u64>,
    /// Number of events that did not reach the viewer.
    pub dropped: u64,
    /// The newest warnings, with their step.
    pub warnings: Vec<(u64, String)>,
    /// Number of earlier warnings that are not kept.
    pub warnings_left_out: u64,
    /// How the run ended.
    pub end: Option<End>,
    paused: bool,
    stopping: bool,
    crashed: bool,
}

impl RunState {
    /// Returns true if the exponential of the loss is a perplexity. It is not if the target of a
    /// sequence is a number, because the loss is then a squared error.
    pub fn has_perplexity(&self) -> bool {
        self.start.as_ref().is_none_or(|start| start.task != seq2seq::config::TaskKind::Sequence)
    }

    /// Returns the number of warnings.
    pub fn warning_count(&self) -> u64 {
        self.warnings.len() as u64 + self.warnings_left_out
    }

    /// Applies one event.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Phase { text } => self.phase = Some(text.clone()),
            Event::Start(start) => self.begin(start),
            Event::Step(step) => self.take_step(step),
            Event::Validation(validation) => {
                self.phase = None;
                // Only the trainer decides, by BLEU or by loss, which step `best.ckpt` holds.
                if validation.best {
                    self.best = Some(validation.clone());
                }
                self.previous = self.validation.replace(validation.clone());
            }
            Event::Ranks(ranks) => self.ranks = Some(ranks.clone()),
            Event::Checkpoint { step, .. } => self.saved = Some(*step),
            Event::Changed(changed) => self.change(changed),
            Event::Control { command, .. } => match command {
                Command::Pause | Command::StepOnce => self.paused = true,
                Command::Resume => self.paused = false,
                Command::Stop => self.stopping = true,
                _ => {}
            },
            Event::Warning { step, text } => {
                self.warnings.push((*step, text.clone()));
                if self.warnings.len() > WARNINGS {
                    self.warnings.remove(0);
                    self.warnings_left_out += 1;
                }
            }
            Event::End(end) => {
                self.dropped = self.dropped.max(end.dropped_events);
                self.phase = None;
                self.end = Some(end.clone());
            }
            // The first step follows at once; until then it is what is known of the run.
            Event::Estimate(estimate) => self.phase = Some(estimated(estimate).join(", ")),
            Event::Samples(_)
            | Event::Flow(_)
            | Event::Translation(_)
            | Event::Inspection(_)
            | Event::HeldOut(_)
            | Event::Units(_)
            | Event::Histogram(_)
            | Event::Refused { .. } => {}
        }
    }

    /// Starts or resumes a run: clears the state that an earlier process left behind.
    fn begin(&mut self, start: &Start) {
        let rewound = self.step.as_ref().is_some_and(|step| step.step > start.step);
        if rewound {
            self.step = None;
            self.loss.rewind(start.step);
            self.warnings.retain(|(step, _)| *step <= start.step);
        }
        self.rate = Rate::default();
        self.phase = None;
        self.end = None;
        self.paused = false;
        self.stopping = false;
        self.crashed = false;
        self.start = Some(start.clone());
    }

    fn take_step(&mut self, step: &TrainStep) {
        self.phase = None;
        if let Some(last) = &self.step {
            self.dropped += step.step.saturating_sub(last.step).saturating_sub(1);
        }
        if !step.loss.is_finite() || !step.gradient_norm.is_finite() {
            self.not_finite += 1;
            self.first_not_finite.get_or_insert(step.step);
        }
        self.loss.push(step.step, step.loss);
        self.speed.push(step.tokens_per_second);
        self.rate.push(step.step, step.seconds);
        self.step = Some(without_parameters(step));
    }

    /// Records whether the process of the run has ended without an end event.
    pub fn set_crashed(&mut self, crashed: bool) {
        self.crashed = crashed;
    }

    /// Returns the stage of the run.
    pub fn state(&self) -> State {
        match &self.end {
            Some(end) => match end.reason {
                EndReason::Finished => State::Finished,
                EndReason::EarlyStopped => State::EarlyStopped,
                EndReason::Stopped => State::Stopped,
                EndReason::NotFinite => State::Diverged,
                EndReason::Failed => State::Failed,
            },
            None if self.crashed => State::Crashed,
            None if self.stopping => State::Stopping,
            None if self.paused => State::Paused,
            None if self.step.is_none() => State::Preparing,
            None => State::Training,
        }
    }

    /// Returns the number of completed optimizer steps.
    pub fn steps(&self) -> u64 {
        let started = self.start.as_ref().map_or(0, |start| start.step);
        self.step.as_ref().map_or(started, |step| step.step)
    }

    /// Returns the step of the best validation, which may precede a resume.
    pub fn best_step(&self) -> Option<u64> {
        let before = self.start.as_ref().and_then(|start| start.best);
        self.best.as_ref().map(|best| best.step).or(before.map(|best| best.step))
    }

    /// Returns the training time in seconds.
    pub fn seconds(&self) -> f64 {
        let started = self.start.as_ref().map_or(0.0, |start| start.seconds);
        let seconds = self.step.as_ref().map_or(started, |step| step.seconds);
        self.end.as_ref().map_or(seconds, |end| end.seconds)
    }

    /// Returns the epoch of the newest step and, if the length of the run is known, the number of
    /// epochs.
    pub fn epoch(&self) -> Option<(u64, Option<u64>)> {
        let start = self.start.as_ref()?;
        let epoch = self.step.as_ref().map_or(1, |step| step.epoch);
        let per_epoch = start.steps_per_epoch.max(1);
        Some((epoch, start.last_step.map(|last| last.div_ceil(per_epoch).max(epoch))))
    }

    /// Returns the completed share of the current epoch, 0 to 1.
    pub fn epoch_share(&self) -> Option<f64> {
        let start = self.start.as_ref()?;
        let (epoch, _) = self.epoch()?;
        let before = (epoch.saturating_sub(1)).saturating_mul(start.steps_per_epoch);
        Some(share(self.steps().saturating_sub(before) as f64, start.steps_per_epoch as f64))
    }

    /// Returns the completed share of the run, 0 to 1, by steps or by time, whichever is larger.
    pub fn share(&self) -> Option<f64> {
        let start = self.start.as_ref()?;
        let by_steps = start.last_step.map(|last| share(self.steps() as f64, last as f64));
        let by_time = start.max_minutes.map(|minutes| share(self.seconds(), minutes * 60.0));
        match (by_steps, by_time) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        }
    }

    /// Returns the seconds until the end, once the speed is known. The first, slow steps do not
    /// count.
    pub fn eta(&self) -> Option<f64> {
        let start = self.start.as_ref()?;
        if self.state().is_over() {
            return None;
        }
        let by_steps = start.last_step.and_then(|last| {
            Some(last.saturating_sub(self.steps()) as f64 / self.rate.steps_per_second()?)
        });
        let by_time = start.max_minutes.map(|minutes| (minutes * 60.0 - self.seconds()).max(0.0));
        match (by_steps, by_time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            // The step limit may come before the time limit, but the speed is not known yet.
            (None, Some(_)) if start.last_step.is_some() => None,
            (a, b) => a.or(b),
        }
    }
}

/// Returns a copy of a step without its per-parameter metrics, which are most of its memory.
fn without_parameters(step: &TrainStep) -> TrainStep {
    // All other fields are copied.
    TrainStep { parameters: Vec::new(), ..*step }
}

/// Returns `part` divided by `whole`, as a share from 0 to 1.
fn share(part: f64, whole: f64) -> f64 {
    let share = part / whole;
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(last_step: Option<u64>, max_minutes: Option<f64>) -> Start {
        Start {
            task: seq2seq::config::TaskKind::Translation,
            preset: "p".into(),
            model: String::new(),
            differences: Vec::new(),
            data: "d".into(),
            device: "cpu".into(),
            threads: 1,
            ranks: Vec::new(),
            seed: 1,
            parameters: 1,
            train_pairs: 1,
            valid_pairs: 1,
            source_vocabulary: 1,
            target_vocabulary: 1,
            unknown_rate: 0.0,
            unknown_target_rate: 0.0,
            unknown_training_rates: (0.0, 0.0),
            steps_per_epoch: 10,
            last_step,
            max_minutes,
            settings: std::collections::BTreeMap::new(),
            changes: Vec::new(),
            step: 0,
            seconds: 0.0,
            best: None,
        }
    }

    fn step(step: u64, loss: f64) -> Event {
        Event::Step(Box::new(TrainStep {
            step,
            epoch: (step - 1) / 10 + 1,
            loss,
            learning_rate: 0.1,
            gradient_norm: 1.0,
            clipped_norm: 1.0,
            tokens: 100,
            tokens_per_second: 1000.0,
            seconds: step as f64 * 0.1,
            parameters: vec![],
        }))
    }

    #[test]
    fn the_time_left_waits_for_the_warm_up() {
        let mut run_state = RunState::default();
        run_state.apply(&Event::Start(Box::new(start(Some(100), None))));
        assert_eq!(run_state.state(), State::Preparing);
        run_state.apply(&step(1, 2.0));
        assert_eq!(run_state.state(), State::Training);
        assert_eq!(run_state.eta(), None);
        for i in 2..=50 {
            run_state.apply(&step(i, 2.0));
        }
        assert!((run_state.eta().unwrap() - 5.0).abs() < 1e-6);
        assert_eq!(run_state.share(), Some(0.5));
        assert_eq!(run_state.epoch(), Some((5, Some(10))));
        assert_eq!(run_state.epoch_share(), Some(1.0));
    }

    #[test]
    fn a_time_limit_alone_gives_progress() {
        let mut run_state = RunState::default();
        run_state.apply(&Event::Start(Box::new(start(None, Some(1.0)))));
        for i in 1..=300 {
            run_state.apply(&step(i, 1.0));
        }
        assert_eq!(run_state.share(), Some(0.5));
        assert!((run_state.eta().unwrap() - 30.0).abs() < 1e-6);
        assert_eq!(run_state.epoch(), Some((30, None)));
    }

    #[test]
    fn lost_steps_and_steps_without_a_number_are_counted() {
        let mut run_state = RunState::default();
        run_state.apply(&step(1, 2.0));
        run_state.apply(&step(5, f64::NAN));
        run_state.apply(&step(6, f64::INFINITY));
        assert_eq!(run_state.dropped, 3);
        assert_eq!(run_state.not_finite, 2);
        assert_eq!(run_state.first_not_finite, Some(5));
        assert_eq!(run_state.loss.value(), Some(2.0));
    }

    #[test]
    fn a_resumed_run_lives_again() {
        let mut run_state = RunState::default();
        run_state.apply(&Event::Start(Box::new(start(Some(100), None))));
        run_state.apply(&step(20, 2.0));
        run_state.apply(&Event::End(End {
            step: 20,
            seconds: 2.0,
            reason: EndReason::Stopped,
            dropped_events: 0,
        }));
        assert_eq!(run_state.state(), State::Stopped);
        run_state.apply(&Event::Start(Box::new(Start { step: 15, ..start(Some(100), None) })));
        assert_eq!(run_state.state(), State::Preparing);
        assert_eq!(run_state.steps(), 15);
        run_state.set_crashed(true);
        assert_eq!(run_state.state(), State::Crashed);
    }
}
