//! Commands to a run.

use serde::{Deserialize, Serialize};

use crate::inspection::InspectRequest;

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
    /// Use this learning rate from now on.
    SetLearningRate(f32),
    /// Write a checkpoint now.
    Save,
    /// Score the held-out pairs now.
    Evaluate,
    /// Translate this text now.
    Translate(String),
    /// Inspect the translation of a sentence now: [`Event::Inspection`](crate::Event::Inspection).
    Inspect(Box<InspectRequest>),
    /// Save, then end the run; it can be resumed. Work in progress is completed first; to abandon
    /// it, use [`Viewer::cancellation`](crate::Viewer::cancellation).
    Stop,
}
