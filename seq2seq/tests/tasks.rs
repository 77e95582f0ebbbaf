//! Every preset of a generated task and of a language model trains; what is carried through a running
//! text survives a resume; each kind of model is measured, and refuses what is not its own.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::thread;

use seq2seq::decode::{BeamOptions, Sampling, SamplingOptions};
use seq2seq::event::{CheckpointKind, EndReason};
use seq2seq::{
    Command, Event, EventReader, Preset, RunDir, SampleOptions, Sampler, TrainOptions, Translator,
    evaluate, link, train,
};

fn options(folder: &Path, run: &str, preset: &str, set: &[(&str, &str)]) -> TrainOptions {
    let all = [("metrics_every", "0"), ("flow_every", "0"), ("validate_every_epochs", "0")];
    let all = all.iter().chain(set);
    TrainOptions {
        preset: Some(preset.to_owned()),
        valid: Some("none".to_owned()),
        threads: Some(1),
        run_dir: Some(folder.join(run)),
        set: all.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..TrainOptions::default()
    }
}

fn run(options: &TrainOptions) -> seq2seq::Result<EndReason> {
    let (mut link, viewer) = link(4096);
    drop(viewer);
    train(options, &mut link).map(|outcome| outcome.end.reason)
}

fn losses(run: &Path) -> Vec<f64> {
    let events = EventReader::open(run).unwrap().poll().unwrap();
    let loss = |event| if let Event::Step(step) = event { Some(step.loss) } else { None };
    events.into_iter().filter_map(loss).collect()
}

#[test]
fn every_preset_of_these_tasks_learns() {
    let folder = tempfile::tempdir().unwrap();
    for (preset, steps, set, falls) in [
        ("copy", 60, &[][..], 0.9),
        ("reverse", 60, &[], 0.9),
        ("dates", 60, &[], 0.7),
        ("makemore-rnn", 60, &[], 0.9),
        ("makemore-gru", 60, &[("batch_by", "tokens"), ("batch", "256")], 0.9),
        ("makemore-lstm", 60, &[], 0.9),
        ("char-rnn", 25, &[("batch", "10")], 0.9),
        ("adding", 60, &[], 0.6),
        ("temporal-order", 80, &[("data", "temporal-order:12")], 0.9),
        ("reber", 60, &[], 0.7),
    ] {
        let mut options = options(folder.path(), preset, preset, set);
        options.data = Preset::find(preset).unwrap().needs.map(|_| "phrasebook".to_owned());
        options.max_steps = Some(steps);
        assert_eq!(run(&options).unwrap(), EndReason::Finished, "{preset}");
        let losses = losses(&folder.path().join(preset));
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (first, last) = (mean(&losses[..5]), mean(&losses[losses.len() - 10..]));
        assert!(last < falls * first, "{preset}: {first} to {last}");
    }
}

/// A folder with a text of some length.
fn text(folder: &Path, lines: usize) -> String {
    let line = |i: usize| format!("line {i} of the text says {}\n", (i * i * 7) % 101);
    let path = folder.join("text.txt");
    fs::write(&path, (0..lines).map(line).collect::<String>()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_running_text_goes_on_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path(), 60);
    // The second one lowers its rate and has a best by the loss, since there is no BLEU.
    let by_loss = [
        ("gradient_accumulation", "3"),
        ("average_decay", "0.9"),
        ("epochs", "99"),
        ("learning_rate_schedule", "plateau"),
        ("learning_rate_patience", "1"),
    ];
    for (cell, more) in [("lstm", &[][..]), ("gru", &by_loss)] {
        let set = [
            ("cell", cell),
            ("batch", "5"),
            ("window", "7"),
            ("hidden", "6"),
            ("embedding", "5"),
            ("dropout", "0.1"),
            ("validate_every_epochs", "0.5"),
        ];
        let begin = |name: &str| {
            let set = [&set, more].concat();
            let mut options = options(folder.path(), &format!("{cell}-{name}"), "char-rnn", &set);
            options.data = Some(data.clone());
            options.valid = None;
            options.max_steps = Some(150);
            options
        };
        let straight = begin("straight");
        run(&straight).unwrap();
        let mut broken = begin("broken");
        for stop in [3, 20, 77] {
            let (mut link, viewer) = link(1 << 16);
            viewer.commands.send(Command::Pause).unwrap();
            let begun = broken.clone();
            let trainer = thread::spawn(move || train(&begun, &mut link).unwrap());
            for event in &viewer.events {
                let at = match event {
                    Event::Start(start) => start.step,
                    Event::Step(step) => step.step,
                    _ => continue,
                };
                let command = if at < stop { Command::StepOnce } else { Command::Stop };
                let _ = viewer.commands.send(command);
            }
            assert_eq!(trainer.join().unwrap().end.step, stop);
            broken.resume = true;
        }
        run(&broken).unwrap();
        let last = |options: &TrainOptions| {
            let dir = RunDir::open(options.run_dir.as_deref().unwrap()).unwrap();
            let mut last = dir.checkpoint(CheckpointKind::Last).unwrap();
            (last.progress.seconds, last.events_len) = (0.0, 0);
            last
        };
        assert!(last(&straight).progress.epoch >= 1, "the text is too long for this test");
        assert_eq!(last(&broken), last(&straight));
        let best = last(&straight).progress.best.unwrap();
        assert!(best.bleu.is_none() && best.step > 30, "{best:?}");
        let folder = |options: &TrainOptions| options.run_dir.clone().unwrap();
        assert_eq!(losses(&folder(&broken)), losses(&folder(&straight)));
    }
}

