//! Everything that the dashboard shows, and how events, keys and time change it.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use seq2seq::event::{CheckpointKind, Flow, Sample, Start, Step};
use seq2seq::{Command, Event};

use super::keys::{self, Action, Page};
use super::mode::{Effect, Mode, Role};
use super::parameters::Parameters;
use super::series::Series;
use super::theme::Theme;
use crate::format::{count, setting};
use crate::run_state::{RunState, State};

/// A second Ctrl-C within this time leaves at once.
const SECOND_INTERRUPT: Duration = Duration::from_secs(3);
/// What stands there from a question to its answer.
const TRANSLATING: &str = "translating after this step ...";
/// How long a notice stays.
const NOTICE: Duration = Duration::from_secs(5);
/// Typed sentences kept.
const OWN: usize = 9;
/// Letters that a typed sentence may have.
const TYPED: usize = 500;

/// The curves of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Curves {
    pub loss: Series,
    pub smoothed: Series,
    pub valid: Series,
    pub before: Series,
    pub after: Series,
}

/// Everything that is shown.
#[derive(Debug, Clone)]
pub struct Model {
    pub(super) role: Role,
    pub(super) theme: Theme,
    pub(super) run_state: RunState,
    pub(super) curves: Curves,
    pub(super) parameters: Parameters,
    pub(super) flow: Option<Flow>,
    pub(super) samples: Vec<Sample>,
    pub(super) samples_step: u64,
    pub(super) own: Vec<Sample>,
    pub(super) selected: usize,
    pub(super) page: Page,
    pub(super) log: bool,
    pub(super) mode: Mode,
    notice: Option<(Duration, String)>,
    now: Duration,
    dirty: bool,
    answers_key: bool,
    awaits_save: bool,
    leaving: bool,
    alive: bool,
    interrupted: Option<Duration>,
    was_interrupted: bool,
}

impl Model {
    /// A model that knows nothing yet.
    pub fn new(role: Role, theme: Theme) -> Self {
        Self {
            role,
            theme,
            run_state: RunState::default(),
            curves: Curves::default(),
            parameters: Parameters::default(),
            flow: None,
            samples: Vec::new(),
            samples_step: 0,
            own: Vec::new(),
            selected: 0,
            page: Page::default(),
            log: false,
            mode: Mode::default(),
            notice: None,
            now: Duration::ZERO,
            dirty: true,
            answers_key: false,
            awaits_save: false,
            leaving: false,
            alive: true,
            interrupted: None,
            was_interrupted: false,
        }
    }

    /// Forgets what it was told of the run; what a person chose to see stays.
    pub fn forget(&mut self) {
        self.run_state = RunState::default();
        (self.curves, self.parameters) = (Curves::default(), Parameters::default());
        self.flow = None;
        (self.samples, self.own) = (Vec::new(), Vec::new());
        (self.samples_step, self.selected) = (0, 0);
        self.dirty = true;
    }

    /// What is known of the run.
    pub fn run_state(&self) -> &RunState {
        &self.run_state
    }

    /// What is known of the run, once nothing is drawn any more.
    pub fn into_run_state(self) -> RunState {
        self.run_state
    }

    /// What the keyboard does.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The page that is shown.
    pub fn page(&self) -> Page {
        self.page
    }

    /// True where the curves are drawn on a logarithmic scale.
    pub fn is_logarithmic(&self) -> bool {
        self.log
    }

    /// True where something changed since the last frame.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// True where the change was a key.
    pub fn answers_key(&self) -> bool {
        self.answers_key
    }

    /// Says that the screen must be drawn.
    pub fn set_dirty(&mut self) {
        self.dirty = true;
    }

    /// Says that the screen was drawn.
    pub fn set_drawn(&mut self) {
        self.dirty = false;
        self.answers_key = false;
    }

    /// True where nothing keeps the dashboard open: the person left and the run is over.
    pub fn wants_to_leave(&self) -> bool {
        let failed = self.role == Role::Training
            && (self.run_state.state() == State::Failed
                || self.run_state.state() == State::Crashed);
        failed || (self.leaving && (!self.is_going_on() || self.role == Role::Watching))
    }

    /// True where Ctrl-C or a signal asked for the end.
    pub fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// True while a run is trained here.
    fn is_going_on(&self) -> bool {
        self.role == Role::Training && self.alive && !self.run_state.state().is_over()
    }

    /// The samples, those of held-out sentences first, then typed ones.
    pub(super) fn all_samples(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter().chain(&self.own)
    }

    /// The sample that is chosen.
    pub(super) fn chosen(&self) -> Option<&Sample> {
        self.all_samples().nth(self.selected)
    }

    /// How many samples there are.
    pub(super) fn sample_count(&self) -> usize {
        self.samples.len() + self.own.len()
    }

