//! Commands to a run.

use serde::{Deserialize, Serialize};

use crate::inspection::{InspectRequest, UnitsRequest};

/// A command of the user, executed between two optimizer steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Stop before the next step, until [`Command::Resume`] or [`Command::StepOnce`].
    Pause,
    /// Continue after a pause.
    Resume,
    /// Run one step, then pause.
    StepOnce,
    /// Use this learning rate from now on, in place of the schedule's.
    SetLearningRate(f32),
    /// Change a setting from the next step on: [`Event::Changed`](crate::Event::Changed). The keys
    /// are those that [may change](crate::Key::may_change).
    Set {
        /// The key.
        key: String,
        /// The new value, in the form that [`Config::set`](crate::Config::set) takes.
        value: String,
    },
    /// Write a checkpoint now.
    Save,
    /// Score the held-out pairs now.
    Evaluate,
    /// Translate this text now.
    Translate(String),
    /// Inspect the translation of a sentence now: [`Event::Inspection`](crate::Event::Inspection).
    Inspect(Box<InspectRequest>),
    /// Translate a held-out sentence now, free-running and teacher-forced:
    /// [`Event::HeldOut`](crate::Event::HeldOut).
    HeldOut(
        /// Its number, from 1, or a part of its source.
        String,
    ),
    /// Compare the units of a layer with words of held-out sentences now:
    /// [`Event::Units`](crate::Event::Units).
    Units(UnitsRequest),
    /// Compute the distribution of a parameter now: [`Event::Histogram`](crate::Event::Histogram).
    Histogram(
        /// The parameter's name.
        String,
    ),
    /// Save, then end the run; it can be resumed. Work in progress is completed first; to abandon
    /// it, use [`Viewer::cancellation`](crate::Viewer::cancellation).
    Stop,
}
