//! What is compared, and what was measured.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Evaluation;
use crate::config::{AttentionKind, Cell, attention_by_name};

/// What is compared, and where it is kept.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// The folder of all runs.
    pub folder: PathBuf,
    /// Models by name: `none`, `none-reversed`, an attention, a cell; without any all.
    pub only: Vec<String>,
    /// Models that are trained side by side; all processors where absent.
    pub threads: Option<usize>,
    /// Seed of every random stream of each model.
    pub seed: u64,
    /// Optimizer steps of each model, at most: for a look at it, not for a result.
    pub max_steps: Option<u64>,
}

/// All that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The device, in words.
    pub device: String,
    /// The seed of every model.
    pub seed: u64,
    /// Optimizer steps of each model at most, where they were limited.
    pub max_steps: Option<u64>,
    /// Seconds of training, all models together.
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
    /// Source lengths that are measured together, in words, from and to.
    pub lengths: Vec<(usize, usize)>,
    /// Sentences of each.
    pub sentences: Vec<u64>,
    /// The translators: no attention, source reversed, each attention.
    pub rows: Vec<TranslatorRow>,
}

/// One translator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TranslatorRow {
    /// Where it looks.
    #[serde(with = "attention_by_name")]
    pub attention: Option<AttentionKind>,
    /// The source is read from its end.
    pub reversed: bool,
    /// Its run folder.
    pub run: PathBuf,
    /// Seconds of training.
    pub seconds: f64,
    /// Its metrics on all sentences.
    pub all: Evaluation,
    /// The same of each range of lengths.
    pub by_length: Vec<Evaluation>,
}

impl TranslatorRow {
    /// What a table calls it.
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
    /// Its run folder.
    pub run: PathBuf,
    /// Seconds of training.
    pub seconds: f64,
    /// |dL/dh_t| over |dL/dh_T| in the first step of training, by how many steps t lies before T.
    pub before: Vec<f64>,
    /// The same where it was measured last.
    pub after: Vec<f64>,
    /// Its metrics on the test part.
    pub evaluation: Evaluation,
}
