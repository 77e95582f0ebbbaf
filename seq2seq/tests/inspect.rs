//! Inspections of trained runs, stored and in training.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use seq2seq::data::Pair;
use seq2seq::decode::{BeamOptions, LengthPenalty};
use seq2seq::event::{Event, Sample};
use seq2seq::inspection::{Distribution, GradientKind, UnitsRequest};
use seq2seq::{
    Command, EnsembleOptions, EventReader, Gate, InspectRequest, Inspection, Intervention, RunDir,
    StoredRunAnswers, TrainOptions, Translation, TranslationRequest, Translator, Viewer, link,
    train,
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
    let mut stored = StoredRunAnswers::new(&run(folder.path()));
    let answer = stored.answer(&commands[0]);
    assert!(matches!(&answer, Event::Inspection(found) if found.request == request));
    let answer = stored.answer(&Command::Translate("the cat sleeps".into()));
    let Event::Translation(sample) = answer else { panic!("{answer:?}") };
    let want = translator.translate(&["the cat sleeps".to_owned()]).unwrap().remove(0);
    assert_eq!((sample.output, sample.attention), (want.tokens, want.attention));
    let answer = stored.answer(&Command::Pause);
    assert!(matches!(answer, Event::Refused { command: Command::Pause, .. }));

    let both = vec![run(folder.path()); 2];
    let ensemble =
        Translator::open_ensemble(&both, &EnsembleOptions::default(), "cpu", Some(1)).unwrap();
    let error = ensemble.inspect(&request).unwrap_err().to_string();
    assert!(error.contains("not an ensemble"), "{error}");
}

/// The answers of a run in training to commands before its first step, then those of the stored run.
fn answers(
    set: &[(&str, &str)],
    commands: &[Command],
) -> (tempfile::TempDir, Vec<Event>, Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let (_, viewer) = trained(folder.path(), set, commands);
    let is_answer = |event: &Event| {
        matches!(
            event,
            Event::HeldOut(_)
                | Event::Units(_)
                | Event::Histogram(_)
                | Event::Translation(_)
                | Event::Refused { .. }
        )
    };
    let live: Vec<Event> = viewer.events.try_iter().filter(is_answer).collect();
    // A viewer reads in the log what it is told.
    let logged = EventReader::open(&run(folder.path())).unwrap().poll().unwrap();
    assert_eq!(logged.iter().filter(|&event| is_answer(event)).count(), live.len());
    let mut stored = StoredRunAnswers::new(&run(folder.path()));
    assert!(commands.iter().all(StoredRunAnswers::takes));
    let stored = commands.iter().map(|command| stored.answer(command)).collect();
    (folder, live, stored)
}

#[test]
fn a_held_out_sentence_is_mapped_free_running_and_teacher_forced() {
    let set = [("attention", "multi_head"), ("attention_heads", "2"), ("bidirectional", "false")];
    let commands = ["3", "the DOG sle", "5", "owl"].map(|which| Command::HeldOut(which.into()));
    let (folder, live, stored) = answers(&set, &commands);
    let translator = Translator::open(&run(folder.path()), "cpu", Some(1)).unwrap();
    for events in [&live, &stored] {
        let [Event::HeldOut(third), Event::HeldOut(second), Event::Refused { reason, .. }, _] =
            &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((third.number, third.count, second.number), (3, 4, 2));
        assert_eq!(third.free.source_text.as_deref(), Some("the cat eats"));
        assert_eq!(third.forced.output, ["le", "chat", "mange", "</s>"]);
        assert!(third.forced.is_forced && !third.free.is_forced);
        assert_eq!(third.forced.reference, "le chat mange");
        for sample in [&third.free, &third.forced, &second.free] {
            assert_eq!((sample.heads.len(), sample.attention.len()), (2, sample.output.len()));
            // The map is the mean over the heads.
            for (t, row) in sample.attention.iter().enumerate() {
                for (i, weight) in row.iter().enumerate() {
                    let mean = (sample.heads[0][t][i] + sample.heads[1][t][i]) / 2.0;
                    assert!((mean - weight).abs() < 1e-6);
                }
            }
        }
        assert!(
            reason.contains("a number from 1 to 4, or a part of a source sentence"),
            "{reason}"
        );
    }
    let Event::HeldOut(found) = &stored[0] else { panic!() };
    let near = |a: &[Vec<f32>], b: &[Vec<f32>]| {
        a.len() == b.len()
            && a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-6)
    };
    let (source, target) = ("the cat eats".to_owned(), "le chat mange".to_owned());
    let pair = Pair { source: source.clone(), target, links: None };
    let want = translator.score_pairs(&[pair]).unwrap().remove(0);
    assert!((found.forced.logprob - want.logprob).abs() < 1e-5);
    assert!(near(&found.forced.attention, &want.attention));
    let want = translator.translate(&[source]).unwrap().remove(0);
    assert_eq!(found.free.output, want.tokens);
    assert!(near(&found.free.attention, &want.attention));
}

