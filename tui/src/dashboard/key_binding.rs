//! A line of the table of keys.

use ratatui::crossterm::event::{KeyCode, MouseButton, MouseEventKind};

use super::curves_view::CurvesKey;
use super::inspect_key::InspectKey;
use super::mode::Movement;
use super::page::Page;

/// The action of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Pauses or resumes.
    Pause,
    /// Runs one step, then pauses.
    Step,
    /// Writes a checkpoint.
    Save,
    /// Scores the held-out pairs.
    Evaluate,
    /// Toggles the logarithmic scale.
    LogScale,
    /// Shows the next sample.
    Next,
    /// Shows the previous sample.
    Previous,
    /// Shows the maps of another step.
    Travel(Movement),
    /// Plays the maps of the whole run, or stops.
    Play,
    /// Changes what the page of curves shows.
    Curves(CurvesKey),
    /// Shows another run beside this one.
    OpenBeside,
    /// Shows this run alone.
    CloseBeside,
    /// Shows the parameters in another order.
    Order,
    /// Types a part of the names of the parameters to show.
    Find,
    /// Moves the list of parameters by a number of rows.
    MoveRows(i8),
    /// Shows the gradient flow of another layer.
    Layer,
    /// Scrolls the log up by a number of lines; down if it is negative.
    Scroll(i8),
    /// Shows other kinds of entries of the log.
    Filter,
    /// Opens a page.
    Show(Page),
    /// Does something with the list of runs.
    Runs(RunsAction),
    /// Inspects a translation, or changes it.
    Inspect(InspectKey),
    /// Translates a typed sentence.
    Translate,
    /// Asks the run about a held-out sentence or a parameter, or shows the answer.
    Answer(AnswerKey),
    /// Opens the form of the settings that may change while the run trains.
    Settings,
    /// Halves the learning rate, after confirmation.
    Slower,
    /// Doubles the learning rate, after confirmation.
    Faster,
    /// Shows the keys.
    Help,
    /// Explains the page.
    Explain,
    /// Leaves the dashboard, after a prompt if a run is in progress.
    Quit,
    /// Stops and saves; the second time exits immediately.
    Interrupt,
    /// Suspends the process.
    Suspend,
    /// Writes the screen and the plots of the page.
    Picture,
    /// Redraws the screen.
    Redraw,
    /// Chooses what is under the pointer.
    Point,
    /// Moves what is under the pointer.
    Drag,
    /// Leaves the mouse to the terminal, which then selects text, or takes it again.
    Mouse,
}

/// A movement of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// A press of the left button.
    Click,
    /// A movement with the left button held.
    Drag,
    /// A turn of the wheel away from the user.
    WheelUp,
    /// A turn of the wheel towards the user.
    WheelDown,
}

impl Gesture {
    /// Returns the gesture of an event; `None` for other buttons and for a button let go.
    pub fn of(kind: MouseEventKind) -> Option<Self> {
        match kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Self::Click),
            MouseEventKind::Drag(MouseButton::Left) => Some(Self::Drag),
            MouseEventKind::ScrollUp => Some(Self::WheelUp),
            MouseEventKind::ScrollDown => Some(Self::WheelDown),
            _ => None,
        }
    }

    /// Returns the name that is displayed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Click => "click",
            Self::Drag => "drag",
            Self::WheelUp => "wheel up",
            Self::WheelDown => "wheel down",
        }
    }
}

/// What a key asks the run, or shows of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKey {
    /// Shows the teacher-forced or the free-running map of the sentence.
    Forced,
    /// Types the number or a part of a held-out sentence.
    Find,
    /// Shows the map of the next head, or the mean.
    Head,
    /// Types the words that units follow.
    Word,
    /// Shows the distribution of the chosen parameter.
    Histogram,
    /// Closes it.
    CloseHistogram,
}

impl AnswerKey {
    const fn hint(self) -> &'static str {
        match self {
            Self::Forced => "forced/free",
            Self::Find => "held-out sentence",

            Self::Word => "follow a word",
            Self::Histogram => "histogram",
            Self::Head | Self::CloseHistogram => "",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            Self::Forced => "teacher-forced map (decoder fed the reference) or free-running one",
            Self::Find => "any held-out sentence, by its number or a part of it",
            Self::Head => "next attention head, or the mean over the heads",
            Self::Word => "units that follow words over the held-out sentences, by correlation",
            Self::Histogram => "values and gradients of the chosen parameter, now",
            Self::CloseHistogram => "close the histogram",
        }
    }
}

