//! `tui watch`: displays a run by reading its folder.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::{EventReader, RunDir};

use crate::args::WatchArguments;
use crate::dashboard::{self, ExitReason, LogFollower, Model, Role, Theme};
use crate::headless::Reporter;
use crate::signals::{Signal, Signals};
use crate::trainer::Work;
use crate::{output, summary, terminal};

/// Bytes of the log that are printed at once.
const BATCH: u64 = 1 << 20;
/// Time between two polls of the log.
const LOOK: Duration = Duration::from_millis(250);

/// Shows the run in the dashboard, or in plain lines if there is no terminal.
pub(super) fn run(arguments: &WatchArguments) -> Result<ExitCode> {
    // A folder may contain the config.json of another program.
    RunDir::open(&arguments.run)
        .and_then(|dir| dir.stored())
        .wrap_err_with(|| arguments.run.display().to_string())?;
    if arguments.headless || !terminal::is_interactive() {
        let reader = EventReader::open(&arguments.run)
            .wrap_err_with(|| arguments.run.display().to_string())?;
        let run_state = print(reader)?;
        output::lines(&summary::lines(run_state.run_state(), Some(&arguments.run)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let signals = Signals::install()?;
    signals.guard(Work::over())?;
    let mut model = Model::new(Role::Watching, Theme::of_terminal(arguments.ascii));
    for other in &arguments.beside {
        model.request_beside(other.clone());
    }
    let mut log = LogFollower::open(&arguments.run)?;
    let departure = dashboard::show(&mut log, &mut model, &signals);
    let status = match departure.wrap_err("the terminal")? {
        ExitReason::Stopped(signal) | ExitReason::Abort(signal) => {
            ExitCode::from(signal.exit_status())
        }
        ExitReason::HungUp => return Ok(ExitCode::from(Signal::HangUp.exit_status())),
        ExitReason::Left | ExitReason::PlainLines => ExitCode::SUCCESS,
    };
    if let Some(trouble) = log.trouble() {
        output::note(&format!("warning: {trouble}"));
    }
    output::lines(&summary::lines(&model.into_run_state(), Some(&arguments.run)))?;
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
