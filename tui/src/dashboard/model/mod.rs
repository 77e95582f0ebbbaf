//! The state of the dashboard, and how events, keys and time change it.

mod input;
mod inspect;

use std::path::Path;
use std::time::{Duration, SystemTime};

use seq2seq::event::{CheckpointKind, Flow, Sample, Start, TrainStep};
use seq2seq::{Command, Event, RunListing};

use crate::dashboard::inspecting::Inspecting;
use crate::dashboard::journal::Journal;
use crate::dashboard::mode::{Mode, Role};
use crate::dashboard::page::Page;
use crate::dashboard::parameters::Parameters;
use crate::dashboard::runs::RunsList;
use crate::dashboard::series::Series;
use crate::dashboard::theme::Theme;
use crate::format::{count, setting};
use crate::run_state::{RunState, State};

/// Placeholder text until the translation of a typed sentence arrives.
const TRANSLATING: &str = "translating ...";
/// How long a notice is displayed.
const NOTICE: Duration = Duration::from_secs(5);
/// Maximum number of typed sentences kept.
const OWN: usize = 9;

/// Ratio of the largest to the smallest smoothed loss above which the scale is logarithmic, unless
/// the user chose one.
const WIDE: f64 = 5.0;

/// The curves of a run.
#[derive(Debug, Clone, Default)]
pub(in crate::dashboard) struct Curves {
    pub loss: Series,
    pub smoothed: Series,
    pub valid: Series,
    pub before: Series,
    pub after: Series,
}

impl Curves {
    /// Returns true if the smoothed loss has fallen so far that a linear axis is flat for most of
    /// the run.
    fn loss_is_wide(&self) -> bool {
        let buckets = self.smoothed.buckets();
        let high = buckets.iter().map(|bucket| bucket.high).fold(0.0, f64::max);
        let low = buckets.iter().map(|bucket| bucket.low).fold(f64::INFINITY, f64::min);
        low > 0.0 && high > WIDE * low
    }
}

/// The state of the dashboard.
#[derive(Debug, Clone)]
pub struct Model {
    pub(in crate::dashboard) role: Role,
    pub(in crate::dashboard) theme: Theme,
    pub(in crate::dashboard) run_state: RunState,
    pub(in crate::dashboard) curves: Curves,
    pub(in crate::dashboard) parameters: Parameters,
    pub(in crate::dashboard) flow: Option<Flow>,
    pub(in crate::dashboard) samples: Vec<Sample>,
    pub(in crate::dashboard) samples_step: u64,
    pub(in crate::dashboard) own: Vec<Sample>,
    pub(in crate::dashboard) selected: usize,
    pub(in crate::dashboard) page: Page,
    /// How often the key of the page was pressed again, which selects a pane on small screens.
    pub(in crate::dashboard) pane: usize,
    pub(in crate::dashboard) journal: Journal,
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
}

impl Model {
    /// Creates an empty model.
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
            pane: 0,
            journal: Journal::default(),
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
        }
    }

    /// Adds the list of the runs in a folder. If no run is open, it is the first page.
    #[must_use]
    pub fn with_runs(self, folder: &Path, has_run: bool) -> Self {
        let page = if has_run { self.page } else { Page::Runs };
        Self { runs: Some(RunsList::new(folder)), has_run, page, ..self }
    }

    /// Replaces the runs of the list, which were read at this time.
    pub fn set_runs(&mut self, runs: Vec<RunListing>, read: SystemTime) {
        if let Some(list) = &mut self.runs {
            list.set(runs, read);
            self.dirty |= self.page == Page::Runs;
        }
    }

    /// Returns true if a run is open.
    pub fn has_run(&self) -> bool {
        self.has_run
    }

    /// Clears the state of the run. The user's display choices stay.
    pub fn forget(&mut self) {
        self.run_state = RunState::default();
        (self.curves, self.parameters) = (Curves::default(), Parameters::default());
        self.journal.clear();
        self.inspecting = Inspecting::default();
        self.flow = None;
        (self.samples, self.own) = (Vec::new(), Vec::new());
        (self.samples_step, self.selected) = (0, 0);
        self.dirty = true;
    }

    /// Returns the state of the run.
    pub fn run_state(&self) -> &RunState {
        &self.run_state
    }

    /// Consumes the model and returns the state of the run.
    pub fn into_run_state(self) -> RunState {
        self.run_state
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
        self.samples.iter().chain(&self.own)
    }

    /// Returns the selected sample.
    pub(in crate::dashboard) fn chosen(&self) -> Option<&Sample> {
        self.all_samples().nth(self.selected)
    }

    /// Returns the number of samples.
    pub(in crate::dashboard) fn sample_count(&self) -> usize {
        self.samples.len() + self.own.len()
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
    }

    /// Records whether the run's process is alive.
    pub fn set_alive(&mut self, alive: bool) {
        if self.alive != alive {
            self.alive = alive;
            self.dirty = true;
        }
        self.run_state.set_crashed(!alive);
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &Event) {
        self.dirty = true;
        self.run_state.apply(event);
        self.journal.apply(event);
        match event {
            Event::Start(start) => self.begin(start),
            Event::Step(step) => self.take_step(step),
            Event::Validation(validation) => {
                self.curves.valid.push(validation.step as f64, validation.metrics.loss);
            }
            Event::Samples(samples) => {
                // A selected typed sentence stays selected.
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
            Event::Warning { step, .. } => {
                let key = Page::Log.number();
                self.tell(format!("warning at step {}: key {key} shows it", count(*step)));
            }
            Event::Inspection(found) => {
                let step = self.answering_step();
                self.inspecting.take(found, step);
            }
            Event::Refused { command, reason } => {
                if let Command::Inspect(request) = command {
                    self.inspecting.refuse(request);
                }
                self.tell(format!("refused: {reason}"));
            }
            _ => {}
        }
        self.selected = self.selected.min(self.sample_count().saturating_sub(1));
    }

    /// Removes the points after the checkpoint: a resumed run repeats those steps.
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

    fn take_step(&mut self, step: &TrainStep) {
        let x = step.step as f64;
        self.curves.loss.push(x, step.loss);
        let mean = &self.run_state.loss;
        if let (true, Some(centre), Some(mean)) =
            (step.loss.is_finite(), mean.centre(), mean.value())
        {
            self.curves.smoothed.push(centre, mean);
            self.curves.smoothed.set_tail(x, mean);
        }
        self.curves.before.push(x, step.gradient_norm);
        self.curves.after.push(x, step.clipped_norm);
        if !step.parameters.is_empty() {
            self.parameters.apply(&step.parameters);
        }
    }

    /// Displays a notice for a few seconds.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.notice = Some((self.now + NOTICE, text.into()));
        self.dirty = true;
    }
}
