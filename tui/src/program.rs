//! From the command line to the exit status.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::builder::Styles;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use color_eyre::config::{HookBuilder, Theme};
use seq2seq::Config;
use seq2seq::config::nearest;

use crate::args::Arguments;
use crate::format::plain;
use crate::{commands, output, refused, signals, terminal};

/// Runs the program on the process's arguments.
pub fn run() -> ExitCode {
    if let Err(error) = install_hooks().and_then(|()| Ok(signals::report_file_limit()?)) {
        output::error(&error);
        return ExitCode::FAILURE;
    }
    let result = match arguments() {
        Ok(arguments) => commands::run(arguments),
        Err(answer) => output::answer(&answer)
            .map(|()| u8::try_from(answer.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from))
            .map_err(Into::into),
    };
    match result {
        Ok(status) => status,
        Err(report) if output::is_closed(&report) => ExitCode::SUCCESS,
        Err(report) => {
            output::error(&report);
            ExitCode::FAILURE
        }
    }
}

/// Parses the command line, or returns clap's reply to it (an error, the help or the version).
fn arguments() -> Result<Arguments, clap::Error> {
    let parsed = Arguments::try_parse().map_err(|answer| {
        if !answer.use_stderr() {
            return answer;
        }
        // An error repeats the arguments, so it is produced again from arguments whose control
        // characters are made visible, without styles.
        let visible = std::env::args_os().map(|argument| plain(&argument.to_string_lossy()));
        let command = Arguments::command().styles(Styles::plain());
        let again = command.try_get_matches_from(visible).err();
        suggest(again.filter(|again| again.kind() == answer.kind()).unwrap_or(answer))
    })?;
    parsed.check().map(|()| parsed)
}

/// Adds to the error for an unknown option that a key of this name is set by `--set`, and removes
/// suggestions that are not near.
fn suggest(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.trim_start_matches('-').to_owned()),
        _ => None,
    };
    let Some(given) = text(ContextKind::InvalidArg) else { return error };
    let is_near = |flag: String| nearest(&given, [flag.as_str()]).is_some();
    let keeps = text(ContextKind::SuggestedArg).is_some_and(is_near);
    if !keeps {
        error.remove(ContextKind::SuggestedArg);
        let key = nearest(&given, Config::KEYS.iter().map(|key| key.name));
        if let Some(key) = key.filter(|_| given.len() > 1) {
            let tip = format!("a key of the configuration is set by '--set {key}=VALUE'");
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        }
    }
    error
}

/// Installs the error reports first, then the hook that restores the terminal before a panic is
/// reported.
fn install_hooks() -> color_eyre::Result<()> {
    let coloured = std::io::stderr().is_terminal() && output::wants_colour();
    let theme = if coloured { Theme::dark() } else { Theme::new() };
    HookBuilder::default().theme(theme).display_env_section(false).install()?;
    terminal::install_panic_hook();
    refused::install();
    Ok(())
}
