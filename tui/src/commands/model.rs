//! The trained model that a command uses.

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::Translator;

use crate::args::ModelArguments;

/// Opens the trained model of a run folder.
pub(super) fn open(model: &ModelArguments) -> Result<Translator> {
    let open = || Translator::open(&model.run, &model.device, model.threads);
    open().wrap_err_with(|| format!("--run {}", model.run.display()))
}
