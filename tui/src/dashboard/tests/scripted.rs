//! Keys pressed one after the other, and what the model makes of them.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use seq2seq::event::{CheckpointKind, EndReason};
use seq2seq::{Command, Event};

use super::fixture::{ctrl, end, events, letter, model_of, obeyed, press, sample, training};
use crate::dashboard::{Effect, Mode, Page, Role, Theme};
use crate::run_state::State;

fn sends(command: Command) -> Vec<Effect> {
    vec![Effect::Send(command)]
}

#[test]
fn space_pauses_once_obeyed_and_then_goes_on() {
    let mut model = training();
    assert_eq!(letter(&mut model, ' '), sends(Command::Pause));
    // Requested is not done: the step that is going on ends first.
    assert_eq!(model.run_state().state(), State::Training);
    model.apply(&obeyed(Command::Pause));
    assert_eq!(model.run_state().state(), State::Paused);
    assert_eq!(letter(&mut model, 'n'), sends(Command::StepOnce));
    model.apply(&obeyed(Command::StepOnce));
    model.apply(&super::fixture::step(421));
    assert_eq!(model.run_state().state(), State::Paused);
    assert_eq!(model.run_state().steps(), 421);
    assert_eq!(letter(&mut model, ' '), sends(Command::Resume));
    model.apply(&obeyed(Command::Resume));
    assert_eq!(model.run_state().state(), State::Training);
}

#[test]
fn saving_and_evaluating_say_so_for_a_while() {
    let mut model = training();
    assert_eq!(letter(&mut model, 's'), sends(Command::Save));
    assert!(model.notice().unwrap().contains("saving"));
    model.apply(&Event::Checkpoint { step: 420, kind: CheckpointKind::Last });
    assert_eq!(model.notice(), Some("saved at step 420"));
    model.set_drawn();
    model.tick(Duration::from_secs(7));
    assert_eq!(model.notice(), None);
    assert!(model.is_dirty());
    // A checkpoint that nobody requested is no news.
    model.apply(&Event::Checkpoint { step: 430, kind: CheckpointKind::Last });
    assert_eq!(model.notice(), None);
    assert_eq!(letter(&mut model, 'e'), sends(Command::Evaluate));
    assert!(model.notice().unwrap().contains("evaluating"));
}

#[test]
fn looks_change_without_a_command() {
    let mut model = training();
    // The loss has fallen so far that the scale is logarithmic without a key.
    assert!(model.is_logarithmic());
    assert!(letter(&mut model, 'l').is_empty());
    assert!(!model.is_logarithmic());
    letter(&mut model, 'l');
    assert!(model.is_logarithmic());
    letter(&mut model, 'l');
    for (key, page) in [
        ('2', Page::Curves),
        ('3', Page::Gradients),
        ('4', Page::Attention),
        ('7', Page::Samples),
        ('8', Page::Log),
        ('1', Page::Overview),
    ] {
        assert!(letter(&mut model, key).is_empty());
        assert_eq!(model.page(), page);
    }
    assert_eq!(ctrl(&mut model, 'l'), [Effect::Redraw]);
    assert!(!model.is_logarithmic());
    assert_eq!(ctrl(&mut model, 'z'), [Effect::Suspend]);
}

#[test]
fn samples_are_chosen_in_a_ring() {
    let mut model = training();
    let mut chosen = Vec::new();
    for code in [KeyCode::Tab, KeyCode::Down, KeyCode::Tab, KeyCode::Up, KeyCode::BackTab] {
        assert!(press(&mut model, code).is_empty());
        chosen.push(model.selected);
    }
    assert_eq!(chosen, [1, 2, 0, 2, 1]);
    // Without samples there is nothing to choose.
    let mut empty = model_of(Role::Training, Theme::PLAIN, &[]);
    letter(&mut empty, 'j');
    letter(&mut empty, 'k');
    assert!(empty.chosen().is_none());
}