/// An action on the list of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsAction {
    /// Opens the chosen run.
    Open,
    /// Moves the cursor down by a number of rows; up if it is negative.
    Move(i8),
    /// Shows the chosen run beside the one that is open, or no longer.
    Beside,
    /// Sorts by something else.
    Order,
    /// Types a filter.
    Filter,
    /// Stops the chosen run, after confirmation.
    Stop,
    /// Resumes the chosen run, after confirmation.
    Resume,
}

/// A key, with or without Ctrl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// True if Ctrl is held.
    pub ctrl: bool,
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The action of the keys.
    pub action: Action,
    /// The keys that trigger the action; none for an action of the mouse alone.
    pub keys: &'static [Key],
    /// The movement of the mouse that triggers the action, too.
    pub mouse: Option<Gesture>,
    /// The keys, as displayed; empty if there are none.
    pub label: &'static str,
    /// A word for the footer; empty if the footer leaves the binding out.
    pub hint: &'static str,
    /// The description in the help.
    pub help: &'static str,
    /// True if the action needs a run that this process is training.
    pub commands: bool,
    /// The pages on which the keys have this action; empty for every page.
    pub pages: &'static [Page],
}

impl Binding {
    /// Returns a binding that a movement of the mouse triggers, too.
    pub(super) const fn by(self, gesture: Gesture) -> Self {
        Self { mouse: Some(gesture), ..self }
    }

    /// Returns the keys as displayed, or the movement of the mouse if there are none.
    pub fn name(&self) -> &'static str {
        match self.mouse {
            Some(gesture) if self.label.is_empty() => gesture.name(),
            _ => self.label,
        }
    }

    /// Returns true if the keys have this action on a page.
    pub fn is_on(&self, page: Page) -> bool {
        self.pages.is_empty() || self.pages.contains(&page)
    }
}

/// Returns a key without Ctrl.
pub(super) const fn plain(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

/// Returns the key of a letter.
pub(super) const fn letter(letter: char) -> Key {
    plain(KeyCode::Char(letter))
}

/// Returns the key of a letter with Ctrl.
pub(super) const fn ctrl(letter: char) -> Key {
    Key { code: KeyCode::Char(letter), ctrl: true }
}

/// Returns a binding that needs a run in training.
pub(super) const fn command(
    action: Action,
    keys: &'static [Key],
    label: &'static str,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, keys, mouse: None, label, hint, help, commands: true, pages: &[] }
}

/// Returns a binding that works everywhere.
pub(super) const fn look(
    action: Action,
    keys: &'static [Key],
    label: &'static str,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, keys, mouse: None, label, hint, help, commands: false, pages: &[] }
}

/// Returns a binding that asks the run something.
pub(super) const fn answer(
    pages: &'static [Page],
    key: AnswerKey,
    keys: &'static [Key],
    label: &'static str,
) -> Binding {
    on(pages, look(Action::Answer(key), keys, label, key.hint(), key.help()))
}

/// Returns a binding on some pages.
pub(super) const fn on(pages: &'static [Page], binding: Binding) -> Binding {
    Binding { pages, ..binding }
}

/// Returns a binding that inspects a translation.
pub(super) const fn inspect(
    pages: &'static [Page],
    key: InspectKey,
    keys: &'static [Key],
    label: &'static str,
) -> Binding {
    on(pages, look(Action::Inspect(key), keys, label, key.hint(), key.help()))
}

/// Returns the binding of a page.
pub(super) const fn page(page: Page, keys: &'static [Key], label: &'static str) -> Binding {
    look(Action::Show(page), keys, label, "", page.help())
}

/// Returns a binding of the page of any metric.
pub(super) const fn changes(
    change: CurvesKey,
    keys: &'static [Key],
    label: &'static str,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    on(&[Page::Curves], look(Action::Curves(change), keys, label, hint, help))
}

/// Returns a binding of the log.
pub(super) const fn scrolls(
    lines: i8,
    keys: &'static [Key],
    label: &'static str,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    on(&[Page::Log], look(Action::Scroll(lines), keys, label, hint, help))
}

/// Returns a binding of the list of runs.
pub(super) const fn list(
    action: RunsAction,
    keys: &'static [Key],
    label: &'static str,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    on(&[Page::Runs], look(Action::Runs(action), keys, label, hint, help))
}
