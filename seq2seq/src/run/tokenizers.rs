//! The files of the subword models, in a run's folder and in an exported one.

use std::path::Path;

use tokenizer::Subwords;

use super::Vocabularies;
use super::atomic;
use crate::config::Config;
use crate::data::{SubwordModels, is_vocabulary_of};
use crate::{Error, Result};

/// Name of the file of a model of both sides, or of a language model.
const BOTH: &str = "tokenizer.json";
/// Names of the files of source and target.
const SIDES: [&str; 2] = ["source_tokenizer.json", "target_tokenizer.json"];

/// All names of such files.
pub(super) const NAMES: [&str; 3] = [BOTH, SIDES[0], SIDES[1]];

/// Writes the models into a folder: one file if both sides have the same one.
///
/// # Errors
/// Write errors.
pub(crate) fn write_tokenizers(
    folder: &Path,
    config: &Config,
    models: &SubwordModels,
) -> Result<()> {
    let write = |name: &str, model: &Subwords| -> Result<()> {
        use std::io::Write;
        let path = folder.join(name);
        let text = model.to_json();
        atomic::replace(&path, |file| {
            file.write_all(text.as_bytes()).map_err(Error::io("write", &path))
        })
    };
    match (&models.source, &models.target) {
        (Some(source), Some(target)) if source == target => write(BOTH, target),
        (None, Some(target)) if config.text_sides().len() == 1 => write(BOTH, target),
        (source, target) => {
            let both = SIDES.into_iter().zip([source, target]);
            both.filter_map(|(name, model)| Some((name, model.as_ref()?)))
                .try_for_each(|(name, model)| write(name, model))
        }
    }
}

/// Reads the models that a configuration needs, and checks that the vocabularies are theirs.
///
/// # Errors
/// A file that is missing, damaged, or does not belong to the vocabularies.
pub(crate) fn read_tokenizers(
    folder: &Path,
    config: &Config,
    vocabularies: &Vocabularies,
) -> Result<SubwordModels> {
    let mut models = SubwordModels::default();
    let mut shared: Option<Subwords> = None;
    for side in config.text_sides() {
        if side.unit.subwords().is_none() {
            continue;
        }
        let is_source = side.name == "source";
        let own = folder.join(SIDES[usize::from(!is_source)]);
        let path = if own.exists() { own } else { folder.join(BOTH) };
        let is_shared = path.ends_with(BOTH);
        let model = match &shared {
            Some(model) if is_shared => model.clone(),
            _ => Subwords::read(&path)?,
        };
        let vocabulary = if is_source { &vocabularies.source } else { &vocabularies.target };
        if !is_vocabulary_of(vocabulary, &model) {
            let what = format!(
                "its pieces are not the entries of the {} vocabulary beside it; use the file that \
                 belongs to the model",
                side.name
            );
            return Err(Error::Exchange { path, what });
        }
        if is_shared {
            shared = Some(model.clone());
        }
        *(if is_source { &mut models.source } else { &mut models.target }) = Some(model);
    }
    Ok(models)
}
