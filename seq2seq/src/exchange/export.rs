//! A run's model as a folder for other programs.

use std::path::Path;

use tensor::Params;

use super::config_file::{CONFIG, ExportedModel};
use super::names::to_torch;
use super::{MODEL, VOCABULARIES};
use crate::event::CheckpointKind;
use crate::run::{RunDir, new_folder, write_json, write_tokenizers};
use crate::task::add_parameters;
use crate::train::{load_average, load_for_use};
use crate::{Error, Result};

/// Suffix of the name of a folder that is being written.
const UNFINISHED: &str = ".export";

/// Which parameters of a run are exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Weights {
    /// Those of the best validation, or the last ones if there was no validation.
    #[default]
    Best,
    /// The last ones.
    Last,
    /// The mean over the last kept checkpoints, of this number.
    AverageLast(usize),
}

/// What [`export`] wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// The content of `config.json`.
    pub model: ExportedModel,
    /// Number of tensors.
    pub tensors: usize,
    /// Number of scalars in them.
    pub parameters: u64,
}

/// Writes the model of a run as a new folder, in the format of the [module](super). If the run keeps
/// a moving average of its parameters, that is what is written.
///
/// # Errors
/// A missing or damaged run; [`Error::FolderExists`]; fewer kept checkpoints than are averaged;
/// parameters that are not finite; write errors, after which the folder does not exist.
pub fn export(run: &Path, folder: &Path, weights: Weights) -> Result<Exported> {
    let dir = RunDir::open(run)?;
    let stored = dir.stored_in_range()?;
    let vocabularies = dir.vocabularies()?;
    let mut params = Params::new();
    add_parameters(&mut params, &stored, &vocabularies)?;
    let (checkpoint, step) = match weights {
        Weights::Best | Weights::Last => {
            let last = || dir.checkpoint(CheckpointKind::Last).map(|last| ("last", last));
            let (name, checkpoint) = match (weights, dir.checkpoint(CheckpointKind::Best)) {
                (Weights::Last, _) | (_, Err(Error::NotFound { .. })) => last()?,
                (_, best) => ("best", best?),
            };
            load_for_use(&mut params, &checkpoint, run)?;
            (name.to_owned(), checkpoint.progress.step)
        }
        Weights::AverageLast(count) => {
            let kept = dir.last_kept_checkpoints(count)?;
            let step = kept.last().copied().unwrap_or(0);
            load_average(&mut params, kept.iter().map(|kept| dir.kept_checkpoint(*kept)), run)?;
            (format!("average of {count}"), step)
        }
    };
    let state = to_torch(&params)?;
    super::import::check_finite(&state, run)?;
    let model = ExportedModel::new(&stored, checkpoint, step);
    new_folder(folder, UNFINISHED, |unfinished| {
        state.write(&unfinished.join(MODEL))?;
        write_json(&unfinished.join(CONFIG), &model)?;
        let both = [&vocabularies.source, &vocabularies.target];
        for (name, vocabulary) in VOCABULARIES.into_iter().zip(both) {
            write_json(&unfinished.join(name), vocabulary)?;
        }
        write_tokenizers(unfinished, &stored.config, &vocabularies.subwords)
    })?;
    Ok(Exported { model, tensors: params.len(), parameters: params.scalars() as u64 })
}
