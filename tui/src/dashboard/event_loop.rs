//! The loop of the main thread: it reads events, keys and signals, draws frames and sends commands.

use std::io;
use std::time::{Duration, Instant};

use super::mode::{Effect, Role, RunRequest};
use super::model::Model;
use super::others::Others;
use super::picture;
use super::source::Source;
use super::view::view;
use crate::recording::Recorder;
use crate::signals::{Signal, Signals};
use crate::terminal::{self, Input, Keyboard, Screen};

/// Minimum time between two frames during a run: at most 8 frames per second.
const FRAME: Duration = Duration::from_millis(125);
/// Minimum time between two frames when keys are pressed: less than 30 frames per second.
const KEY_FRAME: Duration = Duration::from_millis(34);
/// Time between two polls of a run without new events.
const IDLE: Duration = Duration::from_millis(250);
/// The shortest wait.
const LEAST: Duration = Duration::from_millis(5);
/// The reason why the dashboard closed. The terminal has been restored by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitReason {
    /// The user left, or the run failed.
    Left,
    /// A signal or Ctrl-C ended it; a run in training has stopped and saved.
    Stopped(Signal),
    /// The user switched to plain lines; the run continues.
    PlainLines,
    /// The user requested an immediate exit.
    Abort(Signal),
    /// The terminal was closed or disconnected.
    HungUp,
    /// The user chose to train a run of the list on; the source knows which.
    Resume,
}

/// Shows a run until the user leaves, and records the screen.
///
/// # Errors
/// Returns an error if the terminal cannot be set up, read or written; it is restored first. A
/// closed terminal is not an error.
pub fn show(
    source: &mut dyn Source,
    model: &mut Model,
    signals: &Signals,
    recorder: Option<&Recorder>,
) -> io::Result<ExitReason> {
    match show_here(source, model, signals, recorder) {
        Err(_) if terminal::has_hung_up() => Ok(ExitReason::HungUp),
        other => other,
    }
}

fn show_here(
    source: &mut dyn Source,
    model: &mut Model,
    signals: &Signals,
    recorder: Option<&Recorder>,
) -> io::Result<ExitReason> {
    let mut screen = Screen::take(recorder.cloned())?;
    let keyboard = Keyboard::open()?;
    let clock = Instant::now();
    let mut drawn: Option<Instant> = None;
    let mut ended_by = None;
    let mut others = Others::default();
    for name in model.take_requests() {
        others.open(&name, source.run_dir().as_deref(), model);
    }
    loop {
        let news = source.news();
        let quiet = news.is_quiet();
        if news.restarted {
            model.forget();
        }
        if let Some(part) = news.history {
            model.add_history(part);
        }
        for event in &news.events {
            model.apply(event);
        }
        model.set_alive(news.alive);
        model.set_open_run(source.run_dir().as_deref());
        if let Some((runs, read)) = news.runs {
            model.set_runs(runs, read);
        }
        if let Some(notice) = news.notice {
            model.tell(notice);
        }
        if model.role() == Role::Training {
            others.read_before(source.run_dir().as_deref(), &news.events);
        }
        others.update(model);
        if let Some(trouble) = recorder.and_then(Recorder::new_trouble) {
            model.tell(trouble);
        }
        // Another thread panicked; its report is on the normal screen, so nothing can be drawn.
        if screen.is_lost() {
            return Ok(ExitReason::Left);
        }
        if signals.was_continued() {
            screen.retake()?;
            model.set_dirty();
        }
        model.tick(clock.elapsed());
        while let Some(signal) = signals.take() {
            match signal {
                Signal::HangUp => return Ok(ExitReason::HungUp),
                signal if signals.is_repeated() => return Ok(ExitReason::Abort(signal)),
                signal => ended_by = ended_by.or(Some(signal)),
            }
            if let Some(departure) =
                obey(model.interrupt(), (source, &mut others), model, &mut screen)?
            {
                return Ok(departure);
            }
        }
        if model.wants_to_leave() {
            let by_key = model.was_interrupted().then_some(Signal::Interrupt);
            return Ok(ended_by.or(by_key).map_or(ExitReason::Left, ExitReason::Stopped));
        }

        // The response to a key does not wait for the next frame of the run.
        let pace = if model.answers_key() { KEY_FRAME } else { FRAME };
        if model.is_dirty() && drawn.is_none_or(|drawn| drawn.elapsed() >= pace) {
            screen.draw(|frame| view(model, frame))?;
            model.set_drawn();
            drawn = Some(Instant::now());
        }
        let mut wait = match drawn {
            Some(drawn) if model.is_dirty() => pace.saturating_sub(drawn.elapsed()).max(LEAST),
            _ if quiet => IDLE,
            _ => FRAME,
        };
        if let Some(next) = model.next_frame() {
            wait = wait.min(next.max(LEAST));
        }
        while let Some(input) = keyboard.wait(wait)? {
            wait = Duration::ZERO;
            let effects = match input {
                Input::Key(key) => {
                    model.tick(clock.elapsed());
                    model.key(key)
                }
                Input::Mouse(event) => {
                    model.tick(clock.elapsed());
                    model.mouse(event, screen.area()?)
                }
                Input::Resize => {
                    model.set_dirty();
                    continue;
                }
                Input::Gone => return Ok(ExitReason::HungUp),
            };
            if model.was_interrupted() {
                signals.set_cause(Signal::Interrupt);
            }
            if let Some(departure) = obey(effects, (source, &mut others), model, &mut screen)? {
                return Ok(departure);
            }
        }
    }
}

/// Performs the effects; returns the reason to exit if one of them is to leave immediately.
fn obey(
    effects: Vec<Effect>,
    (source, others): (&mut dyn Source, &mut Others),
    model: &mut Model,
    screen: &mut Screen,
) -> io::Result<Option<ExitReason>> {
    for effect in effects {
        match effect {
            Effect::Send(command) => source.send(command),
            Effect::Run(request) => {
                let leaves = matches!(request, RunRequest::Resume(_) | RunRequest::ResumeWith(_));
                source.request(request);
                if leaves {
                    return Ok(Some(ExitReason::Resume));
                }
            }
            Effect::PlainLines => return Ok(Some(ExitReason::PlainLines)),
            Effect::Abort => return Ok(Some(ExitReason::Abort(Signal::Interrupt))),
            Effect::Suspend if terminal::is_lent() => {
                model.tell(
                    "Ctrl-Z does nothing under mpirun: no shell could continue it".to_owned(),
                );
            }
            Effect::Suspend => screen.suspend()?,
            Effect::Redraw => screen.clear()?,
            Effect::Mouse(taken) => screen.set_mouse(taken)?,
            Effect::Picture => {
                let text = picture::write(model, screen.size()?, source.run_dir().as_deref());
                model.tell(text);
            }
            Effect::OpenBeside(name) => others.open(&name, source.run_dir().as_deref(), model),
            Effect::CloseBeside => others.close(),
            Effect::CloseOne(name) => others.close_one(&name),
            Effect::ListRuns => source.list_runs(),
        }
    }
    Ok(None)
}
