//! Writing of a run's events.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::event::Event;
use crate::{Error, Result};

/// Name of the log in the run's folder.
pub(super) const NAME: &str = "events.jsonl";
/// Maximum time for which events are buffered (or until the next event, if that is later).
const WAIT: Duration = Duration::from_secs(1);
/// Maximum size of the buffered events in bytes.
const MOST: usize = 1 << 16;

/// Appends events to the `events.jsonl` of a run, one JSON object per line.
///
/// Steps are buffered for up to a second; all other events are written immediately.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    file: File,
    /// Bytes in the file.
    written: u64,
    /// Complete lines that are not in the file yet.
    waiting: Vec<u8>,
    flushed: Instant,
}

impl EventLog {
    /// Opens the log in a run's folder for appending.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).open(&path).map_err(|e| match e.kind() {
            ErrorKind::NotFound => Error::NotFound { path: path.clone() },
            _ => Error::io("write", &path)(e),
        })?;
        let written = file.metadata().map_err(Error::io("read", &path))?.len();
        Ok(Self { path, file, written, waiting: Vec::new(), flushed: Instant::now() })
    }

    /// Creates the empty log of a new run, synced to disk.
    pub(super) fn create(folder: &Path) -> Result<()> {
        let path = folder.join(NAME);
        let created = File::create_new(&path).and_then(|file| file.sync_all());
        created.map_err(Error::io("write", &path))
    }

    /// Returns the length of the log in bytes, including buffered events.
    #[allow(clippy::len_without_is_empty)] // a length in a file, not a number of items
    pub fn len(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    /// Appends an event.
    ///
    /// # Errors
    /// The file cannot be written to; the events stay in the buffer and are written later.
    pub fn append(&mut self, event: &Event) -> Result<()> {
        let before = self.waiting.len();
        if let Err(error) = serde_json::to_writer(&mut self.waiting, event) {
            self.waiting.truncate(before);
            return Err(Error::Unencodable { path: self.path.clone(), what: error.to_string() });
        }
        self.waiting.push(b'\n');
        let may_wait = event.is_drawing_only() && self.waiting.len() < MOST;
        if may_wait && self.flushed.elapsed() < WAIT { Ok(()) } else { self.flush() }
    }

    /// Writes all buffered events to the file, so that other processes see them.
    ///
    /// # Errors
    /// The file cannot be written to.
    pub fn flush(&mut self) -> Result<()> {
        self.flushed = Instant::now();
        while !self.waiting.is_empty() {
            match self.file.write(&self.waiting) {
                Ok(0) => {
                    let full = ErrorKind::WriteZero.into();
                    return Err(Error::io("write", &self.path)(full));
                }
                Ok(count) => {
                    // Data already in the file must not be written again after an error.
                    self.waiting.drain(..count);
                    self.written += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io("write", &self.path)(error)),
            }
        }
        Ok(())
    }

    /// Writes all buffered events and syncs the file to disk.
    ///
    /// # Errors
    /// The file cannot be written to.
    pub fn sync(&mut self) -> Result<()> {
        self.flush()?;
        self.file.sync_data().map_err(Error::io("write", &self.path))
    }

    /// Truncates the log to `len` bytes, its length at the checkpoint from which the run is
    /// resumed.
    ///
    /// # Errors
    /// [`Error::LogTooShort`] if the log is shorter, [`Error::OtherLog`] if no line ends at `len`,
    /// and write errors.
    pub fn truncate_to(&mut self, len: u64) -> Result<()> {
        self.flush()?;
        let path = || self.path.clone();
        let found = self.file.metadata().map_err(Error::io("read", &self.path))?.len();
        if found < len {
            return Err(Error::LogTooShort { path: path(), found, expected: len });
        }
        if let Some(last) = len.checked_sub(1) {
            let mut byte = [0];
            let read = self.file.seek(SeekFrom::Start(last));
            read.and_then(|_| self.file.read_exact(&mut byte))
                .map_err(Error::io("read", &self.path))?;
            if byte != *b"\n" {
                return Err(Error::OtherLog { path: path(), at: len });
            }
        }
        self.file.set_len(len).map_err(Error::io("write", &self.path))?;
        self.written = len;
        self.sync()
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        // `drop` cannot report an error; a checkpoint never refers to events that were not synced.
        let _ = self.flush();
    }
}

