//! The index of a log: the history up to a position, kept in the run's folder.
//!
//! It is a copy of what the log says, so it may be deleted at any time, and an index that cannot be
//! read or belongs to another log is ignored.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use seq2seq::LogPosition;
use serde::{Deserialize, Serialize};

use crate::dashboard::history::RunHistory;

/// Name of the index in the run's folder.
const NAME: &str = "events.index";
/// Number of the format; another one is ignored. It changes with the content of [`RunHistory`], and with
/// what a reader of logs understands: an index of format 2 may lack the steps that its program skipped.
const FORMAT: u32 = 3;

/// The first line of the file.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    program: String,
    position: LogPosition,
}

/// Returns the history up to a position of the log, if the folder has an index of this format.
pub(super) fn load(run_dir: &Path) -> Option<(RunHistory, LogPosition)> {
    let mut lines = BufReader::new(File::open(run_dir.join(NAME)).ok()?).lines();
    let head: Head = serde_json::from_str(&lines.next()?.ok()?).ok()?;
    if (head.format, &*head.program) != (FORMAT, env!("CARGO_PKG_VERSION")) {
        return None;
    }
    let history = serde_json::from_str(&lines.next()?.ok()?).ok()?;
    Some((history, head.position))
}

/// Replaces the index of a run.
pub(super) fn store(
    run_dir: &Path,
    history: &RunHistory,
    position: &LogPosition,
) -> io::Result<()> {
    // A file of this name that is left behind is removed by the next resume.
    let unfinished: PathBuf = run_dir.join(format!(".{NAME}.{}.unfinished", std::process::id()));
    let written = write(&unfinished, history, position)
        .and_then(|()| fs::rename(&unfinished, run_dir.join(NAME)));
    if written.is_err() {
        // The first error is returned.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn write(path: &Path, history: &RunHistory, position: &LogPosition) -> io::Result<()> {
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let head = Head { format: FORMAT, program, position: position.clone() };
    let mut file = BufWriter::new(File::create(path)?);
    serde_json::to_writer(&mut file, &head)?;
    file.write_all(b"\n")?;
    serde_json::to_writer(&mut file, history)?;
    file.write_all(b"\n")?;
    file.flush()
}
