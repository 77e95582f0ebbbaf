//! The timeline: earlier samples, maps and flow.

use std::time::Duration;

use ratatui::crossterm::event::KeyCode;
use seq2seq::Event;

use super::fixture::{events, letter, model_of, press, sample, start, step, training};
use crate::dashboard::{Model, Role, Theme};

fn shown(model: &Model) -> (u64, bool) {
    (model.samples_step(), model.is_scrubbed())
}

#[test]
fn the_arrows_move_samples_map_and_flow_together() {
    for page in ['1', '3', '4', '7'] {
        let mut model = training();
        letter(&mut model, page);
        assert_eq!(shown(&model), (400, false));
        press(&mut model, KeyCode::Left);
        press(&mut model, KeyCode::Left);
        assert_eq!(shown(&model), (300, true));
        assert_eq!(model.flow().map(|flow| flow.step), Some(300));
        press(&mut model, KeyCode::Right);
        assert_eq!(shown(&model), (350, true));
        assert_eq!(model.shown_step_words()[0], "step 350 of 420, 7s ago");
        press(&mut model, KeyCode::Home);
        press(&mut model, KeyCode::Left);
        assert_eq!(shown(&model), (50, true));
        press(&mut model, KeyCode::End);
        assert_eq!(shown(&model), (400, false));
        press(&mut model, KeyCode::Right);
        assert_eq!(shown(&model), (400, false));
    }
}

#[test]
fn live_updates_do_not_move_the_view_while_scrubbed() {
    let mut model = training();
    letter(&mut model, '4');
    press(&mut model, KeyCode::Left);
    let all = events(700);
    let later: Vec<Event> = all.iter().skip(events(420).len()).cloned().collect();
    later.iter().for_each(|event| model.apply(event));
    assert_eq!(shown(&model), (350, true));
    assert_eq!(model.flow().map(|flow| flow.step), Some(350));
    assert_eq!(model.timeline_place(), (6, 14));
    // To the newest maps step by step: then they are followed.
    (0..7).for_each(|_| drop(press(&mut model, KeyCode::Right)));
    assert_eq!(shown(&model), (700, false));
}

#[test]
fn maps_that_were_thinned_away_stay_on_screen() {
    let mut model = training();
    letter(&mut model, '4');
    let map = |step| {
        let samples = vec![sample("a b", "c d", "")];
        Event::Samples(seq2seq::event::Samples { step, samples })
    };
    (421..=621).for_each(|step| model.apply(&map(step)));
    (0..3).for_each(|_| drop(press(&mut model, KeyCode::Left)));
    let at = shown(&model).0;
    (622..3000).for_each(|step| model.apply(&map(step)));
    assert_eq!(shown(&model), (at, true));
    press(&mut model, KeyCode::Right);
    assert!(shown(&model).0 > at && shown(&model).0 < at + 40, "{:?}", shown(&model));
    press(&mut model, KeyCode::Left);
    press(&mut model, KeyCode::Left);
    assert!(shown(&model).0 < at);
}

#[test]
fn the_animation_plays_from_the_first_map_to_the_newest() {
    let mut model = training();
    letter(&mut model, '4');
    letter(&mut model, 'p');
    let mut seen = vec![model.samples_step()];
    let mut now = Duration::from_secs(1);
    while let Some(wait) = model.next_frame() {
        now += wait;
        model.tick(now);
        seen.push(model.samples_step());
        assert!(seen.len() < 50);
    }
    assert_eq!(seen, [50, 100, 150, 200, 250, 300, 350, 400]);
    assert!(!model.is_scrubbed() && !model.is_playing());
    // A key stops it where it is; from there it continues.
    letter(&mut model, 'p');
    model.tick(now + Duration::from_millis(500));
    letter(&mut model, 'p');
    assert!(!model.is_playing());
    assert_eq!(shown(&model), (100, true));
    letter(&mut model, 'p');
    assert_eq!(shown(&model), (100, true));
    press(&mut model, KeyCode::Right);
    assert!(!model.is_playing());
}

#[test]
fn without_earlier_maps_the_keys_say_so() {
    let mut model = model_of(Role::Training, Theme::PLAIN, &events(60));
    for key in [KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::Char('p')] {
        press(&mut model, key);
        assert!(model.notice().unwrap().contains("no earlier maps"), "{key:?}");
        assert!(!model.is_scrubbed() && !model.is_playing());
    }
}

#[test]
fn a_resume_that_repeats_the_shown_step_leaves_the_timeline() {
    let Event::Start(mut resumed) = start() else { panic!() };
    resumed.step = 200;
    let mut model = training();
    letter(&mut model, '4');
    press(&mut model, KeyCode::Left);
    model.apply(&Event::Start(resumed));
    model.apply(&step(201));
    assert_eq!(shown(&model), (200, false));
    assert_eq!(model.flow().map(|flow| flow.step), Some(200));
}
