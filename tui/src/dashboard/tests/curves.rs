//! The pages of curves and gradients: their keys, and what they show.

use std::time::Duration;

use ratatui::crossterm::event::KeyCode;
use seq2seq::Event;

use super::fixture::{events, letter, model_of, press, step_with_loss, training};
use super::pictures::{SIZES, assert_picture, drawn};
use crate::dashboard::history::Axis;
use crate::dashboard::metric::Metric;
use crate::dashboard::{Effect, Mode, Model, Page, Role, SourceUpdate, Theme};

#[test]
fn metric_axis_and_smoothing_have_keys() {
    let mut model = training();
    letter(&mut model, '2');
    assert_eq!(model.page(), Page::Curves);
    let mut seen = Vec::new();
    for _ in 0..9 {
        letter(&mut model, 'm');
        seen.push(model.curves_view.metric);
    }
    // The fixture has no BLEU of tokens.
    assert_eq!(seen.first(), Some(&Metric::Perplexity));
    assert!(!seen.contains(&Metric::TokenBleu) && seen.contains(&Metric::Bleu), "{seen:?}");
    letter(&mut model, 'M');
    assert_eq!(model.curves_view.metric, Metric::Loss);
    for axis in [Axis::Epochs, Axis::Time, Axis::Tokens, Axis::Steps] {
        letter(&mut model, 'x');
        assert_eq!(model.curves_view.axis, axis);
    }
    letter(&mut model, 'w');
    assert_eq!(model.curves_view.window(), 200);
    (0..9).for_each(|_| drop(letter(&mut model, 'W')));
    assert_eq!(model.curves_view.window(), 0);
    // Only this metric has the other scale.
    let before = model.is_logarithmic();
    letter(&mut model, 'l');
    assert_ne!(model.is_logarithmic(), before);
    letter(&mut model, 'm');
    letter(&mut model, 'M');
    assert_eq!(model.is_logarithmic(), before);
}

#[test]
fn a_zoomed_view_stays_while_the_run_goes_on() {
    let mut model = training();
    letter(&mut model, '2');
    let whole = (1.0, 420.0);
    letter(&mut model, '+');
    assert_eq!(model.curves_view.range(whole), (210.5, 420.0));
    letter(&mut model, ',');
    let before = model.curves_view.range(whole);
    assert!(before.1 < 420.0);
    // Zoomed twice, it is as wide in a run twice as long.
    (421..=839).for_each(|i| model.apply(&step_with_loss(i, 1.0)));
    letter(&mut model, '+');
    let after = model.curves_view.range((1.0, 839.0));
    assert!((after.1 - after.0 - 209.5).abs() < 1e-9, "{after:?}");
    press(&mut model, KeyCode::Left);
    letter(&mut model, 'x');
    assert!(model.curves_view.cursor((0.0, 5.0)).is_some_and(|epoch| epoch < 4.2));
    press(&mut model, KeyCode::End);
    assert!(model.curves_view.follows());
    press(&mut model, KeyCode::Home);
    assert_eq!(model.curves_view.range(whole), whole);
}

#[test]
fn parameters_are_filtered_while_typing() {
    let mut model = training();
    letter(&mut model, '3');
    let rows = |model: &Model| model.parameters_view.rows(&model.history.parameters).len();
    assert_eq!(rows(&model), 7);
    letter(&mut model, '/');
    for key in "hH".chars() {
        letter(&mut model, key);
    }
    assert_eq!((model.mode(), rows(&model)), (&Mode::Find("hH".into()), 2));
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.mode(), rows(&model)), (&Mode::Normal, 2));
    letter(&mut model, '/');
    press(&mut model, KeyCode::Backspace);
    press(&mut model, KeyCode::Esc);
    assert_eq!(rows(&model), 7);
    letter(&mut model, 'o');
    letter(&mut model, 'o');
    let names: Vec<&String> =
        model.parameters_view.rows(&model.history.parameters).iter().map(|row| &row.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    letter(&mut model, 'r');
    assert_eq!(model.parameters_view.layer, Some(0));
}

