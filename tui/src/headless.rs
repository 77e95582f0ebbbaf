//! A run as plain lines, for logs and pipes: no control characters, no colours, no rewritten lines.

use seq2seq::config::TaskKind;
use seq2seq::event::{Changed, RankReport, Ranks, Start, TrainStep};
use seq2seq::{Command, Event};

use crate::format::{brief, count, duration, estimated, number, percent, setting, several};
use crate::output::{self, StdoutError};
use crate::run_state::{RunState, State};
use crate::signals::{Signal, Signals};
use crate::summary::{checkpoint_name, measured};
use crate::terminal;
use crate::trainer::{Next, Trainer};

/// Training seconds between two lines during the first [`EARLY_SECONDS`].
const EARLY_INTERVAL: f64 = 2.0;
/// Training seconds during which the short interval applies.
const EARLY_SECONDS: f64 = 20.0;
/// Training seconds between two lines after that.
const INTERVAL: f64 = 10.0;

/// Converts events into lines. Its clock is the run's own (training seconds), so reading a log
/// again produces the same lines.
#[derive(Debug, Default)]
pub struct Reporter {
    run_state: RunState,
    told_seconds: Option<f64>,
    losses: f64,
    tokens: f64,
    last_told: u64,
    not_finite: u64,
    warned: bool,
}

impl Reporter {
    /// Returns the state of the run.
    pub fn run_state(&self) -> &RunState {
        &self.run_state
    }

    /// Returns the state of the run for modification.
    pub fn run_state_mut(&mut self) -> &mut RunState {
        &mut self.run_state
    }

    /// Creates a reporter that continues from another viewer's run state.
    pub fn after(run_state: RunState) -> Self {
        Self {
            last_told: run_state.steps(),
            told_seconds: Some(run_state.seconds()),
            warned: run_state.not_finite > 0,
            run_state,
            ..Self::default()
        }
    }

    /// Applies an event and returns the lines to print for it.
    pub fn apply(&mut self, event: &Event) -> Vec<String> {
        self.run_state.apply(event);
        match event {
            Event::Phase { text } => vec![format!("{text} ...")],
            Event::Start(start) => {
                self.last_told = start.step;
                self.told_seconds = None;
                let resumed = if start.step > 0 {
                    format!(" | resumed at step {}", count(start.step))
                } else {
                    String::new()
                };
                let what = match start.task {
                    TaskKind::Translation => "training pair",
                    TaskKind::LanguageLines => "training line",
                    TaskKind::LanguageStream => "training window",
                    TaskKind::Sequence => "training sequence",
                };
                let pairs = several(start.train_pairs, what);
                let mut lines = vec![format!(
                    "start | preset {} | data {} | {} | {} | {pairs}, {} held out | \
                     vocabulary {} > {} | unknown {}{resumed}",
                    start.preset,
                    start.data,
                    start.device,
                    several(start.parameters, "parameter"),
                    count(start.valid_pairs),
                    count(start.source_vocabulary),
                    count(start.target_vocabulary),
                    unknown(start),
                )];
                let ranks = start.ranks.iter().enumerate();
                lines.extend(ranks.map(|(rank, what)| format!("rank {rank} | {what}")));
                lines.extend(start.changes.iter().map(|change| format!("changed | {change}")));
                lines
            }
            Event::Estimate(estimate) => {
                vec![format!("estimate | {}", estimated(estimate).join(" | "))]
            }
            Event::Step(step) => self.step(step),
            Event::Validation(validation) => {
                let mut lines = self.due_line(true);
                let mut parts = vec![
                    format!("valid at step {}", count(validation.step)),
                    format!("loss {}", number(validation.metrics.loss)),
                ];
                parts.extend(measured(validation));
                if validation.best {
                    parts.push("best so far".to_owned());
                }
                lines.push(parts.join(" | "));
                lines
            }
            Event::Warning { step, text } => {
                vec![format!("warning at step {}: {text}", count(*step))]
            }
            Event::Changed(changed) => {
                vec![format!("step {}: {}", count(changed.step), changed_words(changed))]
            }
            Event::Control { step, command } => {
                vec![format!("step {}: {}", count(*step), told(command))]
            }
            Event::End(end) => {
                let mut lines = self.due_line(true);
                if let Some(saved) = self.run_state.saved {
                    lines.push(format!("checkpoint at step {}", count(saved)));
                }
                if end.dropped_events > 0 {
                    lines.push(format!("{} not shown here", several(end.dropped_events, "event")));
                }
                lines
            }
            // Checkpoints are written every few seconds: only `best` and the last one are reported.
            Event::Checkpoint { step, kind } if checkpoint_name(*kind) == "best" => {
                vec![format!("checkpoint `best` at step {}", count(*step))]
            }
            Event::Refused { command, reason } => {
                vec![format!("refused: {}: {reason}", told(command))]
            }
            Event::Checkpoint { .. }
            | Event::Samples(_)
            | Event::Flow(_)
            | Event::Ranks(_)
            | Event::Inspection(_)
            | Event::HeldOut(_)
            | Event::Units(_)
            | Event::Histogram(_) => Vec::new(),
            Event::Translation(sample) => {
                let text = |text: &Option<String>, tokens: &[String]| {
                    text.clone().unwrap_or_else(|| tokens.join(" "))
                };
                let source = text(&sample.source_text, &sample.source);
                vec![format!("{source} > {}", text(&sample.output_text, &sample.output))]
            }
        }
    }

