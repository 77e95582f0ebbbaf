//! `tui train`: a run, in the dashboard or in plain lines.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::{Command, EndReason, Event, Outcome};

use crate::args::TrainArguments;
use crate::dashboard::{self, Departure, Model, Role, Theme};
use crate::digest::Digest;
use crate::headless::{self, Followed, Reporter};
use crate::signals::{Signal, Signals};
use crate::trainer::Trainer;
use crate::{output, summary, terminal};

/// How long a run may take to fail before the dashboard opens.
const PATIENCE: Duration = Duration::from_millis(300);

/// Trains until the run's end or the person's word.
pub(super) fn run(arguments: TrainArguments) -> Result<ExitCode> {
    let draws = !arguments.headless && terminal::is_interactive();
    let theme = Theme::of_terminal(arguments.ascii);
    let asked_dir = arguments.run_dir.clone();
    let signals = Signals::install()?;
    let mut trainer = Trainer::start(arguments.options())?;
    let mut reporter = Reporter::default();
    let mut ended_by = None;
    if draws && !trainer.ends_within(PATIENCE) {
        let mut model = Model::new(Role::Training, theme);
        let departure = dashboard::show(&mut trainer, &mut model, &signals);
        reporter = Reporter::after(model.into_digest());
        match departure {
            Ok(Departure::Left) => {}
            Ok(Departure::Stopped(signal)) => ended_by = Some(signal),
            Ok(Departure::Abort) => {
                return abort(reporter.digest(), asked_dir.as_deref(), Signal::Interrupt);
            }
            Ok(Departure::Detach) => {
                output::line("the run goes on here, in plain lines; Ctrl-C stops and saves")?;
            }
            Err(error) => {
                trainer.send(Command::Stop);
                // The run is saved first; what happened to the terminal is told after that.
                let _ = trainer.join();
                return Err(error).wrap_err("the terminal");
            }
        }
    }
    match headless::follow(&mut trainer, &mut reporter, &signals) {
        Followed::Ended(signal) => ended_by = ended_by.or(signal),
        Followed::Abort(signal) => return abort(reporter.digest(), asked_dir.as_deref(), signal),
        Followed::Mute(error) => {
            trainer.join()?;
            return Err(error.into());
        }
    }
    conclude(trainer.join(), reporter, asked_dir.as_deref(), ended_by)
}

/// Says how it ended, and gives the exit status.
fn conclude(
    outcome: Result<Outcome>,
    mut reporter: Reporter,
    asked_dir: Option<&Path>,
    ended_by: Option<Signal>,
) -> Result<ExitCode> {
    let digest = reporter.digest_mut();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            if digest.step.is_some() {
                digest.set_crashed(true);
                output::lines(&summary::lines(digest, asked_dir))?;
            }
            return Err(error);
        }
    };
    if outcome.already_finished {
        let dir = outcome.run_dir.display();
        let early = outcome.end.reason == EndReason::EarlyStopped;
        let (how, more) = if early {
            ("stopped early", "--set stop_patience=0, or a larger one")
        } else {
            ("finished", "more --epochs, --max-steps or --max-minutes")
        };
        output::line(&format!("{dir} had already {how}: nothing to do"))?;
        output::line(&format!("  go on with {more}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    digest.apply(&Event::End(outcome.end));
    output::lines(&summary::lines(digest, Some(&outcome.run_dir)))?;
    if !headless::is_success(digest.state()) {
        return Err(eyre!(
            "the loss, a gradient or a parameter was not finite at step {}; a lower learning \
             rate or a smaller clip may help",
            digest.first_not_finite.unwrap_or(digest.steps())
        ));
    }
    Ok(ended_by.map_or(ExitCode::SUCCESS, |signal| ExitCode::from(signal.exit_status())))
}

/// The person wants out now; the run can be resumed from its last checkpoint.
fn abort(digest: &Digest, asked_dir: Option<&Path>, signal: Signal) -> Result<ExitCode> {
    let saved = digest.saved.map_or_else(String::new, |step| format!(" of step {step}"));
    output::note(&format!("ended at once; the last checkpoint{saved} stands"));
    if let Some(dir) = asked_dir {
        output::note(&format!("go on with tui --resume --run-dir {}", dir.display()));
    }
    Ok(ExitCode::from(signal.exit_status()))
}
