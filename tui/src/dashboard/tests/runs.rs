//! The list of runs: its keys, and how it is drawn.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ratatui::crossterm::event::KeyCode;
use seq2seq::config::{Change, TaskKind};
use seq2seq::{Metrics, RunListing, RunMetrics, RunStatus, RunSummary};

use super::fixture::{letter, press, training};
use super::pictures::{SIZES, assert_picture, drawn};
use crate::dashboard::{Effect, Mode, Model, Page, Role, RunRequest, Theme};

/// The time at which the list is read.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn run(name: &str, age: u64, status: RunStatus, step: u64, bleu: Option<f64>) -> RunListing {
    let change = Change { key: "cell".into(), from: "gru".into(), to: "rnn_tanh".into() };
    let metrics = Metrics { loss: 0.75, bleu, exact_match: Some(0.625), ..Metrics::default() };
    let summary = RunSummary {
        status,
        process: (status == RunStatus::Live).then_some(4_321),
        preset: "phrasebook".into(),
        model: "gru 96, additive, lr 0.002".into(),
        differences: if step.is_multiple_of(2) { vec![change] } else { Vec::new() },
        task: TaskKind::Translation,
        data: "phrasebook".into(),
        has_preset_data: true,
        step,
        last_step: Some(4_360),
        seconds: 123.0,
        loss: Some(0.5),
        best: bleu.map(|_| RunMetrics { step: step / 2, metrics }),
    };
    RunListing {
        path: Path::new("runs").join(name),
        begun: Some(now() - Duration::from_secs(age)),
        summary: Ok(summary),
    }
}

/// A finished run whose cell is another than that of the preset.
pub(super) fn run_of_cell(name: &str, cell: &str) -> RunListing {
    let mut run = run(name, 100, RunStatus::Finished, 4_361, Some(50.0));
    if let Ok(summary) = &mut run.summary {
        let change = |from: &str| Change { key: "cell".into(), from: from.into(), to: cell.into() };
        summary.differences = vec![change("gru")];
    }
    run
}

fn runs() -> Vec<RunListing> {
    let mut runs = vec![
        run("20260105-101500-phrasebook", 42, RunStatus::Live, 1_200, Some(71.25)),
        run("20260104-235959-phrasebook-2", 4_000, RunStatus::Stopped, 433, Some(40.0)),
        run("20260104-120000-luong-general", 90_000, RunStatus::Crashed, 12, None),
        run("20260103-120000-phrasebook", 200_000, RunStatus::Finished, 4_360, Some(96.5)),
        run("20260102-000000-phrasebook", 300_000, RunStatus::Diverged, 50, None),
    ];
    let why = "runs/damaged/config.json: EOF while parsing a value at line 1 column 2";
    for (name, why) in [("damaged", why), ("compare", "it is no run; it holds 35 of them")] {
        let summary = Err(why.to_owned());
        runs.push(RunListing { path: Path::new("runs").join(name), begun: None, summary });
    }
    runs
}

pub(super) fn listed(theme: Theme) -> Model {
    let mut model = Model::new(Role::Watching, theme).with_runs(Path::new("runs"), false);
    model.tick(Duration::from_secs(1));
    model.set_runs(runs(), now());
    model
}

fn opens(name: &str) -> Vec<Effect> {
    vec![Effect::Run(RunRequest::Open(PathBuf::from("runs").join(name)))]
}

#[test]
fn a_run_is_opened_and_left_again() {
    let mut model = listed(Theme::PLAIN);
    assert_eq!(model.page(), Page::Runs);
    letter(&mut model, '1');
    assert_eq!(model.page(), Page::Runs);
    assert!(model.notice().unwrap().contains("no run is open"));
    press(&mut model, KeyCode::Down);
    assert_eq!(press(&mut model, KeyCode::Enter), opens("20260104-235959-phrasebook-2"));
    assert_eq!((model.page(), model.has_run()), (Page::Overview, true));
    for back in [KeyCode::Char('0'), KeyCode::Esc] {
        letter(&mut model, '6');
        press(&mut model, back);
        assert_eq!(model.page(), Page::Runs);
        letter(&mut model, '1');
        assert_eq!(model.page(), Page::Overview);
    }
    letter(&mut model, '0');
    letter(&mut model, 'q');
    assert!(model.wants_to_leave());
}

#[test]
fn only_a_list_has_the_page() {
    let mut model = training();
    letter(&mut model, '0');
    assert_eq!(model.page(), Page::Overview);
    assert!(model.notice().unwrap().contains("tui watch"));
}

