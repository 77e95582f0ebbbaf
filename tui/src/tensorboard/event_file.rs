//! Event files of a run in a folder: a new one for each process, without what a resume repeats.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{event, record};

/// The beginning of the names of event files, as TensorBoard looks for them.
const PREFIX: &str = "events.out.tfevents.";

/// An event file that is being written.
#[derive(Debug)]
pub(super) struct EventFile {
    path: PathBuf,
    file: BufWriter<File>,
    /// Records written.
    pub(super) records: u64,
    /// Bytes written.
    pub(super) bytes: u64,
}

impl EventFile {
    /// Creates a file with a name; it must not exist.
    pub(super) fn create(path: PathBuf, time: f64) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let mut file = Self { path, file: BufWriter::new(file), records: 0, bytes: 0 };
        file.write(&event::version(time))?;
        Ok(file)
    }

    /// Appends an event.
    pub(super) fn write(&mut self, event: &[u8]) -> io::Result<()> {
        self.bytes += record::write(&mut self.file, event)?;
        self.records += 1;
        Ok(())
    }

    /// Passes everything to the system, so that readers see it.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// Returns the path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Returns the seconds since 1970.
pub(super) fn now() -> f64 {
    seconds(SystemTime::now())
}

/// Returns the seconds from 1970 to a time.
pub(super) fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Returns the name of a new event file. TensorBoard reads them in the order of their names, so that
/// a file has a name after those of `before`.
pub(super) fn name(time: f64, before: usize) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // seconds since 1970
    let whole = time as u64;
    format!("{PREFIX}{whole:010}.{before:03}.{}", std::process::id())
}

/// Returns the event files of a folder in the order of their names; none if there is no folder.
pub(super) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(PREFIX) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Cuts the files of an earlier process after the steps that a run resumed at `resumed` does not
/// repeat, and returns the first step that is to be written. That of the last event is written again,
/// since a killed process may not have written all of it.
pub(super) fn cut(files: &[PathBuf], resumed: u64) -> io::Result<u64> {
    let mut last = None;
    for path in files {
        for_each(path, |_, event| {
            if event::has_values(event) {
                last = last.max(Some(event::step(event)));
            }
            true
        })?;
    }
    let Some(last) = last else { return Ok(0) };
    let first = last.min(resumed + 1);
    for path in files {
        let mut end = 0;
        for_each(path, |length, event| {
            let is_kept = event::step(event) < first || !event::has_values(event);
            if is_kept {
                end += length;
            }
            is_kept
        })?;
        let file = OpenOptions::new().write(true).open(path)?;
        if end < file.metadata()?.len() {
            file.set_len(end)?;
        }
    }
    Ok(first)
}

/// Reads a file up to its end or the first damage, or until `apply` returns false.
fn for_each(path: &Path, mut apply: impl FnMut(u64, &[u8]) -> bool) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    while let Some(event) = record::read(&mut file)? {
        if !apply(record::length(&event), &event) {
            break;
        }
    }
    Ok(())
}
