//! The error rate of word alignments.

use std::path::Path;
use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::data::LinksFile;
use serde::Serialize;

use crate::format::{count, percent};
use crate::output;

/// The scores of word links.
#[derive(Serialize)]
struct LinkScores {
    sentences: u64,
    /// Absent if neither side has links.
    #[serde(skip_serializing_if = "Option::is_none")]
    aer: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recall: Option<f64>,
}

/// Prints the alignment error rate of a file of links against one of gold links.
pub(super) fn run(alignments: &Path, gold: &Path, json: bool) -> Result<ExitCode> {
    let mut notes = Vec::new();
    let mut open =
        |flag: &str, path| LinksFile::open(path, &mut notes).wrap_err_with(|| flag.to_owned());
    let (found, gold) = (open("--alignments", alignments)?, open("--gold", gold)?);
    notes.iter().for_each(|note| output::note(note));
    let errors = found.errors(&gold).wrap_err("--alignments, --gold")?;
    let scores = LinkScores {
        sentences: found.len() as u64,
        aer: errors.rate(),
        precision: errors.precision(),
        recall: errors.recall(),
    };
    if json {
        output::data(&serde_json::to_string(&scores)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let none = || "none".to_owned();
    let aer = scores.aer.map_or_else(none, |rate| format!("{rate:.3}"));
    for (name, value, note) in [
        ("sentences", count(scores.sentences), ""),
        ("AER", aer, "alignment error rate against the gold links"),
        ("precision", scores.precision.map_or_else(none, percent), "found links that are gold"),
        ("recall", scores.recall.map_or_else(none, percent), "sure gold links that were found"),
    ] {
        output::line(format!("{name:<18}{value:>10}  {note}").trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}
