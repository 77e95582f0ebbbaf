//! `tui tour`: the road from the vanishing gradient to attention, by experiments.

use std::process::ExitCode;
use std::thread;

use color_eyre::eyre::{Result, eyre};
use seq2seq::{CancellationToken, shell_quoted};

use super::train::note_trouble;
use crate::args::TourArguments;
use crate::signals::{Signal, Signals};
use crate::tour::{self, Left, Notebook, STOPS, Settings, Size};
use crate::trainer::Work;
use crate::{output, terminal};

/// Shows the tour, or runs its experiments and checks their numbers.
pub(super) fn run(arguments: &TourArguments) -> Result<ExitCode> {
    let draws = !arguments.headless && terminal::is_interactive();
    let recorder = arguments.display.recorder(draws)?;
    let stops: Vec<usize> = arguments.stops.iter().map(|name| find(name)).collect::<Result<_>>()?;
    let size = if arguments.quick { Size::Quick } else { Size::Full };
    let processors = || thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or_else(processors);
    let settings = Settings { folder: arguments.run_dir.clone(), size, threads };
    let mut notebook = Notebook::open(&arguments.run_dir, size)?;
    let signals = Signals::install()?;
    if !draws {
        return headless(&mut notebook, &settings, &stops, &signals);
    }
    let work = Work::of_folder(CancellationToken::default(), &arguments.run_dir);
    signals.guard(work.clone())?;
    let theme = arguments.display.theme();
    // Without a stop, the tour goes on where it was left.
    let first = stops.first().copied().or_else(|| notebook.last()).unwrap_or(0);
    let left = tour::show(&mut notebook, &settings, first, theme, &signals, recorder.as_ref());
    work.end();
    note_trouble(recorder.as_ref());
    match left? {
        Left::Quit => {
            let folder = shell_quoted(&arguments.run_dir);
            output::line(&format!("go on with: tui tour --run-dir {folder}"))?;
            Ok(ExitCode::SUCCESS)
        }
        Left::Signal(signal) => Ok(ExitCode::from(signal.exit_status())),
    }
}

fn headless(
    notebook: &mut Notebook,
    settings: &Settings,
    stops: &[usize],
    signals: &Signals,
) -> Result<ExitCode> {
    let all: Vec<usize> = (0..STOPS.len()).collect();
    let stops = if stops.is_empty() { &all } else { stops };
    let token = CancellationToken::default();
    let work = Work::of_folder(token.clone(), &settings.folder);
    signals.guard(work.clone())?;
    let result = tour::headless(notebook, settings, stops, &token);
    work.end();
    match result {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::FAILURE),
        Err(_) if token.is_cancelled() => {
            let signal = signals.first().unwrap_or(Signal::Interrupt);
            let folder = settings.folder.display();
            output::note(&format!("stopped; what was trained is kept in {folder}"));
            Ok(ExitCode::from(signal.exit_status()))
        }
        Err(error) => Err(error),
    }
}

/// Returns the index of a stop by its number or its name.
fn find(name: &str) -> Result<usize> {
    let number = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let named = || STOPS.iter().position(|stop| stop.text().name == name);
    number.filter(|at| *at < STOPS.len()).or_else(named).ok_or_else(|| {
        let names: Vec<&str> = STOPS.iter().map(|stop| stop.text().name).collect();
        eyre!(
            "there is no stop '{name}'; the stops are 1 to {}, or {}",
            STOPS.len(),
            names.join(", ")
        )
    })
}