    /// A word to the person, while it is fresh.
    pub(super) fn notice(&self) -> Option<&str> {
        self.notice.as_ref().map(|(_, text)| text.as_str())
    }

    /// Lets time pass; `now` counts from the dashboard's opening.
    pub fn tick(&mut self, now: Duration) {
        self.now = now;
        if self.notice.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.notice = None;
            self.dirty = true;
        }
    }

    /// Says whether the run's process is there.
    pub fn set_alive(&mut self, alive: bool) {
        if self.alive != alive {
            self.alive = alive;
            self.dirty = true;
        }
        self.run_state.set_crashed(!alive);
    }

    /// Takes in an event.
    pub fn apply(&mut self, event: &Event) {
        self.dirty = true;
        match event {
            Event::Start(start) => self.begin(start),
            Event::Step(step) => self.take_step(step),
            Event::Validation(validation) => {
                self.curves.valid.push(validation.step as f64, validation.metrics.loss);
            }
            Event::Samples(samples) => {
                // A typed sentence that is chosen stays so.
                let typed = self.selected.checked_sub(self.samples.len());
                self.samples.clone_from(&samples.samples);
                self.samples_step = samples.step;
                if let Some(typed) = typed.filter(|_| !self.own.is_empty()) {
                    self.selected = self.samples.len() + typed;
                }
            }
            Event::Flow(flow) => self.flow = Some(flow.clone()),
            Event::Checkpoint { step, kind: CheckpointKind::Last } if self.awaits_save => {
                self.awaits_save = false;
                self.tell(format!("saved at step {}", count(*step)));
            }
            Event::Control { command: Command::SetLearningRate(rate), .. } => {
                self.tell(format!("learning rate is now {}", setting(f64::from(*rate))));
            }
            Event::Translation(sample) => {
                self.own.push(sample.clone());
                if self.own.len() > OWN {
                    self.own.remove(0);
                }
                self.selected = self.samples.len() + self.own.len() - 1;
                if self.notice() == Some(TRANSLATING) {
                    self.notice = None;
                }
            }
            Event::Warning { step, text } => {
                self.tell(format!("step {}: {text}", count(*step)));
            }
            _ => {}
        }
        self.run_state.apply(event);
        self.selected = self.selected.min(self.sample_count().saturating_sub(1));
    }

    /// A run that goes on does the steps after its checkpoint again.
    fn begin(&mut self, start: &Start) {
        let step = start.step as f64;
        let Curves { loss, smoothed, valid, before, after } = &mut self.curves;
        for series in [loss, smoothed, valid, before, after] {
            series.rewind(step);
        }
        let changes: Vec<String> = start.changes.iter().map(ToString::to_string).collect();
        if !changes.is_empty() {
            self.tell(format!("changed: {}", changes.join(", ")));
        }
    }

    fn take_step(&mut self, step: &Step) {
        let x = step.step as f64;
        self.curves.loss.push(x, step.loss);
        // The run's state takes the same step in below; this is its smoothed loss after that.
        let mut smoother = self.run_state.loss;
        if let Some(smoothed) = smoother.push(step.loss).filter(|_| step.loss.is_finite()) {
            self.curves.smoothed.push(x, smoothed);
        }
        self.curves.before.push(x, step.gradient_norm);
        self.curves.after.push(x, step.clipped_norm);
        if !step.parameters.is_empty() {
            self.parameters.apply(&step.parameters);
        }
    }

    /// Says something for a few seconds.
    fn tell(&mut self, text: impl Into<String>) {
        self.notice = Some((self.now + NOTICE, text.into()));
        self.dirty = true;
    }

    /// Takes in a key.
    pub fn key(&mut self, event: KeyEvent) -> Vec<Effect> {
        if event.kind == KeyEventKind::Release {
            return Vec::new();
        }
        self.dirty = true;
        self.answers_key = true;
        let action = keys::action(event);
        match action {
            Some(Action::Interrupt) => return self.interrupt(),
            Some(Action::Suspend) => return vec![Effect::Suspend],
            Some(Action::Redraw) => return vec![Effect::Redraw],
            _ => {}
        }
        match std::mem::take(&mut self.mode) {
            Mode::Normal => action.map_or_else(Vec::new, |action| self.act(action)),
            Mode::Help(scroll) => {
                self.mode = match (action, event.code) {
                    (_, KeyCode::Down) | (Some(Action::Next), _) => Mode::Help(scroll + 1),
                    (_, KeyCode::Up) | (Some(Action::Previous), _) => {
                        Mode::Help(scroll.saturating_sub(1))
                    }
                    _ => Mode::Normal,
                };
                Vec::new()
            }
            Mode::Quit => self.answer_quit(event.code),
            Mode::LearningRate(rate) => match event.code {
                KeyCode::Char('y') | KeyCode::Enter => {
                    vec![Effect::Send(Command::SetLearningRate(rate))]
                }
                _ => Vec::new(),
            },
            Mode::Typing(text) => self.typed(text, event),
        }
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        let commands = keys::BINDINGS.iter().any(|line| line.action == action && line.commands);
        if commands && self.role == Role::Watching {
            self.tell("watching only: commands go to the process that trains");
            return Vec::new();
        }
        if commands && !self.is_going_on() {
            self.tell("the run is over");
            return Vec::new();
        }
        match action {
            Action::Pause if self.run_state.state() == State::Paused => {
                self.send(Command::Resume, "")
            }
            Action::Pause => self.send(Command::Pause, ""),
            Action::Step => self.send(Command::StepOnce, ""),
            Action::Save => {
                self.awaits_save = true;
                self.send(Command::Save, "saving after this step ...")
            }
            Action::Evaluate => self.send(Command::Evaluate, "evaluating after this step ..."),
            Action::LogScale => {
                self.log = !self.log;
                Vec::new()
            }
            Action::Next => self.choose(1),
            Action::Previous => self.choose(self.sample_count().saturating_sub(1)),
            Action::Show(page) => {
                self.page = page;
                Vec::new()
            }
            Action::Translate => {
                self.mode = Mode::Typing(String::new());
                Vec::new()
            }
            Action::Slower => self.ask_rate(0.5),
            Action::Faster => self.ask_rate(2.0),
            Action::Help => {
                self.mode = Mode::Help(0);
                Vec::new()
            }
            Action::Quit => {
                if self.is_going_on() {
                    self.mode = Mode::Quit;
                } else {
                    self.leaving = true;
                }
                Vec::new()
            }
            Action::Interrupt => self.interrupt(),
            Action::Suspend => vec![Effect::Suspend],
            Action::Redraw => vec![Effect::Redraw],
        }
    }

    fn send(&mut self, command: Command, notice: &str) -> Vec<Effect> {
        if !notice.is_empty() {
            self.tell(notice);
        }
        vec![Effect::Send(command)]
    }

    fn choose(&mut self, further: usize) -> Vec<Effect> {
        self.selected = (self.selected + further) % self.sample_count().max(1);
        Vec::new()
    }

    fn ask_rate(&mut self, factor: f64) -> Vec<Effect> {
        #[allow(clippy::cast_possible_truncation)] // a learning rate is an f32 in the optimizer
        let rate = self.run_state.step.as_ref().map(|step| (step.learning_rate * factor) as f32);
        match rate {
            Some(rate) => self.mode = Mode::LearningRate(rate),
            None => self.tell("the learning rate is not known before the first step"),
        }
        Vec::new()
    }

    fn answer_quit(&mut self, code: KeyCode) -> Vec<Effect> {
        match code {
            KeyCode::Char('s') => self.stop(),
            KeyCode::Char('d') => vec![Effect::Detach],
            KeyCode::Char('k') => vec![Effect::Abort],
            KeyCode::Char('c' | 'q') | KeyCode::Esc => Vec::new(),
            _ => {
                self.mode = Mode::Quit;
                Vec::new()
            }
        }
    }

    fn typed(&mut self, mut text: String, event: KeyEvent) -> Vec<Effect> {
        match event.code {
            KeyCode::Esc => return Vec::new(),
            KeyCode::Enter if text.trim().is_empty() => return Vec::new(),
            KeyCode::Enter => {
                self.tell(TRANSLATING);
                return vec![Effect::Send(Command::Translate(text))];
            }
            KeyCode::Backspace => {
                text.pop();
            }
            KeyCode::Char('u') if event.modifiers.contains(KeyModifiers::CONTROL) => text.clear(),
            KeyCode::Char(letter)
                if !event.modifiers.contains(KeyModifiers::CONTROL) && text.len() < TYPED =>
            {
                text.push(letter);
            }
            _ => {}
        }
        self.mode = Mode::Typing(text);
        Vec::new()
    }

    /// Stops the run; the dashboard closes once it has.
    fn stop(&mut self) -> Vec<Effect> {
        self.leaving = true;
        self.send(Command::Stop, "stopping after this step, then saving ...")
    }

    /// Ctrl-C, or a signal: stops and saves; a second one soon after leaves at once.
    pub fn interrupt(&mut self) -> Vec<Effect> {
        self.mode = Mode::Normal;
        let again = self.interrupted.is_some_and(|before| self.now - before <= SECOND_INTERRUPT);
        self.interrupted = Some(self.now);
        if !self.is_going_on() {
            self.leaving = true;
            return Vec::new();
        }
        self.was_interrupted = true;
        if again {
            return vec![Effect::Abort];
        }
        let first = !self.leaving;
        let effects = self.stop();
        self.tell("stopping and saving; Ctrl-C again within 3 s exits at once");
        if first { effects } else { Vec::new() }
    }
}
