//! Movements of the mouse, and what the model makes of them.

use ratatui::crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;
use seq2seq::Command;

use super::fixture::{answer, inspection, letter, model_of, press, training};
use super::pictures::drawn;
use super::runs::listed;
use crate::dashboard::{Effect, Mode, Model, Page, Role, RunRequest, Theme};

type Size = (u16, u16);

fn send(model: &mut Model, kind: MouseEventKind, at: Size, size: Size) -> Vec<Effect> {
    let (column, row) = at;
    let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    model.mouse(event, Rect::new(0, 0, size.0, size.1))
}

fn click(model: &mut Model, at: Size, size: Size) -> Vec<Effect> {
    send(model, MouseEventKind::Down(MouseButton::Left), at, size)
}

/// Returns where a text is drawn, the nth time from the top.
#[track_caller]
fn place(model: &Model, text: &str, nth: usize, size: Size) -> Size {
    let picture = drawn(model, size);
    let found = picture.lines().enumerate().flat_map(|(y, line)| {
        let places = line.match_indices(text).map(move |(at, _)| (line[..at].chars().count(), y));
        places.collect::<Vec<_>>()
    });
    let (x, y) = found.clone().nth(nth).unwrap_or_else(|| panic!("no {text:?} in\n{picture}"));
    (x as u16, y as u16)
}

/// Clicks on a text and answers the requests that follow.
fn click_on(model: &mut Model, text: &str, nth: usize, size: Size) -> Vec<Effect> {
    let at = place(model, text, nth, size);
    let effects = click(model, at, size);
    answer_all(model, &effects);
    effects
}

fn answer_all(model: &mut Model, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Send(Command::Inspect(request)) = effect {
            model.apply(&answer(request));
        }
    }
}

#[test]
fn every_page_is_opened_by_its_name_at_every_size() {
    for size in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        let mut model = training();
        for page in Page::ALL.into_iter().rev() {
            // On the smallest screen only the numbers are drawn.
            let at = place(&model, &page.number().to_string(), 0, size);
            assert_eq!(at.1, 0, "{size:?} {page:?}");
            click(&mut model, at, size);
            assert_eq!(model.page(), page, "{size:?}");
        }
        // The name of the page that is open does not turn its panes.
        click_on(&mut model, "1 Overview", 0, size);
        assert_eq!(model.pane, 0);
    }
}

#[test]
fn the_wheel_turns_samples_lists_and_the_help() {
    let size = (80, 24);
    let mut model = training();
    send(&mut model, MouseEventKind::ScrollDown, (5, 5), size);
    assert_eq!(model.selected, 1);
    send(&mut model, MouseEventKind::ScrollUp, (5, 5), size);
    assert_eq!(model.selected, 0);
    letter(&mut model, '7');
    click_on(&mut model, "she sings .", 0, size);
    assert_eq!(model.selected, 2);
    letter(&mut model, '?');
    send(&mut model, MouseEventKind::ScrollDown, (5, 5), size);
    assert_eq!(*model.mode(), Mode::Help(1));
    click(&mut model, (5, 5), size);
    assert_eq!(*model.mode(), Mode::Normal);
    assert_eq!(model.page(), Page::Samples);
    // A prompt takes keys only.
    letter(&mut model, 'q');
    click(&mut model, (1, 0), size);
    assert_eq!((model.mode(), model.page()), (&Mode::Quit, Page::Samples));
}

#[test]
fn curves_are_zoomed_at_the_pointer_and_dragged() {
    let size = (80, 24);
    let mut model = training();
    letter(&mut model, '2');
    let whole = (1.0, 420.0);
    send(&mut model, MouseEventKind::ScrollUp, (78, 12), size);
    let (left, right) = model.curves_view.range(whole);
    assert!((right - left - 209.5).abs() < 1e-9 && right > 415.0, "{left} {right}");
    (0..3).for_each(|_| drop(send(&mut model, MouseEventKind::ScrollDown, (78, 12), size)));
    assert_eq!(model.curves_view.range(whole), whole);
    // The middle stays in the middle.
    click(&mut model, (42, 12), size);
    let at = model.curves_view.cursor(whole).unwrap();
    assert!((200.0..240.0).contains(&at), "{at}");
    send(&mut model, MouseEventKind::ScrollUp, (42, 12), size);
    let range = model.curves_view.range(whole);
    assert!((90.0..130.0).contains(&range.0), "{range:?}");
    // Dragged to the right, earlier steps come into view.
    click(&mut model, (42, 12), size);
    send(&mut model, MouseEventKind::Drag(MouseButton::Left), (52, 12), size);
    let dragged = model.curves_view.range(whole);
    assert!(dragged.0 < range.0 - 20.0, "{range:?} {dragged:?}");
    let before = dragged;
    send(&mut model, MouseEventKind::Up(MouseButton::Left), (52, 12), size);
    send(&mut model, MouseEventKind::Drag(MouseButton::Left), (60, 12), size);
    assert_eq!(model.curves_view.range(whole), before);
}

