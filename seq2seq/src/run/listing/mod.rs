//! The runs of a folder, each in a few facts.

mod tail;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;

use self::tail::{Tail, read_tail};
use super::find::{begun, folders_in, is_folder_of_runs, runs_in};
use super::progress::Progress;
use super::{Checkpoint, RunDir, codec, lock, log};
use crate::config::{Change, TaskKind};
use crate::event::{CheckpointKind, EndReason};
use crate::json_number;
use crate::score::Metrics;
use crate::{Error, Result};

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// A process trains it.
    Live,
    /// The requested epochs, steps or minutes are done.
    Finished,
    /// The held-out metrics had not improved for the configured number of validations.
    StoppedEarly,
    /// The user stopped it; it can be resumed.
    Stopped,
    /// The loss, a gradient or a parameter was not finite.
    Diverged,
    /// An error ended it.
    Failed,
    /// Its process ended without a word; it can be resumed from its last checkpoint.
    Crashed,
}

impl RunStatus {
    /// Returns true if training can go on without other settings.
    pub fn is_resumable(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed | Self::Crashed)
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Live => "live",
            Self::Finished => "finished",
            Self::StoppedEarly => "stopped early",
            Self::Stopped => "stopped",
            Self::Diverged => "diverged",
            Self::Failed => "failed",
            Self::Crashed => "crashed",
        })
    }
}

impl From<EndReason> for RunStatus {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::Finished => Self::Finished,
            EndReason::Stopped => Self::Stopped,
            EndReason::NotFinite => Self::Diverged,
            EndReason::Failed => Self::Failed,
            EndReason::EarlyStopped => Self::StoppedEarly,
        }
    }
}

/// The metrics of a validation, as far as they are known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunMetrics {
    /// Optimizer steps done.
    pub step: u64,
    /// The metrics.
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// A run in a few facts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// What became of it.
    pub status: RunStatus,
    /// The process that trains it; see [`RunDir::process`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
    /// The preset's name.
    pub preset: String,
    /// The model in a few words.
    pub model: String,
    /// Keys whose values differ from those of the preset.
    pub differences: Vec<Change>,
    /// The task.
    pub task: TaskKind,
    /// The corpus, as given.
    pub data: String,
    /// Whether the corpus is that of the preset.
    #[serde(skip)]
    pub has_preset_data: bool,
    /// Optimizer steps done.
    pub step: u64,
    /// The step at which it ends, if known; approximate if batches are cut by positions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_step: Option<u64>,
    /// Training seconds.
    #[serde(with = "json_number::one")]
    pub seconds: f64,
    /// Mean training loss of the newest min(50, step / 10) steps.
    #[serde(with = "json_number::optional", skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// The best validation; only loss and BLEU if it was long ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<RunMetrics>,
}

/// A folder among runs: a run, or why it is none.
#[derive(Debug, Clone, PartialEq)]
pub struct RunListing {
    /// The folder.
    pub path: PathBuf,
    /// When the run was begun or last resumed.
    pub begun: Option<SystemTime>,
    /// The run; or in words why it cannot be read.
    pub summary: std::result::Result<RunSummary, String>,
}

