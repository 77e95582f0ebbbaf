//! `tui import`: a run made of a model of another program.

use std::process::ExitCode;

use color_eyre::eyre::Result;
use seq2seq::exchange::{TutorialFiles, import, import_pytorch_tutorial};
use seq2seq::shell_quoted;

use crate::args::ImportArguments;
use crate::format::{count, several};
use crate::output;

/// Creates the run and prints what it is and how it is used.
pub(super) fn run(arguments: &ImportArguments) -> Result<ExitCode> {
    let (path, options) = (&arguments.run_dir, arguments.options());
    let imported = match &arguments.folder {
        Some(folder) => import(folder, path, &options)?,
        None => {
            let [encoder, decoder, vocabulary] = arguments.tutorial_files()?;
            import_pytorch_tutorial(TutorialFiles { encoder, decoder, vocabulary }, path, &options)?
        }
    };
    let (source, target) = imported.vocabularies;
    let run = shell_quoted(path);
    output::data(&format!(
        "{}: {}; {} in {}; vocabularies of {} and {}",
        path.display(),
        imported.model,
        several(imported.parameters, "parameter"),
        several(imported.tensors as u64, "tensor"),
        count(source as u64),
        count(target as u64)
    ))?;
    let data = if imported.has_data { "" } else { " --data SPEC" };
    output::data(&format!("  use       tui translate {run}"))?;
    output::data(&format!("  train on  tui --resume --run-dir {run}{data}"))?;
    Ok(ExitCode::SUCCESS)
}
