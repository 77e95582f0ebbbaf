//! Where the events of a run come from.

use std::path::PathBuf;
use std::time::SystemTime;

use seq2seq::{Command, Event, RunListing};

use super::history::HistoryPart;
use super::mode::RunRequest;
use crate::trainer::Trainer;

/// Maximum number of events applied between two frames; the others wait for the next one.
const EVENTS: usize = 16_384;

/// New information from a source.
#[derive(Debug, Default)]
pub struct SourceUpdate {
    /// A part of the log that was read in the background; applied before the events.
    pub history: Option<HistoryPart>,
    /// Events since the last call.
    pub events: Vec<Event>,
    /// False if the process that produces the events has ended.
    pub alive: bool,
    /// True if the log restarts with these events, so that all earlier ones are invalid.
    pub restarted: bool,
    /// The runs of the list, and when they were read, if they were.
    pub runs: Option<(Vec<RunListing>, SystemTime)>,
    /// The answer to a request about a run of the list.
    pub notice: Option<String>,
}

impl SourceUpdate {
    /// Returns true if there is nothing new.
    pub fn is_quiet(&self) -> bool {
        self.events.is_empty() && self.history.is_none()
    }
}

/// A source of events that accepts commands.
pub trait Source {
    /// Returns new events without waiting.
    fn news(&mut self) -> SourceUpdate;
    /// Sends a command.
    fn send(&mut self, command: Command);
    /// Returns the run's folder, if it is known.
    fn run_dir(&self) -> Option<PathBuf>;
    /// Begins to list the runs of the folder, if it has not begun yet.
    fn list_runs(&mut self) {}
    /// Opens, stops or resumes a run of the list; only for a source that has one.
    fn request(&mut self, _request: RunRequest) {}
}

impl Source for Trainer {
    fn news(&mut self) -> SourceUpdate {
        let events = self.drain(EVENTS);
        let alive = !(self.has_ended() && events.is_empty());
        SourceUpdate { alive, events, ..SourceUpdate::default() }
    }

    fn send(&mut self, command: Command) {
        Self::send(self, command);
    }

    fn run_dir(&self) -> Option<PathBuf> {
        self.work().run_dir().map(Into::into)
    }
}
