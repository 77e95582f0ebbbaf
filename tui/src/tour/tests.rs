//! The screen without a terminal: scripted keys, drawn at many sizes.

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use seq2seq::event::Sample;

use super::STOPS;
use super::figure::{Curves, Figure, Lines, Map, Strip, Strips, Table};
use super::lab::Update;
use super::model::{Effect, Model, Sheet};
use super::notebook::Entry;
use super::stop::{Explorer, ExplorerKey, Number, Outcome, Unit, at_least, at_most};
use super::view::view_in;
use super::worker::{News, Task};
use crate::dashboard::Theme;

/// The sizes of the pictures.
const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];

fn drawn(model: &Model, (width, height): (u16, u16)) -> Vec<String> {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    view_in(model, area, &mut buf);
    let row = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_owned()).collect()
}

fn text(model: &Model, size: (u16, u16)) -> String {
    drawn(model, size).join("\n")
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let key = |letter| match letter {
        '\n' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        '<' => KeyCode::Left,
        '>' => KeyCode::Right,
        '^' => KeyCode::Esc,
        letter => KeyCode::Char(letter),
    };
    keys.chars().flat_map(|k| model.key(KeyEvent::new(key(k), KeyModifiers::NONE))).collect()
}

fn curves() -> Figure {
    let mut curves = Curves {
        title: "squared error".into(),
        x: "optimizer step".into(),
        y: "error".into(),
        log: true,
        ..Curves::default()
    };
    curves.push("Elman (tanh)", (1..60).map(|i| (f64::from(i), 0.17)).collect());
    curves.push("LSTM", (1..60).map(|i| (f64::from(i), 0.2 / f64::from(i))).collect());
    curves.push("empty", Vec::new());
    Figure::Curves(curves)
}

/// Every kind of figure.
fn figures() -> Vec<Figure> {
    let words = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let sample = Sample {
        source: words("the old man </s>"),
        output: words("le vieil homme </s>"),
        attention: (0..4)
            .map(|i| (0..4).map(|j| if i == j { 0.9 } else { 0.03 }).collect())
            .collect(),
        ..Sample::default()
    };
    let strip = |name: &str| Strip {
        name: name.into(),
        low: 0.0,
        high: 1.0,
        values: (0..60).map(|i| i as f32 / 60.0).collect(),
    };
    vec![
        Figure::Lines(Lines { title: "sentence".into(), lines: vec!["the old man".into()] }),
        curves(),
        Figure::Map(Box::new(Map { title: "attention".into(), sample, cursor: Some((1, 2)) })),
        Figure::Strips(Strips {
            title: "gates".into(),
            symbols: "abcdX".chars().cycle().take(60).collect(),
            rows: vec![strip("input 3"), strip("forget 1")],
        }),
        Figure::Table(Table {
            title: "scores".into(),
            head: words("score loss"),
            rows: vec![words("dot 0.1"), words("cosine 0.7")],
        }),
        Figure::Lines(Lines {
            title: "tree".into(),
            lines: (0..30).map(|i| format!("line {i}")).collect(),
        }),
    ]
}

fn outcome() -> Outcome {
    let numbers = vec![
        Number::new("Elman (tanh)", 0.165, (0.12, 0.2), Unit::Plain).literature("guessing: 0.167"),
        Number::new("LSTM", 0.3, at_most(0.02), Unit::Plain),
        Number::new("legal", 0.97, at_least(0.9), Unit::Share),
    ];
    Outcome { figures: figures(), numbers, runs: Vec::new() }
}

/// A stop whose experiment has ended.
fn ended() -> Model {
    let mut model = Model::new(Theme::PLAIN, 1);
    let entry = Entry { answer: Some(1), outcome: Some(outcome()), ..Entry::default() };
    assert_eq!(model.open(1, entry), Task::Explore);
    model
}

struct Counter(i32);