#[test]
fn a_typed_sentence_is_translated_and_chosen() {
    let mut model = training();
    letter(&mut model, 't');
    for key in "sq it".chars() {
        assert!(letter(&mut model, key).is_empty());
    }
    press(&mut model, KeyCode::Backspace);
    assert_eq!(*model.mode(), Mode::Typing("sq i".into()));
    assert_eq!(press(&mut model, KeyCode::Enter), sends(Command::Translate("sq i".into())));
    assert_eq!(*model.mode(), Mode::Normal);
    model.apply(&Event::Translation(sample("sq i", "je", "")));
    assert_eq!(model.selected, 3);
    assert_eq!(model.chosen().unwrap().source[0], "sq");
    // New samples do not take the choice away.
    model.apply(&events(50)[52]);
    assert_eq!(model.chosen().unwrap().source[0], "sq");

    letter(&mut model, 't');
    letter(&mut model, 'x');
    ctrl(&mut model, 'u');
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    letter(&mut model, 't');
    assert!(press(&mut model, KeyCode::Esc).is_empty());
    assert_eq!(*model.mode(), Mode::Normal);
}

#[test]
fn the_learning_rate_changes_only_after_a_yes() {
    let mut model = training();
    letter(&mut model, '<');
    assert_eq!(*model.mode(), Mode::LearningRate(0.001));
    assert!(letter(&mut model, 'x').is_empty());
    assert_eq!(*model.mode(), Mode::Normal);
    letter(&mut model, '>');
    assert_eq!(letter(&mut model, 'y'), sends(Command::SetLearningRate(0.004)));
    let mut before = model_of(Role::Training, Theme::PLAIN, &events(0));
    letter(&mut before, '>');
    assert_eq!(*before.mode(), Mode::Normal);
    assert!(before.notice().unwrap().contains("not known"));
}

#[test]
fn the_help_opens_scrolls_and_closes() {
    let mut model = training();
    letter(&mut model, '?');
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Down);
    letter(&mut model, 'k');
    assert_eq!(*model.mode(), Mode::Help(1));
    // A key that closes the help does nothing else.
    assert!(letter(&mut model, 's').is_empty());
    assert_eq!(*model.mode(), Mode::Normal);
}

#[test]
fn quitting_asks_and_can_be_cancelled() {
    let mut model = training();
    for answer in [KeyCode::Char('c'), KeyCode::Char('q'), KeyCode::Esc] {
        assert!(letter(&mut model, 'q').is_empty());
        assert_eq!(*model.mode(), Mode::Quit);
        // What is no answer leaves the question open.
        assert!(letter(&mut model, 'x').is_empty());
        assert_eq!(*model.mode(), Mode::Quit);
        assert!(press(&mut model, answer).is_empty());
        assert_eq!(*model.mode(), Mode::Normal);
        assert!(!model.wants_to_leave());
    }
}

#[test]
fn stopping_leaves_once_the_run_is_over() {
    let mut model = training();
    letter(&mut model, 'q');
    assert_eq!(letter(&mut model, 's'), sends(Command::Stop));
    model.apply(&obeyed(Command::Stop));
    assert_eq!(model.run_state().state(), State::Stopping);
    assert!(!model.wants_to_leave());
    model.apply(&end(420, EndReason::Stopped));
    assert!(model.wants_to_leave());
    assert!(!model.was_interrupted());
    let stop = Effect::Send(Command::Stop);
    for (answer, effect) in
        [('s', stop.clone()), ('y', stop), ('p', Effect::PlainLines), ('k', Effect::Abort)]
    {
        let mut model = training();
        letter(&mut model, 'q');
        assert_eq!(letter(&mut model, answer), [effect]);
    }
}