impl RunListing {
    /// Returns the name of the folder.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// What a listing depends on; equal signs mean an equal listing.
#[derive(Debug, Clone, PartialEq)]
struct Signature {
    is_live: bool,
    files: [Option<(SystemTime, u64)>; 4],
}

/// Lists the runs of a folder repeatedly, and reads again only those that changed.
///
/// ```no_run
/// let mut runs = seq2seq::RunsFolder::new("runs");
/// for run in runs.list()? {
///     match run.summary {
///         Ok(summary) => println!("{}: {}, step {}", run.path.display(), summary.status, summary.step),
///         Err(why) => println!("{}: {why}", run.path.display()),
///     }
/// }
/// # Ok::<(), seq2seq::Error>(())
/// ```
#[derive(Debug)]
pub struct RunsFolder {
    path: PathBuf,
    known: HashMap<PathBuf, (Signature, RunListing)>,
}

impl RunsFolder {
    /// Creates the list of a folder, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), known: HashMap::new() }
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns every folder in it, or it alone if it is a run: those begun last first, then those
    /// that are no runs. Of the logs, only the end is read.
    ///
    /// # Errors
    /// A folder that cannot be read. (A run that cannot be read is listed with the reason.)
    pub fn list(&mut self) -> Result<Vec<RunListing>> {
        let folders = match RunDir::open(&self.path) {
            Ok(_) => vec![self.path.clone()],
            Err(Error::NotARun { .. } | Error::NoRun { .. }) => folders_in(&self.path)?,
            Err(error) => return Err(error),
        };
        let mut known = HashMap::with_capacity(folders.len());
        for path in folders {
            let signature = signature(&path);
            let kept = self.known.remove(&path).filter(|(old, _)| *old == signature);
            let listing = kept.map_or_else(|| listing(&path), |(_, listing)| listing);
            known.insert(path, (signature, listing));
        }
        self.known = known;
        let mut all: Vec<RunListing> =
            self.known.values().map(|(_, listing)| listing.clone()).collect();
        all.sort_by(|a, b| (b.begun, &b.path).cmp(&(a.begun, &a.path)));
        Ok(all)
    }
}

fn signature(path: &Path) -> Signature {
    let of = |file: PathBuf| {
        let metadata = fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    let checkpoint = |kind| of(RunDir::checkpoint_in(path, kind));
    Signature {
        is_live: lock::is_held(path),
        files: [
            of(path.join(super::stored_run::CONFIG)),
            of(path.join(log::NAME)),
            checkpoint(CheckpointKind::Last),
            checkpoint(CheckpointKind::Best),
        ],
    }
}

fn listing(path: &Path) -> RunListing {
    let summary = summary(path).map_err(|error| match error {
        Error::NotARun { .. } if is_folder_of_runs(path) => {
            let number = runs_in(path).map_or(0, |runs| runs.len());
            format!("it is no run; it holds {number} of them")
        }
        Error::NotARun { what, .. } => format!("it is no run: {what}"),
        error => error.to_string(),
    });
    RunListing { path: path.to_owned(), begun: begun(path), summary }
}

/// Returns the facts about the run in a folder.
///
/// # Errors
/// No run, damaged settings, neither a log nor a checkpoint that can be read.
fn summary(path: &Path) -> Result<RunSummary> {
    let dir = RunDir::open(path)?;
    // Checked first, so that everything that the process wrote before its end is read.
    let is_live = dir.is_live();
    let stored = dir.stored()?;
    let progress = |kind| codec::read_first::<Checkpoint, Progress>(&dir.checkpoint_path(kind));
    let log = read_tail(&path.join(log::NAME));
    let last = progress(CheckpointKind::Last);
    let (tail, last) = match (log, last) {
        (Ok(tail), last) => (tail, last.unwrap_or_default()),
        // A resume begins a new log.
        (Err(_), Ok(last)) => (Tail::default(), last),
        (Err(error), Err(_)) => return Err(error),
    };
    let status = match (&tail.end, tail.step) {
        _ if is_live => RunStatus::Live,
        (Some(end), _) => end.reason.into(),
        // The log ends with a step, so the process ended without a word.
        (None, Some(_)) => RunStatus::Crashed,
        (None, None) => last.end.map_or(RunStatus::Crashed, RunStatus::from),
    };
    let config = &stored.config;
    let last_step = tail.steps_per_epoch.map(|per_epoch| {
        let epochs = per_epoch.saturating_mul(config.epochs);
        tail.last_step.unwrap_or(epochs).min(stored.max_steps.unwrap_or(u64::MAX))
    });
    let best = progress(CheckpointKind::Best).ok().and_then(|best| best.best).map(|best| {
        let metrics = Metrics { loss: best.loss, bleu: best.bleu, ..Metrics::default() };
        RunMetrics { step: best.step, metrics }
    });
    let found = tail.best.map(|found| RunMetrics { step: found.step, metrics: found.metrics });
    let best = match (found, best) {
        (Some(found), Some(best)) if found.step < best.step => Some(best),
        (Some(found), _) => Some(found),
        (None, best) => best,
    };
    Ok(RunSummary {
        status,
        process: dir.process(),
        preset: stored.preset.clone(),
        model: config.summary(),
        differences: stored.differences(),
        task: config.task,
        data: stored.data.clone(),
        has_preset_data: stored.has_preset_data(),
        step: tail.end.as_ref().map(|end| end.step).or(tail.step).unwrap_or(last.step),
        last_step,
        seconds: tail.end.map(|end| end.seconds).or(tail.seconds).unwrap_or(last.seconds),
        loss: tail.loss,
        best,
    })
}

#[cfg(test)]
mod tests;
