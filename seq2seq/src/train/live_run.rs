//! The stored settings of a run that is trained.

use crate::run::StoredRun;

/// The stored settings of a run that is trained, which change with it.
#[derive(Debug)]
pub struct LiveRun {
    /// The content of `config.json`.
    pub stored: StoredRun,
    /// Number of held-out examples.
    pub held_out: usize,
}