#[test]
fn a_state_that_is_carried_tells_what_a_window_cannot() {
    let folder = tempfile::tempdir().unwrap();
    // Four letters in a circle of sixteen, in which each follows each once: one letter tells nothing
    // of the next, two tell all.
    let path = folder.path().join("circle.txt");
    fs::write(&path, "aabbaccbddcadbcd".repeat(120)).unwrap();
    let mut all = Vec::new();
    for window in ["1", "8"] {
        let set = [("batch", "4"), ("window", window), ("hidden", "24"), ("layers", "1")];
        let mut options = options(folder.path(), window, "char-rnn", &set);
        options.data = Some(path.to_str().unwrap().to_owned());
        options.max_steps = Some(700);
        options.set.push(("epochs".into(), "99".into()));
        options.set.push(("learning_rate".into(), "0.01".into()));
        run(&options).unwrap();
        let losses = losses(&folder.path().join(window));
        all.push(losses[losses.len() - 50..].iter().sum::<f64>() / 50.0);
    }
    // The gradient of a window of one never leaves it, yet the state before it is known.
    assert!(all[0] < 0.9 * 4_f64.ln(), "{all:?}");
    assert!(all[1] < 0.1, "{all:?}");
}

#[test]
fn lines_are_measured_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["anna", "hanna", "nana", "ana", "hana", "anan"];
    let path = folder.path().join("names.txt");
    let name = |i: usize| format!("{}\n", names[i % names.len()]);
    fs::write(&path, (0..600).map(name).collect::<String>()).unwrap();
    let data = path.to_str().unwrap().to_owned();
    let set = [("hidden", "24"), ("learning_rate", "0.02"), ("max_length", "20")];
    let mut options = options(folder.path(), "run", "makemore-gru", &set);
    options.data = Some(data.clone());
    options.valid = Some(data.clone());
    options.epochs = Some(12);
    run(&options).unwrap();
    let run_dir = folder.path().join("run");

    let metrics = evaluate(&run_dir, "cpu", Some(1), &data, None, &BeamOptions::greedy()).unwrap();
    // Six names alike often: ln 6 nats a name, 24 letters and 6 ends in all.
    let least = 6.0 * 6_f64.ln() / 30.0;
    let names_loss = metrics.metrics.loss;
    assert!(names_loss >= 0.99 * least && names_loss < 1.3 * least, "{names_loss} of {least}");
    assert_eq!((metrics.sentences, metrics.tokens), (600, 3_000));
    assert!(metrics.metrics.bleu.is_none() && metrics.metrics.exact_match.is_none());
    let perplexity = metrics.metrics.perplexity.unwrap();
    assert!((perplexity - names_loss.exp()).abs() < 1e-9);

    let sampler = Sampler::open(&run_dir, "cpu", Some(1)).unwrap();
    let sampling = SamplingOptions { samples: 200, ..SamplingOptions::default() };
    let many = SampleOptions { sampling, ..SampleOptions::default() };
    let texts = sampler.sample(&many).unwrap();
    assert_eq!(texts, sampler.sample(&many).unwrap());
    assert_ne!(
        texts,
        sampler
            .sample(&SampleOptions {
                sampling: SamplingOptions { seed: 2, ..sampling },
                ..many.clone()
            })
            .unwrap()
    );
    let known = texts.iter().filter(|t| names.contains(&t.text.as_str())).count();
    assert!(known > 170, "{known} of 200");
    assert_eq!(texts[0].tokens.last().map(String::as_str), Some("</s>"));
    let draw = Sampling { temperature: 0.0, ..Sampling::default() };
    let most_probable = SampleOptions {
        sampling: SamplingOptions { draw, samples: 3, ..sampling },
        ..many.clone()
    };
    let most_probable = sampler.sample(&most_probable).unwrap();
    assert!(most_probable[0] == most_probable[1] && most_probable[1] == most_probable[2]);
    let prefix = SampleOptions {
        prefix: "han".into(),
        sampling: SamplingOptions { samples: 30, ..sampling },
        ..many.clone()
    };
    let known = ["hana", "hanna"];
    let texts = sampler.sample(&prefix).unwrap();
    assert!(texts.iter().filter(|t| known.contains(&t.text.as_str())).count() > 25, "{texts:?}");
    let options = BeamOptions { beam: 8, n_best: 8, ..BeamOptions::default() };
    let found = sampler.search("han", None, &options).unwrap();
    assert!(known.contains(&found[0].text.as_str()) && found.len() > 1, "{found:?}");
    let distinct: std::collections::HashSet<_> = found.iter().map(|t| &t.text).collect();
    assert_eq!(distinct.len(), found.len());
    let short = SampleOptions { length: Some(2), ..many };
    assert!(sampler.sample(&short).unwrap().iter().all(|t| t.tokens.len() <= 2));

    let error = Translator::open(&run_dir, "cpu", Some(1)).unwrap_err().to_string();
    assert!(error.contains("task = language_lines, and this needs a translation"), "{error}");
}

