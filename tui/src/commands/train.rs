//! `tui train`: trains a run, shown in the dashboard or in plain lines.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use color_eyre::eyre::{Report, Result, WrapErr, eyre};
use seq2seq::event::EndReason;
use seq2seq::{Command, Event, Outcome, TrainOptions, shell_quoted};

use super::named;
use super::resume::resume;
use crate::args::{LogFormat, TrainArguments};
use crate::dashboard::{self, ExitReason, Model, Role};
use crate::format::count;
use crate::headless::{self, Followed, Reporter};
#[cfg(all(feature = "mpi", unix))]
use crate::lent_terminal::{Lending, LentTerminal};
use crate::output::{self, StdoutError};
use crate::recording::Recorder;
use crate::run_state::RunState;
use crate::signals::{Signal, Signals};
use crate::tensorboard::TensorBoardLog;
use crate::trainer::Trainer;
use crate::training_source::TrainingSource;
use crate::{ranks, summary, tensorboard, terminal};

/// How long the dashboard waits before it opens, so that early errors are printed without it.
const PATIENCE: Duration = Duration::from_millis(300);
/// Interval at which a rank after the first looks for signals.
const LOOK: Duration = Duration::from_millis(50);
/// The exit status if the reader of stdout has closed the pipe: 128 + SIGPIPE.
const UNREAD: u8 = 141;

/// Trains until the run ends or the user stops it.
pub(super) fn run(arguments: TrainArguments) -> Result<ExitCode> {
    if !ranks::all().is_first() {
        return follow();
    }
    #[cfg(all(feature = "mpi", unix))]
    let mut lent = lent_terminal(arguments.headless);
    let draws = !arguments.headless && terminal::is_interactive();
    let display = arguments.display.clone();
    let theme = display.theme();
    let recorder = display.recorder(draws)?;
    let signals = Signals::install()?;
    let log = arguments.log;
    let mut options = arguments.options();
    if options.resume
        && let Some(name) = &options.run_dir
    {
        options.run_dir = Some(named::run(Some(name))?);
    }
    // A resumed run whose folder has event files continues them: they would end without a word.
    let continues = |run: &PathBuf| options.resume && run.join(tensorboard::FOLDER).is_dir();
    let logs =
        log == Some(LogFormat::TensorBoard) || options.run_dir.as_ref().is_some_and(continues);
    let run_dir = options.run_dir.clone();
    let mut trainer = Trainer::start(options)?;
    if logs {
        trainer = trainer.with_log(TensorBoardLog::start()?);
    }
    signals.guard(trainer.work().clone())?;
    let mut reporter = Reporter::default();
    let mut quiet = false;
    if draws && !trainer.ends_within(PATIENCE) {
        let mut source = TrainingSource::new(&mut trainer, run_dir.as_deref());
        let mut model = Model::new(Role::Training, theme).with_runs(source.folder(), true);
        let departure = dashboard::show(&mut source, &mut model, &signals, recorder.as_ref());
        #[cfg(all(feature = "mpi", unix))]
        drop(lent.take());
        let resumed = source.resumed();
        note_trouble(recorder.as_ref());
        reporter = Reporter::after(model.into_run_state());
        match departure {
            Ok(ExitReason::Left) => {}
            Ok(ExitReason::Resume) => {
                let run = trainer.join()?.run_dir;
                if !ranks::all().is_alone() {
                    // No program can take the place of one that belongs to mpirun.
                    let run = shell_quoted(&run);
                    output::line(&format!("go on with: mpirun ... tui --resume --run-dir {run}"))?;
                    return Ok(ExitCode::SUCCESS);
                }
                return resume(&run, &resumed.unwrap_or_default(), &display);
            }
            Ok(ExitReason::Stopped(signal)) => signals.set_cause(signal),
            Ok(ExitReason::Abort(signal)) => {
                return Ok(abort(&trainer, reporter.run_state(), signal));
            }
            Ok(ExitReason::PlainLines) => {
                // A failing stdout is detected at the run's next line.
                let _ =
                    output::line("the run goes on here, in plain lines; Ctrl-C stops and saves");
            }
            Ok(ExitReason::HungUp) if signals.ignores_hang_up() && !trainer.has_ended() => {
                // SIGHUP is ignored, so the run outlives its terminal; no user can end a pause.
                trainer.send(Command::Resume);
                quiet = true;
            }
            Ok(ExitReason::HungUp) => {
                signals.raise(Signal::HangUp);
                quiet = true;
            }
            Err(error) => {
                trainer.stop();
                // The run is saved before the terminal error is reported.
                let _ = trainer.join();
                return Err(error).wrap_err("the terminal");
            }
        }
    }
    match headless::follow(&mut trainer, &mut reporter, &signals, quiet) {
        Followed::Ended => {
            quiet |= terminal::has_stdout_hung_up();
            let run_dir = trainer.work().run_dir().map(Path::to_owned);
            conclude(trainer.join(), reporter, run_dir.as_deref(), &signals, quiet)
        }
        Followed::Abort(signal) => Ok(abort(&trainer, reporter.run_state(), signal)),
        Followed::Mute(error) => unread(trainer.join(), &error),
    }
}

