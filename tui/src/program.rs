//! From the command line to the exit status.

use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::builder::Styles;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use color_eyre::config::{HookBuilder, Theme};
use color_eyre::eyre::{Report, eyre};
use seq2seq::Config;
use seq2seq::config::nearest;

use crate::args::Arguments;
use crate::format::plain;
use crate::ranks::{Launched, Membership};
use crate::{commands, output, refused, signals, terminal};

/// How long a rank after the first waits before it ends with the error that rank 0 prints, because
/// `mpirun` ends all ranks as soon as one has failed.
const LEAVE_TO_FIRST: Duration = Duration::from_secs(1);

/// Runs the program on the process's arguments.
pub fn run() -> ExitCode {
    if let Err(error) = install_hooks().and_then(|()| Ok(signals::report_file_limit()?)) {
        output::error(&error);
        return ExitCode::FAILURE;
    }
    let arguments = arguments();
    match Launched::find().filter(|launched| launched.size > 1) {
        None => conclude(answer_or_run(arguments)).0,
        Some(launched) => run_on_rank(launched, arguments),
    }
}

/// Runs the program as one of several ranks. The ranks after the first print nothing.
fn run_on_rank(launched: Launched, arguments: Result<Arguments, clap::Error>) -> ExitCode {
    if !launched.is_first() {
        output::mute();
    }
    let shares = arguments.as_ref().is_ok_and(Arguments::shares_work);
    if !shares {
        if launched.is_first() {
            if arguments.is_ok() {
                output::note("this command does not share its work: rank 0 does all of it");
            }
            return conclude(answer_or_run(arguments)).0;
        }
        return match arguments {
            Ok(_) => ExitCode::SUCCESS,
            Err(answer) => {
                thread::sleep(LEAVE_TO_FIRST);
                status_of(&answer)
            }
        };
    }
    let membership = match Membership::join(launched) {
        Ok(membership) => membership,
        Err(error) => {
            if !launched.is_first() {
                thread::sleep(LEAVE_TO_FIRST);
            }
            return conclude(Err(error)).0;
        }
    };
    // The other ranks would wait for one that panicked.
    let run = AssertUnwindSafe(|| answer_or_run(arguments));
    let result = catch_unwind(run).unwrap_or_else(|_| Err(eyre!("a bug: this rank panicked")));
    let (status, error) = conclude(result);
    membership.leave(status, error.as_ref())
}

fn answer_or_run(arguments: Result<Arguments, clap::Error>) -> color_eyre::Result<ExitCode> {
    match arguments {
        Ok(arguments) => commands::run(arguments),
        Err(answer) => Ok(output::answer(&answer).map(|()| status_of(&answer))?),
    }
}

fn status_of(answer: &clap::Error) -> ExitCode {
    u8::try_from(answer.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Prints the error, if there is one. Returns the exit status and the error.
fn conclude(result: color_eyre::Result<ExitCode>) -> (ExitCode, Option<Report>) {
    match result {
        Ok(status) => (status, None),
        Err(report) if output::is_closed(&report) => (ExitCode::SUCCESS, None),
        Err(report) => {
            output::error(&report);
            (ExitCode::FAILURE, Some(report))
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
