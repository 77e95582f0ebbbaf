//! Reading of a run's events, during the run or afterwards.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{RunDir, lock, log};
use crate::event::Event;
use crate::{Error, Result};

/// Number of bytes before the current position that are kept, to detect a changed log.
const TAIL: usize = 256;

/// Follows the `events.jsonl` of a run directory.
///
/// ```no_run
/// let mut reader = seq2seq::EventReader::open("runs/mine".as_ref())?;
/// while reader.is_live() {
///     for event in reader.poll()? {
///         println!("{event:?}");
///     }
/// }
/// # Ok::<(), seq2seq::Error>(())
/// ```
#[derive(Debug)]
pub struct EventReader {
    folder: PathBuf,
    /// Start of the first line that has not been read yet.
    position: u64,
    /// The bytes before `position`.
    tail: Vec<u8>,
    restarted: bool,
    skipped: u64,
}

impl EventReader {
    /// Opens the log of a run.
    ///
    /// # Errors
    /// There is no run at this path.
    pub fn open(run_dir: &Path) -> Result<Self> {
        RunDir::open(run_dir)?;
        Ok(Self {
            folder: run_dir.into(),
            position: 0,
            tail: Vec::new(),
            restarted: false,
            skipped: 0,
        })
    }

    /// Returns the events written since the last call (all events in the first call). An incomplete
    /// last line is read by a later call.
    ///
    /// Complete lines that this build cannot parse as events (because they are damaged or a newer
    /// program wrote them) are skipped and [counted](Self::skipped). If the run was resumed, its
    /// log was truncated; then all events are returned again from the first one, and
    /// [`EventReader::restarted`] returns true.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn poll(&mut self) -> Result<Vec<Event>> {
        self.restarted = false;
        let path = self.folder.join(log::NAME);
        let io = || Error::io("read", &path);
        let mut file = File::open(&path).map_err(io())?;
        if !self.is_continued(&mut file).map_err(io())? {
            self.restarted = true;
            self.position = 0;
            self.skipped = 0;
            self.tail.clear();
        }
        file.seek(SeekFrom::Start(self.position)).map_err(io())?;

        let mut lines = BufReader::with_capacity(1 << 16, file);
        let mut events = Vec::new();
        let mut line = Vec::new();
        loop {
            line.clear();
            lines.read_until(b'\n', &mut line).map_err(io())?;
            let Some(text) = line.strip_suffix(b"\n") else { break };
            match serde_json::from_slice(text) {
                Ok(event) => events.push(event),
                Err(_) => self.skipped += 1,
            }
            self.position += line.len() as u64;
            self.tail.extend_from_slice(&line);
            self.tail.drain(..self.tail.len().saturating_sub(TAIL));
        }
        Ok(events)
    }

    /// Returns true if the log still begins with the data read so far: it is at least as long, and
    /// the last bytes are equal. (A resumed run may have truncated the log and written past the old
    /// position in the meantime; its lines contain times, so they differ.)
    fn is_continued(&self, file: &mut File) -> std::io::Result<bool> {
        if file.metadata()?.len() < self.position {
            return Ok(false);
        }
        let mut tail = Vec::with_capacity(self.tail.len());
        file.seek(SeekFrom::Start(self.position - self.tail.len() as u64))?;
        file.take(self.tail.len() as u64).read_to_end(&mut tail)?;
        Ok(tail == self.tail)
    }

    /// Returns true if the last [`EventReader::poll`] returned the log's events from the first one
    /// again because a resume truncated the log; the caller must discard the state built from
    /// earlier events.
    pub fn restarted(&self) -> bool {
        self.restarted
    }

    /// Returns the number of complete lines that were skipped because this build cannot parse them.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Returns true while a live process trains in this directory.
    pub fn is_live(&self) -> bool {
        lock::is_held(&self.folder)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::super::log::tests::{flow, phase};
    use super::*;

    struct Run {
        folder: tempfile::TempDir,
    }

    impl Run {
        /// Creates the minimal run directory that can be followed.
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("config.json"), "{}").unwrap();
            fs::write(folder.path().join(log::NAME), "").unwrap();
            Self { folder }
        }

        fn write(&self, text: &str) {
            let path = self.folder.path().join(log::NAME);
            let mut file = OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        fn cut(&self, len: usize) {
            let path = self.folder.path().join(log::NAME);
            OpenOptions::new().write(true).open(path).unwrap().set_len(len as u64).unwrap();
        }

        fn reader(&self) -> EventReader {
            EventReader::open(self.folder.path()).unwrap()
        }
    }

    fn line(event: &Event) -> String {
        serde_json::to_string(event).unwrap() + "\n"
    }

    #[test]
    fn events_come_once_however_the_bytes_arrive() {
        let run = Run::new();
        let mut reader = run.reader();
        let text = line(&phase("größe")) + &line(&flow(1)) + &line(&phase("b"));
        let mut got = Vec::new();
        for byte in text.as_bytes() {
            let path = run.folder.path().join(log::NAME);
            let mut file = OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(&[*byte]).unwrap();
            got.extend(reader.poll().unwrap());
            assert!(!reader.restarted());
        }
        assert_eq!(got, [phase("größe"), flow(1), phase("b")]);
        assert_eq!(run.reader().poll().unwrap(), got);
        assert_eq!(reader.skipped(), 0);
        assert!(reader.poll().unwrap().is_empty());
    }

    #[test]
    fn a_torn_last_line_waits_and_strange_lines_are_counted() {
        let run = Run::new();
        let mut reader = run.reader();
        run.write("{\"event\":\"of tomorrow\"}\n\n\0\0\n{\"event\":\"phase\",\"te");
        assert!(reader.poll().unwrap().is_empty());
        assert_eq!(reader.skipped(), 3);
        run.write("xt\":\"x\"}\n");
        assert_eq!(reader.poll().unwrap(), [phase("x")]);
        assert_eq!(reader.skipped(), 3);
    }

    #[test]
    fn a_resume_that_cuts_the_log_is_noticed() {
        let run = Run::new();
        let mut reader = run.reader();
        let kept = line(&phase("kept"));
        run.write(&kept);
        run.write(&line(&flow(1)));
        assert_eq!(reader.poll().unwrap().len(), 2);
        // The log is read while it is shorter,
        run.cut(kept.len());
        assert_eq!(reader.poll().unwrap(), [phase("kept")]);
        assert!(reader.restarted());
        run.write(&line(&flow(2)));
        assert_eq!(reader.poll().unwrap(), [flow(2)]);
        assert!(!reader.restarted());
        // and after it has grown past the old position.
        run.cut(kept.len());
        run.write(&line(&flow(3)));
        run.write(&line(&phase("on")));
        assert_eq!(reader.poll().unwrap(), [phase("kept"), flow(3), phase("on")]);
        assert!(reader.restarted());
    }

    #[test]
    fn what_is_no_run_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let error = EventReader::open(folder.path()).unwrap_err();
        assert!(matches!(error, Error::NotARun { .. }), "{error}");
    }

    #[test]
    fn a_run_is_live_while_its_lock_is_held() {
        let run = Run::new();
        let reader = run.reader();
        assert!(!reader.is_live());
        let held = lock::RunLock::take(run.folder.path()).unwrap();
        assert!(reader.is_live());
        drop(held);
        assert!(!reader.is_live());
    }
}
