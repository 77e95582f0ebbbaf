//! From the command line to the exit status.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use color_eyre::config::{HookBuilder, Theme};

use crate::args::Arguments;
use crate::{commands, output, refused, signals, terminal};

/// Runs the program on the process's arguments.
pub fn run() -> ExitCode {
    if let Err(error) = install_hooks().and_then(|()| Ok(signals::report_file_limit()?)) {
        output::error(&error);
        return ExitCode::FAILURE;
    }
    // A wrong use ends here, with clap's own message and status 2.
    let arguments = Arguments::parse();
    match commands::run(arguments) {
        Ok(status) => status,
        Err(report) if output::is_closed(&report) => ExitCode::SUCCESS,
        Err(report) => {
            output::error(&report);
            ExitCode::FAILURE
        }
    }
}

/// The error reports first, then the hook that gives the terminal back before a panic is told.
fn install_hooks() -> color_eyre::Result<()> {
    let coloured = std::io::stderr().is_terminal() && output::wants_colour();
    let theme = if coloured { Theme::dark() } else { Theme::new() };
    HookBuilder::default().theme(theme).display_env_section(false).install()?;
    terminal::install_panic_hook();
    refused::install();
    Ok(())
}
