//! `tui score`: how probable each target is, given its source.

use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr};

use crate::args::ScoreArguments;
use crate::output;

/// Prints one natural-log probability for each pair.
pub(super) fn run(arguments: &ScoreArguments) -> Result<ExitCode> {
    let translator = super::open(&arguments.model)?;
    let corpus = &arguments.corpus;
    let scores = translator
        .score(&corpus.data, corpus.columns)
        .wrap_err_with(|| format!("--data {}", corpus.data))?;
    for score in scores {
        output::data(&format!("{score:.6}"))?;
    }
    Ok(ExitCode::SUCCESS)
}
