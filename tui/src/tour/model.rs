//! The state of the tour's screen, and what keys do to it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::figure::Figure;
use super::lab::Update;
use super::notebook::Entry;
use super::stop::{Explorer, ExplorerKey, Outcome, Stop};
use super::stops::STOPS;
use super::worker::{News, Task};
use crate::dashboard::Theme;

/// What the screen must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Open a stop: read what was reached there, and start its experiment.
    Open(usize),
    /// Start an experiment of the open stop.
    Start(Task),
    /// Repeat the experiment with another seed.
    Repeat,
    /// Keep the answer to the question.
    Answer(usize),
    /// Write the page that sums up.
    Report,
    /// Suspend the process.
    Suspend,
    /// Leave.
    Quit,
}

/// What stands on the screen instead of the stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sheet {
    /// The stop.
    None,
    /// All keys.
    Help,
    /// The text of the stop, over its figure.
    Text,
    /// All stops.
    List,
}

/// The state of the screen.
pub(crate) struct Model {
    /// Colours and characters.
    pub theme: Theme,
    /// The index of the open stop.
    pub at: usize,
    /// What was reached there.
    pub entry: Entry,
    /// What was reached at each stop: the answer is right, the numbers are met.
    pub standing: Vec<(Option<bool>, Option<bool>)>,
    /// True once the question was answered or skipped.
    pub is_revealed: bool,
    /// The figures of the running experiment, or of the intervention that is shown.
    pub figures: Vec<Figure>,
    /// How far the experiment is.
    pub progress: Option<(f64, String)>,
    /// The intervention that is shown.
    pub change: Option<usize>,
    /// Why the experiment failed, or what a key did.
    pub notice: Option<String>,
    /// The first figure that is drawn.
    pub first: usize,
    /// What the learner does with the result.
    pub explorer: Option<Box<dyn Explorer>>,
    /// The text that the learner types.
    pub typed: Option<String>,
    /// What stands on the screen instead of the stop.
    pub sheet: Sheet,
    /// True if the figure takes the place of the numbers, too.
    pub is_large: bool,
}

impl Model {
    /// Creates the screen of a stop.
    pub(crate) fn new(theme: Theme, at: usize) -> Self {
        Self {
            theme,
            at,
            entry: Entry::default(),
            standing: vec![(None, None); STOPS.len()],
            is_revealed: false,
            figures: Vec::new(),
            progress: None,
            change: None,
            notice: None,
            first: 0,
            explorer: None,
            typed: None,
            sheet: Sheet::None,
            is_large: false,
        }
    }

