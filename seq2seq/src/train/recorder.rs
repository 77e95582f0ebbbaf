//! Writing of a run's events and checkpoints.

use std::path::Path;

use crate::Result;
use crate::event::{CheckpointKind, Event};
use crate::link::Link;
use crate::run::{Checkpoint, EventLog, RunDir, StoredRun};

/// Writes a run's folder and sends its events to the viewer. On the ranks after the first it does
/// neither.
pub struct Recorder<'a> {
    /// The run directory and its event log; `None` on the ranks after the first.
    folder: Option<(&'a RunDir, EventLog)>,
    /// The run's path.
    path: &'a Path,
    /// The viewer's link.
    pub link: &'a mut Link,
}

impl<'a> Recorder<'a> {
    /// Creates the recorder of a run's folder and its log.
    pub fn new(dir: &'a RunDir, log: EventLog, link: &'a mut Link) -> Self {
        Self { folder: Some((dir, log)), path: dir.path(), link }
    }

    /// Creates a recorder that writes nothing, for a rank after the first; `path` is the run's path,
    /// for messages.
    pub fn silent(path: &'a Path, link: &'a mut Link) -> Self {
        Self { folder: None, path, link }
    }

    /// Returns the run's path.
    pub fn path(&self) -> &'a Path {
        self.path
    }

    /// Logs an event and sends it.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn tell(&mut self, event: Event) -> Result<()> {
        if let Some((_, log)) = &mut self.folder {
            log.append(&event)?;
            self.link.send(event);
        }
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
        match &mut self.folder {
            Some((dir, log)) => dir.save(kind, checkpoint, log),
            None => Ok(()),
        }
    }

    /// Keeps a checkpoint for inference, one of at most `count`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn keep(&self, checkpoint: &Checkpoint, count: usize) -> Result<()> {
        self.folder.as_ref().map_or(Ok(()), |(dir, _)| dir.keep(checkpoint, count))
    }

    /// Replaces the stored settings.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn store(&self, stored: &StoredRun) -> Result<()> {
        self.folder.as_ref().map_or(Ok(()), |(dir, _)| dir.store(stored))
    }

    /// Returns the length of the log in bytes.
    pub(super) fn log_len(&self) -> u64 {
        self.folder.as_ref().map_or(0, |(_, log)| log.len())
    }

    /// Makes the log durable.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn sync(&mut self) -> Result<()> {
        self.folder.as_mut().map_or(Ok(()), |(_, log)| log.sync())
    }
}
