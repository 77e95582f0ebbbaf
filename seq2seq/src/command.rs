//! What a run obeys.

use serde::{Deserialize, Serialize};

/// A wish of the person who watches; looked at between two optimizer steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Stop before the next step, until [`Command::Resume`] or [`Command::StepOnce`].
    Pause,
    /// Go on.
    Resume,
    /// Do one step, then pause.
    StepOnce,
    /// Use this learning rate from now on.
    SetLearningRate(f32),
    /// Write a checkpoint now.
    Save,
    /// Score the held-out pairs now.
    Evaluate,
    /// Translate this text now.
    Translate(String),
    /// Save, then end the run; it can be resumed. What is under way is ended first:
    /// [`Viewer::cancellation`](crate::Viewer::cancellation) gives it up.
    Stop,
}
