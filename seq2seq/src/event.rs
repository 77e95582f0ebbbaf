//! Events of a training run: every change is one [`Event`].
//!
//! Events are written to `events.jsonl`, one JSON object per line, and sent to a listener (the
//! dashboard, the plain log). The key `event` of an object is the kind of the event in snake case; a
//! [step](TrainStep), of which a log has millions, has the key `step` alone. Metrics that are not finite are written as the strings `"NaN"`,
//! `"inf"` and `"-inf"`, since JSON has no number for them and `null` would hide a diverged run.

mod step;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::config::{Change, TaskKind};
use crate::inspection::{HeldOutMaps, Inspection, ParameterHistogram, UnitCorrelations};
use crate::json_number;
pub use crate::sample::{Sample, ScoredOutput};
use crate::score::Metrics;
pub use step::{ParameterMetrics, TrainStep};

/// An event of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", expecting = "not an event of this version")]
pub enum Event {
    /// A long preparation begins (`reading corpus`); this is the first event that a viewer can
    /// show.
    Phase {
        /// The preparation, in words.
        text: String,
    },
    /// Training starts or is resumed.
    Start(Box<Start>),
    /// How long the rest of the run takes, and how much memory; after [`Event::Start`], for the
    /// user's own data.
    Estimate(Estimate),
    /// The held-out pairs were scored.
    Validation(Validation),
    /// Translations of held-out sentences, each with its attention map.
    Samples(Samples),
    /// How far back in time the gradient still flows.
    Flow(Flow),
    /// What the ranks of a run did since the last such event.
    Ranks(Ranks),
    /// A checkpoint is safely on disk.
    Checkpoint {
        /// Optimizer steps done.
        step: u64,
        /// `last` or `best`.
        kind: CheckpointKind,
    },
    /// Settings were changed; a resume from an earlier checkpoint repeats this.
    Changed(Box<Changed>),
    /// A command was executed.
    Control {
        /// Optimizer steps done.
        step: u64,
        /// The command.
        command: Command,
    },
    /// The answer to [`Command::Translate`].
    Translation(Sample),
    /// The answer to [`Command::Inspect`].
    Inspection(Box<Inspection>),
    /// The answer to [`Command::HeldOut`].
    HeldOut(Box<HeldOutMaps>),
    /// The answer to [`Command::Units`].
    Units(Box<UnitCorrelations>),
    /// The answer to [`Command::Histogram`].
    Histogram(Box<ParameterHistogram>),
    /// A command was refused; nothing was changed.
    Refused {
        /// The command.
        command: Command,
        /// The reason, and what would be right.
        reason: String,
    },
    /// A warning; training continues.
    Warning {
        /// Optimizer steps done.
        step: u64,
        /// What happened and what would be right.
        text: String,
    },
    /// The run ended.
    End(End),
    /// One optimizer step, whose line has a short form of its own: [`TrainStep`].
    // Last: a variant without a tag must be.
    #[serde(untagged, with = "step::line")]
    Step(Box<TrainStep>),
}

impl Event {
    /// Parses a line of a log.
    pub(crate) fn from_line(line: &[u8]) -> serde_json::Result<Self> {
        // Steps, most of a log, are read without a search for their kind first.
        match Self::is_step_line(line) {
            true => step::line::parse(line).map(|step| Self::Step(Box::new(step))),
            false => serde_json::from_slice(line),
        }
    }

    /// Returns `true` if a line of a log holds a step.
    pub(crate) fn is_step_line(line: &[u8]) -> bool {
        step::line::is_step(line)
    }

    /// Returns `true` for events that only update a plot or a sample; a full channel may drop them.
    pub fn is_drawing_only(&self) -> bool {
        matches!(self, Self::Step(_) | Self::Samples(_) | Self::Flow(_) | Self::Ranks(_))
    }
}

/// Model and data of a run: the first event of a run and of each resume, after the preparations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The preset's name.
    pub preset: String,
    /// The model in a few words (`gru 96, additive, lr 0.002`); empty in logs of older versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Keys whose values differ from those of the preset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Change>,
    /// The task.
    #[serde(default = "translation")]
    pub task: TaskKind,
    /// The corpus, as given.
    pub data: String,
    /// The device, in words (`cpu, 2 threads, avx2`).
    pub device: String,
    /// Threads used, on each rank.
    pub threads: usize,
    /// Host and device of each rank, in words, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranks: Vec<String>,
    /// The seed of every random stream.
    pub seed: u64,
    /// Number of trained parameters (scalars).
    pub parameters: u64,
    /// Training pairs after filtering.
    pub train_pairs: u64,
    /// Held-out pairs.
    pub valid_pairs: u64,
    /// Source vocabulary size, specials included.
    pub source_vocabulary: u64,
    /// Target vocabulary size, specials included.
    pub target_vocabulary: u64,
    /// Share of unknown words on the held-out source side, 0 to 1.
    #[serde(with = "json_number::one")]
    pub unknown_rate: f64,
    /// Share of unknown words on the held-out target side.
    #[serde(default)]
    pub unknown_target_rate: f64,
    /// Shares of unknown words on the source and target sides of the training pairs.
    #[serde(default)]
    pub unknown_training_rates: (f64, f64),
    /// Optimizer steps in one epoch.
    pub steps_per_epoch: u64,
    /// The step at which the run ends, counted from the run's start, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_step: Option<u64>,
    /// Minutes after which the run ends, if limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_minutes: Option<f64>,
    /// Keys that this resume changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Optimizer steps already done (0 unless resumed).
    pub step: u64,
    /// Training seconds already spent.
    #[serde(with = "json_number::one")]
    pub seconds: f64,
    /// The settings that may change while the run trains; empty in logs of older versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// The best validation before a resume, whose events came before this one; `None` if its loss
    /// is not finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
}