/// Returns the terminal of `mpirun` for the dashboard of rank 0.
#[cfg(all(feature = "mpi", unix))]
fn lent_terminal(headless: bool) -> Option<LentTerminal> {
    if headless || ranks::all().is_alone() {
        return None;
    }
    match LentTerminal::take() {
        Lending::Lent(terminal) => Some(terminal),
        Lending::IsRead => {
            output::note(
                "plain lines: the dashboard opens here with mpirun --stdin none, and with tui watch in \
                 another terminal",
            );
            None
        }
        Lending::Nothing => None,
    }
}

/// Trains as a rank after the first whatever rank 0 trains, which also stops it; signals are for rank 0.
fn follow() -> Result<ExitCode> {
    let signals = Signals::install()?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        while signals.take().is_none() {
            thread::sleep(LOOK);
        }
        ranks::ask_to_end();
    })?;
    let (link, viewer) = seq2seq::link(1);
    drop(viewer);
    match seq2seq::train(&TrainOptions::default(), &mut link.with_ranks(ranks::all())) {
        Ok(_) | Err(seq2seq::Error::Cancelled) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
    }
}

/// Prints why the recording of the dashboard ended early, if it did.
pub(super) fn note_trouble(recorder: Option<&Recorder>) {
    if let Some(trouble) = recorder.and_then(Recorder::trouble) {
        output::note(&format!("warning: {trouble}"));
    }
}

/// Prints how the run ended, unless `quiet`, and returns the exit status.
fn conclude(
    outcome: Result<Outcome>,
    mut reporter: Reporter,
    run_dir: Option<&Path>,
    signals: &Signals,
    quiet: bool,
) -> Result<ExitCode> {
    let print = |lines: &[String]| if quiet { Ok(()) } else { output::lines(lines) };
    let status = signals.first().map_or(0, Signal::exit_status);
    let run_state = reporter.run_state_mut();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) if is_cancelled(&error) => {
            output::note(summary::NOT_BEGUN);
            return Ok(status.into());
        }
        Err(error) => {
            if run_state.step.is_some() {
                run_state.set_crashed(true);
                // The error of the run matters more than one of stdout.
                let _ = print(&summary::lines(run_state, run_dir));
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
        print(&[
            format!("{dir} had already {how}: nothing to do"),
            format!("  go on with {more}"),
        ])?;
        return Ok(ExitCode::SUCCESS);
    }
    run_state.apply(&Event::End(outcome.end));
    let printed = print(&summary::lines(run_state, Some(&outcome.run_dir)));
    if !headless::is_success(run_state.state()) {
        return Err(eyre!(
            "the loss, a gradient or a parameter was not finite at step {}; a lower learning \
             rate or a smaller clip may help",
            run_state.first_not_finite.unwrap_or(run_state.steps())
        ));
    }
    match printed {
        Err(error) if error.is_closed() && status == 0 => {
            let step = count(run_state.steps());
            output::note(&format!("error: the reader of stdout has gone; saved at step {step}"));
            Ok(UNREAD.into())
        }
        Err(error) if !error.is_closed() => Err(error.into()),
        _ => Ok(status.into()),
    }
}

/// Returns true if the run was cancelled before training began.
fn is_cancelled(error: &Report) -> bool {
    matches!(error.downcast_ref(), Some(seq2seq::Error::Cancelled))
}

/// Reports that the run was stopped because stdout could not be written.
fn unread(outcome: Result<Outcome>, error: &StdoutError) -> Result<ExitCode> {
    let what = match outcome {
        Ok(Outcome { run_dir, end, .. }) => {
            format!("stopped and saved at step {}; {}", count(end.step), summary::go_on(&run_dir))
        }
        Err(error) if is_cancelled(&error) => summary::NOT_BEGUN.to_owned(),
        Err(error) => return Err(error),
    };
    if !error.is_closed() {
        return Err(eyre!("{error}; so the run was {what}"));
    }
    output::note(&format!("error: the reader of stdout has gone, so the run was {what}"));
    Ok(ExitCode::from(UNREAD))
}

/// Exits immediately; the run can be resumed from its last checkpoint.
fn abort(trainer: &Trainer, run_state: &RunState, signal: Signal) -> ExitCode {
    for line in summary::aborted(trainer.work().run_dir(), run_state.saved) {
        output::note(&line);
    }
    ranks::abort_others(signal.exit_status());
    ExitCode::from(signal.exit_status())
}