impl Explorer for Counter {
    fn help(&self) -> &'static str {
        "left and right count"
    }

    fn key(&mut self, key: ExplorerKey) -> seq2seq::Result<()> {
        match key {
            ExplorerKey::Left => self.0 -= 1,
            ExplorerKey::Right => self.0 += 1,
            ExplorerKey::Undo => self.0 = 0,
            _ => return Err(seq2seq::Error::Other("no such way".into())),
        }
        Ok(())
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text(&mut self, text: &str) -> seq2seq::Result<Option<String>> {
        self.0 = 100;
        Ok((text == "unknown").then(|| "not seen".to_owned()))
    }

    fn figures(&self) -> Vec<Figure> {
        vec![Figure::Lines(Lines { title: "count".into(), lines: vec![self.0.to_string()] })]
    }
}

#[test]
fn a_question_comes_before_the_result() {
    let mut model = Model::new(Theme::PLAIN, 0);
    assert_eq!(model.open(1, Entry::default()), Task::Run);
    model.take(News::Update(Update::Figures(vec![curves()])));
    model.take(News::Update(Update::Progress { share: 0.25, text: "training: LSTM".into() }));
    let before = text(&model, (80, 24));
    assert!(before.contains("Which of the four beat the constant answer?"), "{before}");
    assert!(before.contains("b) the three with gates") && before.contains("25.0%"), "{before}");
    assert!(
        !before.contains("squared error  ") && !before.contains("Elman (tanh) 0.17"),
        "{before}"
    );
    // Keys of the result do nothing yet.
    assert_eq!(press(&mut model, "r1z"), []);
    assert_eq!(press(&mut model, "b"), [Effect::Answer(1)]);
    let after = text(&model, (80, 24));
    assert!(after.contains("right: the three with gates, since"), "{after}");
    assert!(after.contains("Elman (tanh) 0.17"), "{after}");
    let (task, found, seconds) = model.take(News::Ended(Task::Run, Ok(outcome()), 3.0)).unwrap();
    assert_eq!((task, seconds), (Task::Run, 3.0));
    model.entry.outcome = Some(found);
    let result = text(&model, (80, 24));
    assert!(result.contains("= Elman (tanh)") && result.contains("! LSTM"), "{result}");
    assert!(result.contains("expected 0.1200 to 0.2000; guessing: 0.167"), "{result}");
    assert!(result.contains("try 1: ReLU in place of tanh; 2: 100 numbers"), "{result}");
}

#[test]
fn a_wrong_answer_and_none_are_told_what_is_right() {
    let mut model = Model::new(Theme::PLAIN, 1);
    model.open(1, Entry::default());
    assert_eq!(press(&mut model, "a"), [Effect::Answer(0)]);
    assert!(text(&model, (80, 24)).contains("not \"all four\" but: the three with gates"));
    model.open(1, Entry::default());
    assert_eq!(press(&mut model, "\n"), []);
    assert!(text(&model, (80, 24)).contains("the answer: the three with gates"));
}

#[test]
fn keys_go_through_the_stops_and_open_sheets() {
    let mut model = ended();
    assert_eq!(press(&mut model, "n"), [Effect::Open(2)]);
    assert_eq!(press(&mut model, "p"), [Effect::Open(0)]);
    assert_eq!(press(&mut model, "\n"), [Effect::Open(2)]);
    assert_eq!(press(&mut model, "r"), [Effect::Repeat]);
    assert_eq!(press(&mut model, "q"), [Effect::Quit]);
    press(&mut model, "?");
    assert!(text(&model, (80, 24)).contains("repeat the experiment with another seed"));
    assert_eq!((press(&mut model, "x"), model.sheet), (vec![], Sheet::None));
    press(&mut model, "i");
    assert!(text(&model, (80, 24)).contains("read on: Hochreiter and Schmidhuber 1997"));
    press(&mut model, "x");
    press(&mut model, "l");
    let list = text(&model, (80, 24));
    assert!(list.contains("8   8  Attention") && list.contains("not as expected"), "{list}");
    assert_eq!(press(&mut model, "8"), [Effect::Open(7)]);
    press(&mut model, "l");
    assert_eq!(press(&mut model, "c"), [Effect::Open(11)]);
    // After the last stop comes the list, and the page is written.
    model.open(STOPS.len() - 1, Entry { answer: Some(0), ..Entry::default() });
    assert_eq!(press(&mut model, "n"), [Effect::Report]);
    assert_eq!(model.sheet, Sheet::List);
}

