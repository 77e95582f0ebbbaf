//! A line of the table of keys.

use ratatui::crossterm::event::KeyCode;

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
}

/// An action on the list of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsAction {
    /// Opens the chosen run.
    Open,
    /// Moves the cursor down by a number of rows; up if it is negative.
    Move(i8),
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
    /// The keys that trigger the action.
    pub keys: &'static [Key],
    /// The keys, as displayed.
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
    /// Returns true if the keys have this action on a page.
    pub fn is_on(&self, page: Page) -> bool {
        self.pages.is_empty() || self.pages.contains(&page)
    }
}
