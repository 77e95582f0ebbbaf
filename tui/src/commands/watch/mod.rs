//! `tui watch`: displays a run by reading its folder, and the list of runs.

mod log;
mod source;

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::{EventReader, RUNS, is_folder_of_runs};

use self::log::open;
use self::source::Watched;
use super::train::note_trouble;
use super::{named, runs};
use crate::args::{DisplayArguments, WatchArguments};
use crate::dashboard::{self, ExitReason, Model, Role};
use crate::headless::Reporter;
use crate::signals::{Signal, Signals};
use crate::trainer::Work;
use crate::{output, summary, terminal};

/// Bytes of the log that are printed at once.
const BATCH: u64 = 1 << 20;
/// Time between two polls of the log.
const LOOK: Duration = Duration::from_millis(250);

/// Shows the run, or the list of runs, in the dashboard, or in plain lines if there is no terminal.
pub(super) fn run(arguments: &WatchArguments) -> Result<ExitCode> {
    let headless = arguments.headless || !terminal::is_interactive();
    if headless {
        // Nothing is drawn that could be recorded.
        arguments.display.recorder(false)?;
    }
    let name = arguments.name().unwrap_or(Path::new(RUNS));
    if arguments.name().is_none() || is_folder_of_runs(name) {
        return if headless { runs::print(name) } else { show(arguments, None, name) };
    }
    let run = &named::run(Some(name))?;
    if headless {
        let run_state = print(open(run)?)?;
        output::lines(&summary::lines(run_state.run_state(), Some(run)))?;
        return Ok(ExitCode::SUCCESS);
    }
    // The list has the runs beside this one.
    let beside = run.parent().filter(|parent| is_folder_of_runs(parent));
    show(arguments, Some(run), beside.unwrap_or(Path::new(RUNS)))
}

/// Shows a run, and the list of a folder, in the dashboard.
fn show(arguments: &WatchArguments, run: Option<&Path>, folder: &Path) -> Result<ExitCode> {
    let mut watched = Watched::new(folder)?;
    if let Some(run) = run {
        watched.open(run)?;
    }
    let signals = Signals::install()?;
    signals.guard(Work::over())?;
    let theme = arguments.display.theme();
    let recorder = arguments.display.recorder(true)?;
    let mut model = Model::new(Role::Watching, theme).with_runs(folder, run.is_some());
    for other in &arguments.beside {
        model.request_beside(other.clone());
    }
    let departure = dashboard::show(&mut watched, &mut model, &signals, recorder.as_ref());
    note_trouble(recorder.as_ref());
    let status = match departure.wrap_err("the terminal")? {
        ExitReason::Stopped(signal) | ExitReason::Abort(signal) => {
            ExitCode::from(signal.exit_status())
        }
        ExitReason::HungUp => return Ok(ExitCode::from(Signal::HangUp.exit_status())),
        ExitReason::Resume => return resume(watched.resumed(), &arguments.display),
        ExitReason::Left | ExitReason::PlainLines => ExitCode::SUCCESS,
    };
    if let Some(trouble) = watched.trouble() {
        output::note(&format!("warning: {trouble}"));
    }
    if let Some(run) = watched.run() {
        output::lines(&summary::lines(&model.into_run_state(), Some(run)))?;
    }
    Ok(status)
}

/// Continues a run in this terminal, as `tui --resume --run-dir RUN` does.
///
/// A new program takes the place of this one, since the handlers of this one's signals end a process
/// that only watches.
fn resume(run: Option<&Path>, display: &DisplayArguments) -> Result<ExitCode> {
    let Some(run) = run else { return Ok(ExitCode::SUCCESS) };
    let program = env::current_exe().wrap_err("the program's own file")?;
    let mut command = Command::new(program);
    command.args(["train", "--resume", "--run-dir"]).arg(run);
    let look = display.look().to_string();
    if !look.is_empty() {
        command.args(["--theme", &look]);
    }
    if let Some(path) = &display.record {
        // A recording replaces no file, and an asciicast has one beginning.
        output::note(&format!("the recording {} ends with the list of runs", path.display()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Returns only if it fails.
        Err(command.exec()).wrap_err("starting the program again")
    }
    #[cfg(not(unix))]
    {
        let status = command.status().wrap_err("starting the program again")?;
        Ok(status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from))
    }
}

/// Prints the run's lines until it is over.
fn print(mut reader: EventReader) -> Result<Reporter> {
    let mut reporter = Reporter::default();
    loop {
        // Checked before the poll, so that everything the process wrote before its end is read.
        let live = reader.is_live();
        // A long log is printed in parts, so that it is never in memory as a whole.
        let events = reader.poll_up_to(BATCH)?;
        if reader.restarted() {
            // A resume truncated the log: its events are reported again from the start.
            reporter = Reporter::default();
        }
        for event in &events {
            output::lines(&reporter.apply(event))?;
        }
        if !live && events.is_empty() {
            reporter.run_state_mut().set_crashed(true);
            return Ok(reporter);
        }
        if reporter.run_state().end.is_some() && events.is_empty() {
            return Ok(reporter);
        }
        if events.is_empty() {
            thread::sleep(LOOK);
        }
    }
}
