//! The state of the dashboard, and how events, keys and time change it.

mod answers;
mod beside;
mod curves;
mod input;
mod inspect;
mod pointer;
mod runs;
mod settings;
mod timeline;

use std::ops::Deref;
use std::path::Path;
use std::time::{Duration, SystemTime};

use seq2seq::event::{CheckpointKind, Sample, Start};
use seq2seq::{Command, Event, RunListing};

use crate::dashboard::beside::Beside;
use crate::dashboard::curves_view::CurvesView;
use crate::dashboard::history::{Growing, HistoryPart, RunHistory};
use crate::dashboard::inspecting::Inspecting;
use crate::dashboard::map_view::MapView;
use crate::dashboard::mode::{Mode, Role};
use crate::dashboard::page::Page;
use crate::dashboard::parameters_view::ParametersView;
use crate::dashboard::runs::RunsList;
use crate::dashboard::target::Target;
use crate::dashboard::theme::Theme;
use crate::dashboard::timeline::Timeline;
use crate::format::{count, percent};
use crate::run_state::{RunState, State};

/// Placeholder text until the translation of a typed sentence arrives.
const TRANSLATING: &str = "translating ...";
/// How long a notice is displayed.
const NOTICE: Duration = Duration::from_secs(5);
/// The state of the dashboard.
#[derive(Debug, Clone)]
pub struct Model {
    pub(in crate::dashboard) role: Role,
    pub(in crate::dashboard) theme: Theme,
    pub(in crate::dashboard) history: Growing,
    /// Other runs, drawn beside this one.
    pub(in crate::dashboard) beside: Vec<Beside>,
    /// Names of other runs to open.
    requests: Vec<String>,
    pub(in crate::dashboard) curves_view: CurvesView,
    pub(in crate::dashboard) parameters_view: ParametersView,
    pub(in crate::dashboard) map_view: MapView,
    /// The typed sentences, for the next prompt, and the one that the prompt shows, counted back.
    typed: Vec<String>,
    recalled: usize,
    timeline: Timeline,
    pub(in crate::dashboard) selected: usize,
    pub(in crate::dashboard) page: Page,
    /// How often the key of the page was pressed again, which selects a pane on small screens.
    pub(in crate::dashboard) pane: usize,
    /// The list of runs, if this process shows one.
    pub(in crate::dashboard) runs: Option<RunsList>,
    /// True if a run is open.
    has_run: bool,
    pub(in crate::dashboard) inspecting: Inspecting,
    /// The scale that the user chose.
    pub(in crate::dashboard) log: Option<bool>,
    pub(in crate::dashboard) mode: Mode,
    notice: Option<(Duration, String)>,
    now: Duration,
    dirty: bool,
    answers_key: bool,
    awaits_save: bool,
    leaving: bool,
    alive: bool,
    interrupted: Option<Duration>,
    was_interrupted: bool,
    /// False while the mouse is left to the terminal.
    takes_mouse: bool,
    /// What was under the pointer when the button of the mouse was pressed.
    dragged_from: Option<Target>,
}

impl Model {
    /// Creates an empty model.
    pub fn new(role: Role, theme: Theme) -> Self {
        Self {
            role,
            theme,
            history: Growing::default(),
            beside: Vec::new(),
            requests: Vec::new(),
            curves_view: CurvesView::default(),
            parameters_view: ParametersView::default(),
            map_view: MapView::default(),
            typed: Vec::new(),
            recalled: 0,
            timeline: Timeline::default(),
            selected: 0,
            page: Page::default(),
            pane: 0,
            runs: None,
            has_run: true,
            inspecting: Inspecting::default(),
            log: None,
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
            takes_mouse: true,
            dragged_from: None,
        }
    }

    /// Adds the list of the runs in a folder. If no run is open, it is the first page.
    #[must_use]
    pub fn with_runs(self, folder: &Path, has_run: bool) -> Self {
        let page = if has_run { self.page } else { Page::Runs };
        let list = RunsList::new(folder, self.role == Role::Training);
        Self { runs: Some(list), has_run, page, ..self }
    }

    /// Replaces the runs of the list, which were read at this time.
    pub fn set_runs(&mut self, runs: Vec<RunListing>, read: SystemTime) {
        if let Some(list) = &mut self.runs {
            list.set(runs, read);
            self.dirty |= self.page == Page::Runs;
        }
    }

    /// Names the run that is open, which the list marks.
    pub fn set_open_run(&mut self, run: Option<&Path>) {
        if let Some(list) = &mut self.runs {
            list.set_open(run);
        }
    }

    /// Returns true if a run is open.
    pub fn has_run(&self) -> bool {
        self.has_run
    }

    /// Clears the state of the run. The user's display choices stay.
    pub fn forget(&mut self) {
        self.add_history(HistoryPart::Whole(Box::default()));
        self.selected = 0;
        self.inspecting = Inspecting::default();
        self.leave_timeline();
    }

    /// Adds a part of the run's log that was read in the background. The user's display choices stay.
    pub fn add_history(&mut self, part: HistoryPart) {
        if let Some(share) = self.history.add(part) {
            self.tell(format!("reading the log: {}", percent(share)));
        }
        self.history.run_state.set_crashed(!self.alive);
        self.selected = self.selected.min(self.sample_count().saturating_sub(1));
        self.dirty = true;
    }

