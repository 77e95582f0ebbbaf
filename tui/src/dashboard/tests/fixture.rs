//! A made-up run: the same events every time, with its time as a value.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use seq2seq::config::{Change, TaskKind};
use seq2seq::event::{
    CheckpointKind, End, EndReason, Flow, FlowSeries, ParameterMetrics, Sample, Samples, Start,
    TrainStep, Validation,
};
use seq2seq::inspection::{
    Choice, GateTrace, InspectRequest, Inspection, Intervention, LayerTrace, StateTrace, Trace,
    TraceStep,
};
use seq2seq::{Cell, Command, Config, Event, Gate, Metrics};

use crate::dashboard::{Effect, Model, Role, Theme};

/// Steps of the whole run.
pub(super) const LAST: u64 = 800;

/// The beginning of the run.
pub(in crate::dashboard) fn start() -> Event {
    Event::Start(Box::new(Start {
        task: TaskKind::Translation,
        preset: "phrasebook".into(),
        model: "gru 96, additive, lr 0.002".into(),
        differences: vec![Change { key: "cell".into(), from: "gru".into(), to: "rnn_tanh".into() }],
        data: "phrasebook".into(),
        device: "cpu, 2 threads, avx2".into(),
        threads: 2,
        ranks: Vec::new(),
        seed: 1,
        parameters: 397_000,
        train_pairs: 27_848,
        valid_pairs: 1_026,
        source_vocabulary: 310,
        target_vocabulary: 506,
        unknown_rate: 0.0125,
        unknown_target_rate: 0.0,
        unknown_training_rates: (0.0, 0.0),
        steps_per_epoch: 200,
        last_step: Some(LAST),
        max_minutes: None,
        changes: Vec::new(),
        settings: Config { epochs: 4, ..Config::default() }.live_settings(),
        step: 0,
        seconds: 0.0,
        best: None,
    }))
}

/// A number from -0.5 to 0.5 that looks random.
fn noise(i: u64) -> f64 {
    ((i * 7_919 + 1_237) % 1_000) as f64 / 1_000.0 - 0.5
}

/// One step with this loss.
pub(super) fn step_with_loss(step: u64, loss: f64) -> Event {
    let norm = if loss.is_finite() { 0.5 + 40.0 / (step + 20) as f64 + noise(step) } else { loss };
    let parameters = [
        ("encoder.embedding.weight", 0.05),
        ("encoder.rnn.weight_ih_l0", 0.2),
        ("encoder.rnn.weight_hh_l0", 0.3),
        ("decoder.rnn.weight_ih_l0", 0.4),
        ("decoder.rnn.weight_hh_l0", 0.6),
        ("decoder.attention.weight", 0.25),
        ("decoder.output.weight", 0.35),
    ];
    let metrics = parameters.map(|(name, share)| ParameterMetrics {
        name: name.into(),
        gradient_norm: norm * share,
        update_ratio: share / 100.0,
    });
    Event::Step(Box::new(TrainStep {
        step,
        epoch: (step - 1) / 200 + 1,
        loss,
        learning_rate: 0.002,
        gradient_norm: norm,
        clipped_norm: if norm > 1.0 { 1.0 } else { norm },
        tokens: 600,
        tokens_per_second: 6_700.0 + 100.0 * noise(step),
        seconds: step as f64 * 0.1,
        parameters: if step % 10 == 1 { metrics.to_vec() } else { Vec::new() },
    }))
}

/// One step of a run that goes well.
pub(super) fn step(step: u64) -> Event {
    step_with_loss(step, 6.0 / (1.0 + step as f64 / 60.0) + 0.4 * noise(step))
}