#[test]
fn sequences_are_measured_and_refuse_other_tasks() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path(), "run", "adding", &[("data", "adding:4")]);
    options.max_steps = Some(30);
    run(&options).unwrap();
    let run_dir = folder.path().join("run");
    let metrics =
        evaluate(&run_dir, "cpu", Some(1), "adding:4:test", None, &BeamOptions::greedy()).unwrap();
    assert!(metrics.metrics.loss < 0.167, "{metrics:?}");
    assert_eq!(
        (metrics.metrics.perplexity, metrics.metrics.token_accuracy, metrics.metrics.bleu),
        (None, None, None)
    );
    assert_eq!((metrics.sentences, metrics.tokens), (1_000, 1_000));
    for (data, expected) in [
        ("reber:test", "the model was trained on adding"),
        ("reverse", "the model was trained on adding"),
        ("phrasebook", "expected adding"),
    ] {
        let error = evaluate(&run_dir, "cpu", Some(1), data, None, &BeamOptions::greedy())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = Sampler::open(&run_dir, "cpu", None).unwrap_err().to_string();
    assert!(error.contains("needs a language model"), "{error}");
}

#[test]
fn a_preset_without_its_data_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    for preset in ["makemore-gru", "char-rnn:full", "multi30k"] {
        let error = run(&options(folder.path(), "none", preset, &[])).unwrap_err().to_string();
        assert!(error.starts_with(&format!("preset {preset} needs data of your own (")), "{error}");
        assert!(!folder.path().join("none").exists());
    }
}

#[test]
fn data_that_a_task_cannot_learn_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path(), 1);
    for (preset, data, expected) in [
        ("phrasebook", "adding", "the preset adding"),
        ("adding", "reverse", "set task = translation"),
        ("makemore-rnn", "a.txt,b.txt", "give one file"),
        ("char-rnn", data.as_str(), "set batch to less"),
        ("char-rnn", "absent.txt", "absent.txt"),
    ] {
        let mut options = options(folder.path(), "none", preset, &[]);
        options.data = Some(data.to_owned());
        let error = run(&options).unwrap_err().to_string();
        assert!(error.contains(expected), "{preset}: {error}");
    }
}