    fn step(&mut self, step: &TrainStep) -> Vec<String> {
        let mut lines = Vec::new();
        if step.loss.is_finite() {
            self.losses += step.loss * step.tokens as f64;
            self.tokens += step.tokens as f64;
        } else {
            self.not_finite += 1;
        }
        if !self.warned && (!step.loss.is_finite() || !step.gradient_norm.is_finite()) {
            self.warned = true;
            lines.push(format!(
                "warning at step {}: loss {}, gradient norm {}",
                count(step.step),
                number(step.loss),
                number(step.gradient_norm)
            ));
        }
        lines.extend(self.due_line(false));
        lines
    }

    /// Returns the line for the steps since the last one, if it is due or `now` is true.
    fn due_line(&mut self, now: bool) -> Vec<String> {
        let Some(step) = &self.run_state.step else { return Vec::new() };
        let interval = if step.seconds < EARLY_SECONDS { EARLY_INTERVAL } else { INTERVAL };
        let due = self.told_seconds.is_none_or(|told| step.seconds - told >= interval);
        if step.step <= self.last_told || !(due || now) {
            return Vec::new();
        }
        let loss = if self.tokens > 0.0 { self.losses / self.tokens } else { f64::NAN };
        let mut parts = vec![
            match self.run_state.start.as_ref().and_then(|start| start.last_step) {
                Some(last) => format!("step {}/{}", count(step.step), count(last)),
                None => format!("step {}", count(step.step)),
            },
            match self.run_state.epoch() {
                Some((epoch, Some(epochs))) => format!("epoch {epoch}/{epochs}"),
                _ => format!("epoch {}", step.epoch),
            },
            format!("loss(mean) {}", number(loss)),
        ];
        if self.run_state.has_perplexity() {
            parts.push(format!("ppl {}", number(loss.exp())));
        }
        parts.extend([
            format!("grad {}", number(step.gradient_norm)),
            format!("lr {}", setting(step.learning_rate)),
            format!("{} tokens/s", brief(self.run_state.speed.value().unwrap_or(f64::NAN))),
        ]);
        if let Some(eta) = self.run_state.eta() {
            parts.push(format!("ETA {}", duration(eta)));
        } else if !self.run_state.state().is_over() {
            parts.push("ETA ?".to_owned());
        }
        if self.not_finite > 0 {
            parts.push(format!("{} without a finite loss", several(self.not_finite, "step")));
        }
        self.told_seconds = Some(step.seconds);
        self.last_told = step.step;
        self.losses = 0.0;
        self.tokens = 0.0;
        self.not_finite = 0;
        let ranks = self.run_state.ranks.as_ref();
        let ranks = ranks.map(|ranks| format!("ranks | {}", ranks_words(ranks).join(" | ")));
        std::iter::once(parts.join(" | ")).chain(ranks).collect()
    }
}

