//! The runs of a folder, listed on a thread of their own.

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use std::{io, path::PathBuf};

use seq2seq::{RunDir, RunListing, RunsFolder};

use crate::signals;

/// Time after which an unchanged list is sent again, so that the ages stay right.
const AGING: Duration = Duration::from_secs(20);

/// The runs of a folder with the time at which they were read, or why it cannot be read.
pub(crate) type ListOrTrouble = Result<(Vec<RunListing>, SystemTime), String>;

/// A thread that lists the runs of a folder.
#[derive(Debug)]
pub(crate) struct RunsLister {
    lists: Receiver<ListOrTrouble>,
}

impl RunsLister {
    /// Begins to list a folder, again after each `interval`.
    ///
    /// # Errors
    /// Returns an error if the thread cannot be spawned.
    pub(crate) fn start(folder: &Path, interval: Duration) -> io::Result<Self> {
        let (sender, lists) = sync_channel(1);
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
                thread::sleep(interval);
            }
        })?;
        Ok(Self { lists })
    }

    /// Returns the list if it is new.
    pub(crate) fn news(&self) -> Option<ListOrTrouble> {
        self.lists.try_recv().ok()
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
pub(crate) fn stop(run: &Path) -> String {
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

/// The folder in which a run lies; the current one for a name alone.
pub(crate) fn folder_of(run: &Path) -> PathBuf {
    match run.parent() {
        Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
        Some(folder) => folder.to_owned(),
        None => run.to_owned(),
    }
}
