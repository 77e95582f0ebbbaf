//! The keys: one table, from which dispatch, help, footer and `docs/keys.md` are generated.

use std::fmt::Write;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::inspect_key::InspectKey;
use super::mode::QUIT_CHOICES;
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

const fn plain(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

const fn letter(letter: char) -> Key {
    plain(KeyCode::Char(letter))
}

const fn ctrl(letter: char) -> Key {
    Key { code: KeyCode::Char(letter), ctrl: true }
}

const fn command(
    action: Action,
    keys: &'static [Key],
    label: &'static str,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, keys, label, hint, help, commands: true, pages: &[] }
}

const fn look(
    action: Action,
    keys: &'static [Key],
    label: &'static str,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, keys, label, hint, help, commands: false, pages: &[] }
}

const fn on(pages: &'static [Page], binding: Binding) -> Binding {
    Binding { pages, ..binding }
}

const fn inspect(pages: &'static [Page], key: InspectKey, keys: &'static [Key]) -> Binding {
    on(pages, look(Action::Inspect(key), keys, key.label(), key.hint(), key.help()))
}

/// The page of one step.
const STEP: &[Page] = &[Page::Step];
/// The page of a cell.
const CELL: &[Page] = &[Page::Cell];
/// The page of the map.
const MAP: &[Page] = &[Page::Attention];
/// The pages with an inspected sentence.
const SENTENCES: &[Page] = &[Page::Step, Page::Cell];
/// The pages on which the attention of a step can be moved.
const MOVES: &[Page] = &[Page::Attention, Page::Step];
/// The pages on which a translation can be changed.
const CHANGES: &[Page] = &[Page::Attention, Page::Step, Page::Cell];
/// The pages that show a sample.
const SAMPLES: &[Page] = &[Page::Overview, Page::Attention, Page::Samples];
/// The pages with a curve.
const CURVES: &[Page] = &[Page::Overview, Page::Loss, Page::Gradients];
/// The page of the log.
const LOG: &[Page] = &[Page::Log];
/// The page of the list of runs.
const RUNS: &[Page] = &[Page::Runs];
/// Lines by which the log, or the list of runs, scrolls at once.
const SCREEN: i8 = 10;

const fn page(page: Page, keys: &'static [Key], label: &'static str) -> Binding {
    look(Action::Show(page), keys, label, "", page.help())
}

/// All keys of the dashboard, the most useful first, since the footer shows as many as fit.
pub const BINDINGS: &[Binding] = &[
    look(Action::Quit, &[letter('q')], "q", "quit", "quit (asks while training)"),
    look(
        Action::Help,
        &[letter('?'), letter('h')],
        "? h",
        "help",
        "show or close the keys, those of this page first",
    ),
    look(Action::Explain, &[letter('i')], "i", "explain", "explain this page, with its equation"),
    command(Action::Pause, &[letter(' ')], "space", "pause", "pause training, or go on"),
    on(
        SAMPLES,
        look(
            Action::Next,
            &[plain(KeyCode::Tab), plain(KeyCode::Right), plain(KeyCode::Down), letter('j')],
            "Tab → ↓ j",
            "sample",
            "next sample and its attention map",
        ),
    ),
    on(
        SAMPLES,
        look(
            Action::Previous,
            &[plain(KeyCode::BackTab), plain(KeyCode::Left), plain(KeyCode::Up), letter('k')],
            "S-Tab ← ↑ k",
            "",
            "previous sample",
        ),
    ),
    inspect(STEP, InspectKey::LaterStep, &[plain(KeyCode::Right)]),
    inspect(STEP, InspectKey::EarlierStep, &[plain(KeyCode::Left)]),
    inspect(STEP, InspectKey::LessProbable, &[plain(KeyCode::Down)]),
    inspect(STEP, InspectKey::MoreProbable, &[plain(KeyCode::Up)]),
    inspect(CELL, InspectKey::LaterToken, &[plain(KeyCode::Right)]),
    inspect(CELL, InspectKey::EarlierToken, &[plain(KeyCode::Left)]),
    inspect(CELL, InspectKey::UnitDown, &[plain(KeyCode::Down)]),
    inspect(CELL, InspectKey::UnitUp, &[plain(KeyCode::Up)]),
    inspect(CELL, InspectKey::Gate, &[letter('g')]),
    inspect(CELL, InspectKey::Layer, &[letter('d')]),
    inspect(CELL, InspectKey::Order, &[letter('o')]),
    inspect(CELL, InspectKey::Clamp, &[letter('c')]),
    inspect(MOVES, InspectKey::SourceRight, &[letter(']')]),
    inspect(MOVES, InspectKey::SourceLeft, &[letter('[')]),
    inspect(MAP, InspectKey::RowUp, &[letter('{')]),
    inspect(MAP, InspectKey::RowDown, &[letter('}')]),
    inspect(MOVES, InspectKey::MoveAttention, &[letter('m')]),
    inspect(CHANGES, InspectKey::Uniform, &[letter('u')]),
    inspect(CHANGES, InspectKey::Replace, &[letter('w')]),
    inspect(CHANGES, InspectKey::Reset, &[letter('x')]),
    inspect(SENTENCES, InspectKey::NextSentence, &[plain(KeyCode::Tab)]),
    inspect(SENTENCES, InspectKey::PreviousSentence, &[plain(KeyCode::BackTab)]),
    inspect(SENTENCES, InspectKey::Refresh, &[letter('r')]),
    on(
        CURVES,
        look(Action::LogScale, &[letter('l')], "l", "log", "logarithmic or linear value axis"),
    ),
    on(
        LOG,
        look(
            Action::Filter,
            &[letter('f')],
            "f",
            "filter",
            "show all entries, or those of one kind",
        ),
    ),
    on(
        LOG,
        look(Action::Scroll(1), &[letter('k'), plain(KeyCode::Up)], "k ↑", "older", "scroll up"),
    ),
    on(
        LOG,
        look(
            Action::Scroll(-1),
            &[letter('j'), plain(KeyCode::Down)],
            "j ↓",
            "newer",
            "scroll down",
        ),
    ),
    on(
        LOG,
        look(
            Action::Scroll(SCREEN),
            &[plain(KeyCode::PageUp)],
            "PgUp",
            "",
            "scroll up by ten lines",
        ),
    ),
    on(
        LOG,
        look(
            Action::Scroll(-SCREEN),
            &[plain(KeyCode::PageDown)],
            "PgDn",
            "",
            "scroll down by ten lines",
        ),
    ),
    on(
        LOG,
        look(
            Action::Scroll(i8::MIN),
            &[plain(KeyCode::End)],
            "End",
            "",
            "scroll to the newest entry and follow",
        ),
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Open),
            &[plain(KeyCode::Enter)],
            "Enter",
            "open",
            "open the chosen run; 0 comes back",
        ),
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Filter),
            &[letter('/')],
            "/",
            "filter",
            "type a filter: name, status, preset, changed keys, data",
        ),
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Order),
            &[letter('o')],
            "o",
            "order",
            "sort by age, name, status, best, steps",
        ),
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Stop),
            &[letter('x')],
            "x",
            "stop",
            "stop the chosen live run, which saves it (asks)",
        ),
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Resume),
            &[letter('r')],
            "r",
            "resume",
            "train the chosen run on, in this terminal (asks)",
        ),
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Move(1)),
            &[letter('j'), plain(KeyCode::Down)],
            "j ↓",
            "",
            "next run",
        ),
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Move(-1)),
            &[letter('k'), plain(KeyCode::Up)],
            "k ↑",
            "",
            "previous run",
        ),
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Move(SCREEN)),
            &[plain(KeyCode::PageDown)],
            "PgDn",
            "",
            "ten runs down",
        ),
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Move(-SCREEN)),
            &[plain(KeyCode::PageUp)],
            "PgUp",
            "",
            "ten runs up",
        ),
    ),
    command(Action::Step, &[letter('n')], "n", "step", "one step, then pause"),
    command(Action::Save, &[letter('s')], "s", "save", "write a checkpoint now"),
    command(Action::Evaluate, &[letter('e')], "e", "evaluate", "score the held-out pairs now"),
    look(
        Action::Translate,
        &[letter('t')],
        "t",
        "translate",
        "type a sentence and see its translation",
    ),
    page(Page::Runs, &[letter('0'), plain(KeyCode::Esc)], "0 Esc"),
    page(Page::Overview, &[letter('1')], "1"),
    page(Page::Loss, &[letter('2')], "2"),
    page(Page::Gradients, &[letter('3')], "3"),
    page(Page::Attention, &[letter('4')], "4"),
    page(Page::Step, &[letter('5')], "5"),
    page(Page::Cell, &[letter('6')], "6"),
    page(Page::Samples, &[letter('7')], "7"),
    page(Page::Log, &[letter('8')], "8"),
    command(Action::Slower, &[letter('<')], "<", "", "halve the learning rate (asks)"),
    command(Action::Faster, &[letter('>')], ">", "", "double the learning rate (asks)"),
    look(
        Action::Interrupt,
        &[ctrl('c')],
        "Ctrl-C",
        "",
        "stop and save; twice within 3 s: exit at once",
    ),
    look(Action::Suspend, &[ctrl('z')], "Ctrl-Z", "", "suspend (fg comes back)"),
    look(Action::Redraw, &[ctrl('l')], "Ctrl-L", "", "draw the screen anew"),
];