#[test]
fn another_run_is_asked_for_shown_and_removed() {
    let mut model = training();
    letter(&mut model, '2');
    letter(&mut model, 'b');
    "oth".chars().for_each(|key| drop(letter(&mut model, key)));
    assert_eq!(model.mode(), &Mode::Beside("oth".into()));
    assert_eq!(press(&mut model, KeyCode::Enter), [Effect::OpenBeside("oth".into())]);
    letter(&mut model, 'b');
    assert!(press(&mut model, KeyCode::Esc).is_empty());

    assert!(model.add_beside("other"));
    assert!(!model.add_beside("other"));
    let update = |events| SourceUpdate { events, ..SourceUpdate::default() };
    model.update_beside("other", update(events(800)));
    assert_eq!(model.beside[0].history.run_state.steps(), 800);
    // The range is that of both runs.
    letter(&mut model, '+');
    let (left, right) = model.curves_view.range((1.0, 800.0));
    assert_eq!((left, right), (400.5, 800.0));
    letter(&mut model, ',');
    assert!(!model.curves_view.follows());
    model.update_beside("other", SourceUpdate { restarted: true, ..SourceUpdate::default() });
    assert_eq!(model.beside[0].history.run_state.steps(), 0);
    assert_eq!(letter(&mut model, 'B'), [Effect::CloseBeside]);
    assert!(model.beside.is_empty());
    // What arrives late is ignored.
    model.update_beside("other", update(events(10)));
    assert!(model.beside.is_empty());
}

#[test]
fn nothing_breaks_without_numbers() {
    let mut model = training();
    (421..500).for_each(|i| model.apply(&step_with_loss(i, f64::NAN)));
    model.apply(&Event::Phase { text: "x".into() });
    letter(&mut model, '2');
    for key in ['+', '+', ',', '.', 'x', 'm', '-', 'W', 'w'] {
        letter(&mut model, key);
        press(&mut model, KeyCode::Right);
    }
    assert!(model.is_dirty());
}

#[test]
fn other_runs_are_told_apart_without_colour() {
    for theme in [Theme::PLAIN, Theme::ASCII] {
        let mut model = model_of(Role::Watching, theme, &events(420));
        model.tick(Duration::from_secs(60));
        for (name, last) in [("elman-lr-0.01", 300), ("lstm", 800)] {
            model.add_beside(name);
            let mut events = events(last);
            for event in &mut events {
                if let Event::Flow(flow) = event {
                    let fades = |norm: &mut f32| *norm = norm.powi(2) * 50.0;
                    flow.series.iter_mut().flat_map(|series| &mut series.norms).for_each(fades);
                }
                if let Event::Step(step) = event {
                    step.loss *= if name == "lstm" { 0.5 } else { 1.5 };
                }
            }
            let update = SourceUpdate { events, ..SourceUpdate::default() };
            model.update_beside(name, update);
        }
        model.tick(Duration::from_secs(120));
        let ascii = if theme.unicode { "" } else { "-ascii" };
        for (key, page) in [('2', "curves"), ('3', "gradients"), ('3', "flow")] {
            letter(&mut model, key);
            for (wide, high) in SIZES {
                let picture = drawn(&model, (wide, high));
                assert_picture(&format!("{page}-beside-{wide}x{high}{ascii}"), &picture);
            }
        }
    }
}

#[test]
fn steps_that_go_back_replace_those_after_them() {
    let mut model = model_of(Role::Watching, Theme::PLAIN, &[]);
    letter(&mut model, '2');
    for step in [391, 500, 20, 21] {
        model.apply(&step_with_loss(step, if step == 500 { f64::NAN } else { 1.0 }));
    }
    assert_eq!(model.curves.loss.reach(), Some((20.0, 21.0)));
    press(&mut model, KeyCode::Left);
    assert!(drawn(&model, (80, 24)).contains("at step 21"));
}

#[test]
fn merged_points_say_what_they_stand_for() {
    for (wide, high) in SIZES {
        let mut model = model_of(Role::Watching, Theme::PLAIN, &events(420));
        letter(&mut model, '2');
        let shown = |model: &Model| drawn(model, (wide, high));
        assert!(!shown(&model).contains("min to max"));
        (421..=20_000).for_each(|i| model.apply(&step_with_loss(i, 1.0 + f64::from(i as u32 % 7))));
        // A zoom beyond the points shows no more, and says so.
        (0..3).for_each(|_| drop(letter(&mut model, '+')));
        assert!(wide < 80 || shown(&model).contains("min to max of 16 steps"), "{}", shown(&model));
        (0..8).for_each(|_| drop(letter(&mut model, '+')));
        let picture = shown(&model);
        assert!(picture.contains("finest: min to max of 16 steps"), "{picture}");
        assert_eq!(model.curves_view.window(), 50);
    }
}