#[test]
fn the_order_and_the_filter_keep_the_chosen_run() {
    let mut model = listed(Theme::PLAIN);
    letter(&mut model, 'j');
    letter(&mut model, 'j');
    letter(&mut model, 'j');
    letter(&mut model, 'o');
    assert_eq!(press(&mut model, KeyCode::Enter), opens("20260103-120000-phrasebook"));
    letter(&mut model, '0');
    let first = |model: &Model| model.runs.as_ref().unwrap().shown()[0].name();
    let mut firsts = vec![first(&model)];
    for _ in 0..4 {
        letter(&mut model, 'o');
        firsts.push(first(&model));
    }
    assert_eq!(
        firsts,
        [
            "20260102-000000-phrasebook",
            "20260105-101500-phrasebook",
            "20260103-120000-phrasebook",
            "20260103-120000-phrasebook",
            "20260105-101500-phrasebook",
        ]
    );
    letter(&mut model, '/');
    assert_eq!(model.mode(), &Mode::Filtering);
    "STOPPED".chars().for_each(|c| drop(letter(&mut model, c)));
    assert_eq!(model.runs.as_ref().unwrap().shown().len(), 1);
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.mode(), &Mode::Normal);
    assert_eq!(press(&mut model, KeyCode::Enter), opens("20260104-235959-phrasebook-2"));
    letter(&mut model, '0');
    letter(&mut model, '/');
    "xyz".chars().for_each(|c| drop(letter(&mut model, c)));
    assert!(drawn(&model, (80, 24)).contains("nothing matches `STOPPEDxyz`"));
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.runs.as_ref().unwrap().shown().len(), 7);
}

#[test]
fn stopping_and_resuming_ask_and_fit_the_status() {
    let mut model = listed(Theme::PLAIN);
    let request = |name: &str, of: fn(PathBuf) -> RunRequest| {
        vec![Effect::Run(of(PathBuf::from("runs").join(name)))]
    };
    // The first is live.
    assert!(letter(&mut model, 'r').is_empty());
    assert!(model.notice().unwrap().contains("it is being trained"));
    letter(&mut model, 'x');
    assert!(drawn(&model, (80, 24)).contains("20260105-101500-phrasebook: stop and save? y: yes"));
    assert!(letter(&mut model, 'n').is_empty());
    letter(&mut model, 'x');
    assert_eq!(letter(&mut model, 'y'), request("20260105-101500-phrasebook", RunRequest::Stop));
    // The second is stopped.
    letter(&mut model, 'j');
    assert!(letter(&mut model, 'x').is_empty());
    assert!(model.notice().unwrap().contains("no process trains it"));
    letter(&mut model, 'r');
    assert!(drawn(&model, (40, 12)).contains("resume it? y: yes"));
    let resumes = request("20260104-235959-phrasebook-2", RunRequest::Resume);
    assert_eq!(press(&mut model, KeyCode::Enter), resumes);
    // Finished and diverged ones need other settings, and what is no run has none.
    for (words, rows) in [("it is finished", 2), ("it is diverged", 1), ("35 of them", 2)] {
        (0..rows).for_each(|_| drop(letter(&mut model, 'j')));
        assert!(letter(&mut model, 'r').is_empty());
        assert!(model.notice().unwrap().contains(words), "{:?}", model.notice());
    }
    // A live run whose process is not known is not stopped from here.
    let mut live = runs();
    if let Ok(summary) = &mut live[0].summary {
        summary.process = None;
    }
    let mut model = listed(Theme::PLAIN);
    model.set_runs(live, now());
    letter(&mut model, 'x');
    assert_eq!(model.mode(), &Mode::Normal);
    assert!(model.notice().unwrap().contains("cannot be told"));
}

#[test]
fn the_list_at_every_size() {
    for (wide, high) in SIZES {
        for (theme, end) in [(Theme::PLAIN, ""), (Theme::ASCII, "-ascii")] {
            let picture = drawn(&listed(theme), (wide, high));
            if theme == Theme::ASCII {
                assert!(picture.is_ascii(), "{picture}");
            }
            assert_picture(&format!("runs-{wide}x{high}{end}"), &picture);
        }
    }
    let empty = Model::new(Role::Watching, Theme::PLAIN).with_runs(Path::new("runs"), false);
    assert!(drawn(&empty, (80, 24)).contains("reading the folder"));
    let mut none = empty;
    none.set_runs(Vec::new(), now());
    assert!(drawn(&none, (80, 24)).contains("no run in runs yet"));
    assert!(letter(&mut none, 'r').is_empty() && press(&mut none, KeyCode::Enter).is_empty());
}

#[test]
fn every_size_and_every_row_is_drawn() {
    let mut model = listed(Theme::FULL);
    for row in 0..8 {
        for wide in [1, 2, 9, 10, 20, 39, 40, 41, 60, 80, 101, 130] {
            for high in [1, 2, 3, 11, 12, 13, 15, 30] {
                let picture = drawn(&model, (wide, high));
                assert!(wide < 40 || high < 12 || picture.contains('▶'), "{row}: {picture}");
            }
        }
        letter(&mut model, 'j');
    }
}
