//! Keys of the pages that inspect a translation, and the requests that they send.

use ratatui::crossterm::event::KeyCode;
use seq2seq::event::EndReason;
use seq2seq::inspection::{Clamp, InspectRequest, Intervention};
use seq2seq::{Command, Event, Gate};

use super::fixture::{SENTENCE, answer, end, events, letter, model_of, press, training};
use crate::dashboard::inspecting::Order;
use crate::dashboard::{Effect, Mode, Model, Page, Role, Theme};

/// The request that a key sent; it is answered.
#[track_caller]
fn requested(model: &mut Model, effects: &[Effect]) -> InspectRequest {
    let [Effect::Send(Command::Inspect(request))] = effects else { panic!("{effects:?}") };
    assert!(model.inspecting.is_waiting());
    model.apply(&answer(request));
    assert!(!model.inspecting.is_waiting());
    (**request).clone()
}

fn key(model: &mut Model, code: KeyCode) -> InspectRequest {
    let effects = press(model, code);
    requested(model, &effects)
}

fn opened(page: char) -> Model {
    let mut model = training();
    let effects = letter(&mut model, page);
    let request = requested(&mut model, &effects);
    assert_eq!(request.source, SENTENCE);
    model
}

#[test]
fn the_page_of_steps_inspects_the_chosen_sentence_once() {
    let mut model = opened('5');
    assert_eq!((model.page(), model.inspecting.at), (Page::Step, 420));
    letter(&mut model, '1');
    assert!(letter(&mut model, '5').is_empty());
    let request = key(&mut model, KeyCode::Tab);
    assert_eq!(request, "where is my brother ?".into());
    assert_eq!(key(&mut model, KeyCode::BackTab), SENTENCE.into());
    assert_eq!(key(&mut model, KeyCode::Char('r')), SENTENCE.into());
}

#[test]
fn another_word_is_forced_and_the_first_one_is_not() {
    let mut model = opened('5');
    assert!(press(&mut model, KeyCode::Up).is_empty(), "there is no more probable word");
    press(&mut model, KeyCode::Right);
    press(&mut model, KeyCode::Right);
    press(&mut model, KeyCode::Left);
    assert_eq!(model.inspecting.step, 1);
    let request = key(&mut model, KeyCode::Down);
    assert_eq!(request.prefix, [10, 40]);
    assert_eq!(key(&mut model, KeyCode::Down).prefix, [10, 41]);
    assert_eq!(key(&mut model, KeyCode::Up).prefix, [10, 40]);
    assert!(key(&mut model, KeyCode::Up).prefix.is_empty());
    // The cursor stays within the translation.
    (0..20).for_each(|_| assert!(press(&mut model, KeyCode::Right).is_empty()));
    assert_eq!(model.inspecting.step, 6);
}

#[test]
fn attention_is_moved_made_uniform_and_put_back() {
    let mut model = opened('5');
    press(&mut model, KeyCode::Right);
    letter(&mut model, ']');
    letter(&mut model, ']');
    letter(&mut model, '[');
    let moved = Intervention::MoveAttention { step: 1, position: 1 };
    assert_eq!(key(&mut model, KeyCode::Char('m')).interventions, [moved]);
    letter(&mut model, ']');
    // One step attends to one word.
    let moved = Intervention::MoveAttention { step: 1, position: 2 };
    assert_eq!(key(&mut model, KeyCode::Char('m')).interventions, std::slice::from_ref(&moved));
    let uniform = Intervention::UniformAttention { step: None };
    assert_eq!(key(&mut model, KeyCode::Char('u')).interventions, [moved.clone(), uniform]);
    assert_eq!(key(&mut model, KeyCode::Char('u')).interventions, [moved]);
    assert!(key(&mut model, KeyCode::Char('m')).interventions.is_empty());
    key(&mut model, KeyCode::Char('u'));
    assert!(key(&mut model, KeyCode::Char('x')).interventions.is_empty());
    assert!(model.inspecting.shown_changes().is_empty());
}

#[test]
fn a_source_word_is_replaced_by_typing() {
    let mut model = opened('5');
    letter(&mut model, ']');
    assert!(letter(&mut model, 'w').is_empty());
    for letters in "bluu".chars() {
        assert!(letter(&mut model, letters).is_empty());
    }
    press(&mut model, KeyCode::Backspace);
    letter(&mut model, 'e');
    assert_eq!(*model.mode(), Mode::Replacing("blue".into()));
    let text = "blue".to_owned();
    let replaced = Intervention::ReplaceSource { position: 1, text };
    assert_eq!(key(&mut model, KeyCode::Enter).interventions, [replaced]);
    assert_eq!(model.inspecting.trace().unwrap().source[1], "blue");
    // Esc changes nothing.
    letter(&mut model, 'w');
    letter(&mut model, 'q');
    assert!(press(&mut model, KeyCode::Esc).is_empty());
    assert_eq!(*model.mode(), Mode::Normal);
}