/// A sample whose attention runs along the diagonal.
pub(super) fn sample(source: &str, output: &str, reference: &str) -> Sample {
    let words = |text: &str| -> Vec<String> {
        text.split(' ').chain(["</s>"]).map(str::to_owned).collect()
    };
    let (source, output) = (words(source), words(output));
    let row = |i: usize| {
        let weight = |j: usize| match i.abs_diff(j) {
            0 => 0.75,
            1 => 0.125,
            _ => 0.0,
        };
        (0..source.len()).map(weight).collect()
    };
    Sample {
        attention: (0..output.len()).map(row).collect(),
        source,
        output,
        reference: reference.into(),
        logprob: -1.5,
        ..Sample::default()
    }
}

fn samples(step: u64) -> Event {
    Event::Samples(Samples {
        step,
        samples: vec![
            sample(
                "the red car is here .",
                "la voiture rouge est ici .",
                "la voiture rouge est ici .",
            ),
            sample("where is my brother ?", "où est mon père ?", "où est mon frère ?"),
            sample("she sings .", "elle chante .", "elle chante ."),
        ],
    })
}

fn flow(step: u64) -> Event {
    let series = |name: &str, falls: f32| FlowSeries {
        name: name.into(),
        norms: (0..12u8).map(|i| 0.02 * falls.powi(i32::from(i))).collect(),
    };
    Event::Flow(Flow {
        step,
        series: vec![
            series("encoder.rnn.l0", 0.8),
            series("encoder.rnn.l0.reverse", 0.9),
            series("decoder.rnn.l0", 0.5),
        ],
    })
}

fn validation(step: u64) -> Event {
    let loss = 5.0 / (1.0 + step as f64 / 60.0);
    let metrics = Metrics {
        loss,
        perplexity: Some(loss.exp()),
        token_accuracy: Some(0.91),
        exact_match: Some(0.625),
        bleu: Some(71.25),
        ..Metrics::default()
    };
    Event::Validation(Validation { step, metrics, best: true })
}

/// The run's events up to a step.
pub(super) fn events(until: u64) -> Vec<Event> {
    let mut events = vec![Event::Phase { text: "building the model".into() }, start()];
    for i in 1..=until {
        events.push(step(i));
        if i % 50 == 0 {
            events.extend([samples(i), flow(i)]);
        }
        if i % 100 == 0 {
            events.push(validation(i));
            events.push(Event::Checkpoint { step: i, kind: CheckpointKind::Best });
        }
    }
    events
}

/// The end, for a reason.
pub(super) fn end(step: u64, reason: EndReason) -> Event {
    Event::End(End { step, seconds: step as f64 * 0.1, reason, dropped_events: 0 })
}

/// That a command was obeyed.
pub(super) fn obeyed(command: Command) -> Event {
    Event::Control { step: 420, command }
}

/// A model that has taken in some events, without colours.
pub(super) fn model_of(role: Role, theme: Theme, events: &[Event]) -> Model {
    let mut model = Model::new(role, theme);
    model.tick(Duration::from_secs(1));
    for event in events {
        model.apply(event);
    }
    model
}

/// A run that is being trained here, at step 420 of 800.
pub(in crate::dashboard) fn training() -> Model {
    model_of(Role::Training, Theme::PLAIN, &events(420))
}

/// Presses one key.
pub(in crate::dashboard) fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    model.key(KeyEvent::new(code, KeyModifiers::NONE))
}

/// Presses the key of a letter.
pub(in crate::dashboard) fn letter(model: &mut Model, letter: char) -> Vec<Effect> {
    press(model, KeyCode::Char(letter))
}

/// Presses the key of a letter with Ctrl held.
pub(super) fn ctrl(model: &mut Model, letter: char) -> Vec<Effect> {
    model.key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
}

/// The sentence that is inspected, which is that of the first sample.
pub(super) const SENTENCE: &str = "the red car is here .";

fn words(text: &str) -> Vec<String> {
    text.split(' ').chain(["</s>"]).map(str::to_owned).collect()
}

/// A vector of `n` numbers from -1 to 1.
fn vector(n: u64, seed: u64) -> Vec<f32> {
    (0..n).map(|i| (2.0 * noise(i * 31 + seed * 17)) as f32).collect()
}

