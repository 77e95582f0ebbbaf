//! `tui export`: a run's model for other programs.

use std::process::ExitCode;

use color_eyre::eyre::Result;
use seq2seq::exchange::export;
use seq2seq::shell_quoted;

use super::named;
use crate::args::ExportArguments;
use crate::format::{count, several};
use crate::output;

/// Writes the folder and prints what it holds.
pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode> {
    let run = named::run(arguments.run.name())?;
    let written = export(&run, &arguments.out, arguments.weights())?;
    let model = &written.model;
    let what = format!(
        "{}: {} in {} ({} of step {})",
        arguments.out.display(),
        several(written.parameters, "parameter"),
        several(written.tensors as u64, "tensor"),
        model.checkpoint,
        count(model.step)
    );
    output::data(&what)?;
    let again = shell_quoted(&arguments.out);
    output::data(&format!("  use again  tui import {again} --run-dir DIR"))?;
    Ok(ExitCode::SUCCESS)
}
