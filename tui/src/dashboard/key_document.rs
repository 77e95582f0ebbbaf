//! The document of the keys.

use std::fmt::Write;

use super::keys::{BINDINGS, Gesture};
use super::mode::QUIT_CHOICES;

/// Returns the text of `docs/keys.md`.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Keys and mouse of the dashboard\n\n\
         `?` shows the same table, with the keys of the current page first. Commands go to the \
         process that\ntrains, so `tui watch` has none; it opens the run's checkpoint to translate \
         and inspect sentences.\nA test compares this file with the program's table.\n\n\
         | Key | Mouse | What it does | On the pages | In `watch` |\n| --- | --- | --- | --- | --- |\n",
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
        let keys = if binding.label.is_empty() { String::new() } else { code(binding.label) };
        let mouse = binding.mouse.map_or("", Gesture::name);
        // Writing to a String does not fail.
        let _ = writeln!(text, "| {keys} | {mouse} | {} | {pages} | {watch} |", binding.help);
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
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::super::keys::{Action, Key, action};
    use super::super::page::Page;
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
            let on_page = || BINDINGS.iter().filter(|binding| binding.is_on(page));
            let gestures: Vec<Gesture> = on_page().filter_map(|binding| binding.mouse).collect();
            for (i, gesture) in gestures.iter().enumerate() {
                assert!(!gestures[i + 1..].contains(gesture), "{page:?} {gesture:?}");
            }
        }
    }

    #[test]
    fn every_binding_has_an_action_of_its_own_keys_and_words() {
        for (i, binding) in BINDINGS.iter().enumerate() {
            assert!(!BINDINGS[i + 1..].iter().any(|other| other.action == binding.action));
            assert!(!binding.keys.is_empty() || binding.mouse.is_some(), "{binding:?}");
            assert_eq!(binding.keys.is_empty(), binding.label.is_empty(), "{binding:?}");
            assert!(!binding.name().is_empty() && !binding.help.is_empty(), "{binding:?}");
            for page in Page::ALL.into_iter().filter(|page| binding.is_on(*page)) {
                for key in binding.keys {
                    let ctrl = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
                    let event = KeyEvent::new(key.code, ctrl);
                    assert_eq!(action(event, page), Some(binding.action));
                }
            }
        }
        for page in Page::ALL {
            assert!(BINDINGS.iter().any(|binding| binding.action == Action::Show(page)));
        }
    }

    #[test]
    fn ctrl_and_the_page_are_part_of_a_key() {
        let with = KeyEvent::new(KeyCode::Char('l'), KeyModifiers::CONTROL);
        let without = KeyEvent::new(KeyCode::Char('l'), KeyModifiers::NONE);
        assert_eq!(action(with, Page::Log), Some(Action::Redraw));
        assert_eq!(action(without, Page::Curves), Some(Action::LogScale));
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
