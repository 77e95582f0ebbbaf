//! The form of the settings: its keys, its acknowledgements, and how it is drawn.

use ratatui::crossterm::event::KeyCode;
use seq2seq::config::Change;
use seq2seq::event::{Changed, EndReason};
use seq2seq::{Command, Event};

use super::fixture::{end, events, letter, model_of, press, training};
use super::pictures::{SIZES, assert_picture, drawn};
use crate::dashboard::settings_form::{Entry, SettingsForm};
use crate::dashboard::{Effect, Mode, Model, Role, RunRequest, Theme};

fn changed(key: &str, from: &str, to: &str, repeated: bool) -> Event {
    let change = Change { key: key.into(), from: from.into(), to: to.into() };
    Event::Changed(Box::new(Changed {
        step: 420,
        changes: vec![change],
        repeated,
        model: "gru 96, additive, lr 0.002".into(),
        last_step: Some(4_800),
    }))
}

fn typed(model: &mut Model, text: &str) {
    text.chars().for_each(|key| assert!(letter(model, key).is_empty()));
}

fn form(model: &Model) -> &SettingsForm {
    let Mode::Settings(form) = model.mode() else { panic!("{:?}", model.mode()) };
    form
}

/// Changes the setting in a row to a typed value, and confirms it.
fn change(model: &mut Model, row: usize, value: &str) -> Vec<Effect> {
    letter(model, 'a');
    (0..row).for_each(|_| assert!(letter(model, 'j').is_empty()));
    press(model, KeyCode::Enter);
    typed(model, value);
    assert!(press(model, KeyCode::Enter).is_empty(), "it asks first");
    letter(model, 'y')
}

fn sets(key: &str, value: &str) -> Vec<Effect> {
    vec![Effect::Send(Command::Set { key: key.into(), value: value.into() })]
}

#[test]
fn twenty_more_epochs_are_asked_for_and_acknowledged_once_done() {
    let mut model = training();
    assert_eq!(change(&mut model, 0, "+20"), sets("epochs", "24"));
    assert_eq!(form(&model).sent, Some(("epochs".into(), "24".into())));
    // Requested is not done.
    let settings = |model: &Model| model.run_state().start.as_ref().unwrap().settings.clone();
    assert_eq!(settings(&model)["epochs"], "4");
    model.apply(&changed("epochs", "4", "24", false));
    assert_eq!((settings(&model)["epochs"].as_str(), &form(&model).sent), ("24", &None));
    assert!(model.notice().unwrap().contains("changed at step 420: epochs = 24 (was 4)"));
    press(&mut model, KeyCode::Esc);
    let picture = drawn(&model, (120, 40));
    assert!(picture.contains("changed: epochs = 24, cell = rnn_tanh"), "{picture}");
    assert!(picture.contains("420/4,800"), "{picture}");
    letter(&mut model, '8');
    let picture = drawn(&model, (120, 40));
    assert!(picture.contains("changed: epochs = 24 (was 4)"), "{picture}");
}

#[test]
fn a_setting_that_is_back_at_the_presets_value_is_no_longer_changed() {
    let mut model = training();
    let differences = |model: &Model| -> Vec<String> {
        let start = model.run_state().start.as_ref().unwrap();
        start.differences.iter().map(ToString::to_string).collect()
    };
    model.apply(&changed("dropout", "0.0", "0.3", true));
    assert!(model.notice().unwrap().starts_with("changed again at step 420"));
    assert_eq!(differences(&model), ["dropout = 0.3 (was 0.0)", "cell = rnn_tanh (was gru)"]);
    model.apply(&changed("dropout", "0.3", "0.0", false));
    assert_eq!(differences(&model), ["cell = rnn_tanh (was gru)"]);
}

#[test]
fn what_is_no_value_is_refused_before_it_is_sent_and_the_runs_refusal_is_shown() {
    let mut model = training();
    letter(&mut model, 'a');
    (0..3).for_each(|_| assert!(press(&mut model, KeyCode::Down).is_empty()));
    press(&mut model, KeyCode::Enter);
    typed(&mut model, "1.5");
    press(&mut model, KeyCode::Enter);
    let refused = form(&model).refused.clone().unwrap();
    assert!(refused.contains("dropout = 1.5: it should be from 0 to below 1"), "{refused}");
    (0..3).for_each(|_| assert!(press(&mut model, KeyCode::Backspace).is_empty()));
    typed(&mut model, ".25");
    press(&mut model, KeyCode::Enter);
    // Every key but y and Enter is no.
    assert!(letter(&mut model, 'n').is_empty());
    assert_eq!(form(&model).entry, Entry::None);
    press(&mut model, KeyCode::Esc);
    assert_eq!(change(&mut model, 3, ".25"), sets("dropout", ".25"));
    let command = Command::Set { key: "dropout".into(), value: ".25".into() };
    let reason = "dropout = .25: it is so already".to_owned();
    model.apply(&Event::Refused { command, reason: reason.clone() });
    assert_eq!((&form(&model).refused, &form(&model).sent), (&Some(reason), &None));
}

#[test]
fn another_process_changes_its_own_settings_and_a_run_that_is_over_is_trained_on() {
    let mut model = model_of(Role::Watching, Theme::PLAIN, &events(420));
    letter(&mut model, 'a');
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(form(&model).refused.as_ref().unwrap().contains("watching only"));
    assert_eq!(form(&model).entry, Entry::None);
    let crashed = {
        let mut model = model_of(Role::Watching, Theme::PLAIN, &events(420));
        model.set_alive(false);
        model
    };
    let over = |role| {
        let mut all = events(420);
        all.push(end(420, EndReason::Finished));
        model_of(role, Theme::PLAIN, &all)
    };
    for mut model in [crashed, over(Role::Watching), over(Role::Training)] {
        let set = vec![("epochs".to_owned(), "24".to_owned())];
        let effects = change(&mut model, 0, "+20");
        assert_eq!(effects, [Effect::Run(RunRequest::ResumeWith(set))]);
    }
    // The log of an older program does not name the settings.
    let mut all = events(10);
    for event in &mut all {
        if let Event::Start(start) = event {
            start.settings.clear();
        }
    }
    let mut model = model_of(Role::Watching, Theme::PLAIN, &all);
    letter(&mut model, 'a');
    assert_eq!(*model.mode(), Mode::Normal);
    assert!(model.notice().unwrap().contains("not known"));
}

#[test]
fn pictures_of_the_form() {
    for (wide, high) in SIZES {
        let mut model = training();
        letter(&mut model, 'a');
        (0..3).for_each(|_| assert!(press(&mut model, KeyCode::Down).is_empty()));
        let picture = drawn(&model, (wide, high));
        assert!(picture.contains("dropout") && picture.contains("epochs"), "{picture}");
        assert_picture(&format!("settings-{wide}x{high}"), &picture);
        press(&mut model, KeyCode::Enter);
        typed(&mut model, "0.3");
        let picture = drawn(&model, (wide, high));
        assert!(picture.contains("dropout = 0.3_"), "{picture}");
        press(&mut model, KeyCode::Enter);
        let picture = drawn(&model, (wide, high));
        assert!(picture.contains("y: yes"), "{picture}");
        assert_picture(&format!("settings-asks-{wide}x{high}"), &picture);
    }
}
