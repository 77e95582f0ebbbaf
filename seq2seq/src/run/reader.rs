//! Reading of a run's events, during the run or afterwards.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{RunDir, lock, log};
use crate::event::Event;
use crate::{Error, Result};

/// Number of bytes before the current position that are kept, to detect a changed log.
const TAIL: usize = 256;

/// A position in a log, with enough of its content to recognise the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPosition {
    /// Bytes before the position.
    pub bytes: u64,
    /// The last of them.
    before: Vec<u8>,
    /// Complete lines before it that could not be parsed.
    skipped: u64,
}

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
    /// The start of the first line that has not been read yet.
    position: LogPosition,
    restarted: bool,
}

impl EventReader {
    /// Opens the log of a run.
    ///
    /// # Errors
    /// There is no run at this path.
    pub fn open(run_dir: &Path) -> Result<Self> {
        Self::open_at(run_dir, LogPosition::default())
    }

    /// Opens the log of a run at a position up to which it was read before. If the log is another one
    /// by now, the next call of [`EventReader::poll`] reads it from its first event.
    ///
    /// # Errors
    /// There is no run at this path.
    pub fn open_at(run_dir: &Path, position: LogPosition) -> Result<Self> {
        RunDir::open(run_dir)?;
        Ok(Self { folder: run_dir.into(), position, restarted: false })
    }

    /// Opens the log of a run at the first line that begins within its last `bytes` bytes.
    ///
    /// # Errors
    /// There is no run at this path, or its log cannot be read.
    pub fn open_near_end(run_dir: &Path, bytes: u64) -> Result<Self> {
        let mut reader = Self::open(run_dir)?;
        let path = reader.folder.join(log::NAME);
        let io = || Error::io("read", &path);
        let mut file = File::open(&path).map_err(io())?;
        let from = file.metadata().map_err(io())?.len().saturating_sub(bytes);
        if from > 0 {
            file.seek(SeekFrom::Start(from)).map_err(io())?;
            let mut line = Vec::new();
            let length = BufReader::new(file).read_until(b'\n', &mut line).map_err(io())?;
            if line.ends_with(b"\n") {
                reader.position.bytes = from + length as u64;
                reader.position.before = line.split_off(line.len().saturating_sub(TAIL));
            }
        }
        Ok(reader)
    }

    /// Returns the position of the first line that has not been read yet.
    pub fn position(&self) -> &LogPosition {
        &self.position
    }