#[test]
fn gates_are_clamped_to_one_then_to_zero_then_not() {
    let mut model = opened('6');
    assert_eq!(model.page(), Page::Cell);
    let clamp = |gate, unit, value| {
        let layer = "encoder.rnn.l0".to_owned();
        Intervention::Clamp(Clamp { layer, gate, unit, position: None, value })
    };
    let request = key(&mut model, KeyCode::Char('c'));
    assert_eq!(request.layers, ["encoder.rnn.l0"]);
    assert_eq!(request.interventions, [clamp(Gate::Reset, None, 1.0)]);
    let request = key(&mut model, KeyCode::Char('c'));
    assert_eq!(request.interventions, [clamp(Gate::Reset, None, 0.0)]);
    assert!(key(&mut model, KeyCode::Char('c')).interventions.is_empty());
    // One unit of another gate.
    letter(&mut model, 'g');
    letter(&mut model, 'o');
    assert_eq!(model.inspecting.order, Order::Variance);
    press(&mut model, KeyCode::Down);
    let unit = model.inspecting.gate().unwrap().by_variance()[1];
    let request = key(&mut model, KeyCode::Char('c'));
    assert_eq!(request.interventions, [clamp(Gate::Update, Some(unit), 1.0)]);
}

#[test]
fn every_layer_is_shown_and_units_are_ordered_by_a_token() {
    let mut model = opened('6');
    let mut names = Vec::new();
    for _ in 0..3 {
        let request = key(&mut model, KeyCode::Char('d'));
        names.extend(request.layers);
        assert!(model.inspecting.has_layer());
    }
    assert_eq!(names, ["encoder.rnn.l0.reverse", "decoder.rnn.l0", "encoder.rnn.l0"]);
    letter(&mut model, 'o');
    letter(&mut model, 'o');
    assert_eq!(model.inspecting.order, Order::Correlation);
    press(&mut model, KeyCode::Right);
    press(&mut model, KeyCode::Right);
    let gate = model.inspecting.gate().unwrap();
    assert_eq!(model.inspecting.units(), gate.by_correlation(|position| position == 2));
    letter(&mut model, 'o');
    assert!(model.inspecting.units().is_empty());
}

#[test]
fn the_map_takes_changes_of_its_sentence() {
    let mut model = training();
    letter(&mut model, '4');
    press(&mut model, KeyCode::Tab);
    for code in ['}', '}', '{', ']'] {
        assert!(letter(&mut model, code).is_empty());
    }
    let request = key(&mut model, KeyCode::Char('m'));
    assert_eq!(request.source, "where is my brother ?");
    assert_eq!(request.interventions, [Intervention::MoveAttention { step: 1, position: 1 }]);
    assert!(model.inspects_chosen());
    press(&mut model, KeyCode::Tab);
    assert!(!model.inspects_chosen());
    let request = key(&mut model, KeyCode::Char('u'));
    assert_eq!(request.source, "she sings .");
    assert_eq!(request.interventions.len(), 1);
}

#[test]
fn a_refusal_undoes_the_change_and_says_why() {
    let mut model = opened('5');
    let effects = letter(&mut model, 'u');
    let [Effect::Send(command)] = &effects[..] else { panic!("{effects:?}") };
    let (command, reason) = (command.clone(), "no attention".to_owned());
    model.apply(&Event::Refused { command, reason });
    assert_eq!(model.notice(), Some("refused: no attention"));
    assert!(!model.inspecting.is_waiting());
    // The next change is the only one.
    let moved = Intervention::MoveAttention { step: 0, position: 0 };
    assert_eq!(key(&mut model, KeyCode::Char('m')).interventions, [moved]);
}

#[test]
fn answers_to_others_are_ignored() {
    let mut model = opened('5');
    let before = model.inspecting.trace().cloned();
    model.apply(&answer(&"another sentence".into()));
    assert_eq!(model.inspecting.trace(), before.as_ref());
}

#[test]
fn everything_works_after_the_end_and_while_watching() {
    let mut over = training();
    over.apply(&end(420, EndReason::Finished));
    over.set_alive(false);
    for mut model in [over, model_of(Role::Watching, Theme::PLAIN, &events(420))] {
        let effects = letter(&mut model, '5');
        assert_eq!(requested(&mut model, &effects).source, SENTENCE);
        // The checkpoint that answers is that of the best validation.
        assert_eq!(model.inspecting.at, 400);
        assert_eq!(key(&mut model, KeyCode::Down).prefix, [40]);
        letter(&mut model, 't');
        "he eats .".chars().for_each(|key| drop(letter(&mut model, key)));
        let effects = press(&mut model, KeyCode::Enter);
        let [Effect::Send(Command::Translate(text)), inspection] = &effects[..] else {
            panic!("{effects:?}")
        };
        assert_eq!(text, "he eats .");
        let request = requested(&mut model, std::slice::from_ref(inspection));
        assert_eq!(request, "he eats .".into());
    }
}

#[test]
fn without_samples_there_is_nothing_to_inspect() {
    let mut model = model_of(Role::Training, Theme::PLAIN, &events(1));
    for code in "5]mux6gdocr4mu}".chars() {
        let effects = letter(&mut model, code);
        assert!(effects.is_empty(), "{code}: {effects:?}");
    }
}