fn traced(source: &str, output: &str) -> Trace {
    let (source_words, output_words) = (words(source), words(output));
    let count = source_words.len();
    let choice = |id: usize, token: &str, probability: f64| Choice {
        id: id as u32,
        token: token.to_owned(),
        logprob: probability.ln(),
    };
    let step = |(t, token): (usize, &String)| {
        let seed = t as u64 + 1;
        let others = [("une", 0.125), ("le", 0.0625), ("auto", 0.03125), ("petit", 0.015625)];
        let likeliest = std::iter::once(choice(10 + t, token, 0.75))
            .chain(others.iter().enumerate().map(|(i, (word, p))| choice(40 + i, word, *p)))
            .collect();
        let weight = |j: usize| match t.abs_diff(j) {
            0 => 0.75,
            1 => 0.125,
            _ => 0.0,
        };
        TraceStep {
            chosen: choice(10 + t, token, 0.75),
            is_forced: false,
            likeliest,
            query: vector(96, seed),
            scores: vec![vector(count as u64, seed + 40)],
            weights: (0..count).map(weight).collect(),
            heads: Vec::new(),
            context: vector(192, seed + 20),
            states: vec![StateTrace { h: vector(96, seed + 10), c: Vec::new() }],
        }
    };
    Trace {
        source_text: source.to_owned(),
        output_text: output.to_owned(),
        logprob: -1.5,
        steps: output_words.iter().enumerate().map(step).collect(),
        layer_names: ["encoder.rnn.l0", "encoder.rnn.l0.reverse", "decoder.rnn.l0"]
            .map(str::to_owned)
            .to_vec(),
        source: source_words,
        ..Trace::default()
    }
}

fn with_layer(trace: Trace, name: &str) -> Trace {
    let positions =
        if name.starts_with("decoder") { trace.steps.len() } else { trace.source.len() } as u64;
    let gate = |&gate: &Gate| {
        let low = gate.bounds(Cell::Gru).map_or(-1.0, |bounds| bounds.0);
        let row = |t: u64| {
            let values = vector(96, t * 7 + u64::from(gate.name().as_bytes()[0]));
            values.iter().map(|v| if low < 0.0 { *v } else { (v + 1.0) / 2.0 }).collect()
        };
        GateTrace { gate, values: (0..positions).map(row).collect() }
    };
    let gates = Cell::Gru.values().iter().map(gate).collect();
    let layer = LayerTrace { name: name.to_owned(), cell: Cell::Gru, gates };
    Trace { layers: vec![layer], ..trace }
}

/// The answer to a request: with the changes, the word after the first one is another.
pub(super) fn answer(request: &InspectRequest) -> Event {
    let layers = |trace: Trace| match request.layers.first() {
        Some(name) => with_layer(trace, name),
        None => trace,
    };
    let mut without = traced(&request.source, "la voiture rouge est ici .");
    for (step, id) in without.steps.iter_mut().zip(&request.prefix) {
        step.is_forced = true;
        if let Some(choice) = step.likeliest.iter().find(|choice| choice.id == *id) {
            step.chosen = choice.clone();
        }
    }
    let source =
        request.interventions.iter().fold(request.source.clone(), |line, change| match change {
            Intervention::ReplaceSource { position, text } => {
                let mut words: Vec<&str> = line.split(' ').collect();
                words[*position] = text;
                words.join(" ")
            }
            _ => line,
        });
    let with = (!request.interventions.is_empty())
        .then(|| layers(traced(&source, "la maison rouge est ici .")));
    let request = request.clone();
    Event::Inspection(Box::new(Inspection { request, without: layers(without), with }))
}

/// The inspection of [`SENTENCE`] with a layer.
pub(super) fn inspection() -> Event {
    answer(&InspectRequest { layers: vec!["encoder.rnn.l0".into()], ..SENTENCE.into() })
}
