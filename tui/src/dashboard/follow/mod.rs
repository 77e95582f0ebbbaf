//! Reading of a run's log on a thread of its own: the newest events first, then the whole log.

mod index;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use color_eyre::eyre::{Report, Result, WrapErr};
use seq2seq::event::Start;
use seq2seq::{Command, Event, EventReader};

use super::history::{HistoryPart, RunHistory};
use super::source::{Source, SourceUpdate};
use crate::output;

/// Time between two polls of the log.
const LOOK: Duration = Duration::from_millis(250);
/// Time between two parts of a history that is being read.
const PART: Duration = Duration::from_millis(300);
/// Bytes that are read at once.
const BATCH: u64 = 1 << 20;
/// Bytes of a log that are read before anything is shown.
const SMALL: u64 = 4 << 20;
/// Bytes at the end of a longer log that are shown first.
const NEAR_END: u64 = 1 << 18;
/// Bytes at its beginning in which the first event of a run is looked for.
const HEAD: u64 = 1 << 16;
/// Bytes that were read since the last index, from which on another one is written.
const INDEX_EVERY: u64 = 8 << 20;
/// Time for which the first event of a resumed run is awaited.
const PATIENCE: Duration = Duration::from_secs(10);

type Update = Result<SourceUpdate>;

/// A run whose log is read in the background.
#[derive(Debug)]
pub struct LogFollower {
    run_dir: PathBuf,
    news: Receiver<Update>,
    alive: bool,
    trouble: Option<String>,
}

impl LogFollower {
    /// Follows the log of a run.
    ///
    /// # Errors
    /// There is no run in the folder, or no thread can be started.
    pub fn open(run_dir: &Path) -> Result<Self> {
        // Errors of opening are returned here; those of reading are in `trouble`.
        EventReader::open(run_dir).wrap_err_with(|| run_dir.display().to_string())?;
        Self::start(run_dir, Reading::follow)
    }

    /// Reads the log of a run up to the event with which this process resumed it.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn before(run_dir: &Path, start: Start) -> Result<Self> {
        Self::start(run_dir, move |reading| reading.read_before(&start))
    }

    fn start(
        run_dir: &Path,
        read: impl FnOnce(&mut Reading) -> Result<()> + Send + 'static,
    ) -> Result<Self> {
        let (sender, news) = sync_channel(4);
        let run_dir = run_dir.to_owned();
        let folder = run_dir.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            let read =
                Reading::open(folder, sender.clone()).and_then(|mut reading| read(&mut reading));
            if let Err(error) = read.wrap_err("reading the log") {
                // The viewer may have gone.
                let _ = sender.send(Err(error));
            }
        })?;
        Ok(Self { run_dir, news, alive: true, trouble: None })
    }

    /// Returns the error that ended the reading, if there was one.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}

impl Source for LogFollower {
    fn news(&mut self) -> SourceUpdate {
        match self.news.try_recv() {
            Ok(Ok(news)) => {
                self.alive = news.alive;
                return news;
            }
            Ok(Err(error)) => {
                self.trouble = Some(output::one_line(&error));
                self.alive = false;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => self.alive = false,
        }
        SourceUpdate { alive: self.alive, ..SourceUpdate::default() }
    }

    fn send(&mut self, _: Command) {
        // The model sends no commands when it only watches.
    }

    fn run_dir(&self) -> Option<PathBuf> {
        Some(self.run_dir.clone())
    }
}

/// Nobody receives the updates any more.
#[derive(Debug)]
struct Gone;

/// The reading of a log.
struct Reading {
    run_dir: PathBuf,
    sender: SyncSender<Update>,
    reader: EventReader,
    /// Everything up to the position of the reader.
    history: RunHistory,
    /// The position of the stored index.
    indexed: u64,
    /// True until an update says that all earlier events are invalid.
    restarted: bool,
}

impl Reading {
    fn open(run_dir: PathBuf, sender: SyncSender<Update>) -> Result<Self> {
        let (history, position) = index::load(&run_dir).unwrap_or_default();
        let indexed = position.bytes;
        let reader = EventReader::open_at(&run_dir, position)?;
        Ok(Self { run_dir, sender, reader, history, indexed, restarted: false })
    }

    /// Reads the next events into the history.
    fn read(&mut self, bytes: u64) -> Result<Vec<Event>> {
        let events = self.reader.poll_up_to(bytes)?;
        if self.reader.restarted() {
            self.history = RunHistory::default();
            (self.indexed, self.restarted) = (0, true);
        }
        events.iter().for_each(|event| self.history.apply(event));
        Ok(events)
    }

