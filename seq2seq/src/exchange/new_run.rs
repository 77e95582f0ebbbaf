//! The run that an import creates.

use std::path::Path;

use tensor::init::rng;
use tensor::optim::Optimizer;
use tensor::{Device, Params};

use crate::Result;
use crate::config::Config;
use crate::event::{CheckpointKind, End, EndReason, Event};
use crate::run::{Checkpoint, RunDir, StoredRun, Vocabularies};
use crate::train::Average;

/// The data that an imported run is trained on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImportOptions {
    /// The corpus SPEC. Without one, a resume has to give it.
    pub data: Option<String>,
    /// The held-out pairs.
    pub valid: Option<String>,
    /// Source and target column of TSV files, from 1; by default those of the exported model.
    pub columns: Option<(usize, usize)>,
}

/// What an import created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The model in a few words.
    pub model: String,
    /// Number of tensors.
    pub tensors: usize,
    /// Number of scalars in them.
    pub parameters: u64,
    /// Entries of the source and the target vocabulary.
    pub vocabularies: (usize, usize),
    /// Whether the run has data to be trained on.
    pub has_data: bool,
}

impl ImportOptions {
    /// Returns the settings of a run of a model with this preset's name and configuration.
    pub(super) fn stored(&self, preset: String, config: Config) -> StoredRun {
        let data = self.data.clone().unwrap_or_default();
        StoredRun {
            preset,
            valid: self.valid.clone(),
            columns: self.columns,
            ..StoredRun::new(config, data)
        }
    }
}

/// Creates a run with these parameters at step 0, whose log says that it was stopped there.
///
/// # Errors
/// A run that exists; an invalid SPEC; write errors.
pub(super) fn create(
    run: &Path,
    mut stored: StoredRun,
    vocabularies: &Vocabularies,
    params: &Params,
) -> Result<Imported> {
    let has_data = stored.has_data();
    if has_data {
        stored.find_files()?;
    }
    stored.identify();
    let optimizer = Optimizer::new(stored.config.optimizer_config(), params)?;
    let average = match stored.config.average_decay {
        decay if decay > 0.0 => Some(Average::new(decay, params, &Device::cpu(1))?),
        _ => None,
    };
    let shuffle = rng(stored.seed, "shuffle");
    let first = Checkpoint::first(params, &optimizer, average.as_ref(), &shuffle);
    let dir = RunDir::create(run, &stored, vocabularies, &first)?;
    let reason = EndReason::Stopped;
    let end = End { step: 0, seconds: 0.0, reason, dropped_events: 0 };
    let (mut log, _) = dir.log(&dir.checkpoint(CheckpointKind::Last)?)?;
    log.append(&Event::End(end))?;
    log.sync()?;
    Ok(Imported {
        model: stored.config.summary(),
        tensors: params.len(),
        parameters: params.scalars() as u64,
        vocabularies: (vocabularies.source.len(), vocabularies.target.len()),
        has_data,
    })
}
