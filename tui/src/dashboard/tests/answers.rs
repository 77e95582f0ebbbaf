//! Questions about held-out sentences, units and parameters: their keys, their answers, their
//! pictures.

use ratatui::crossterm::event::KeyCode;
use seq2seq::event::{Sample, ScoredOutput};
use seq2seq::inspection::{
    Distribution, GradientKind, HeldOutMaps, ParameterHistogram, UnitCorrelations, UnitsRequest,
};
use seq2seq::{Command, Event, Gate};

use super::fixture::{SENTENCE, answer, letter, model_of, press, sample, training};
use super::pictures::{SIZES, assert_picture, drawn};
use crate::dashboard::inspecting::Order;
use crate::dashboard::{Effect, Mode, Model, Role, Theme};

fn sends(command: Command) -> Vec<Effect> {
    vec![Effect::Send(command)]
}

fn typed(model: &mut Model, text: &str) {
    text.chars().for_each(|key| assert!(letter(model, key).is_empty()));
}

/// A sample with the weights of two heads.
fn with_heads(mut sample: Sample) -> Sample {
    let turned = |row: &Vec<f32>| row.iter().rev().copied().collect();
    let other = sample.attention.iter().map(turned).collect();
    sample.heads = vec![sample.attention.clone(), other];
    sample
}

fn maps(source: &str, reference: &str) -> Event {
    let text = |sample: Sample| Sample {
        source_text: Some(source.to_owned()),
        output_text: Some(sample.output[..sample.output.len() - 1].join(" ")),
        ..with_heads(sample)
    };
    let mut forced = text(sample(source, reference, reference));
    (forced.is_forced, forced.links) = (true, vec![(0, 0), (2, 1), (1, 2)]);
    let free = text(sample(source, "la voiture est rouge .", reference));
    Event::HeldOut(Box::new(HeldOutMaps { number: 17, count: 1_026, free, forced }))
}

#[test]
fn any_held_out_sentence_is_chosen_by_number_or_text() {
    for page in ['4', '7'] {
        let mut model = training();
        letter(&mut model, page);
        letter(&mut model, '/');
        typed(&mut model, "17");
        assert_eq!(*model.mode(), Mode::HeldOut("17".into()));
        assert!(drawn(&model, (80, 24)).contains("held-out sentence: 17"));
        assert_eq!(press(&mut model, KeyCode::Enter), sends(Command::HeldOut("17".into())));
        let before = model.selected;
        model.apply(&maps("the red car", "la voiture rouge"));
        assert_eq!(model.notice(), Some("held-out sentence 17 of 1026"));
        assert_ne!(model.selected, before);
        assert!(!model.chosen().unwrap().is_forced);
        // What another viewer asked for selects nothing here; the maps replace the earlier ones.
        let (chosen, count) = (model.selected, model.sample_count());
        model.apply(&maps("the red car", "la voiture rouge"));
        assert_eq!((model.selected, model.sample_count()), (chosen, count));
    }
    let mut model = training();
    letter(&mut model, '4');
    letter(&mut model, '/');
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    letter(&mut model, '/');
    typed(&mut model, "x");
    assert!(press(&mut model, KeyCode::Esc).is_empty());
    assert_eq!(*model.mode(), Mode::Normal);
}

#[test]
fn a_map_is_teacher_forced_or_free_running_and_says_so() {
    let mut model = training();
    letter(&mut model, '4');
    assert!(drawn(&model, (80, 24)).contains("attention, free-running (greedy)"));
    assert_eq!(letter(&mut model, 'f'), sends(Command::HeldOut(SENTENCE.into())));
    model.apply(&maps(SENTENCE, "la voiture rouge est ici ."));
    assert!(model.chosen().unwrap().is_forced);
    let picture = drawn(&model, (80, 24));
    assert!(picture.contains("teacher-forced") && picture.contains("gold link"), "{picture}");
    // Where there is room, the free-running map of the same sentence is beside it.
    let picture = drawn(&model, (120, 40));
    assert!(picture.contains("free-running (greedy): la voiture est rouge ."), "{picture}");
    assert!(letter(&mut model, 'f').is_empty());
    assert!(!model.chosen().unwrap().is_forced);
    // A typed sentence has no reference.
    model.apply(&Event::Translation(sample("who is she ?", "qui est-elle ?", "")));
    assert!(letter(&mut model, 'f').is_empty());
    assert!(model.notice().unwrap().contains("no reference"));
}

