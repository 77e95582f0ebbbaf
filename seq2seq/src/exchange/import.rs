//! A run made of an exported model.

use std::path::Path;

use tensor::kernels::all_finite;
use tensor::{Params, StateDict};
use tokenizer::Vocabulary;

use super::config_file::ExportedModel;
use super::names::load_torch;
use super::new_run::{ImportOptions, Imported, create};
use super::{MODEL, VOCABULARIES};
use crate::config::TaskKind;
use crate::data::SubwordModels;
use crate::run::{Vocabularies, read_json, read_tokenizers};
use crate::task::add_parameters;
use crate::{Error, Result};

/// Makes a new run of a model that [`export`](super::export) wrote, or of a folder of the same form.
/// The run translates and evaluates as the model did, and can be trained further: its optimizer
/// begins anew, at step 0.
///
/// # Errors
/// A missing or damaged file, a tensor that is missing, unexpected, of another shape or not finite,
/// each of them named; a run that exists. Nothing is written then.
pub fn import(folder: &Path, run: &Path, options: &ImportOptions) -> Result<Imported> {
    if !folder.is_dir() {
        let what =
            "there is no such folder; an exported model is a folder that `export` wrote".into();
        return Err(Error::Exchange { path: folder.into(), what });
    }
    let model = ExportedModel::read(folder)?;
    let vocabulary = |name: &str| -> Result<Vocabulary> { read_json(&folder.join(name)) };
    let mut vocabularies = Vocabularies {
        source: vocabulary(VOCABULARIES[0])?,
        target: vocabulary(VOCABULARIES[1])?,
        subwords: SubwordModels::default(),
    };
    vocabularies.subwords = read_tokenizers(folder, &model.config, &vocabularies)?;
    let path = folder.join(MODEL);
    let state = StateDict::read(&path)?;
    check_finite(&state, &path)?;
    let mut stored = options.stored(model.preset, model.config);
    (stored.seed, stored.longest_target) = (model.seed, model.longest_target);
    stored.columns = stored.columns.or(model.columns);
    if stored.config.task == TaskKind::Sequence && !stored.has_data() {
        // Generated sequences need no files.
        stored.data = model.data;
    }
    stored.check_ranges(folder)?;
    stored.config.validate()?;
    let mut params = Params::new();
    add_parameters(&mut params, &stored, &vocabularies)?;
    load_torch(&mut params, &state)
        .map_err(|error| Error::Exchange { path, what: error.to_string() })?;
    create(run, stored, &vocabularies, &params)
}

/// Checks that all values are finite.
///
/// # Errors
/// [`Error::Exchange`] with the name of a tensor and the number of its values that are not.
pub(super) fn check_finite(state: &StateDict, path: &Path) -> Result<()> {
    for (name, tensor) in &state.tensors {
        if !all_finite(tensor.data()) {
            let count = tensor.data().iter().filter(|x| !x.is_finite()).count();
            let what = format!(
                "{count} of {} values of tensor {name} are NaN or infinite: the model has diverged \
                 or the file is damaged; use another checkpoint",
                tensor.len()
            );
            return Err(Error::Exchange { path: path.into(), what });
        }
    }
    Ok(())
}
