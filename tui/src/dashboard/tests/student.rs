//! The path of someone who wants to see inside: each view in at most three keys from where the
//! dashboard begins, with an explanation of what is seen.

use std::path::Path;
use std::time::{Duration, SystemTime};

use ratatui::crossterm::event::KeyCode;
use seq2seq::Command;

use super::fixture::{answer, events, letter, press, training};
use super::pictures::{assert_picture, drawn};
use super::runs::run_of_cell;
use crate::dashboard::history::HistoryPart;
use crate::dashboard::panels::explain;
use crate::dashboard::source::SourceUpdate;
use crate::dashboard::{Effect, Model, Page};

const SIZES: [(u16, u16); 3] = [(40, 12), (80, 24), (120, 40)];

/// Presses keys, at most three, and answers what they ask.
fn path(model: &mut Model, keys: &[KeyCode]) {
    assert!(keys.len() <= 3, "{keys:?}");
    for key in keys {
        for effect in press(model, *key) {
            match effect {
                Effect::Send(Command::Inspect(request)) => model.apply(&answer(&request)),
                Effect::OpenBeside(path) => {
                    let name = Path::new(&path).file_name().unwrap().to_str().unwrap().to_owned();
                    assert!(model.add_beside(&name));
                    let all = events(700);
                    let update = SourceUpdate {
                        history: Some(HistoryPart::Whole(Box::default())),
                        events: all,
                        ..SourceUpdate::default()
                    };
                    model.update_beside(&name, update);
                }
                Effect::ListRuns => {
                    let runs = vec![run_of_cell("own", "gru"), run_of_cell("other", "rnn_tanh")];
                    model.set_runs(runs, SystemTime::UNIX_EPOCH);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// The dashboard of a run in training, as `cargo run -p tui` shows it after a minute.
fn begun() -> Model {
    let mut model = training().with_runs(Path::new("runs"), true);
    model.set_open_run(Some(Path::new("runs/own")));
    model.tick(Duration::from_secs(60));
    model
}

/// The words are on the screen, and one key explains the page.
#[track_caller]
fn assert_seen(model: &mut Model, words: &[&str], explained: &[&str]) {
    for size in SIZES {
        let picture = drawn(model, size);
        for word in words {
            assert!(picture.contains(word), "{word} at {size:?}:\n{picture}");
        }
        assert!(picture.lines().last().unwrap().trim() != "", "the keys are named:\n{picture}");
    }
    letter(model, 'i');
    let (equation, text) = explain::text(model.page());
    let picture = drawn(model, (80, 24));
    assert!(picture.contains(equation), "{picture}");
    for word in explained {
        assert!(text.contains(word), "{word}: {text}");
    }
    letter(model, 'i');
}

#[test]
fn the_gates_of_a_sentence() {
    let mut model = begun();
    path(&mut model, &[KeyCode::Char('6')]);
    assert_seen(
        &mut model,
        &["encoder.rnn.l0", "red"],
        &["gates of the LSTM or the GRU", "tokens"],
    );
    for gate in ["r", "z", "n", "h"] {
        assert!(
            drawn(&model, (80, 24))
                .lines()
                .any(|line| line.contains(&format!("│ {gate} "))
                    || line.contains(&format!("▶{gate} "))),
            "{gate}:\n{}",
            drawn(&model, (80, 24))
        );
    }
}

#[test]
fn the_map_of_thirty_seconds_ago() {
    let mut model = begun();
    path(&mut model, &[KeyCode::Char('4'), KeyCode::PageUp]);
    // Step 420 is 42 seconds of training; maps are stored every five.
    assert_eq!(model.samples_step(), 100);
    assert_seen(&mut model, &["step 100"], &["a row sums to 1", "show earlier steps"]);
    assert!(drawn(&model, (120, 40)).contains("step 100 of 420, 32s ago"));
    // Again half a minute back: there is no earlier one than the first.
    press(&mut model, KeyCode::PageUp);
    assert_eq!(model.samples_step(), 50);
}

#[test]
fn a_translation_word_by_word() {
    let mut model = begun();
    path(&mut model, &[KeyCode::Char('5'), KeyCode::Right, KeyCode::Right]);
    assert_eq!((model.page(), model.inspecting.step), (Page::Step, 2));
    assert_seen(&mut model, &["rouge"], &["One step of the decoder", "another word"]);
}

#[test]
fn the_gradient_flow_of_two_cells() {
    let mut model = begun();
    path(&mut model, &[KeyCode::Char('0'), KeyCode::Char('b'), KeyCode::Char('3')]);
    assert_eq!(model.beside.len(), 1);
    assert_seen(&mut model, &["other", "this run"], &["product of Jacobians", "one log scale"]);
    for (wide, high) in SIZES {
        // Both runs on one scale, each with a sentence that says what it means.
        let picture = drawn(&model, (wide, high));
        assert!(picture.contains("flow of"), "{picture}");
        assert_picture(&format!("student-flow-{wide}x{high}"), &picture);
    }
}

#[test]
fn a_run_is_set_beside_and_removed_from_the_list() {
    let mut model = begun();
    path(&mut model, &[KeyCode::Char('0')]);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(model.notice().unwrap().contains("b sets this one beside it"));
    path(&mut model, &[KeyCode::Char('b')]);
    assert!(drawn(&model, (80, 24)).contains("▶+other"), "{}", drawn(&model, (80, 24)));
    for (wide, high) in SIZES {
        assert_picture(&format!("runs-beside-{wide}x{high}"), &drawn(&model, (wide, high)));
    }
    assert_eq!(letter(&mut model, 'b'), [Effect::CloseOne("other".into())]);
    assert!(model.beside.is_empty());
    press(&mut model, KeyCode::Up);
    assert!(drawn(&model, (80, 24)).contains("▶●own"), "{}", drawn(&model, (80, 24)));
    assert!(letter(&mut model, 'b').is_empty());
    for key in ['x', 'r'] {
        assert!(letter(&mut model, key).is_empty());
        assert!(model.notice().unwrap().contains("q stops it"));
    }
    // Enter on this run, and the key of the page, lead back.
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert_eq!(model.page(), Page::Overview);
    path(&mut model, &[KeyCode::Esc, KeyCode::Esc]);
    assert_eq!(model.page(), Page::Overview);
}
