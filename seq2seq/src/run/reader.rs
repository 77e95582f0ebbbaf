//! Reading a run's events, while it goes on or afterwards.

use std::path::Path;

use crate::event::Event;
use crate::{Error, Result};

/// Follows the `events.jsonl` of a run directory.
#[derive(Debug)]
pub struct EventReader {}

impl EventReader {
    /// Opens the log of a run.
    ///
    /// # Errors
    /// No run there.
    pub fn open(run_dir: &Path) -> Result<Self> {
        let _ = run_dir;
        Err(Error::Other("not yet".into()))
    }

    /// The events written since the last call (all of them at first); a torn last line waits.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn poll(&mut self) -> Result<Vec<Event>> {
        Ok(Vec::new())
    }

    /// True while a live process trains in this directory.
    pub fn is_live(&self) -> bool {
        false
    }
}
