//! How far a run is.

use super::schedule::Patience;
use crate::event::{Best, EndReason};

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
    /// How long validations have not got better.
    pub patience: Patience,
    /// True where the validation that was due after the last step was cancelled: a resume does it
    /// before anything else, so that it ends as a run that was never stopped.
    pub owes_validation: bool,
    /// How the run ended, if it has.
    pub end: Option<EndReason>,
}