#[test]
fn heads_are_shown_one_by_one() {
    let mut model = training();
    letter(&mut model, '4');
    letter(&mut model, 'd');
    assert!(model.notice().unwrap().contains("one head"));
    letter(&mut model, 'f');
    model.apply(&maps(SENTENCE, "la voiture rouge est ici ."));
    let title = |model: &Model| {
        let picture = drawn(model, (80, 24));
        picture.lines().find(|line| line.contains("teacher-forced")).unwrap().to_owned()
    };
    for expected in ["mean of 2 heads", "head 1 of 2", "head 2 of 2", "mean of 2 heads"] {
        assert!(title(&model).contains(expected), "{expected}: {}", title(&model));
        letter(&mut model, 'd');
    }
}

#[test]
fn pictures_of_both_maps() {
    for (wide, high) in SIZES {
        let mut model = training();
        letter(&mut model, '4');
        letter(&mut model, 'f');
        model.apply(&maps(SENTENCE, "la voiture rouge est ici ."));
        assert_picture(&format!("attention-forced-{wide}x{high}"), &drawn(&model, (wide, high)));
    }
}

fn histogram(name: &str, kind: GradientKind) -> Event {
    let bell = |i: u16| (f32::from(i) - 100.0) / 100.0;
    let values: Vec<f32> = (0..=200)
        .flat_map(|i| {
            let times = (20.0 * (-8.0 * bell(i) * bell(i)).exp()) as usize;
            std::iter::repeat_n(bell(i), times)
        })
        .collect();
    let gradients: Vec<f32> = values.iter().map(|x| x * x * x * 1e-3).collect();
    Event::Histogram(Box::new(ParameterHistogram {
        name: name.into(),
        shape: vec![288, 96],
        step: 420,
        values: Distribution::new(&values),
        gradients: Some((kind, Distribution::new(&gradients))),
    }))
}

#[test]
fn the_chosen_parameters_histogram_is_asked_for_and_closed() {
    let mut model = training();
    letter(&mut model, '3');
    letter(&mut model, 'j');
    let name = model.parameters_view.rows(&model.parameters)[1].name.clone();
    assert_eq!(press(&mut model, KeyCode::Enter), sends(Command::Histogram(name.clone())));
    // Another viewer's is not shown.
    model.apply(&histogram("other", GradientKind::Batch));
    assert!(model.parameters_view.histogram.is_none());
    model.apply(&histogram(&name, GradientKind::Batch));
    for (wide, high) in SIZES {
        let picture = drawn(&model, (wide, high));
        assert!(picture.contains("values: mean") && picture.contains("gradients"), "{picture}");
        assert_picture(&format!("histogram-{wide}x{high}"), &picture);
    }
    letter(&mut model, 'x');
    assert!(model.parameters_view.histogram.is_none());
    // Of a checkpoint it is the optimizer's mean, and says so.
    press(&mut model, KeyCode::Enter);
    model.apply(&histogram(&name, GradientKind::Mean));
    assert!(drawn(&model, (120, 40)).contains("mean gradients (optimizer)"));
    let mut empty = model_of(Role::Training, Theme::PLAIN, &[]);
    letter(&mut empty, '3');
    assert!(press(&mut empty, KeyCode::Enter).is_empty());
    assert!(empty.notice().unwrap().contains("no parameter"));
}