#[test]
fn an_intervention_runs_once_and_is_shown_again() {
    let mut model = ended();
    assert_eq!(press(&mut model, "3"), []);
    assert_eq!(press(&mut model, "2"), [Effect::Start(Task::Change(1))]);
    assert!(text(&model, (80, 24)).contains("changed: 100 numbers"));
    let mut changed = outcome();
    changed.numbers[0].name = "changed".into();
    model.take(News::Ended(Task::Change(1), Ok(changed.clone()), 1.0)).unwrap();
    model.entry.changed.insert(1, changed);
    assert!(text(&model, (80, 24)).contains("= changed"));
    press(&mut model, "0");
    assert!(!text(&model, (80, 24)).contains("= changed"));
    assert_eq!(press(&mut model, "2"), []);
    assert!(text(&model, (80, 24)).contains("= changed"));
}

#[test]
fn what_the_learner_moves_is_drawn_and_errors_are_said() {
    let mut model = ended();
    model.take(News::Explorer(Ok(Some(Box::new(Counter(0))))));
    press(&mut model, ">>>");
    let shown = text(&model, (80, 24));
    assert!(shown.contains("count\n3") && shown.contains("left and right count"), "{shown}");
    press(&mut model, "u");
    assert!(text(&model, (80, 24)).contains("count\n0"));
    press(&mut model, "t");
    press(&mut model, "unq known");
    assert!(text(&model, (80, 24)).contains("sentence: unq known_"));
    press(&mut model, "^");
    press(&mut model, "t");
    press(&mut model, "unknown\n");
    let shown = text(&model, (80, 24));
    assert!(shown.contains("count\n100") && shown.contains("not seen"), "{shown}");
    model.key(KeyEvent::new(KeyCode::Up, KeyModifiers::NONE));
    assert!(text(&model, (80, 24)).contains("error: no such way"));
    model.take(News::Ended(Task::Run, Err(seq2seq::Error::Other("disk full".into())), 0.0));
    assert!(text(&model, (80, 24)).contains("error: disk full"));
}

#[test]
fn every_stop_and_figure_is_drawn_at_every_size_in_every_theme() {
    for theme in [Theme::FULL, Theme::PLAIN, Theme::ASCII] {
        for size in SIZES {
            for (at, stop) in STOPS.iter().enumerate() {
                let mut model = Model::new(theme, at);
                model.open(at, Entry::default());
                let question = text(&model, size);
                let first: String = stop.text().question.choices[0].chars().take(8).collect();
                assert!(question.contains(&first), "{size:?}: {question}");
                model.open(
                    at,
                    Entry { answer: Some(0), outcome: Some(outcome()), ..Entry::default() },
                );
                for first in 0..figures().len() {
                    model.first = first;
                    let drawn = text(&model, size);
                    if !theme.unicode {
                        assert!(drawn.is_ascii(), "{drawn}");
                    }
                }
            }
        }
    }
    for width in 0..50 {
        for height in 0..16 {
            text(&ended(), (width, height));
        }
    }
}

#[test]
fn the_screen_is_as_it_was() {
    let mut all = String::new();
    let mut question = Model::new(Theme::PLAIN, 0);
    question.open(0, Entry::default());
    let mut result = ended();
    result.first = 0;
    let mut list = ended();
    press(&mut list, "l");
    for (name, model) in [("question", &question), ("result", &result), ("list", &list)] {
        for size in [(80, 24), (120, 40), (40, 12)] {
            all += &format!("--- {name} {} x {}\n{}\n", size.0, size.1, text(model, size));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tour/snapshot.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &all).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(all == expected, "UPDATE_SNAPSHOTS=1 writes it anew:\n{all}");
}
