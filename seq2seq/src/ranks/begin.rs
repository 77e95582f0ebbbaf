//! What the ranks after the first begin with.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokenizer::Subwords;

use crate::data::SubwordModels;
use crate::run::{Checkpoint, StoredRun, Vocabularies};
use crate::{Error, Result};

/// How a run begins on the ranks after the first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Beginning {
    /// Training begins or goes on.
    Run(Box<Given>),
    /// There is nothing to do; with the path of the run.
    Nothing(PathBuf),
    /// The user cancelled the preparation.
    Cancelled,
    /// Rank 0 failed.
    Failed(String),
}

/// What rank 0 gives to the others: settings, vocabularies and state. They read the corpus
/// themselves.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Given {
    /// The run's path, for messages.
    pub(crate) path: PathBuf,
    /// The state.
    pub(crate) checkpoint: Checkpoint,
    /// Number of training examples.
    pub(crate) examples: usize,
    /// The settings, as `config.json` has them.
    stored: String,
    vocabularies: Vocabularies,
    /// The subword models of source and target, as `tokenizer.json` has them.
    subwords: (Option<String>, Option<String>),
}

impl Given {
    /// Collects what the others are given.
    ///
    /// # Errors
    /// The settings cannot be encoded.
    pub(crate) fn new(
        path: &Path,
        stored: &StoredRun,
        vocabularies: &Vocabularies,
        checkpoint: &Checkpoint,
        examples: usize,
    ) -> Result<Self> {
        let json = |model: &Option<Subwords>| model.as_ref().map(|m| m.to_json().to_owned());
        let SubwordModels { source, target } = &vocabularies.subwords;
        let unencodable = |error: serde_json::Error| Error::Unencodable {
            path: path.into(),
            what: error.to_string(),
        };
        Ok(Self {
            path: path.into(),
            checkpoint: checkpoint.clone(),
            examples,
            stored: serde_json::to_string(stored).map_err(unencodable)?,
            vocabularies: vocabularies.clone(),
            subwords: (json(source), json(target)),
        })
    }

    /// Returns the settings.
    ///
    /// # Errors
    /// They are those of another version of the program.
    pub(crate) fn stored(&self) -> Result<StoredRun> {
        let damaged = |source| Error::StoredRun { path: self.path.clone(), source };
        serde_json::from_str(&self.stored).map_err(damaged)
    }

    /// Returns the vocabularies with their subword models.
    ///
    /// # Errors
    /// A model that this build cannot read.
    pub(crate) fn vocabularies(&self) -> Result<Vocabularies> {
        let model = |json: &Option<String>| {
            json.as_ref().map(|json| Subwords::from_json(json, &self.path)).transpose()
        };
        let (source, target) = (model(&self.subwords.0)?, model(&self.subwords.1)?);
        let subwords = SubwordModels { source, target };
        Ok(Vocabularies { subwords, ..self.vocabularies.clone() })
    }
}
