//! The description of an exported model: the content of its `config.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::run::{StoredRun, read_json};
use crate::{Error, Result};

/// Name of the file.
pub(super) const CONFIG: &str = "config.json";
/// The value of [`ExportedModel::format`].
const FORMAT: &str = "seq2seq";
/// The newest version of the format.
const VERSION: u32 = 1;

/// The description of an exported model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportedModel {
    /// `seq2seq`.
    pub format: String,
    /// Version of the format.
    pub version: u32,
    /// Version of the program that trained the model.
    pub program: String,
    /// The preset's name.
    pub preset: String,
    /// The seed of the run.
    pub seed: u64,
    /// The corpus that the model was trained on, as given.
    pub data: String,
    /// Source and target column of TSV files, from 1, if they were chosen.
    pub columns: Option<(usize, usize)>,
    /// Tokens of the longest training target, end token included, if known.
    pub longest_target: Option<usize>,
    /// Which parameters were exported: `best`, `last`, or `average of N`.
    pub checkpoint: String,
    /// Optimizer steps of the checkpoint, or of the last one of an average.
    pub step: u64,
    /// Every key of the configuration.
    #[serde(deserialize_with = "crate::config::stored")]
    pub config: Config,
}

impl ExportedModel {
    /// Describes the parameters of a run.
    pub(super) fn new(stored: &StoredRun, checkpoint: String, step: u64) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            program: stored.program.clone(),
            preset: stored.preset.clone(),
            seed: stored.seed,
            data: stored.data.clone(),
            columns: stored.columns,
            longest_target: stored.longest_target,
            checkpoint,
            step,
            config: stored.config.clone(),
        }
    }

    /// Reads the description of an exported model.
    ///
    /// # Errors
    /// A file that is missing, damaged, of another program or of a newer version.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(CONFIG);
        let read: Self = read_json(&path)?;
        if read.format != FORMAT {
            let what = format!(
                "format is {:?}; an exported model of this program has {FORMAT:?}",
                read.format
            );
            return Err(Error::Exchange { path, what });
        }
        if read.version > VERSION {
            return Err(Error::NewerFormat { path, found: read.version, known: VERSION });
        }
        Ok(read)
    }
}
