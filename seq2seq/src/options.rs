//! Options of a training run.

use std::path::PathBuf;

/// Options of a training run: a preset, changes to it, and the run directory.
///
/// `None` stands for the preset's value in a new run and for the stored value in a resumed one.
#[derive(Debug, Clone, Default)]
pub struct TrainOptions {
    /// Name of the preset; `phrasebook` by default.
    pub preset: Option<String>,
    /// The corpus: `phrasebook`, `phrasebook:PART`, a generated task (`reverse`, `adding`, ...), a
    /// TSV file, or two files joined by a comma; for a language model a text file. By default the
    /// preset's corpus.
    pub data: Option<String>,
    /// The held-out pairs, in the same form, or `none`; by default a fixed share of the corpus.
    pub valid: Option<String>,
    /// Source and target columns of TSV files, from 1.
    pub columns: Option<(usize, usize)>,
    /// `cpu`, `opencl`, `opencl:auto` (of several ranks on a machine, another device for each) or
    /// `opencl:PLATFORM.DEVICE`.
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
    /// Changes to the preset, as keys and values.
    pub set: Vec<(String, String)>,
    /// Whether to resume the run in `run_dir`.
    pub resume: bool,
}