#[test]
fn units_that_follow_a_word_correlate_with_it_over_the_held_out_sentences() {
    for (layer, word) in
        [("encoder.rnn.l0", "cat"), ("encoder.rnn.l0.reverse", "dog"), ("decoder.rnn.l0", "chat")]
    {
        let request = |words: &[&str], gate| UnitsRequest {
            words: words.iter().map(|&word| word.to_owned()).collect(),
            layer: layer.to_owned(),
            gate,
        };
        let asked = request(&[word, "nothing"], Gate::Hidden);
        let commands = [
            Command::Units(asked.clone()),
            Command::Units(request(&["owl"], Gate::Hidden)),
            Command::Units(request(&[word], Gate::Forget)),
        ];
        let (folder, live, stored) = answers(&[], &commands);
        let Event::Units(found) = &stored[0] else { panic!("{:?}", stored[0]) };
        assert_eq!(found.request, asked);
        let reasons = |events: &[Event]| -> Vec<String> {
            let reason = |event: &Event| match event {
                Event::Refused { reason, .. } => Some(reason.clone()),
                _ => None,
            };
            events.iter().filter_map(reason).collect()
        };
        assert!(reasons(&stored)[0].contains("word cannot be 'owl'"), "{stored:?}");
        assert!(reasons(&stored)[1].contains("gate cannot be 'f'"), "{stored:?}");
        assert_eq!(reasons(&live).last(), reasons(&stored).last());
        // By hand: the values and the indicator of all positions of all sentences.
        let translator = Translator::open(&run(folder.path()), "cpu", Some(1)).unwrap();
        let (mut values, mut marks) = (Vec::new(), Vec::new());
        let vocabulary = RunDir::open(&run(folder.path())).unwrap().vocabularies().unwrap().target;
        for (source, target) in PAIRS.lines().map(|line| line.split_once('\t').unwrap()) {
            // A decoder is fed the reference.
            let words: Vec<String> = target.split(' ').map(str::to_owned).collect();
            let mut prefix = vocabulary.encode(&words);
            prefix.push(tokenizer::EOS);
            if !layer.starts_with("decoder") {
                prefix.clear();
            }
            let layers = vec![layer.to_owned()];
            let request = InspectRequest { layers, prefix, ..source.into() };
            let trace = translator.inspect(&request).unwrap().without;
            let gate = trace.layers[0].gates.iter().find(|g| g.gate == Gate::Hidden).unwrap();
            let rows = gate.values.len();
            let words: Vec<&str> = match layer.starts_with("decoder") {
                true => std::iter::once("<s>").chain(trace.output()).take(rows).collect(),
                false => trace.source.iter().map(String::as_str).collect(),
            };
            let read = |at: usize| match layer.ends_with("reverse") {
                true => words[at..].contains(&word),
                false => words[..=at].contains(&word),
            };
            marks.extend((0..rows).map(read));
            values.extend(gate.values.clone());
        }
        let all = seq2seq::inspection::GateTrace { gate: Gate::Hidden, values };
        let want = all.correlations(|position| marks[position]);
        for (got, want) in found.correlations.iter().zip(&want) {
            assert!((f64::from(*got) - want).abs() < 1e-4, "{layer}: {got} {want}");
        }
        assert_eq!(found.correlations.len(), 16);
        assert_eq!(found.order().len(), 16);
    }
}

