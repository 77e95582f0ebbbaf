//! What the dashboard of `tui watch` shows: the log of one run, and the list of a folder.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use color_eyre::eyre::Result;
use seq2seq::{Command, RunDir, RunListing, RunsFolder};

use super::log::Log;
use crate::dashboard::{RunRequest, Source, SourceUpdate};
use crate::{output, signals};

/// Time between two looks at the folder.
const LOOK: Duration = Duration::from_secs(2);
/// Time after which an unchanged list is sent again, so that the ages stay right.
const AGING: Duration = Duration::from_secs(20);

type ListOrTrouble = std::result::Result<(Vec<RunListing>, SystemTime), String>;

/// A run that is open, if one is, and the list of a folder.
pub(super) struct Watched {
    list: Receiver<ListOrTrouble>,
    log: Option<(PathBuf, Log)>,
    /// True until the events of a run that was just opened arrive.
    is_new: bool,
    notice: Option<String>,
    resumed: Option<PathBuf>,
}

impl Watched {
    /// Begins to list a folder, on its own thread.
    ///
    /// # Errors
    /// Returns an error if the thread cannot be spawned.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let (sender, list) = sync_channel(1);
        let mut runs = RunsFolder::new(folder);
        thread::Builder::new().name("runs".to_owned()).spawn(move || {
            let mut sent: Option<(ListOrTrouble, Instant)> = None;
            loop {
                let found = runs.list().map(|runs| (runs, SystemTime::now()));
                let found = found.map_err(|error| error.to_string());
                let is_known = sent
                    .as_ref()
                    .is_some_and(|(sent, at)| at.elapsed() < AGING && is_equal(sent, &found));
                if !is_known {
                    sent = Some((found.clone(), Instant::now()));
                    if sender.send(found).is_err() {
                        break;
                    }
                }
                thread::sleep(LOOK);
            }
        })?;
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

    /// Returns the run that is to be trained on.
    pub(super) fn resumed(&self) -> Option<&Path> {
        self.resumed.as_deref()
    }

    /// Returns why the log of the run could not be read to its end.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.log.as_ref().and_then(|(_, log)| log.trouble())
    }
}

/// Returns true if two lists show the same, whenever they were read.
fn is_equal(a: &ListOrTrouble, b: &ListOrTrouble) -> bool {
    match (a, b) {
        (Ok((a, _)), Ok((b, _))) => a == b,
        (Err(a), Err(b)) => a == b,
        _ => false,
    }
}

/// Asks the process that trains a run to stop; returns what to tell the user.
fn stop(run: &Path) -> String {
    // The process is looked up anew: the list may be seconds old.
    match RunDir::open(run).map(|dir| dir.process()) {
        Ok(Some(process)) => match signals::terminate(process) {
            Ok(()) => format!("process {process} is to stop after its step and save"),
            Err(error) => format!("process {process} cannot be stopped: {error}"),
        },
        Ok(None) => "no process trains it any more".to_owned(),
        Err(error) => error.to_string(),
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
        match self.list.try_recv() {
            Ok(Ok(runs)) => news.runs = Some(runs),
            Ok(Err(trouble)) => news.notice = Some(trouble),
            Err(_) => {}
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
            RunRequest::Resume(run) => self.resumed = Some(run),
        }
    }
}
