//! What a person asks for.

use std::path::PathBuf;

/// What a person requested: a preset, changes to it, and where it goes.
///
/// `None` means "as the preset says" for a new run and "as the run was started" for a resumed one.
#[derive(Debug, Clone, Default)]
pub struct TrainOptions {
    /// Name of the preset; `phrasebook` by default.
    pub preset: Option<String>,
    /// The corpus: `phrasebook`, `phrasebook:PART`, a generated task (`reverse`, `adding`, ...), a
    /// TSV file, or two files joined by a comma; for a language model a text file. By default as
    /// the preset says.
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