/// Returns the action of a key on a page.
pub fn action(event: KeyEvent, page: Page) -> Option<Action> {
    let pressed = Key { code: event.code, ctrl: event.modifiers.contains(KeyModifiers::CONTROL) };
    let bound = |binding: &&Binding| binding.is_on(page) && binding.keys.contains(&pressed);
    BINDINGS.iter().find(bound).map(|binding| binding.action)
}

/// Returns the bindings that the footer lists on a page; there are fewer if the run accepts no
/// commands.
pub fn hints(page: Page, may_command: bool) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| {
        !binding.hint.is_empty() && binding.is_on(page) && (may_command || !binding.commands)
    })
}

/// Returns the text of `docs/keys.md`.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Keys of the dashboard\n\n\
         `?` shows the same table, with the keys of the current page first. Commands go to the \
         process that\ntrains, so `tui watch` has none; it opens the run's checkpoint to translate \
         and inspect sentences.\nA test compares this file with the program's table.\n\n\
         | Key | What it does | On the pages | In `watch` |\n| --- | --- | --- | --- |\n",
    );
    let code = |keys: &str| -> String {
        keys.split(' ').map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" ")
    };
    for binding in BINDINGS {
        let watch = if binding.commands { "no" } else { "yes" };
        let pages = match binding.pages {
            [] => "all".to_owned(),
            pages => pages.iter().map(|page| page.name()).collect::<Vec<_>>().join(", "),
        };
        // Writing to a String does not fail.
        let _ =
            writeln!(text, "| {} | {} | {pages} | {watch} |", code(binding.label), binding.help);
    }
    text += "\nDuring training `q` opens a prompt:\n\n| Key | Choice | What it does |\n\
             | --- | --- | --- |\n";
    for choice in QUIT_CHOICES {
        let _ =
            writeln!(text, "| {} | {} | {} |", code(choice.label), choice.word, choice.explanation);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things_on_a_page() {
        for page in Page::ALL.into_iter().chain([Page::Runs]) {
            let keys: Vec<Key> = BINDINGS
                .iter()
                .filter(|binding| binding.is_on(page))
                .flat_map(|binding| binding.keys.iter().copied())
                .collect();
            for (i, key) in keys.iter().enumerate() {
                assert!(!keys[i + 1..].contains(key), "{page:?} {key:?}");
            }
        }
    }

    #[test]
    fn every_binding_has_an_action_of_its_own_keys_and_words() {
        for (i, binding) in BINDINGS.iter().enumerate() {
            assert!(!BINDINGS[i + 1..].iter().any(|other| other.action == binding.action));
            assert!(!binding.keys.is_empty() && !binding.help.is_empty(), "{binding:?}");
            let pages = Page::ALL.into_iter().chain([Page::Runs]);
            for page in pages.filter(|page| binding.is_on(*page)) {
                for key in binding.keys {
                    let ctrl = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
                    let event = KeyEvent::new(key.code, ctrl);
                    assert_eq!(action(event, page), Some(binding.action));
                }
            }
        }
        for page in Page::ALL.into_iter().chain([Page::Runs]) {
            assert!(BINDINGS.iter().any(|binding| binding.action == Action::Show(page)));
        }
    }

    #[test]
    fn ctrl_and_the_page_are_part_of_a_key() {
        let with = KeyEvent::new(KeyCode::Char('l'), KeyModifiers::CONTROL);
        let without = KeyEvent::new(KeyCode::Char('l'), KeyModifiers::NONE);
        assert_eq!(action(with, Page::Log), Some(Action::Redraw));
        assert_eq!(action(without, Page::Loss), Some(Action::LogScale));
        assert_eq!(action(without, Page::Log), None);
        let down = KeyEvent::new(KeyCode::Down, KeyModifiers::NONE);
        assert_eq!(action(down, Page::Log), Some(Action::Scroll(-1)));
        assert_eq!(action(down, Page::Samples), Some(Action::Next));
        assert_eq!(action(KeyEvent::new(KeyCode::F(9), KeyModifiers::NONE), Page::Log), None);
    }

    #[test]
    fn the_document_is_this_table() {
        let stored = include_str!("../../../docs/keys.md").replace("\r\n", "\n");
        assert!(stored == markdown(), "put this into docs/keys.md:\n{}", markdown());
    }
}
