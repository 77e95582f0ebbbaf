//! The trained model that a command uses.

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::Translator;

use crate::args::TranslatorArguments;

/// Opens the trained models of run folders.
pub(super) fn open(model: &TranslatorArguments) -> Result<Translator> {
    let TranslatorArguments { runs, device, threads, .. } = model;
    let names: Vec<String> = runs.iter().map(|run| format!("--run {}", run.display())).collect();
    Translator::open_ensemble(runs, &model.combining.options(), device, *threads)
        .wrap_err_with(|| names.join(" "))
}
