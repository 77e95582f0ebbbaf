//! `tui export`: what a run has, for other programs.

mod new_file;
mod plots;
mod table;

use std::path::Path;
use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::exchange::export;
use seq2seq::shell_quoted;

use self::table::Format;
use super::named;
use crate::args::ExportArguments;
use crate::format::{bytes, count, several};
use crate::{output, tensorboard};

/// Writes what was requested, and prints what that is.
pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode> {
    let run = named::run(arguments.run.name())?;
    if let Some(out) = &arguments.out {
        model(&run, out, arguments)?;
    }
    if let Some(folder) = &arguments.plots {
        plots::write(&run, folder, arguments)?;
    }
    let tables = [(&arguments.csv, Format::Csv), (&arguments.jsonl, Format::JsonLines)];
    for (path, format) in tables {
        if let Some(path) = path {
            table::write(&run, path, format, arguments.overwrite)?;
        }
    }
    if let Some(folder) = &arguments.tensorboard {
        events(&run, folder, arguments.overwrite)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the model.
fn model(run: &Path, out: &Path, arguments: &ExportArguments) -> Result<()> {
    let written = export(run, out, arguments.weights())?;
    let model = &written.model;
    let what = format!(
        "{}: {} in {} ({} of step {})",
        out.display(),
        several(written.parameters, "parameter"),
        several(written.tensors as u64, "tensor"),
        model.checkpoint,
        count(model.step)
    );
    output::data(&what)?;
    let again = shell_quoted(out);
    output::data(&format!("  use again  tui import {again} --run-dir DIR"))?;
    Ok(())
}

/// Writes the events for TensorBoard.
fn events(run: &Path, folder: &Path, overwrite: bool) -> Result<()> {
    let written = tensorboard::export(run, folder, overwrite)
        .wrap_err_with(|| format!("--tensorboard {}", folder.display()))?;
    output::data(&format!(
        "{}: {} of {}, {}",
        written.path.display(),
        several(written.records, "record"),
        several(written.steps, "step"),
        bytes(written.bytes as f64)
    ))?;
    for text in &written.left_out {
        output::note(&format!("left out: histograms of a checkpoint: {text}"));
    }
    output::data(&format!("  look at it  tensorboard --logdir {}", shell_quoted(folder)))?;
    Ok(())
}