    /// Returns the open stop.
    pub(crate) fn stop(&self) -> &'static dyn Stop {
        STOPS[self.at]
    }

    /// Returns the outcome that is shown.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        match self.change {
            Some(change) => self.entry.changed.get(&change),
            None => self.entry.outcome.as_ref(),
        }
    }

    /// Returns the figures that are shown.
    pub(crate) fn shown_figures(&self) -> Vec<Figure> {
        if let Some(explorer) = &self.explorer
            && self.change.is_none()
        {
            let mut figures = explorer.figures();
            // The curves of the experiment come after what the learner moves.
            let others = self.outcome().map_or(&[][..], |outcome| outcome.figures.as_slice());
            let is_curves = |figure: &&Figure| matches!(figure, Figure::Curves(_));
            figures.extend(others.iter().filter(is_curves).cloned());
            return figures;
        }
        match self.outcome() {
            Some(outcome) if self.progress.is_none() => outcome.figures.clone(),
            _ => self.figures.clone(),
        }
    }

    /// Opens a stop with what was reached there. Returns the experiment to start, if it must run.
    pub(crate) fn open(&mut self, at: usize, entry: Entry) -> Task {
        self.note_standing(at, &entry);
        let task = if entry.outcome.is_some() { Task::Explore } else { Task::Run };
        self.is_revealed = entry.answer.is_some();
        (self.at, self.entry) = (at, entry);
        self.figures.clear();
        (self.progress, self.change, self.notice) = (None, None, None);
        (self.first, self.explorer, self.typed) = (0, None, None);
        self.sheet = Sheet::None;
        task
    }

    /// Notes what was reached at a stop.
    pub(crate) fn note_standing(&mut self, at: usize, entry: &Entry) {
        let right = entry.answer.map(|answer| answer == STOPS[at].text().question.right);
        let met = entry.outcome.as_ref().map(|o| o.numbers.iter().all(super::stop::Number::is_met));
        self.standing[at] = (right, met);
    }

    /// Takes a message of the experiment. Returns the outcome to keep.
    pub(crate) fn take(&mut self, news: News) -> Option<(Task, Outcome, f64)> {
        match news {
            News::Update(Update::Figures(figures)) => self.figures = figures,
            News::Update(Update::Progress { share, text }) => self.progress = Some((share, text)),
            News::Ended(task, Ok(outcome), seconds) => {
                self.progress = None;
                return Some((task, outcome, seconds));
            }
            News::Ended(_, Err(seq2seq::Error::Cancelled), _) => self.progress = None,
            News::Ended(_, Err(error), _) => {
                self.progress = None;
                self.notice = Some(format!("error: {error}"));
            }
            News::Explorer(Ok(explorer)) => (self.explorer, self.progress) = (explorer, None),
            News::Explorer(Err(seq2seq::Error::Cancelled)) => {}
            News::Explorer(Err(error)) => self.notice = Some(format!("error: {error}")),
        }
        None
    }

    /// Takes a key.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return vec![Effect::Quit],
            KeyCode::Char('z') if control => return vec![Effect::Suspend],
            _ if control => return Vec::new(),
            _ => {}
        }
        if self.typed.is_some() {
            self.type_key(key.code);
            return Vec::new();
        }
        self.notice = None;
        if self.sheet != Sheet::None {
            return self.sheet_key(key.code);
        }
        match key.code {
            KeyCode::Char('q') => vec![Effect::Quit],
            KeyCode::Char('?') => self.turn(Sheet::Help),
            KeyCode::Char('i') => self.turn(Sheet::Text),
            KeyCode::Char('l') => self.turn(Sheet::List),
            KeyCode::Char('w') => vec![Effect::Report],
            KeyCode::Char('n') => self.go(self.at + 1),
            KeyCode::Char('p') => self.at.checked_sub(1).map_or_else(Vec::new, |at| self.go(at)),
            KeyCode::Enter | KeyCode::Char(' ') if self.is_revealed => self.go(self.at + 1),
            KeyCode::Enter | KeyCode::Char(' ') => {
                self.is_revealed = true;
                Vec::new()
            }
            KeyCode::Char(letter @ 'a'..='d') if !self.is_revealed => {
                let answer = usize::from(u8::try_from(letter).unwrap_or(b'a') - b'a');
                if answer >= self.stop().text().question.choices.len() {
                    return Vec::new();
                }
                self.is_revealed = true;
                self.entry.answer = Some(answer);
                vec![Effect::Answer(answer)]
            }
            _ if !self.is_revealed => Vec::new(),
            KeyCode::Char('f') => {
                self.is_large = !self.is_large;
                Vec::new()
            }
            KeyCode::Char('r') => vec![Effect::Repeat],
            KeyCode::Char(digit @ '1'..='3') => {
                let change = usize::from(u8::try_from(digit).unwrap_or(b'1') - b'1');
                self.change_key(change)
            }
            KeyCode::Char('0') => {
                (self.change, self.first) = (None, 0);
                Vec::new()
            }
            KeyCode::Tab => {
                self.first += 1;
                Vec::new()
            }
            KeyCode::BackTab => {
                self.first = self.first.checked_sub(1).unwrap_or(self.shown_figures().len());
                Vec::new()
            }
            KeyCode::Char('t') if self.explorer.as_ref().is_some_and(|e| e.takes_text()) => {
                self.typed = Some(String::new());
                Vec::new()
            }
            KeyCode::Left => self.explore(ExplorerKey::Left),
            KeyCode::Right => self.explore(ExplorerKey::Right),
            KeyCode::Up => self.explore(ExplorerKey::Up),
            KeyCode::Down => self.explore(ExplorerKey::Down),
            KeyCode::Char('u') => self.explore(ExplorerKey::Undo),
            _ => Vec::new(),
        }
    }

    fn turn(&mut self, sheet: Sheet) -> Vec<Effect> {
        self.sheet = sheet;
        Vec::new()
    }

    /// Goes to a stop, if there is one.
    fn go(&mut self, at: usize) -> Vec<Effect> {
        if at < STOPS.len() {
            return vec![Effect::Open(at)];
        }
        self.sheet = Sheet::List;
        vec![Effect::Report]
    }

    fn sheet_key(&mut self, key: KeyCode) -> Vec<Effect> {
        let sheet = std::mem::replace(&mut self.sheet, Sheet::None);
        match key {
            KeyCode::Char('q') if sheet == Sheet::List => vec![Effect::Quit],
            // The first nine by their digits, the others by letters.
            KeyCode::Char(letter) if sheet == Sheet::List => {
                let at = list_keys().position(|key| key == letter);
                at.map_or_else(Vec::new, |at| vec![Effect::Open(at)])
            }
            _ => Vec::new(),
        }
    }

    fn change_key(&mut self, change: usize) -> Vec<Effect> {
        if change >= self.stop().text().interventions.len() {
            return Vec::new();
        }
        if self.progress.is_some() || self.entry.outcome.is_none() {
            self.notice = Some("first the experiment itself: it is not finished yet".into());
            return Vec::new();
        }
        (self.change, self.first) = (Some(change), 0);
        if self.entry.changed.contains_key(&change) {
            return Vec::new();
        }
        self.progress = Some((0.0, "begins".into()));
        vec![Effect::Start(Task::Change(change))]
    }

    fn explore(&mut self, key: ExplorerKey) -> Vec<Effect> {
        // What is moved is seen.
        (self.change, self.first) = (None, 0);
        if let Some(explorer) = &mut self.explorer
            && let Err(error) = explorer.key(key)
        {
            self.notice = Some(format!("error: {error}"));
        }
        Vec::new()
    }

    fn type_key(&mut self, key: KeyCode) {
        let Some(typed) = &mut self.typed else { return };
        match key {
            KeyCode::Esc => self.typed = None,
            KeyCode::Backspace => {
                typed.pop();
            }
            KeyCode::Char(letter) => typed.push(letter),
            KeyCode::Enter => {
                let text = std::mem::take(typed);
                self.typed = None;
                if let Some(explorer) = &mut self.explorer {
                    self.change = None;
                    self.notice =
                        explorer.text(&text).unwrap_or_else(|e| Some(format!("error: {e}")));
                }
            }
            _ => {}
        }
    }
}

/// Returns the keys that open the stops of the list.
pub(super) fn list_keys() -> impl Iterator<Item = char> {
    ('1'..='9').chain('a'..='z').filter(|key| *key != 'q').take(STOPS.len())
}

/// The keys of the screen, with what they do.
pub(super) const KEYS: [(&str, &str); 14] = [
    ("a b c d", "answer the question; the result is shown then"),
    ("Enter", "show the result without an answer; then go to the next stop"),
    ("n p", "next stop, previous stop"),
    ("l", "list of all stops, with what was reached"),
    ("1 2 3", "an intervention: the experiment with a change; 0 goes back to the experiment"),
    ("r", "repeat the experiment with another seed"),
    ("arrows", "explore the result, where the line above the keys says how"),
    ("t", "type a sentence of your own, where there is a translator"),
    ("u", "undo what the arrows changed"),
    ("Tab", "the next figure"),
    ("f", "the figure alone, on the whole screen, and back"),
    ("i", "the text of this stop again"),
    ("w", "write a page with all numbers and figures"),
    ("q", "leave; what is trained is kept, and goes on with the next tui tour"),
];
