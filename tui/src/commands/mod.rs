//! The subcommands, one file each; all return the exit status or an error to print.

mod align;
mod bench;
mod compare;
mod devices;
mod evaluate;
mod export;
mod import;
mod model;
mod named;
mod presets;
mod resume;
mod runs;
mod sample;
mod score;
mod tour;
mod train;
mod translate;
mod watch;

use std::process::ExitCode;

use color_eyre::eyre::Result;

use crate::args::{Arguments, Command};

/// Runs the command that the arguments select.
///
/// # Errors
/// Returns the error that made the command fail, with a message for the user.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        None => train::run(arguments.train),
        Some(Command::Train(train)) => train::run(*train),
        Some(Command::Translate(translate)) => translate::run(&translate),
        Some(Command::Evaluate(evaluate)) => evaluate::run(&evaluate),
        Some(Command::Score(score)) => score::run(&score),
        Some(Command::Align(align)) => align::run(&align),
        Some(Command::Sample(sample)) => sample::run(&sample),
        Some(Command::Watch(watch)) => watch::run(&watch),
        Some(Command::Runs(runs)) => runs::run(&runs),
        Some(Command::Export(export)) => export::run(&export),
        Some(Command::Import(import)) => import::run(&import),
        Some(Command::Presets { name, all }) => presets::run(name.as_deref(), all),
        Some(Command::Devices) => devices::run(),
        Some(Command::Bench(bench)) => bench::run(&bench),
        Some(Command::Compare(compare)) => compare::run(&compare),
        Some(Command::Tour(tour)) => tour::run(&tour),
    }
}
