//! `tui watch`: displays a run by reading its folder.

use std::process::ExitCode;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::{Command, EventReader, RunDir};

use crate::answerer::Answerer;
use crate::args::WatchArguments;
use crate::dashboard::{self, ExitReason, Model, Role, Source, SourceUpdate, Theme};
use crate::headless::Reporter;
use crate::signals::{Signal, Signals};
use crate::trainer::Work;
use crate::{output, summary, terminal};

/// Time between two polls of the log.
const LOOK: Duration = Duration::from_millis(250);

/// Shows the run in the dashboard, or in plain lines if there is no terminal.
pub(super) fn run(arguments: &WatchArguments) -> Result<ExitCode> {
    // A folder may contain the config.json of another program.
    RunDir::open(&arguments.run)
        .and_then(|dir| dir.stored())
        .wrap_err_with(|| arguments.run.display().to_string())?;
    let reader =
        EventReader::open(&arguments.run).wrap_err_with(|| arguments.run.display().to_string())?;
    if arguments.headless || !terminal::is_interactive() {
        let run_state = print(reader)?;
        output::lines(&summary::lines(run_state.run_state(), Some(&arguments.run)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let signals = Signals::install()?;
    signals.guard(Work::over())?;
    let mut model = Model::new(Role::Watching, Theme::of_terminal(arguments.ascii));
    let mut log = Log::follow(reader, Answerer::new(&arguments.run))?;
    let departure = dashboard::show(&mut log, &mut model, &signals);
    let status = match departure.wrap_err("the terminal")? {
        ExitReason::Stopped(signal) | ExitReason::Abort(signal) => {
            ExitCode::from(signal.exit_status())
        }
        ExitReason::HungUp => return Ok(ExitCode::from(Signal::HangUp.exit_status())),
        ExitReason::Left | ExitReason::PlainLines => ExitCode::SUCCESS,
    };
    if let Some(trouble) = &log.trouble {
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
        let events = reader.poll()?;
        if reader.restarted() {
            // A resume truncated the log: its events are reported again from the start.
            reporter = Reporter::default();
        }
        for event in &events {
            output::lines(&reporter.apply(event))?;
        }
        if !live {
            reporter.run_state_mut().set_crashed(true);
            return Ok(reporter);
        }
        if reporter.run_state().end.is_some() && events.is_empty() {
            return Ok(reporter);
        }
        thread::sleep(LOOK);
    }
}

/// The log of a run, read on its own thread, so that a long log does not block the keys.
struct Log {
    news: Receiver<Result<SourceUpdate>>,
    live: bool,
    trouble: Option<String>,
    answerer: Answerer,
}

impl Log {
    fn follow(mut reader: EventReader, answerer: Answerer) -> Result<Self> {
        let (sender, news) = sync_channel(4);
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            loop {
                let alive = reader.is_live();
                let look = reader.poll();
                let restarted = reader.restarted();
                let look = look.map(|events| SourceUpdate { events, alive, restarted });
                let broken = look.is_err();
                if sender.send(look.wrap_err("reading the log")).is_err() || broken {
                    break;
                }
                thread::sleep(LOOK);
            }
        })?;
        Ok(Self { news, live: true, trouble: None, answerer })
    }
}

impl Source for Log {
    fn news(&mut self) -> SourceUpdate {
        match self.news.try_recv() {
            Ok(Ok(mut news)) => {
                self.live = news.alive;
                news.events.extend(self.answerer.answers());
                return news;
            }
            Ok(Err(error)) => {
                self.trouble = Some(output::one_line(&error));
                self.live = false;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => self.live = false,
        }
        SourceUpdate { events: self.answerer.answers(), alive: self.live, restarted: false }
    }

    fn send(&mut self, command: Command) {
        // The process that trains takes no commands from here, but the checkpoint can be opened.
        if Answerer::takes(&command) {
            self.answerer.send(command);
        }
    }
}
