//! The recording of a session: everything that is written to the terminal, as an asciicast file of
//! version 2 (<https://docs.asciinema.org/manual/asciicast/v2/>).
//!
//! The first line is an object with the size of the terminal. Each further line is an array: seconds
//! since the begin, `o` for output or `r` for a new size, and the text. A line is written as soon as
//! a frame has been written to the terminal, so that a file of a program that was killed can be
//! played, too.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

/// A recording, shared by the writer of the terminal and the event loop.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Mutex<Recording>>);

#[derive(Debug)]
struct Recording {
    path: PathBuf,
    /// `None` after a line could not be written.
    file: Option<File>,
    begun: Instant,
    size: Option<(u16, u16)>,
    /// The beginning of a character whose end has not been written yet.
    rest: Vec<u8>,
    trouble: Option<String>,
    /// True once the event loop knows of the trouble.
    is_told: bool,
}

impl Recorder {
    /// Creates the file.
    ///
    /// # Errors
    /// Returns an error if the file exists or cannot be created; it names the file.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let file = file.map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    "exists; a recording replaces no file, so give another name".to_owned()
                }
                _ => error.to_string(),
            };
            io::Error::new(error.kind(), format!("{}: {why}", path.display()))
        })?;
        let recording = Recording {
            path: path.to_owned(),
            file: Some(file),
            begun: Instant::now(),
            size: None,
            rest: Vec::new(),
            trouble: None,
            is_told: false,
        };
        Ok(Self(Arc::new(Mutex::new(recording))))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Recording) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records the size of the terminal; the first one begins the recording.
    pub fn set_size(&self, size: (u16, u16)) {
        self.with(|recording| recording.set_size(size));
    }

    /// Records output.
    pub fn output(&self, bytes: &[u8]) {
        self.with(|recording| recording.output(bytes));
    }

    /// Returns why the recording ended early, if it did.
    pub fn trouble(&self) -> Option<String> {
        self.with(|recording| recording.trouble.clone())
    }

    /// Returns why the recording ended early, to the first call that asks after it did.
    pub fn new_trouble(&self) -> Option<String> {
        self.with(|recording| {
            let is_new = !std::mem::replace(&mut recording.is_told, recording.trouble.is_some());
            recording.trouble.clone().filter(|_| is_new)
        })
    }
}

impl Recording {
    fn set_size(&mut self, size: (u16, u16)) {
        let (columns, rows) = size;
        match self.size.replace(size) {
            Some(before) if before == size => {}
            Some(_) => self.event("r", &format!("{columns}x{rows}")),
            None => {
                self.begun = Instant::now();
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let term = json!(std::env::var("TERM").unwrap_or_default());
                let now = now.as_secs();
                // The version comes first: programs recognise the file by it.
                self.line(&format!(
                    r#"{{"version":2,"width":{columns},"height":{rows},"timestamp":{now},"env":{{"TERM":{term}}}}}"#
                ));
            }
        }
    }

    fn output(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        // A character that is cut off is completed by the next bytes; others that are no UTF-8 are
        // replaced.
        let whole = match str::from_utf8(&self.rest) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.rest.len(),
        };
        let text = String::from_utf8_lossy(&self.rest[..whole]).into_owned();
        self.rest.drain(..whole);
        if !text.is_empty() {
            self.event("o", &text);
        }
    }

    fn event(&mut self, code: &str, text: &str) {
        let micros = self.begun.elapsed().as_micros() as f64;
        self.line(&json!([micros / 1e6, code, text]).to_string());
    }

    fn line(&mut self, json: &str) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(format!("{json}\n").as_bytes()) {
            self.file = None;
            let path = self.path.display();
            self.trouble = Some(format!("{path}: {error}; the recording ends here"));
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // Without a size nothing was recorded.
        if self.size.is_none() {
            self.file = None;
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A writer of the terminal that writes a frame at once, and records it.
#[derive(Debug)]
pub struct FrameWriter<W> {
    inner: W,
    frame: Vec<u8>,
    recorder: Option<Recorder>,
}

impl<W: Write> FrameWriter<W> {
    /// Creates a writer.
    pub fn new(inner: W, recorder: Option<Recorder>) -> Self {
        Self { inner, frame: Vec::new(), recorder }
    }

    /// Returns the recorder.
    pub fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.inner.write_all(&self.frame).and_then(|()| self.inner.flush());
        if let Some(recorder) = self.recorder.as_ref().filter(|_| !self.frame.is_empty()) {
            recorder.output(&self.frame);
        }
        self.frame.clear();
        written
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn lines(path: &Path) -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn every_frame_is_a_line_and_characters_stay_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cast");
        let recorder = Recorder::create(&path).unwrap();
        recorder.set_size((80, 24));
        recorder.set_size((80, 24));
        let mut sink = Vec::new();
        let mut writer = FrameWriter::new(&mut sink, Some(recorder.clone()));
        writer.write_all("a\u{1b}[2J".as_bytes()).unwrap();
        writer.write_all("é\"".as_bytes()).unwrap();
        assert_eq!(lines(&path).len(), 1);
        writer.flush().unwrap();
        writer.flush().unwrap();
        let (first, second) = "日".as_bytes().split_at(2);
        recorder.output(first);
        recorder.set_size((1, 1));
        recorder.output(second);
        recorder.output(b"\xff!");
        assert_eq!(sink, "a\u{1b}[2Jé\"".as_bytes());
        let lines = lines(&path);
        assert_eq!(lines[0]["version"], 2);
        assert_eq!((&lines[0]["width"], &lines[0]["height"]), (&json!(80), &json!(24)));
        let events: Vec<(&str, &str)> = lines[1..]
            .iter()
            .map(|line| (line[1].as_str().unwrap(), line[2].as_str().unwrap()))
            .collect();
        assert_eq!(events, [("o", "a\u{1b}[2Jé\""), ("r", "1x1"), ("o", "日"), ("o", "\u{fffd}!")]);
        let times: Vec<f64> = lines[1..].iter().map(|line| line[0].as_f64().unwrap()).collect();
        assert!(times.is_sorted() && times[0] >= 0.0, "{times:?}");
    }

    #[test]
    fn no_file_is_replaced_and_an_unused_one_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cast");
        drop(Recorder::create(&path).unwrap());
        assert!(!path.exists());
        let recorder = Recorder::create(&path).unwrap();
        recorder.set_size((2, 2));
        let error = Recorder::create(&path).unwrap_err();
        assert!(error.to_string().contains("exists"), "{error}");
        drop(recorder);
        assert!(path.exists());
        let error = Recorder::create(&folder.path().join("no/a.cast")).unwrap_err();
        assert!(error.to_string().contains("a.cast: "), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_ends_the_recording_alone() {
        let recorder = Recorder::create(&tempfile::tempdir().unwrap().path().join("a")).unwrap();
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        recorder.with(|recording| recording.file = Some(full));
        recorder.set_size((80, 24));
        let mut sink = Vec::new();
        let mut writer = FrameWriter::new(&mut sink, Some(recorder.clone()));
        writer.write_all(b"x").unwrap();
        writer.flush().unwrap();
        let trouble = recorder.new_trouble().unwrap();
        assert!(trouble.contains("the recording ends here"), "{trouble}");
        assert_eq!((recorder.new_trouble(), recorder.trouble()), (None, Some(trouble)));
        assert_eq!(sink, b"x");
    }
}
