//! A training run from its options to its end.

use std::path::PathBuf;

use crate::control::Link;
use crate::event::End;
use crate::{Error, Result};

/// What a person asked for: a preset, changes to it, and where it goes.
///
/// `None` means "as the preset says" for a new run and "as the run was started" for a resumed one.
#[derive(Debug, Clone, Default)]
pub struct TrainOptions {
    /// Name of the preset; `phrasebook` by default.
    pub preset: Option<String>,
    /// The corpus: `phrasebook`, `phrasebook:PART`, a TSV file, or two files joined by a comma.
    pub data: Option<String>,
    /// The held-out pairs, in the same form, or `none`; by default a fixed share of the corpus.
    pub valid: Option<String>,
    /// Source and target column of TSV files, from 1.
    pub columns: Option<(usize, usize)>,
    /// `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`.
    pub device: Option<String>,
    /// Threads; by default all processors.
    pub threads: Option<usize>,
    /// Seed of every random stream.
    pub seed: Option<u64>,
    /// Epochs, counted from the run's start.
    pub epochs: Option<u64>,
    /// Optimizer steps, counted from the run's start.
    pub max_steps: Option<u64>,
    /// Minutes of training, counted from the run's start.
    pub max_minutes: Option<f64>,
    /// The run directory; by default a new one under `runs/`.
    pub run_dir: Option<PathBuf>,
    /// Changes to the preset, key and value.
    pub set: Vec<(String, String)>,
    /// Go on with the run in `run_dir`.
    pub resume: bool,
}

/// How a run ended, and where it is.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run directory.
    pub run_dir: PathBuf,
    /// How it ended.
    pub end: End,
    /// True where nothing was done because the run had already finished.
    pub already_finished: bool,
}

/// Trains, from the options to the run's end, on this thread.
///
/// # Errors
/// Bad options, unreadable data, a run directory in use or damaged, a device that is not there.
pub fn train(options: &TrainOptions, link: &mut Link) -> Result<Outcome> {
    let _ = (options, link);
    Err(Error::Other("not yet".into()))
}
