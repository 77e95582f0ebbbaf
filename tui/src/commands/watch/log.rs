//! The log of the run that is shown, and the answers of its checkpoint.

use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::{Command, EventReader, RunDir};

use crate::answerer::Answerer;
use crate::dashboard::{LogFollower, Source, SourceUpdate};

/// Checks that a folder holds a run. A folder may contain the config.json of another program.
fn check(run: &Path) -> Result<()> {
    let opened = RunDir::open(run).and_then(|dir| dir.stored());
    opened.map(drop).wrap_err_with(|| run.display().to_string())
}

/// Opens the log of a run.
pub(super) fn open(run: &Path) -> Result<EventReader> {
    check(run)?;
    EventReader::open(run).wrap_err_with(|| run.display().to_string())
}

/// The log of a run, read on its own thread, so that a long log does not block the keys.
pub(super) struct Log {
    follower: LogFollower,
    answerer: Answerer,
}

impl Log {
    pub(super) fn follow(run: &Path) -> Result<Self> {
        check(run)?;
        Ok(Self { follower: LogFollower::open(run)?, answerer: Answerer::new(run) })
    }

    /// Returns why the log could not be read to its end.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.follower.trouble()
    }
}

impl Source for Log {
    fn news(&mut self) -> SourceUpdate {
        let mut news = self.follower.news();
        news.events.extend(self.answerer.answers());
        news
    }

    /// Answers a command about the run's checkpoint. The process that trains takes no commands from
    /// here.
    fn send(&mut self, command: Command) {
        if Answerer::takes(&command) {
            self.answerer.send(command);
        }
    }

    fn run_dir(&self) -> Option<PathBuf> {
        self.follower.run_dir()
    }
}
