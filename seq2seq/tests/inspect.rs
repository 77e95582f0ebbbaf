//! Inspections of trained runs, stored and in training.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use seq2seq::event::Event;
use seq2seq::{
    Command, EnsembleOptions, EventReader, InspectRequest, Inspection, Intervention, TrainOptions,
    Translation, TranslationRequest, Translator, Viewer, link, train,
};

const PAIRS: &str = "the cat sleeps\tle chat dort\nthe dog sleeps\tle chien dort\n\
                     the cat eats\tle chat mange\nthe dog eats\tle chien mange\n";

fn options(folder: &Path, set: &[(&str, &str)]) -> TrainOptions {
    let data = folder.join("pairs.tsv");
    std::fs::write(&data, PAIRS).unwrap();
    let small = [("hidden", "16"), ("embedding", "12"), ("learning_rate", "0.02")];
    let set = small.iter().chain(set).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    TrainOptions {
        data: Some(data.display().to_string()),
        valid: Some(data.display().to_string()),
        run_dir: Some(folder.join("run")),
        epochs: Some(1_000),
        max_steps: Some(30),
        threads: Some(1),
        seed: Some(3),
        set,
        ..TrainOptions::default()
    }
}

/// Trains a small run and opens it. The commands of `first` are sent before training begins.
fn trained(folder: &Path, set: &[(&str, &str)], first: &[Command]) -> (Translator, Viewer) {
    let (mut link, viewer) = link(4096);
    first.iter().for_each(|command| viewer.commands.send(command.clone()).unwrap());
    train(&options(folder, set), &mut link).unwrap();
    (Translator::open(&run(folder), "cpu", Some(1)).unwrap(), viewer)
}

fn run(folder: &Path) -> PathBuf {
    folder.join("run")
}

#[track_caller]
fn assert_is(found: &Inspection, want: &Translation) {
    let trace = &found.without;
    assert_eq!(trace.output().collect::<Vec<_>>(), want.tokens);
    assert_eq!((&trace.output_text, &trace.source), (&want.target, &want.source_tokens));
    let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{a} {b}");
    near(trace.logprob, want.logprob);
    for (t, step) in trace.steps.iter().enumerate() {
        near(step.chosen.logprob, want.token_logprobs[t].into());
        for (choice, alternative) in step.likeliest.iter().zip(&want.alternatives[t]) {
            assert_eq!(choice.token, alternative.token);
            near(choice.logprob.exp(), alternative.probability);
        }
        for (got, want) in step.weights.iter().zip(&want.attention[t]) {
            near((*got).into(), (*want).into());
        }
        assert_eq!(step.weights.len(), want.attention[t].len());
    }
}

#[test]
fn inspections_are_the_translations_of_the_run() {
    let models: [&[(&str, &str)]; 4] = [
        &[("cell", "gru"), ("attention", "additive")],
        &[
            ("cell", "lstm"),
            ("layers", "2"),
            ("attention", "general"),
            ("wiring", "recur_then_attend"),
            ("input_feeding", "true"),
            ("readout", "tanh_context"),
            ("bidirectional", "false"),
        ],
        &[("bidirectional", "true"), ("decoder_init", "backward_tanh"), ("readout", "maxout")],
        &[("cell", "rnn_tanh"), ("attention", "dot"), ("bidirectional", "false")],
    ];
    for set in models {
        let folder = tempfile::tempdir().unwrap();
        let (translator, _) = trained(folder.path(), set, &[]);
        let translator = translator.with_alternatives(5);
        for line in ["the cat sleeps", "the dog eats", "the owl sleeps the cat", ""] {
            let want = translator.translate(&[line.to_owned()]).unwrap().remove(0);
            let found = translator.inspect(&line.into()).unwrap();
            assert_is(&found, &want);
            let Some(step) = found.without.steps.first() else { continue };
            // Another first word, and the rest follows.
            let other = &step.likeliest[1];
            let request = TranslationRequest { prefix: other.token.clone(), ..line.into() };
            let want = translator.translate_requests(&[request]).unwrap().remove(0);
            if other.token != "</s>" && want.unknown_prefix == 0 {
                let request = InspectRequest { prefix: vec![other.id], ..line.into() };
                assert_is(&translator.inspect(&request).unwrap(), &want);
            }
        }
    }
}

#[test]
fn a_run_in_training_answers_between_two_steps() {
    let folder = tempfile::tempdir().unwrap();
    let request = InspectRequest {
        interventions: vec![Intervention::UniformAttention { step: None }],
        ..InspectRequest::from("the cat sleeps")
    };
    let wrong = InspectRequest {
        layers: vec!["encoder.rnn.l7".into()],
        ..InspectRequest::from("the cat sleeps")
    };
    let commands = [Command::Inspect(Box::new(request.clone())), Command::Inspect(Box::new(wrong))];
    let (translator, viewer) = trained(folder.path(), &[], &commands);
    // Both are in the log and reach the viewer; a request that does not fit ends nothing.
    let logged = EventReader::open(&run(folder.path())).unwrap().poll().unwrap();
    let seen: Vec<Event> = viewer.events.try_iter().collect();
    for events in [&logged, &seen] {
        let found = events.iter().find_map(|event| match event {
            Event::Inspection(found) => Some(found),
            _ => None,
        });
        let found = found.unwrap();
        assert_eq!(found.request, request);
        let with = found.with.as_ref().unwrap();
        assert!(with.steps.iter().all(|step| step.weights == [0.25; 4]));
        let reason = events.iter().find_map(|event| match event {
            Event::Refused { reason, .. } => Some(reason.as_str()),
            _ => None,
        });
        assert!(reason.unwrap().contains("layer cannot be 'encoder.rnn.l7'"), "{reason:?}");
        assert!(events.iter().any(|event| matches!(event, Event::End(end) if end.step == 30)));
    }
    // The stored run answers the same commands, and refuses those that need training.
    let answer = translator.answer(&commands[0]);
    assert!(matches!(&answer, Event::Inspection(found) if found.request == request));
    let answer = translator.answer(&Command::Translate("the cat sleeps".into()));
    let Event::Translation(sample) = answer else { panic!("{answer:?}") };
    let want = translator.translate(&["the cat sleeps".to_owned()]).unwrap().remove(0);
    assert_eq!((sample.output, sample.attention), (want.tokens, want.attention));
    let answer = translator.answer(&Command::Pause);
    assert!(matches!(answer, Event::Refused { command: Command::Pause, .. }));

    let both = vec![run(folder.path()); 2];
    let ensemble =
        Translator::open_ensemble(&both, &EnsembleOptions::default(), "cpu", Some(1)).unwrap();
    let error = ensemble.inspect(&request).unwrap_err().to_string();
    assert!(error.contains("not an ensemble"), "{error}");
}
