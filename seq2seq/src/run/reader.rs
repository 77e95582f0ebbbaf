//! Reading a run's events, while it goes on or afterwards.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{RunDir, lock, log};
use crate::event::Event;
use crate::{Error, Result};

/// As many bytes before the place reached are kept, to notice that they have changed.
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
    /// Where the first line begins that was not read yet.
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
    /// No run there.
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

    /// The events written since the last call (all of them at first); a torn last line waits.
    ///
    /// Whole lines that are no events of this build (a newer program wrote them, or they are
    /// damaged) are passed over and [counted](Self::skipped). Where the run was resumed, its log
    /// was cut back: then this gives all of its events from the first one again, and
    /// [`EventReader::restarted`] says so.
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

    /// True where the log still begins with what was read: it is as long at least, and the last
    /// bytes are the same. (A resumed run may have cut the log and written past the old place
    /// since the last look; its lines hold times, so they differ.)
    fn is_continued(&self, file: &mut File) -> std::io::Result<bool> {
        if file.metadata()?.len() < self.position {
            return Ok(false);
        }
        let mut tail = Vec::with_capacity(self.tail.len());
        file.seek(SeekFrom::Start(self.position - self.tail.len() as u64))?;
        file.take(self.tail.len() as u64).read_to_end(&mut tail)?;
        Ok(tail == self.tail)
    }

    /// True where the last [`EventReader::poll`] gave the log's events from the first one again,
    /// since a resume has cut it back: what was built of the earlier ones must be forgotten.
    pub fn restarted(&self) -> bool {
        self.restarted
    }

    /// Whole lines that were passed over, since they are no events of this build.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// True while a live process trains in this directory.
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
        /// Just enough of a run to be followed.
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
        // Looked at while it is short,
        run.cut(kept.len());
        assert_eq!(reader.poll().unwrap(), [phase("kept")]);
        assert!(reader.restarted());
        run.write(&line(&flow(2)));
        assert_eq!(reader.poll().unwrap(), [flow(2)]);
        assert!(!reader.restarted());
        // and when it has grown past the old place.
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