#[test]
fn a_cell_of_the_map_chooses_its_step_and_word() {
    for size in [(40, 12), (80, 24), (120, 40)] {
        let mut model = training();
        letter(&mut model, '4');
        let (x, _) = place(&model, "car", 0, size);
        let (_, y) = place(&model, "rouge", 0, size);
        click(&mut model, (x, y), size);
        assert_eq!((model.inspecting.step, model.inspecting.source), (2, 2), "{size:?}");
        assert!(model.notice().unwrap().contains("step 3 `rouge`, source word `car`"));
        send(&mut model, MouseEventKind::Drag(MouseButton::Left), (x, y - 1), size);
        assert_eq!((model.inspecting.step, model.inspecting.source), (1, 2), "{size:?}");
        // What lies between the words is nothing.
        click(&mut model, (0, y), size);
        assert_eq!(model.inspecting.step, 1);
    }
    let (mut model, size) = (training(), (80, 24));
    letter(&mut model, '4');
    let (x, y) = place(&model, "●", 0, size);
    click(&mut model, (x - 20, y), size);
    assert!(model.is_scrubbed());
    click(&mut model, (x, y), size);
    assert!(!model.is_scrubbed());
}

#[test]
fn words_of_a_step_and_rows_of_a_cell_are_chosen() {
    for size in [(40, 12), (80, 24), (120, 40)] {
        let mut model = training();
        model.apply(&inspection());
        letter(&mut model, '5');
        click_on(&mut model, "car", 0, size);
        assert_eq!(model.inspecting.source, 2, "{size:?}");
        click_on(&mut model, "voiture", 0, size);
        assert_eq!(model.inspecting.step, 1, "{size:?}");
        // The second time a source word is a row of the weights.
        click_on(&mut model, "red", 1, size);
        assert_eq!(model.inspecting.source, 1, "{size:?}");
        if size.0 < 70 {
            letter(&mut model, '5');
        }
        let effects = click_on(&mut model, "une", 0, size);
        assert!(matches!(&effects[..], [Effect::Send(Command::Inspect(_))]), "{effects:?}");
        assert!(model.inspecting.trace().unwrap().steps[1].is_forced);
        for key in ['x', '6'] {
            let effects = letter(&mut model, key);
            answer_all(&mut model, &effects);
        }
        let (_, y) = place(&model, "▶", 1, size);
        click(&mut model, (2, y + if size.1 > 12 { 2 } else { 1 }), size);
        let gate = model.inspecting.gate().map(|gate| gate.gate.name());
        assert_eq!(gate, Some("z"), "{size:?}:\n{}", drawn(&model, size));
        click_on(&mut model, "the", 0, size);
        assert_eq!(model.inspecting.source, 0, "{size:?}");
    }
}

#[test]
fn a_parameter_is_chosen_by_a_click_and_shown_by_another() {
    let size = (120, 40);
    let mut model = training();
    letter(&mut model, '3');
    assert!(click_on(&mut model, "decoder.output.weight", 0, size).is_empty());
    let effects = click_on(&mut model, "decoder.output.weight", 0, size);
    let name = "decoder.output.weight".to_owned();
    assert_eq!(effects, [Effect::Send(Command::Histogram(name))]);
}

#[test]
fn a_run_is_chosen_by_a_click_and_opened_by_another() {
    for size in [(40, 12), (80, 24), (120, 40)] {
        let mut model = listed(Theme::PLAIN);
        assert!(click_on(&mut model, "20260104-235959", 0, size).is_empty());
        let chosen = model.runs.as_ref().unwrap().chosen().unwrap().path.clone();
        assert!(chosen.ends_with("20260104-235959-phrasebook-2"), "{size:?} {chosen:?}");
        send(&mut model, MouseEventKind::ScrollDown, (3, 3), size);
        send(&mut model, MouseEventKind::ScrollUp, (3, 3), size);
        let effects = click_on(&mut model, "20260104-235959", 0, size);
        assert_eq!(effects, [Effect::Run(RunRequest::Open(chosen))]);
    }
}

#[test]
fn a_key_leaves_the_mouse_to_the_terminal_and_takes_it_again() {
    let mut model = model_of(Role::Watching, Theme::PLAIN, &[]);
    assert!(model.takes_mouse());
    assert_eq!(letter(&mut model, 'v'), [Effect::Mouse(false)]);
    assert!(model.notice().unwrap().contains("selects text") && !model.takes_mouse());
    assert!(drawn(&model, (120, 40)).contains("selects text"));
    assert_eq!(letter(&mut model, 'v'), [Effect::Mouse(true)]);
    assert!(press(&mut model, KeyCode::F(3)).is_empty());
}
