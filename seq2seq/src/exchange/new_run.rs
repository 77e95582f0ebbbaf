//! The run that an import creates.

use std::path::Path;

use tensor::init::rng;
use tensor::optim::Optimizer;
use tensor::{Device, Params};

use super::config_file::ExportedModel;
use crate::Result;
use crate::config::TaskKind;
use crate::data::SplitRule;
use crate::run::{Progress, RunDir, StoredRun, Vocabularies};
use crate::train::{Average, to_checkpoint};

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
    /// Returns the settings of a run of a model.
    pub(super) fn stored(&self, model: &ExportedModel) -> StoredRun {
        // Generated sequences need no files.
        let generated = model.config.task == TaskKind::Sequence;
        let data = self.data.clone().or_else(|| generated.then(|| model.data.clone()));
        StoredRun {
            program: env!("CARGO_PKG_VERSION").into(),
            preset: model.preset.clone(),
            config: model.config.clone(),
            data: data.unwrap_or_default(),
            data_path: None,
            valid: self.valid.clone(),
            valid_path: None,
            columns: self.columns.or(model.columns),
            split: SplitRule::BothSides,
            corpus_hash: None,
            identity: None,
            seed: model.seed,
            device: "cpu".into(),
            threads: None,
            max_steps: None,
            max_minutes: None,
            longest_target: model.longest_target,
        }
    }
}

/// Creates a run with these parameters at step 0.
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
    let progress = Progress::default();
    let first = to_checkpoint(params, &optimizer, average.as_ref(), &shuffle, &[], progress);
    RunDir::create(run, &stored, vocabularies, &first)?;
    Ok(Imported {
        model: stored.config.summary(),
        tensors: params.len(),
        parameters: params.scalars() as u64,
        vocabularies: (vocabularies.source.len(), vocabularies.target.len()),
        has_data,
    })
}
