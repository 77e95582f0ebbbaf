//! `tui watch`: displays a run by reading its folder, and the list of runs.

mod log;
mod source;

use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::{EventReader, RUNS, is_folder_of_runs};

use self::log::open;
use self::source::Watched;
use super::resume::resume;
use super::train::note_trouble;
use super::{named, runs};
use crate::args::WatchArguments;
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
        ExitReason::Resume => {
            return match watched.resumed() {
                Some((run, set)) => resume(run, set, &arguments.display),
                None => Ok(ExitCode::SUCCESS),
            };
        }
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