    /// Returns the length of the log in bytes.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn log_len(&self) -> Result<u64> {
        let path = self.folder.join(log::NAME);
        let metadata = std::fs::metadata(&path).map_err(Error::io("read", &path))?;
        Ok(metadata.len())
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
        self.poll_up_to(u64::MAX)
    }

    /// As [`EventReader::poll`], but returns only events that begin within the next `bytes` bytes, at
    /// least one if there is one. The memory of a long log stays bounded in this way.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn poll_up_to(&mut self, bytes: u64) -> Result<Vec<Event>> {
        self.restarted = false;
        let path = self.folder.join(log::NAME);
        let io = || Error::io("read", &path);
        let mut file = File::open(&path).map_err(io())?;
        if !self.is_continued(&mut file).map_err(io())? {
            self.restarted = true;
            self.position = LogPosition::default();
        }
        file.seek(SeekFrom::Start(self.position.bytes)).map_err(io())?;

        let end = self.position.bytes.saturating_add(bytes);
        let mut lines = BufReader::with_capacity(1 << 16, file);
        let mut events = Vec::new();
        let mut line = Vec::new();
        while self.position.bytes < end {
            line.clear();
            lines.read_until(b'\n', &mut line).map_err(io())?;
            let Some(text) = line.strip_suffix(b"\n") else { break };
            match Event::from_line(text) {
                Ok(event) => events.push(event),
                Err(_) => self.position.skipped += 1,
            }
            self.position.bytes += line.len() as u64;
            let before = &mut self.position.before;
            before.extend_from_slice(line.get(line.len().saturating_sub(TAIL)..).unwrap_or(&line));
            before.drain(..before.len().saturating_sub(TAIL));
        }
        Ok(events)
    }

    /// Returns true if the log still begins with the data read so far: it is at least as long, and
    /// the last bytes are equal. (A resumed run may have truncated the log and written past the old
    /// position in the meantime; its lines contain times, so they differ.)
    fn is_continued(&self, file: &mut File) -> std::io::Result<bool> {
        let LogPosition { bytes, before, .. } = &self.position;
        let Some(from) = bytes.checked_sub(before.len() as u64) else { return Ok(false) };
        if file.metadata()?.len() < *bytes {
            return Ok(false);
        }
        let mut tail = Vec::with_capacity(before.len());
        file.seek(SeekFrom::Start(from))?;
        file.take(before.len() as u64).read_to_end(&mut tail)?;
        Ok(tail == *before)
    }

    /// Returns true if the last [`EventReader::poll`] returned the log's events from the first one
    /// again because a resume truncated the log; the caller must discard the state built from
    /// earlier events.
    pub fn restarted(&self) -> bool {
        self.restarted
    }

    /// Returns the number of complete lines that were skipped because this build cannot parse them.
    pub fn skipped(&self) -> u64 {
        self.position.skipped
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
    use crate::event::TrainStep;

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
    fn a_log_is_read_in_parts_from_its_end_and_from_a_position() {
        let run = Run::new();
        let all: Vec<Event> = (0..100).map(|i| phase(&format!("line {i}"))).collect();
        all.iter().for_each(|event| run.write(&line(event)));
        let length = line(&all[0]).len() as u64;
        let mut reader = run.reader();
        let mut got = Vec::new();
        loop {
            let part = reader.poll_up_to(10 * length).unwrap();
            assert!(part.len() <= 10);
            if part.is_empty() {
                break;
            }
            got.extend(part);
        }
        assert_eq!(got, all);
        assert_eq!(reader.position().bytes, reader.log_len().unwrap());

        let last = line(&all[99]).len() as u64;
        let mut near = EventReader::open_near_end(run.folder.path(), 5 * last + 1).unwrap();
        assert_eq!(near.poll().unwrap(), all[95..]);
        let mut whole = EventReader::open_near_end(run.folder.path(), 1 << 20).unwrap();
        assert_eq!(whole.poll().unwrap(), all);

        let text = serde_json::to_string(reader.position()).unwrap();
        let position: LogPosition = serde_json::from_str(&text).unwrap();
        run.write(&line(&phase("more")));
        let mut again = EventReader::open_at(run.folder.path(), position.clone()).unwrap();
        assert_eq!(again.poll().unwrap(), [phase("more")]);
        assert!(!again.restarted());
        // Another log: everything is read.
        run.cut(0);
        (0..200).for_each(|i| run.write(&line(&phase(&format!("other {i}")))));
        let mut other = EventReader::open_at(run.folder.path(), position).unwrap();
        assert_eq!(other.poll().unwrap().len(), 200);
        assert!(other.restarted());
    }

    #[test]
    fn a_log_that_an_older_program_began_is_read_to_its_end() {
        let run = Run::new();
        let old = |step: u64| {
            format!(
                r#"{{"event":"step","step":{step},"epoch":1,"loss":0.1,"learning_rate":0.5,"gradient_norm":"inf","clipped_norm":1.0,"tokens":3,"tokens_per_second":4.0,"seconds":5.0}}"#
            ) + "\n"
        };
        let new =
            |step: u64| format!(r#"{{"step":[{step},1,0.1,0.5,"inf",1.0,3,4.0,5.0]}}"#) + "\n";
        run.write(
            &(line(&phase("a")) + &old(1) + &old(2) + &line(&phase("b")) + &new(3) + &new(4)),
        );
        let events = run.reader().poll().unwrap();
        let steps: Vec<&TrainStep> = events
            .iter()
            .filter_map(|event| if let Event::Step(step) = event { Some(&**step) } else { None })
            .collect();
        let numbers: Vec<u64> = steps.iter().map(|step| step.step).collect();
        assert_eq!((events.len(), numbers), (6, vec![1, 2, 3, 4]));
        for step in &steps {
            assert_eq!(TrainStep { step: 1, ..(*step).clone() }, *steps[0]);
        }
        assert_eq!(run.reader().skipped(), 0);
        // Every form is written as the new one.
        assert_eq!(line(&events[1]), new(1));
        // Part of a line waits for the rest.
        let mut reader = EventReader::open_near_end(run.folder.path(), 1).unwrap();
        assert!(reader.poll().unwrap().is_empty());
        let five = new(5);
        run.write(&five[..30]);
        assert!(reader.poll().unwrap().is_empty());
        run.write(&five[30..]);
        assert_eq!(reader.poll().unwrap().len(), 1);
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