/// Returns what the ranks did lately: the speed of each, and the shares of the time in which they
/// waited for the slowest and exchanged gradients.
pub(crate) fn ranks_words(ranks: &Ranks) -> Vec<String> {
    let speed = |(rank, report): (usize, &RankReport)| {
        format!("{rank}: {}", brief(report.tokens as f64 / ranks.seconds))
    };
    let speeds: Vec<String> = ranks.ranks.iter().enumerate().map(speed).collect();
    let waited: f64 = ranks.ranks.iter().map(|report| report.waiting).sum();
    let waited = waited / ranks.ranks.len().max(1) as f64;
    let slowest = (0..).zip(&ranks.ranks).max_by(|a, b| a.1.busy.total_cmp(&b.1.busy));
    let slowest = slowest.map_or(0, |(rank, _): (usize, _)| rank);
    vec![
        format!("{} tokens/s", speeds.join(", ")),
        format!("waited {} for rank {slowest}", percent(waited / ranks.seconds)),
        format!("exchange {}", percent(ranks.exchange / ranks.seconds)),
    ]
}

/// Returns the description of changed settings.
pub(crate) fn changed_words(changed: &Changed) -> String {
    let changes: Vec<String> = changed.changes.iter().map(ToString::to_string).collect();
    let verb = if changed.repeated { "changed again by this resume" } else { "changed" };
    format!("{verb}: {}", changes.join(", "))
}

/// Returns the description of a command.
pub(crate) fn told(command: &Command) -> String {
    match command {
        Command::Pause => "paused".to_owned(),
        Command::Resume => "going on".to_owned(),
        Command::StepOnce => "one step".to_owned(),
        Command::SetLearningRate(rate) => format!("learning rate {}", setting(f64::from(*rate))),
        Command::Set { key, value } => format!("{key} = {value}"),
        Command::Save => "saving".to_owned(),
        Command::Evaluate => "evaluating".to_owned(),
        Command::Translate(text) => format!("translating `{text}`"),
        Command::Inspect(request) => match request.interventions.len() {
            0 => format!("inspecting `{}`", request.source),
            n => format!("inspecting `{}` with {}", request.source, several(n as u64, "change")),
        },
        Command::HeldOut(which) => format!("held-out sentence `{which}`"),
        Command::Units(request) => format!("units that follow `{}`", request.words.join(" ")),
        Command::Histogram(name) => format!("histogram of {name}"),
        Command::Stop => "stopping".to_owned(),
    }
}

/// The reason why [`follow`] returned.
#[derive(Debug)]
pub enum Followed {
    /// The run ended; [`Signals::first`] is the signal that requested it, if one did.
    Ended,
    /// A second signal arrived: exit immediately.
    Abort(Signal),
    /// Stdout cannot be written; the run was stopped and saved for that reason.
    Mute(StdoutError),
}

