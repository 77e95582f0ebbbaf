//! The event file of a whole log.

use std::fs;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::event::CheckpointKind;
use seq2seq::{Event, EventReader, RunDir};

use super::event_file::{self, EventFile};
use super::summaries::{Summaries, parameters};

/// Bytes of the log that are read at once.
const BATCH: u64 = 1 << 20;
/// Bytes at its end that hold the last step.
const NEAR_END: u64 = 1 << 18;
/// Name of the log in a run's folder.
const LOG: &str = "events.jsonl";

/// What was written.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The file.
    pub path: PathBuf,
    /// Number of records.
    pub records: u64,
    /// Number of optimizer steps.
    pub steps: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// Checkpoints that could not be read, so that their histograms are missing.
    pub left_out: Vec<String>,
}

/// Writes an event file of a run's log into a folder.
///
/// The log has the seconds of training, without the time of day: the last step is dated to the last
/// change of the log, and those before by their seconds.
///
/// # Errors
/// There is no run; its log has no step; the folder has event files and `overwrite` is false; a file
/// cannot be read or written.
pub fn export(run: &Path, folder: &Path, overwrite: bool) -> Result<Exported> {
    let mut reader = EventReader::open(run)?;
    if folder.exists() && !folder.is_dir() {
        return Err(eyre!("it is a file; give a folder"));
    }
    let old = event_file::list(folder)?;
    if let (Some(first), false) = (old.first(), overwrite) {
        return Err(eyre!("{} exists already; --overwrite replaces it", first.display()));
    }
    let ended = modified(run)?;
    let begun = ended - last_seconds(run)?;
    fs::create_dir_all(folder).wrap_err_with(|| folder.display().to_string())?;
    let unfinished = folder.join(format!(".events.{}.unfinished", std::process::id()));
    let written = write(&mut reader, &unfinished, begun).and_then(|(mut file, steps)| {
        let left_out = write_parameters(run, &mut file, begun)?;
        Ok((file, steps, left_out))
    });
    let (file, steps, left_out) = match written {
        Ok(written) => written,
        Err(error) => {
            // The first error is reported.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
    };
    for path in &old {
        fs::remove_file(path).wrap_err_with(|| path.display().to_string())?;
    }
    let path = folder.join(event_file::name(begun, 0));
    fs::rename(&unfinished, &path).wrap_err_with(|| path.display().to_string())?;
    Ok(Exported { path, records: file.records, steps, bytes: file.bytes, left_out })
}

fn write(reader: &mut EventReader, path: &Path, begun: f64) -> Result<(EventFile, u64)> {
    // One that an earlier process of the same number left behind.
    let _ = fs::remove_file(path);
    let name = || path.display().to_string();
    let mut file = EventFile::create(path.to_owned(), begun).wrap_err_with(name)?;
    let mut summaries = Summaries::default();
    let mut steps = 0;
    loop {
        let events = reader.poll_up_to(BATCH)?;
        if reader.restarted() {
            return Err(eyre!("the run was resumed while its log was read; try again"));
        }
        if events.is_empty() {
            break;
        }
        for event in &events {
            steps += u64::from(matches!(event, Event::Step(_)));
            let Some((step, summary)) = summaries.of(event) else { continue };
            if let Some(event) = summary.event(begun + summaries.seconds(), step) {
                file.write(&event).wrap_err_with(name)?;
            }
        }
    }
    file.flush().wrap_err_with(name)?;
    if steps == 0 {
        return Err(eyre!("no step has been trained yet, so there is nothing to write"));
    }
    Ok((file, steps))
}

/// Writes the values of the parameters of every checkpoint; returns which could not be read.
fn write_parameters(run: &Path, file: &mut EventFile, begun: f64) -> Result<Vec<String>> {
    let dir = RunDir::open(run)?;
    let mut left_out = Vec::new();
    let mut written: Vec<u64> = Vec::new();
    let kept = dir.kept_checkpoints()?;
    let kept = kept.into_iter().map(|step| dir.kept_checkpoint(step));
    let ends = [CheckpointKind::Best, CheckpointKind::Last].into_iter();
    // A run without validation has no best one.
    let ends = ends.filter(|kind| dir.checkpoint_path(*kind).exists());
    for checkpoint in kept.chain(ends.map(|kind| dir.checkpoint(kind))) {
        match checkpoint {
            Ok(checkpoint) if written.contains(&checkpoint.progress.step) => {}
            Ok(checkpoint) => {
                let progress = checkpoint.progress;
                written.push(progress.step);
                let time = begun + progress.seconds;
                if let Some(event) = parameters(&checkpoint).event(time, progress.step) {
                    file.write(&event).wrap_err_with(|| file.path().display().to_string())?;
                }
            }
            Err(error) => left_out.push(error.to_string()),
        }
    }
    file.flush().wrap_err_with(|| file.path().display().to_string())?;
    Ok(left_out)
}

/// Returns the time of the last change of a log, in seconds since 1970.
fn modified(run: &Path) -> Result<f64> {
    let path = run.join(LOG);
    let time = fs::metadata(&path).and_then(|metadata| metadata.modified());
    Ok(event_file::seconds(time.wrap_err_with(|| path.display().to_string())?))
}

/// Returns the seconds of training at the last step of a log.
fn last_seconds(run: &Path) -> Result<f64> {
    let events = EventReader::open_near_end(run, NEAR_END)?.poll()?;
    let seconds = events.iter().rev().find_map(|event| match event {
        Event::Step(step) => Some(step.seconds),
        _ => None,
    });
    Ok(seconds.filter(|seconds| seconds.is_finite()).unwrap_or(0.0))
}