    fn send(
        &mut self,
        alive: bool,
        history: Option<HistoryPart>,
        events: Vec<Event>,
    ) -> Result<(), Gone> {
        let restarted = std::mem::take(&mut self.restarted);
        self.sender
            .send(Ok(SourceUpdate { history, events, alive, restarted, ..SourceUpdate::default() }))
            .map_err(|_| Gone)
    }

    /// Sends the whole log, and then its new events, until the viewer is gone.
    fn follow(&mut self) -> Result<()> {
        if self.catch_up()?.is_err() {
            return Ok(());
        }
        loop {
            // Checked before the poll, so that everything the process wrote before its end is read.
            let alive = self.reader.is_live();
            let events = self.read(BATCH)?;
            if self.restarted {
                if self.catch_up()?.is_err() {
                    return Ok(());
                }
                continue;
            }
            let quiet = events.is_empty();
            if self.send(alive, None, events).is_err() {
                return Ok(());
            }
            self.store_index();
            if quiet {
                thread::sleep(LOOK);
            }
        }
    }

    /// Reads up to the end of the log; of a long one, the newest events are sent at once, and then
    /// the beginning as far as it was read.
    fn catch_up(&mut self) -> Result<Result<(), Gone>> {
        let end = self.reader.log_len()?;
        let long = end.saturating_sub(self.reader.position().bytes) > SMALL;
        let mut near = None;
        if long {
            let mut reader = EventReader::open_near_end(&self.run_dir, NEAR_END)?;
            let mut events = self.first_start()?;
            events.extend(reader.poll()?);
            if self.send(reader.is_live(), None, events).is_err() {
                return Ok(Err(Gone));
            }
            near = Some(reader);
        }
        let mut sent = Instant::now();
        loop {
            let alive = self.reader.is_live();
            self.read(BATCH)?;
            let at = self.reader.position().bytes;
            let target = near.as_ref().map_or(end, |near| near.position().bytes);
            if at >= target || self.reader.log_len()? <= at {
                let whole = HistoryPart::Whole(Box::new(self.history.clone()));
                let sent = self.send(alive, Some(whole), Vec::new());
                self.store_index();
                return Ok(sent);
            }
            if let Some(near) = near.as_mut().filter(|_| sent.elapsed() >= PART) {
                let share = at as f64 / target.max(1) as f64;
                let events = near.poll()?;
                let part = HistoryPart::Beginning(Box::new(self.history.clone()), share);
                if self.send(alive, Some(part), events).is_err() {
                    return Ok(Err(Gone));
                }
                sent = Instant::now();
            }
        }
    }

    /// Returns the first event that describes the run.
    fn first_start(&self) -> Result<Vec<Event>> {
        let events = EventReader::open(&self.run_dir)?.poll_up_to(HEAD)?;
        Ok(events.into_iter().find(|event| matches!(event, Event::Start(_))).into_iter().collect())
    }

    /// Sends what came before an event with which this process resumed the run.
    fn read_before(&mut self, start: &Start) -> Result<()> {
        let begun = Instant::now();
        let mut sent = begun;
        loop {
            let events = self.reader.poll_up_to(BATCH)?;
            if self.reader.restarted() {
                self.history = RunHistory::default();
            }
            let quiet = events.is_empty();
            for event in &events {
                if matches!(event, Event::Start(found) if **found == *start) {
                    let before = std::mem::take(&mut self.history);
                    // The viewer may have gone.
                    let _ =
                        self.send(true, Some(HistoryPart::Before(Box::new(before))), Vec::new());
                    return Ok(());
                }
                self.history.apply(event);
            }
            if quiet {
                if begun.elapsed() > PATIENCE {
                    return Err(Report::msg("the log has no event of the resume"));
                }
                thread::sleep(LOOK);
            } else if sent.elapsed() >= PART {
                let share =
                    self.reader.position().bytes as f64 / self.reader.log_len()?.max(1) as f64;
                let part = HistoryPart::Beginning(Box::new(self.history.clone()), share);
                if self.send(true, Some(part), Vec::new()).is_err() {
                    return Ok(());
                }
                sent = Instant::now();
            }
        }
    }

    /// Stores an index if much was read since the last one.
    fn store_index(&mut self) {
        let position = self.reader.position();
        if position.bytes >= self.indexed + INDEX_EVERY {
            self.indexed = position.bytes;
            // The folder may be read-only: then the history is only in memory.
            let _ = index::store(&self.run_dir, &self.history, position);
        }
    }
}

#[cfg(test)]
mod tests;
