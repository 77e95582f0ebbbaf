//! Writing of a run's events and checkpoints.

use crate::Result;
use crate::event::{CheckpointKind, Event};
use crate::link::Link;
use crate::run::{Checkpoint, EventLog, RunDir};

/// Writes a run's folder and sends its events to the viewer.
pub struct Recorder<'a> {
    /// The run directory.
    pub dir: &'a RunDir,
    /// Its event log.
    pub log: EventLog,
    /// The viewer's link.
    pub link: &'a mut Link,
}

impl Recorder<'_> {
    /// Logs an event and sends it.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn tell(&mut self, event: Event) -> Result<()> {
        self.log.append(&event)?;
        self.link.send(event);
        Ok(())
    }

    /// Logs and sends warnings after `step` steps.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn warn(&mut self, step: u64, texts: impl IntoIterator<Item = String>) -> Result<()> {
        texts.into_iter().try_for_each(|text| self.tell(Event::Warning { step, text }))
    }

    /// Saves a checkpoint and makes the log durable.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn save(&mut self, kind: CheckpointKind, checkpoint: &mut Checkpoint) -> Result<()> {
        self.dir.save(kind, checkpoint, &mut self.log)
    }
}