#[test]
fn histograms_are_those_of_values_and_gradients() {
    let name = "decoder.output.weight";
    let commands = [Command::Histogram(name.into()), Command::Histogram("none".into())];
    let (folder, live, stored) = answers(&[], &commands);
    for events in [&live, &stored] {
        let Event::Refused { reason, .. } = &events[1] else { panic!("{events:?}") };
        assert!(reason.contains("parameter cannot be 'none'") && reason.contains(name), "{reason}");
    }
    let Event::Histogram(found) = &stored[0] else { panic!("{stored:?}") };
    let checkpoint = RunDir::open(&run(folder.path())).unwrap().best_or_last().unwrap();
    let at = checkpoint.params.iter().position(|(known, _)| known == name).unwrap();
    assert_eq!(found.values, Distribution::new(checkpoint.params[at].1.data()));
    assert_eq!(found.step, checkpoint.progress.step);
    let (kind, mean) = found.gradients.as_ref().unwrap();
    let slot = checkpoint.optimizer.slots.iter().find(|slot| slot.0 == "exp_avg").unwrap();
    assert_eq!((kind, mean), (&GradientKind::Mean, &Distribution::new(slot.1[at].data())));
    let Event::Histogram(found) = &live[0] else { panic!("{live:?}") };
    let (kind, gradient) = found.gradients.as_ref().unwrap();
    let elements = found.shape.iter().product::<usize>() as u64;
    assert_eq!((found.step, *kind), (0, GradientKind::Batch));
    assert_eq!(gradient.counts.iter().sum::<u64>(), elements);
    // The batch is the whole corpus, so it is the gradient of the first step.
    let logged = EventReader::open(&run(folder.path())).unwrap().poll().unwrap();
    let first = logged.iter().find_map(|event| match event {
        Event::Step(step) => step.parameters.iter().find(|p| p.name == name),
        _ => None,
    });
    let rms =
        (gradient.mean.powi(2) + gradient.deviation.powi(2)).sqrt() * (elements as f64).sqrt();
    let want = first.unwrap().gradient_norm;
    assert!((rms - want).abs() < 1e-4 * want, "{rms} {want}");
}

#[test]
fn a_typed_line_has_the_outputs_of_a_beam_search() {
    let command = [Command::Translate("the cat sleeps".into())];
    let (folder, live, stored) = answers(&[], &command);
    let translator = Translator::open(&run(folder.path()), "cpu", Some(1)).unwrap();
    let options = BeamOptions { beam: 5, n_best: 5, ..BeamOptions::default() };
    assert_eq!(options.length_penalty, LengthPenalty::default());
    let want = translator
        .with_options(options)
        .translate(&["the cat sleeps".to_owned()])
        .unwrap()
        .remove(0);
    let Event::Translation(sample) = &stored[0] else { panic!("{stored:?}") };
    let texts = |sample: &Sample| -> Vec<String> {
        sample.candidates.iter().map(|candidate| candidate.text.clone()).collect()
    };
    assert_eq!(texts(sample).first(), Some(&want.target));
    assert_eq!((sample.candidates.len(), want.n_best.len()), (5, 5));
    for (candidate, other) in sample.candidates.iter().zip(&want.n_best) {
        assert_eq!(candidate.text, other.target);
        assert!((candidate.score - other.score).abs() < 1e-9);
    }
    assert!(sample.candidates.windows(2).all(|two| two[0].score >= two[1].score));
    let Event::Translation(first) = &live[0] else { panic!("{live:?}") };
    assert!(first.candidates.len() > 1, "{first:?}");
}