/// The page of the cell with the answers to its requests.
fn cell() -> Model {
    let mut model = training();
    for effect in letter(&mut model, '6') {
        let Effect::Send(Command::Inspect(request)) = effect else { panic!("{effect:?}") };
        model.apply(&answer(&request));
    }
    model
}

#[test]
fn units_that_follow_words_come_first() {
    let mut model = cell();
    letter(&mut model, 'g');
    press(&mut model, KeyCode::Right);
    letter(&mut model, '/');
    // The token under the cursor is offered.
    assert_eq!(*model.mode(), Mode::Word("red".into()));
    typed(&mut model, " car");
    let request = UnitsRequest {
        words: vec!["red".into(), "car".into()],
        layer: "encoder.rnn.l0".into(),
        gate: Gate::Update,
    };
    assert_eq!(press(&mut model, KeyCode::Enter), sends(Command::Units(request.clone())));
    let correlations: Vec<f32> = (0..96_u16).map(|unit| f32::from(unit) / 100.0 - 0.5).collect();
    let found = |request: &UnitsRequest| {
        Event::Units(Box::new(UnitCorrelations {
            request: request.clone(),
            sentences: 128,
            with_word: 64,
            correlations: correlations.clone(),
        }))
    };
    // An answer about another gate is that of another viewer.
    model.apply(&found(&UnitsRequest { gate: Gate::Hidden, ..request.clone() }));
    assert_eq!(model.inspecting.order, Order::Averaged);
    model.apply(&found(&request));
    assert_eq!(
        (model.inspecting.order, &model.inspecting.units()[..2]),
        (Order::Word, &[0, 1][..])
    );
    for (wide, high) in SIZES {
        let picture = drawn(&model, (wide, high));
        assert!(picture.contains("-0.50"), "{picture}");
        assert_picture(&format!("cell-follows-{wide}x{high}"), &picture);
    }
    assert!(drawn(&model, (120, 40)).contains("follow `red car` in 64 of 128 held-out sentences"));
    // Another gate is asked for at once.
    let next = UnitsRequest { gate: Gate::New, ..request };
    assert_eq!(letter(&mut model, 'g'), sends(Command::Units(next)));
    letter(&mut model, 'o');
    assert_eq!(model.inspecting.order, Order::Averaged);
}

#[test]
fn a_typed_sentence_has_alternatives_and_is_recalled() {
    let mut model = training();
    letter(&mut model, '7');
    for text in ["she sings", "who is he ?"] {
        letter(&mut model, 't');
        typed(&mut model, text);
        assert_eq!(press(&mut model, KeyCode::Enter), sends(Command::Translate(text.into())));
    }
    let candidate = |text: &str, logprob: f64| ScoredOutput {
        text: text.into(),
        logprob,
        score: logprob / 4.0,
    };
    let candidates = vec![
        candidate("qui est-il ?", -0.5),
        candidate("qui est-ce ?", -2.25),
        candidate("qui ?", -4.0),
    ];
    let own = Sample { candidates, ..sample("who is he ?", "qui est-il ?", "") };
    model.apply(&Event::Translation(own));
    for (wide, high) in SIZES {
        if high < 20 {
            // A small screen shows them as its second pane.
            letter(&mut model, '7');
        }
        let picture = drawn(&model, (wide, high));
        assert!(picture.contains("beam search") && picture.contains("qui est-ce ?"), "{picture}");
        assert_picture(&format!("candidates-{wide}x{high}"), &picture);
    }
    letter(&mut model, 't');
    for (code, expected) in [
        (KeyCode::Up, "who is he ?"),
        (KeyCode::Up, "she sings"),
        (KeyCode::Up, "she sings"),
        (KeyCode::Down, "who is he ?"),
        (KeyCode::Down, ""),
    ] {
        press(&mut model, code);
        assert_eq!(*model.mode(), Mode::Typing(expected.into()));
    }
}