#[test]
fn the_log_is_scrolled_and_filtered_by_keys_of_its_page() {
    let mut model = training();
    let warning = |step| Event::Warning { step, text: format!("text {step}") };
    (1..=30).for_each(|step| model.apply(&warning(step)));
    assert!(model.notice().unwrap().contains("key 8"));
    letter(&mut model, '8');
    let selected = model.selected;
    for _ in 0..3 {
        letter(&mut model, 'k');
    }
    press(&mut model, KeyCode::Down);
    assert_eq!((model.history.journal.back(), model.selected), (2, selected));
    press(&mut model, KeyCode::PageUp);
    assert_eq!(model.history.journal.back(), 12);
    press(&mut model, KeyCode::End);
    assert_eq!(model.history.journal.back(), 0);
    letter(&mut model, 'f');
    assert_eq!(model.history.journal.shown().count(), 30);
    // On another page `f` has no action, and `k` selects a sample.
    letter(&mut model, '7');
    letter(&mut model, 'f');
    letter(&mut model, 'k');
    assert_eq!(model.history.journal.shown().count(), 30);
    assert_ne!(model.selected, selected);
}

#[test]
fn an_explanation_closes_with_any_key() {
    let mut model = training();
    for page in ['1', '2', '3', '4', '5', '6', '7', '8'] {
        letter(&mut model, page);
        letter(&mut model, 'i');
        assert_eq!(*model.mode(), Mode::Explain);
        assert!(letter(&mut model, 's').is_empty());
        assert_eq!(*model.mode(), Mode::Normal);
    }
}

#[test]
fn the_key_of_the_page_again_selects_its_next_pane() {
    let mut model = training();
    letter(&mut model, '3');
    assert_eq!(model.pane, 0);
    letter(&mut model, '3');
    assert_eq!((model.page(), model.pane), (Page::Gradients, 1));
    letter(&mut model, '1');
    assert_eq!(model.pane, 0);
}

#[test]
fn the_smoothed_loss_follows_the_data() {
    let model = training();
    // The fixture's loss without its noise, at the centre of the window of 42 steps.
    let expected = 6.0 / (1.0 + 399.5 / 60.0);
    let smoothed = model.run_state().loss.value().unwrap();
    assert!((smoothed / expected - 1.0).abs() < 0.05, "{smoothed} {expected}");
    assert_eq!(model.history.curves.smoothed.reach().map(|reach| reach.1), Some(420.0));
}

#[test]
fn ctrl_c_stops_and_the_second_one_soon_after_aborts() {
    let mut model = training();
    // Also where a question is open.
    letter(&mut model, 'q');
    assert_eq!(ctrl(&mut model, 'c'), sends(Command::Stop));
    assert!(model.was_interrupted());
    assert!(model.notice().unwrap().contains("Ctrl-C again"));
    assert!(!model.wants_to_leave());
    // Late: it counts as a first one, and the stop is not sent twice.
    model.tick(Duration::from_secs(5));
    assert!(ctrl(&mut model, 'c').is_empty());
    model.tick(Duration::from_secs(7));
    assert_eq!(ctrl(&mut model, 'c'), [Effect::Abort]);
}

#[test]
fn a_finished_run_is_left_without_a_question() {
    let mut model = training();
    model.apply(&end(420, EndReason::Finished));
    assert!(!model.wants_to_leave());
    assert!(letter(&mut model, ' ').is_empty());
    assert_eq!(model.notice(), Some("the run is over"));
    assert!(letter(&mut model, 'q').is_empty());
    assert!(model.wants_to_leave());
}

#[test]
fn a_viewer_commands_nothing_and_leaves_at_once() {
    for key in [' ', 'n', 's', 'e', '<', '>'] {
        let mut model = model_of(Role::Watching, Theme::PLAIN, &events(420));
        assert!(letter(&mut model, key).is_empty(), "{key}");
        assert!(model.notice().unwrap().contains("watching only"), "{key}");
        assert_eq!(*model.mode(), Mode::Normal);
        assert!(ctrl(&mut model, 'c').is_empty());
        assert!(model.wants_to_leave());
    }
}

#[test]
fn a_key_let_go_is_no_key() {
    let mut model = training();
    let mut event = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
    event.kind = KeyEventKind::Release;
    assert!(model.key(event).is_empty());
    assert_eq!(*model.mode(), Mode::Normal);
}
