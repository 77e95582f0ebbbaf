//! The loop of the tour's screen: keys, signals, messages of the experiment, frames.

use std::io;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};

use super::model::{Effect, Model};
use super::notebook::Notebook;
use super::report;
use super::stops::STOPS;
use super::view::view;
use super::worker::{Settings, Task, Worker};
use crate::dashboard::Theme;
use crate::recording::Recorder;
use crate::signals::{Signal, Signals};
use crate::terminal::{self, Input, Keyboard, Screen};

/// Time between two frames.
const FRAME: Duration = Duration::from_millis(80);

/// Why the screen was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// The learner left.
    Quit,
    /// A signal, or the end of the terminal.
    Signal(Signal),
}

/// Shows the tour from a stop on, until the learner leaves. What is trained then is saved.
///
/// # Errors
/// The terminal or the notebook's file failed; the terminal is restored first.
pub(crate) fn show(
    notebook: &mut Notebook,
    settings: &Settings,
    first: usize,
    theme: Theme,
    signals: &Signals,
    recorder: Option<&Recorder>,
) -> Result<Left> {
    match show_here(notebook, settings, (first, theme), signals, recorder) {
        Err(_) if terminal::has_hung_up() => Ok(Left::Signal(Signal::HangUp)),
        other => other,
    }
}

fn show_here(
    notebook: &mut Notebook,
    settings: &Settings,
    (first, theme): (usize, Theme),
    signals: &Signals,
    recorder: Option<&Recorder>,
) -> Result<Left> {
    // Declared first, so that the terminal is given back before its runs are saved.
    let mut worker;
    let mut screen = Screen::take(recorder.cloned()).wrap_err("the terminal")?;
    let keyboard = Keyboard::open()?;
    let mut model = Model::new(theme, first);
    for (at, stop) in STOPS.iter().enumerate() {
        model.note_standing(at, &notebook.entry(*stop));
    }
    worker = open(&mut model, notebook, settings, first)?;
    loop {
        for news in worker.news() {
            if let Some((task, outcome, seconds)) = model.take(news) {
                notebook.change(model.stop(), |entry| match task {
                    Task::Change(change) => {
                        entry.changed.insert(change, outcome);
                    }
                    _ => {
                        (entry.outcome, entry.seconds) = (Some(outcome), seconds);
                        entry.seed = entry.seed.max(1);
                    }
                })?;
                model.entry = notebook.entry(model.stop());
                let (at, entry) = (model.at, model.entry.clone());
                model.note_standing(at, &entry);
            }
        }
        // Another thread panicked; its report is on the normal screen.
        if screen.is_lost() {
            return Ok(Left::Quit);
        }
        if signals.was_continued() {
            screen.retake()?;
        }
        if let Some(signal) = signals.take() {
            return Ok(Left::Signal(signal));
        }
        screen.draw(|frame| view(&model, frame))?;
        let mut wait = FRAME;
        while let Some(input) = keyboard.wait(wait)? {
            wait = Duration::ZERO;
            let effects = match input {
                Input::Key(key) => model.key(key),
                Input::Gone => return Ok(Left::Signal(Signal::HangUp)),
                Input::Mouse(_) | Input::Resize => continue,
            };
            for effect in effects {
                match effect {
                    Effect::Quit => return Ok(Left::Quit),
                    Effect::Suspend => screen.suspend()?,
                    Effect::Answer(answer) => {
                        notebook.change(model.stop(), |entry| entry.answer = Some(answer))?;
                        let (at, entry) = (model.at, model.entry.clone());
                        model.note_standing(at, &entry);
                    }
                    Effect::Report => {
                        let written =
                            report::write(notebook, &settings.folder.join(report::FOLDER));
                        model.notice = Some(match written {
                            Ok(path) => format!("written: {}", path.display()),
                            Err(error) => format!("error: {error:#}"),
                        });
                    }
                    Effect::Open(at) => {
                        notebook.set_last(at)?;
                        // The runs of the stop that is left are saved.
                        drop(worker);
                        worker = open(&mut model, notebook, settings, at)?;
                    }
                    Effect::Start(task) => {
                        drop(worker);
                        worker = start(&model, task, settings)?;
                    }
                    Effect::Repeat => {
                        drop(worker);
                        notebook.change(model.stop(), |entry| {
                            entry.seed = entry.seed.max(1) + 1;
                            entry.outcome = None;
                            entry.changed.clear();
                        })?;
                        let (at, entry) = (model.at, notebook.entry(model.stop()));
                        let task = model.open(at, entry);
                        model.is_revealed = true;
                        worker = start(&model, task, settings)?;
                    }
                }
            }
        }
    }
}

/// Opens a stop and starts what is to do there.
fn open(
    model: &mut Model,
    notebook: &Notebook,
    settings: &Settings,
    at: usize,
) -> io::Result<Worker> {
    let task = model.open(at, notebook.entry(STOPS[at]));
    if task == Task::Run {
        model.progress = Some((0.0, "begins".into()));
    }
    start(model, task, settings)
}

fn start(model: &Model, task: Task, settings: &Settings) -> io::Result<Worker> {
    Worker::start(model.stop(), task, model.entry.seed.max(1), settings)
}