/// Renames the log in `folder` to an unused name, and returns that name.
pub(super) fn put_aside(folder: &Path) -> Result<String> {
    let path = folder.join(NAME);
    let free = |n: &u32| !folder.join(format!("{NAME}.{n}")).exists();
    let name = format!("{NAME}.{}", (1..).find(free).unwrap_or(0));
    fs::rename(&path, folder.join(&name)).map_err(Error::io("rename", &path))?;
    Ok(name)
}

/// Returns the length of the log in `folder`; 0 if there is none.
pub(super) fn length(folder: &Path) -> u64 {
    fs::metadata(folder.join(NAME)).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
pub(in crate::run) mod tests {
    use super::*;
    use crate::event::{Flow, FlowSeries};

    pub(in crate::run) fn phase(text: &str) -> Event {
        Event::Phase { text: text.into() }
    }

    pub(in crate::run) fn flow(step: u64) -> Event {
        let series = vec![FlowSeries { name: "encoder.l0".into(), norms: vec![0.5] }];
        Event::Flow(Flow { step, series })
    }

    fn log() -> (tempfile::TempDir, EventLog) {
        let folder = tempfile::tempdir().unwrap();
        EventLog::create(folder.path()).unwrap();
        let log = EventLog::open(folder.path()).unwrap();
        (folder, log)
    }

    fn text(folder: &tempfile::TempDir) -> String {
        fs::read_to_string(folder.path().join(NAME)).unwrap()
    }

    #[test]
    fn one_object_a_line_and_words_go_at_once() {
        let (folder, mut log) = log();
        log.append(&flow(1)).unwrap();
        assert_eq!(length(folder.path()), 0);
        assert!(log.len() > 0);
        log.append(&phase("a\nb")).unwrap();
        assert_eq!(length(folder.path()), log.len());
        assert_eq!(text(&folder).lines().count(), 2);
        assert!(text(&folder).ends_with("{\"event\":\"phase\",\"text\":\"a\\nb\"}\n"));
        log.append(&flow(2)).unwrap();
        drop(log);
        assert_eq!(text(&folder).lines().count(), 3);
    }

    #[test]
    fn steps_wait_a_second_at_most() {
        let (folder, mut log) = log();
        log.flushed = Instant::now().checked_sub(WAIT).unwrap();
        log.append(&flow(1)).unwrap();
        assert_eq!(length(folder.path()), log.len());
        for step in 0..MOST as u64 {
            log.append(&flow(step)).unwrap();
            assert!(log.waiting.len() < MOST);
        }
    }

    #[test]
    fn a_log_is_cut_back_to_its_checkpoint() {
        let (folder, mut log) = log();
        log.append(&phase("kept")).unwrap();
        let len = log.len();
        let kept = text(&folder);
        log.append(&phase("lost")).unwrap();
        log.append(&flow(9)).unwrap();
        log.truncate_to(len).unwrap();
        assert_eq!((text(&folder), log.len()), (kept.clone(), len));
        log.append(&phase("new")).unwrap();
        assert!(text(&folder).starts_with(&kept) && text(&folder).ends_with("\"new\"}\n"));
        log.truncate_to(0).unwrap();
        assert_eq!(text(&folder), "");
    }

    #[test]
    fn a_log_that_does_not_fit_its_checkpoint_is_an_error() {
        let (folder, mut log) = log();
        log.append(&phase("a")).unwrap();
        let error = log.truncate_to(1000).unwrap_err().to_string();
        assert!(
            error.contains("events.jsonl has 29 bytes and the checkpoint speaks of 1000"),
            "{error}"
        );
        let error = log.truncate_to(5).unwrap_err().to_string();
        assert!(error.contains("events.jsonl has no end of line before byte 5"), "{error}");
        assert_eq!(text(&folder).len(), 29);
        let absent = EventLog::open(Path::new("/nowhere")).unwrap_err();
        assert!(matches!(absent, Error::NotFound { .. }), "{absent}");
    }
}
