//! What the dashboard of `tui watch` shows: the log of one run, and the list of a folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use color_eyre::eyre::Result;
use seq2seq::Command;

use super::log::Log;
use crate::dashboard::{RunRequest, Source, SourceUpdate};
use crate::output;
use crate::runs_lister::{RunsLister, stop};

/// Time between two looks at the folder.
const LOOK: Duration = Duration::from_secs(2);

/// A run that is open, if one is, and the list of a folder.
pub(super) struct Watched {
    list: RunsLister,
    log: Option<(PathBuf, Log)>,
    /// True until the events of a run that was just opened arrive.
    is_new: bool,
    notice: Option<String>,
    resumed: Option<(PathBuf, Vec<(String, String)>)>,
}

impl Watched {
    /// Begins to list a folder, on its own thread.
    ///
    /// # Errors
    /// Returns an error if the thread cannot be spawned.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let list = RunsLister::start(folder, LOOK)?;
        Ok(Self { list, log: None, is_new: false, notice: None, resumed: None })
    }

    /// Opens a run.
    ///
    /// # Errors
    /// Returns an error if there is no run, or its log cannot be followed.
    pub(super) fn open(&mut self, run: &Path) -> Result<()> {
        let log = Log::follow(run)?;
        self.is_new = true;
        self.log = Some((run.to_owned(), log));
        Ok(())
    }

    /// Returns the run that is open.
    pub(super) fn run(&self) -> Option<&Path> {
        self.log.as_ref().map(|(run, _)| run.as_path())
    }

    /// Returns the run that is to be trained on, and its new settings.
    pub(super) fn resumed(&self) -> Option<&(PathBuf, Vec<(String, String)>)> {
        self.resumed.as_ref()
    }

    /// Returns why the log of the run could not be read to its end.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.log.as_ref().and_then(|(_, log)| log.trouble())
    }
}

impl Source for Watched {
    fn news(&mut self) -> SourceUpdate {
        let mut news = match &mut self.log {
            Some((_, log)) => log.news(),
            None => SourceUpdate { alive: true, ..SourceUpdate::default() },
        };
        // The events of the run before are no longer valid.
        news.restarted |= std::mem::take(&mut self.is_new);
        match self.list.news() {
            Some(Ok(runs)) => news.runs = Some(runs),
            Some(Err(trouble)) => news.notice = Some(trouble),
            None => {}
        }
        if self.notice.is_some() {
            news.notice = self.notice.take();
        }
        news
    }

    fn send(&mut self, command: Command) {
        if let Some((_, log)) = &mut self.log {
            log.send(command);
        }
    }

    fn run_dir(&self) -> Option<PathBuf> {
        self.run().map(Into::into)
    }

    fn request(&mut self, request: RunRequest) {
        match request {
            RunRequest::Open(run) if self.run() == Some(&run) => {}
            RunRequest::Open(run) => {
                if let Err(error) = self.open(&run) {
                    self.notice = Some(output::one_line(&error));
                }
            }
            RunRequest::Stop(run) => self.notice = Some(stop(&run)),
            RunRequest::Resume(run) => self.resumed = Some((run, Vec::new())),
            RunRequest::ResumeWith(set) => {
                self.resumed = self.run().map(|run| (run.to_owned(), set));
            }
        }
    }
}
