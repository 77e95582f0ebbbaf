//! Options and results of a comparison.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tensor::Ranks;

use crate::Evaluation;
use crate::config::{AttentionKind, Cell, attention_by_name};

/// The models to compare, and where their runs are stored.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// The folder that contains all runs.
    pub folder: PathBuf,
    /// Models by name: `none`, `none-reversed`, an attention kind, or a cell; if empty, all.
    pub only: Vec<String>,
    /// Number of models that are trained at the same time; if absent, all processors.
    pub threads: Option<usize>,
    /// Seed of every random stream of each model.
    pub seed: u64,
    /// Maximum optimizer steps per model, for a quick test.
    pub max_steps: Option<u64>,
    /// The ranks that share the models: every rank calls [`compare`](super::compare()) with the same
    /// options, and gets all results. Each keeps its runs in the folder on its own machine.
    pub ranks: Ranks,
}

/// The results of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Description of the device.
    pub device: String,
    /// The seed of every model.
    pub seed: u64,
    /// Maximum optimizer steps per model, if limited.
    pub max_steps: Option<u64>,
    /// Seconds of training, summed over all models.
    pub seconds: f64,
    /// The translators, on sentences and on letters.
    pub tasks: Vec<TaskTable>,
    /// The cells, in the order Elman, GRU, LSTM of 1997, LSTM.
    pub cells: Vec<CellRow>,
}

/// Translators on one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskTable {
    /// The corpus SPEC they were trained on.
    pub task: String,
    /// The SPECs they were measured on.
    pub measured_on: Vec<String>,
    /// Ranges of source lengths that are measured together, in words, both ends included.
    pub lengths: Vec<(usize, usize)>,
    /// Number of sentences in each range.
    pub sentences: Vec<u64>,
    /// The translators: no attention, source reversed, each attention.
    pub rows: Vec<TranslatorRow>,
}

/// One translator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TranslatorRow {
    /// The attention kind; `None` without attention.
    #[serde(with = "attention_by_name")]
    pub attention: Option<AttentionKind>,
    /// True if the source is reversed.
    pub reversed: bool,
    /// The run directory.
    pub run: PathBuf,
    /// Seconds of training.
    pub seconds: f64,
    /// The metrics on all sentences.
    pub all: Evaluation,
    /// The metrics for each range of lengths.
    pub by_length: Vec<Evaluation>,
}

impl TranslatorRow {
    /// Returns the name that tables show.
    pub fn name(&self) -> String {
        match (self.attention, self.reversed) {
            (None, false) => "no attention".into(),
            (None, true) => "no attention, source reversed".into(),
            (Some(kind), _) => kind.to_string(),
        }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellRow {
    /// The cell.
    pub cell: Cell,
    /// The run directory.
    pub run: PathBuf,
    /// Seconds of training.
    pub seconds: f64,
    /// |dL/dh_t| over |dL/dh_T| in the first step of training, by the distance T - t.
    pub before: Vec<f64>,
    /// The same ratios where they were measured last.
    pub after: Vec<f64>,
    /// The metrics on the test part.
    pub evaluation: Evaluation,
}