    /// Returns the state of the run.
    pub fn run_state(&self) -> &RunState {
        &self.history.run_state
    }

    /// Consumes the model and returns the state of the run.
    pub fn into_run_state(self) -> RunState {
        self.history.into_known().run_state
    }

    /// Returns the current mode of the keyboard.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Returns the current page.
    pub fn page(&self) -> Page {
        self.page
    }

    /// Returns true if the curves are drawn on a logarithmic scale.
    pub fn is_logarithmic(&self) -> bool {
        if self.page == Page::Curves {
            let view = &self.curves_view;
            return view.log.unwrap_or_else(|| view.metric.is_logarithmic(&self.curves));
        }
        self.log.unwrap_or_else(|| self.curves.loss_is_wide())
    }

    /// Returns true if something changed since the last frame.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Returns true if a key caused the change.
    pub fn answers_key(&self) -> bool {
        self.answers_key
    }

    /// Marks the screen as outdated.
    pub fn set_dirty(&mut self) {
        self.dirty = true;
    }

    /// Marks the screen as drawn.
    pub fn set_drawn(&mut self) {
        self.dirty = false;
        self.answers_key = false;
    }

    /// Returns true if the dashboard can close: the user left and the run is over, or it failed.
    pub fn wants_to_leave(&self) -> bool {
        let failed = self.role == Role::Training
            && (self.run_state.state() == State::Failed
                || self.run_state.state() == State::Crashed);
        failed || (self.leaving && (!self.is_going_on() || self.role == Role::Watching))
    }

    /// Returns true if Ctrl-C or a signal requested the end.
    pub fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// Returns true while this process is training a run.
    fn is_going_on(&self) -> bool {
        self.role == Role::Training && self.alive && !self.run_state.state().is_over()
    }

    /// Iterates over the samples: those of held-out sentences, then those of typed ones.
    pub(in crate::dashboard) fn all_samples(&self) -> impl Iterator<Item = &Sample> {
        self.samples().iter().chain(&self.history.own)
    }

    /// Returns the selected sample.
    pub(in crate::dashboard) fn chosen(&self) -> Option<&Sample> {
        self.all_samples().nth(self.selected)
    }

    /// Returns the number of samples.
    pub(in crate::dashboard) fn sample_count(&self) -> usize {
        self.samples().len() + self.history.own.len()
    }

    /// Returns the current notice, until it expires.
    pub(in crate::dashboard) fn notice(&self) -> Option<&str> {
        self.notice.as_ref().map(|(_, text)| text.as_str())
    }

    /// Advances the clock; `now` is the time since the dashboard opened.
    pub fn tick(&mut self, now: Duration) {
        self.now = now;
        if self.notice.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.notice = None;
            self.dirty = true;
        }
        self.tick_timeline();
    }

    /// Records whether the run's process is alive.
    pub fn set_alive(&mut self, alive: bool) {
        let before = (self.alive, self.run_state.state());
        self.alive = alive;
        self.history.run_state.set_crashed(!alive);
        self.dirty |= before != (alive, self.run_state.state());
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &Event) {
        self.dirty = true;
        // A selected typed sentence stays selected.
        let typed = self.selected.checked_sub(self.samples().len());
        let typed = typed.filter(|_| !self.history.own.is_empty());
        self.history.apply(event);
        match event {
            Event::Start(start) => self.begin(start),
            Event::Samples(_) => {
                if let Some(typed) = typed {
                    self.selected = self.samples().len() + typed;
                }
            }
            Event::Checkpoint { step, kind: CheckpointKind::Last } if self.awaits_save => {
                self.awaits_save = false;
                self.tell(format!("saved at step {}", count(*step)));
            }
            Event::Changed(changed) => self.settings_changed(changed),
            Event::Translation(_) => {
                self.selected = self.sample_count() - 1;
                if self.notice() == Some(TRANSLATING) {
                    self.notice = None;
                }
            }
            Event::Warning { step, .. } => {
                let key = Page::Log.number();
                self.tell(format!("warning at step {}: key {key} shows it", count(*step)));
            }
            Event::Inspection(found) => {
                let step = self.answering_step();
                self.inspecting.take(found, step);
            }
            Event::HeldOut(_) | Event::Units(_) | Event::Histogram(_) => self.take_answer(event),
            Event::Refused { command, reason } => {
                match command {
                    Command::Inspect(request) => self.inspecting.refuse(request),
                    Command::Set { .. } => self.settings_refused(reason),
                    _ => {}
                }
                self.tell(format!("refused: {reason}"));
            }
            _ => {}
        }
        self.selected = self.selected.min(self.sample_count().saturating_sub(1));
    }

    fn begin(&mut self, start: &Start) {
        // The maps that are shown may be among those that a resumed run repeats.
        if self.is_scrubbed() && self.samples_step() > start.step {
            self.leave_timeline();
        }
        let changes: Vec<String> = start.changes.iter().map(ToString::to_string).collect();
        if !changes.is_empty() {
            self.tell(format!("changed: {}", changes.join(", ")));
        }
    }

    /// Displays a notice for a few seconds.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.notice = Some((self.now + NOTICE, text.into()));
        self.dirty = true;
    }
}

/// The panels read the run's history through the model.
impl Deref for Model {
    type Target = RunHistory;

    fn deref(&self) -> &RunHistory {
        &self.history
    }
}
