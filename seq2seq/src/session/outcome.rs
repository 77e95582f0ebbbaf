//! The result of a run.

use std::path::PathBuf;

use crate::event::End;

/// How a run ended, and where it is.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run directory.
    pub run_dir: PathBuf,
    /// How it ended.
    pub end: End,
    /// Whether nothing was done because the run had already finished.
    pub already_finished: bool,
}