/// Prints the lines of a run until it ends, or nothing if `quiet`. The first signal, or a failed
/// write to stdout, stops the run.
pub fn follow(
    trainer: &mut Trainer,
    reporter: &mut Reporter,
    signals: &Signals,
    mut quiet: bool,
) -> Followed {
    let mut mute = None;
    loop {
        while let Some(signal) = signals.take() {
            trainer.stop();
            match signal {
                Signal::HangUp => {}
                _ if signals.is_repeated() => return Followed::Abort(signal),
                _ if trainer.work().run_dir().is_some() => {
                    output::note("stopping after this step and saving; once more exits at once");
                }
                _ => output::note("stopping before training begins; once more exits at once"),
            }
        }
        match trainer.wait() {
            Next::Nothing => {}
            Next::End => break,
            Next::Event(event) => {
                let lines = reporter.apply(&event);
                if quiet {
                    continue;
                }
                let Err(error) = output::lines(&lines) else { continue };
                quiet = true;
                if !terminal::has_stdout_hung_up() {
                    trainer.stop();
                    mute = Some(error);
                } else if !signals.ignores_hang_up() {
                    signals.raise(Signal::HangUp);
                }
            }
        }
    }
    match mute {
        Some(error) if signals.first().is_none() => Followed::Mute(error),
        _ => Followed::Ended,
    }
}

/// Returns true if a run that ended in this state leaves the exit status at 0.
pub fn is_success(state: State) -> bool {
    !matches!(state, State::Diverged | State::Failed | State::Crashed)
}

/// Formats the shares of unknown words: in the held-out data and, if there are any, in the training
/// data; for source and target if the task has both.
fn unknown(start: &Start) -> String {
    let both = |(source, target): (f64, f64)| match start.task {
        TaskKind::Translation => format!("{} > {}", percent(source), percent(target)),
        _ => percent(target),
    };
    let held_out = both((start.unknown_rate, start.unknown_target_rate));
    let training = start.unknown_training_rates;
    if training == (0.0, 0.0) {
        held_out
    } else {
        format!("{held_out} held out, {} in training", both(training))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: u64, loss: f64, seconds: f64) -> Event {
        Event::Step(Box::new(TrainStep {
            step,
            epoch: 1,
            loss,
            learning_rate: 0.001,
            gradient_norm: 2.5,
            clipped_norm: 1.0,
            tokens: 100,
            tokens_per_second: 12_345.0,
            seconds,
            parameters: vec![],
        }))
    }

    #[test]
    fn lines_come_at_once_then_now_and_then() {
        let mut reporter = Reporter::default();
        let mut lines = 0;
        for i in 1..=1000u32 {
            let seconds = f64::from(i) * 0.1;
            lines += reporter.apply(&step(u64::from(i), 1.0, seconds)).len();
            if i == 1 {
                assert_eq!(lines, 1);
            }
        }
        // 2 s apart until 20 s, 10 s apart until 100 s.
        assert!((15..=20).contains(&lines), "{lines}");
    }

    #[test]
    fn the_loss_is_the_mean_since_the_line_before() {
        let mut reporter = Reporter::default();
        reporter.apply(&step(1, 9.0, 0.0));
        reporter.apply(&step(2, 1.0, 1.0));
        let line = reporter.apply(&step(3, 3.0, 2.0)).join("");
        assert!(line.contains("loss(mean) 2.000 | ppl 7.389 | grad 2.500"), "{line}");
        assert!(line.contains("12.3k tokens/s"), "{line}");
    }

    #[test]
    fn a_loss_without_a_number_is_told_and_not_averaged() {
        let mut reporter = Reporter::default();
        reporter.apply(&step(1, 1.0, 0.0));
        let warning = reporter.apply(&step(2, f64::NAN, 0.1));
        assert!(warning[0].contains("loss NaN"), "{warning:?}");
        let line = reporter.apply(&step(3, 2.0, 5.0)).join("");
        assert!(line.contains("loss(mean) 2.000"), "{line}");
        assert!(line.contains("1 step without a finite loss"), "{line}");
    }

    #[test]
    fn lines_hold_no_control_characters() {
        let mut reporter = Reporter::default();
        for event in [
            Event::Phase { text: "reading".into() },
            step(1, 1.0, 0.0),
            Event::Warning { step: 1, text: "a\rb".into() },
        ] {
            for line in reporter.apply(&event) {
                assert!(!crate::format::plain(&line).contains(char::is_control), "{line}");
            }
        }
    }
}
