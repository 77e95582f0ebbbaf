//! The trained model that a command uses.

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::Translator;

use crate::args::TranslatorArguments;

/// Opens the trained models of run folders.
pub(super) fn open(model: &TranslatorArguments) -> Result<Translator> {
    let TranslatorArguments { runs, device, threads, .. } = model;
    let names: Vec<String> = runs.iter().map(|run| format!("--run {}", run.display())).collect();
    let combining = model.combining.options(runs.len())?;
    Translator::open_ensemble(runs, &combining, device, *threads).wrap_err_with(|| names.join(" "))
}

/// Checks that a model has attention, from which words are aligned; `flag` names what needs it.
pub(super) fn check_attention(model: &Translator, flag: &str) -> Result<()> {
    if model.attends() {
        return Ok(());
    }
    Err(eyre!(
        "{flag}: the run has no attention, so its words cannot be aligned; a run trained with --set \
         attention=additive, or another attention, is needed"
    ))
}