/// What the ranks of a run did since the last such event. Nothing reports it if there is only one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    /// Optimizer steps done.
    pub step: u64,
    /// Steps that this event is about.
    pub steps: u64,
    /// Seconds that they took.
    pub seconds: f64,
    /// Seconds of them in which rank 0 exchanged gradients.
    pub exchange: f64,
    /// The ranks, in their order.
    pub ranks: Vec<RankReport>,
}

/// What one rank did.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct RankReport {
    /// Target tokens of its parts of the batches.
    pub tokens: u64,
    /// Seconds of its forward and backward passes.
    pub busy: f64,
    /// Seconds that it waited for the slowest rank.
    pub waiting: f64,
}

/// Settings that were changed between two steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// Optimizer steps done; the next step is the first with the new values.
    pub step: u64,
    /// The changes.
    pub changes: Vec<Change>,
    /// True if a resumed run repeated the changes that an earlier process made at this step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// The model and its new learning rate in a few words.
    pub model: String,
    /// The step at which the run now ends, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_step: Option<u64>,
}

/// How long the rest of a run takes, and how much memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Optimizer steps still to do.
    pub steps: u64,
    /// Seconds of training that they take at the speed of one typical batch, if it was measured.
    #[serde(default, with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// A lower bound of the bytes of memory.
    pub bytes: f64,
}

/// The best validation so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Optimizer steps done at that validation.
    pub step: u64,
    /// BLEU of the greedy translations, if it was computed.
    pub bleu: Option<f64>,
    /// Loss per target token.
    pub loss: f64,
}

/// The task of a log without a task.
fn translation() -> TaskKind {
    TaskKind::Translation
}

/// The metrics of the held-out examples.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Validation {
    /// Optimizer steps done.
    pub step: u64,
    /// The metrics.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Whether this validation is the best so far.
    pub best: bool,
}

/// Translations of held-out sentences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// Optimizer steps done.
    pub step: u64,
    /// The sentences; the same ones each time, in the same order.
    pub samples: Vec<Sample>,
}

/// Norms of the loss gradient with respect to each state over time, for one batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Optimizer steps done.
    pub step: u64,
    /// One series per layer and direction.
    pub series: Vec<FlowSeries>,
}

/// One series of state-gradient norms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowSeries {
    /// `encoder.rnn.l0`, `encoder.rnn.l0.reverse`, `decoder.rnn.l0`.
    pub name: String,
    /// L2 norm at each time step, over the batch.
    #[serde(with = "json_number::list")]
    pub norms: Vec<f32>,
}

/// Which checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointKind {
    /// The newest state.
    Last,
    /// The state of the best validation.
    Best,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Optimizer steps done.
    pub step: u64,
    /// Training seconds in all.
    #[serde(with = "json_number::one")]
    pub seconds: f64,
    /// Why it ended.
    pub reason: EndReason,
    /// Events that were not sent because the listener was too slow; all events are on disk.
    pub dropped_events: u64,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The epochs, steps or minutes requested are done.
    Finished,
    /// The user stopped the run; it can be resumed.
    Stopped,
    /// The loss or a gradient was not finite; the last checkpoint is from an earlier step.
    NotFinite,
    /// An error; the message went to the caller.
    Failed,
    /// The held-out metrics had not improved for the configured number of validations.
    // Last: checkpoints store a reason by its index.
    EarlyStopped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_that_a_task_does_not_have_are_left_out() {
        let metrics = Metrics { loss: 0.5, perplexity: Some(f64::INFINITY), ..Metrics::default() };
        let mut validation = Validation { step: 3, metrics, best: true };
        let line = serde_json::to_string(&validation).unwrap();
        assert_eq!(line, r#"{"step":3,"loss":0.5,"perplexity":"inf","best":true}"#);
        assert_eq!(serde_json::from_str::<Validation>(&line).unwrap(), validation);
        validation.metrics.bleu = Some(71.25);
        let line = serde_json::to_string(&validation).unwrap();
        assert_eq!(serde_json::from_str::<Validation>(&line).unwrap(), validation);
    }

    #[test]
    fn metrics_that_are_not_finite_survive_json() {
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5] {
            let event = Event::End(End {
                step: 3,
                seconds: x,
                reason: EndReason::NotFinite,
                dropped_events: 0,
            });
            let line = serde_json::to_string(&event).unwrap();
            assert!(!line.contains("null"), "{line}");
            let Event::End(back) = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
            assert_eq!(back.seconds.to_bits(), x.to_bits(), "{line}");
        }
        let norms = vec![0.1, f32::NAN, f32::INFINITY];
        let series = FlowSeries { name: "encoder.l0".into(), norms };
        let line = serde_json::to_string(&series).unwrap();
        assert_eq!(line, r#"{"name":"encoder.l0","norms":[0.1,"NaN","inf"]}"#);
        let back: FlowSeries = serde_json::from_str(&line).unwrap();
        assert!(back.norms[0] == 0.1 && back.norms[1].is_nan() && back.norms[2] > 1e38);
    }
}
