//! The keys: one table, from which dispatch, help, footer and README are generated.

use std::fmt::Write;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One of the pages that a number key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    /// All panels, as far as they fit.
    #[default]
    Overview,
    /// Only the loss curves.
    Loss,
    /// Gradient norms, every parameter, gradient flow.
    Gradients,
    /// Only the attention map.
    Attention,
    /// Only the sample translations.
    Samples,
}

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
    /// Opens a page.
    Show(Page),
    /// Translates a typed sentence.
    Translate,
    /// Halves the learning rate, after confirmation.
    Slower,
    /// Doubles the learning rate, after confirmation.
    Faster,
    /// Shows the keys.
    Help,
    /// Leaves the dashboard, after a prompt if a run is in progress.
    Quit,
    /// Stops and saves; the second time exits immediately.
    Interrupt,
    /// Suspends the process.
    Suspend,
    /// Redraws the screen.
    Redraw,
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
    Binding { action, keys, label, hint, help, commands: true }
}

const fn look(
    action: Action,
    keys: &'static [Key],
    label: &'static str,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, keys, label, hint, help, commands: false }
}

/// All keys of the dashboard, the most useful first, since the footer shows as many as fit.
pub const BINDINGS: &[Binding] = &[
    look(Action::Quit, &[letter('q')], "q", "quit", "quit (asks while training)"),
    look(Action::Help, &[letter('?'), letter('h')], "?", "help", "show or close this help"),
    command(Action::Pause, &[letter(' ')], "space", "pause", "pause training, or go on"),
    look(
        Action::Next,
        &[plain(KeyCode::Tab), plain(KeyCode::Right), plain(KeyCode::Down), letter('j')],
        "Tab → j",
        "sample",
        "next sample and its attention map",
    ),
    look(Action::LogScale, &[letter('l')], "l", "log", "logarithmic or linear scale"),
    command(Action::Step, &[letter('n')], "n", "step", "one step, then pause"),
    command(Action::Save, &[letter('s')], "s", "save", "write a checkpoint now"),
    command(Action::Evaluate, &[letter('e')], "e", "evaluate", "score the held-out pairs now"),
    command(
        Action::Translate,
        &[letter('t')],
        "t",
        "translate",
        "type a sentence and see its translation",
    ),
    look(
        Action::Previous,
        &[plain(KeyCode::BackTab), plain(KeyCode::Left), plain(KeyCode::Up), letter('k')],
        "S-Tab ← k",
        "",
        "previous sample",
    ),
    look(Action::Show(Page::Overview), &[letter('1')], "1", "", "overview"),
    look(Action::Show(Page::Loss), &[letter('2')], "2", "", "loss curves"),
    look(
        Action::Show(Page::Gradients),
        &[letter('3')],
        "3",
        "",
        "gradients: norms, parameters, flow",
    ),
    look(Action::Show(Page::Attention), &[letter('4')], "4", "", "attention map"),
    look(Action::Show(Page::Samples), &[letter('5')], "5", "", "sample translations"),
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

/// Returns the action of a key.
pub fn action(event: KeyEvent) -> Option<Action> {
    let pressed = Key { code: event.code, ctrl: event.modifiers.contains(KeyModifiers::CONTROL) };
    BINDINGS.iter().find(|binding| binding.keys.contains(&pressed)).map(|binding| binding.action)
}

/// Returns the bindings that the footer lists; there are fewer if the run accepts no commands.
pub fn hints(may_command: bool) -> impl Iterator<Item = &'static Binding> {
    BINDINGS
        .iter()
        .filter(move |binding| !binding.hint.is_empty() && (may_command || !binding.commands))
}

/// Returns the table of keys for the README.
pub fn markdown() -> String {
    let mut text = String::from("| Key | What it does | In `watch` |\n| --- | --- | --- |\n");
    for binding in BINDINGS {
        let watch = if binding.commands { "no" } else { "yes" };
        let keys = binding.label.split(' ').map(|key| format!("`{key}`")).collect::<Vec<_>>();
        // Writing to a String does not fail.
        let _ = writeln!(text, "| {} | {} | {watch} |", keys.join(" "), binding.help);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let keys: Vec<Key> =
            BINDINGS.iter().flat_map(|binding| binding.keys.iter().copied()).collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[i + 1..].contains(key), "{key:?}");
        }
    }

    #[test]
    fn every_action_has_a_key_and_words() {
        let actions = [
            Action::Pause,
            Action::Step,
            Action::Save,
            Action::Evaluate,
            Action::LogScale,
            Action::Next,
            Action::Previous,
            Action::Show(Page::Overview),
            Action::Show(Page::Loss),
            Action::Show(Page::Gradients),
            Action::Show(Page::Attention),
            Action::Show(Page::Samples),
            Action::Translate,
            Action::Slower,
            Action::Faster,
            Action::Help,
            Action::Quit,
            Action::Interrupt,
            Action::Suspend,
            Action::Redraw,
        ];
        assert_eq!(BINDINGS.len(), actions.len());
        for wanted in actions {
            let bound: Vec<_> =
                BINDINGS.iter().filter(|binding| binding.action == wanted).collect();
            assert_eq!(bound.len(), 1, "{wanted:?}");
            assert!(!bound[0].keys.is_empty() && !bound[0].help.is_empty(), "{wanted:?}");
            for key in bound[0].keys {
                let modifiers = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
                assert_eq!(action(KeyEvent::new(key.code, modifiers)), Some(wanted));
            }
        }
    }

    #[test]
    fn ctrl_is_part_of_a_key() {
        let with = KeyEvent::new(KeyCode::Char('l'), KeyModifiers::CONTROL);
        let without = KeyEvent::new(KeyCode::Char('l'), KeyModifiers::NONE);
        assert_eq!(action(with), Some(Action::Redraw));
        assert_eq!(action(without), Some(Action::LogScale));
        assert_eq!(action(KeyEvent::new(KeyCode::F(9), KeyModifiers::NONE)), None);
    }

    #[test]
    fn the_readme_shows_this_table() {
        let readme = include_str!("../../README.md");
        assert!(readme.contains(&markdown()), "put this into README.md:\n{}", markdown());
    }
}
