//! The trained model that a command uses.

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::{Precision, Translator, device_at};

use super::named;
use crate::args::TranslatorArguments;
use crate::ranks;

/// Opens the trained models of run folders.
pub(super) fn open(model: &TranslatorArguments) -> Result<Translator> {
    let TranslatorArguments { runs, device, threads, combining, precision } = model;
    // Refused before anything is looked up.
    let combining = combining.options(runs.names().len().max(1))?;
    let runs = named::runs(runs.names())?;
    let names: Vec<String> = runs.iter().map(|run| run.display().to_string()).collect();
    let ranks = ranks::all();
    let threads = threads.or_else(|| ranks.place().threads());
    let device = device_at(device, ranks.place())?;
    let opened = Translator::open_ensemble(&runs, &combining, &device, threads);
    let opened = opened.wrap_err_with(|| format!("run {}", names.join(", ")))?;
    Ok(converted(opened, *precision)?.with_ranks(&ranks))
}

/// Converts a model to the numbers that it computes with.
pub(super) fn converted(model: Translator, precision: Precision) -> Result<Translator> {
    model.with_precision(precision).wrap_err_with(|| format!("--precision {precision}"))
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
