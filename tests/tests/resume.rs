//! Resume equals uninterrupted: a run that was stopped anywhere and gone on with ends with the
//! bits of one that never stopped. And what a resume refuses, by the library.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "resume/corner.rs"]
mod corner;
#[path = "resume/live.rs"]
mod live;
#[path = "resume/runs.rs"]
mod runs;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use corner::{Corner, run};
use runs::RUNS;
use seq2seq::event::{CheckpointKind, EndReason};
use seq2seq::{
    Checkpoint, Command, Error, Event, EventReader, Outcome, RunDir, TrainOptions, Viewer, link,
    train,
};
use tensor::random::PhiloxStream;

/// How a run is interrupted.
#[derive(Debug, Clone, Copy)]
enum Stop {
    /// Before exactly this step's successor, single step by single step.
    After(u64),
    /// At some moment after this step was heard of, while training runs freely.
    Around(u64),
}

/// Runs until a stop, or to the end where that comes first.
fn run_until(options: &TrainOptions, stop: Stop) -> Outcome {
    let (mut link, viewer) = link(1 << 16);
    if let Stop::After(_) = stop {
        viewer.commands.send(Command::Pause).unwrap();
    }
    let options = options.clone();
    let trainer = thread::spawn(move || train(&options, &mut link).unwrap());
    drive(&viewer, stop);
    // Whoever hears nothing more lets the run go on to its end.
    drop(viewer);
    trainer.join().unwrap()
}

fn drive(viewer: &Viewer, stop: Stop) {
    for event in &viewer.events {
        let at = match event {
            Event::Start(start) => start.step,
            Event::Step(step) => step.step,
            _ => continue,
        };
        let command = match stop {
            Stop::After(n) | Stop::Around(n) if at >= n => Command::Stop,
            Stop::After(_) => Command::StepOnce,
            Stop::Around(_) => continue,
        };
        // A run that has ended is past hearing it.
        let _ = viewer.commands.send(command);
    }
}

fn checkpoint(options: &TrainOptions, kind: CheckpointKind) -> Checkpoint {
    RunDir::open(options.run_dir.as_deref().unwrap()).unwrap().checkpoint(kind).unwrap()
}

/// All of a checkpoint but times: parameters, optimizer, generators, place; bit for bit.
fn timeless(mut c: Checkpoint) -> Checkpoint {
    c.progress.seconds = 0.0;
    c.events_len = 0;
    c
}

fn events(folder: &Path) -> Vec<Event> {
    let mut reader = EventReader::open(folder).unwrap();
    let events = reader.poll().unwrap();
    assert_eq!(reader.skipped(), 0);
    events
}

/// What does not depend on time in the events of a run: its metrics, in order.
fn metrics(folder: &Path) -> BTreeMap<&'static str, Vec<(u64, Vec<u64>)>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in events(folder) {
        let (kind, step, metrics) = match event {
            Event::Step(s) => {
                let mut metrics = vec![s.loss, s.learning_rate, s.gradient_norm, s.clipped_norm];
                metrics.extend([s.epoch as f64, s.tokens as f64]);
                metrics.extend(s.parameters.iter().flat_map(|p| [p.gradient_norm, p.update_ratio]));
                ("steps", s.step, metrics)
            }
            Event::Validation(v) => {
                let best = f64::from(u8::from(v.best));
                let mut metrics = vec![v.metrics.loss, best];
                metrics.extend(
                    [v.metrics.bleu, v.metrics.token_accuracy, v.metrics.exact_match]
                        .into_iter()
                        .flatten(),
                );
                ("validations", v.step, metrics)
            }
            Event::Flow(f) => {
                let norms = f.series.iter().flat_map(|s| &s.norms);
                ("flow", f.step, norms.map(|&n| f64::from(n)).collect())
            }
            _ => continue,
        };
        let bits = metrics.iter().map(|x| x.to_bits()).collect();
        all.entry(kind).or_default().push((step, bits));
    }
    all
}

#[track_caller]
fn assert_equal_runs(got: &TrainOptions, want: &TrainOptions) {
    for kind in [CheckpointKind::Last, CheckpointKind::Best] {
        let (got, want) = (timeless(checkpoint(got, kind)), timeless(checkpoint(want, kind)));
        assert_eq!(got.params, want.params, "{kind:?}: parameters");
        assert_eq!(got.optimizer, want.optimizer, "{kind:?}: optimizer");
        assert!(
            got == want,
            "{kind:?}: {:?} {:?}",
            (got.progress.step, got.progress.best),
            (want.progress.step, want.progress.best)
        );
    }
    let folder = |o: &TrainOptions| o.run_dir.clone().unwrap();
    let (got, want) = (metrics(&folder(got)), metrics(&folder(want)));
    let steps: Vec<u64> = got["steps"].iter().map(|s| s.0).collect();
    assert_eq!(steps, (1..=want["steps"].len() as u64).collect::<Vec<_>>());
    assert_eq!(got, want);
}

#[test]
fn a_resumed_run_equals_one_that_never_stopped() {
    let corner = Corner::new();
    for (i, (threads, set)) in RUNS.iter().enumerate() {
        let straight = corner.options(&format!("straight{i}"), set, *threads);
        let outcome = run(&straight).unwrap();
        assert_eq!((outcome.end.step, outcome.end.reason), (37, EndReason::Finished));

        // A schedule that did nothing would be kept by any checkpoint.
        let steps = &metrics(&straight.run_dir.clone().unwrap())["steps"];
        let changes = steps.windows(2).filter(|two| two[0].1[1] != two[1].1[1]).count();
        let scheduled = set.iter().any(|(key, _)| *key == "learning_rate_schedule");
        assert_eq!(changes >= 3, scheduled, "{i}: {changes} changes of the learning rate");

        // Before the first step, in an epoch, at ends of epochs, where a validation was just made.
        let fixed = [0, 1, 8, 12, 16, 24, 28, 36].map(Stop::After).to_vec();
        let draw = PhiloxStream::new(i as u64, 0, 0);
        let mut drawn: Vec<u64> = (0..5).map(|k| u64::from(draw.word(k) % 37)).collect();
        drawn.sort_unstable();
        let drawn = drawn.into_iter().map(Stop::Around).collect();
        for (name, stops) in [("fixed", fixed), ("drawn", drawn)] {
            let mut broken = corner.options(&format!("{name}{i}"), set, *threads);
            let mut last = 0;
            for stop in stops {
                let outcome = run_until(&broken, stop);
                assert!(outcome.end.step >= last);
                last = outcome.end.step;
                if let Stop::After(n) = stop {
                    assert_eq!((last, outcome.end.reason), (n, EndReason::Stopped));
                }
                broken.resume = true;
            }
            let outcome = run(&broken).unwrap();
            assert_eq!((outcome.end.step, outcome.end.reason), (37, EndReason::Finished));
            assert_equal_runs(&broken, &straight);
        }
    }
}

#[test]
fn commands_that_save_or_look_change_nothing() {
    let corner = Corner::new();
    let set = [("dropout", "0.2"), ("validate_every_epochs", "0")];
    let straight = corner.options("straight", &set, 2);
    run(&straight).unwrap();
    let watched = corner.options("watched", &set, 2);
    let (mut link, viewer) = link(1 << 16);
    let options = watched.clone();
    viewer.commands.send(Command::Pause).unwrap();
    let trainer = thread::spawn(move || train(&options, &mut link).unwrap());
    for event in &viewer.events {
        if matches!(event, Event::Start(_) | Event::Step(_)) {
            for command in [
                Command::Save,
                Command::Translate("the red car .".into()),
                Command::HeldOut("3".into()),
                Command::Histogram("decoder.output.weight".into()),
                Command::StepOnce,
            ] {
                let _ = viewer.commands.send(command);
            }
        }
    }
    assert_eq!(trainer.join().unwrap().end.reason, EndReason::Finished);
    assert_equal_runs(&watched, &straight);
}

#[test]
fn a_cancelled_validation_is_given_up_and_done_by_the_resume() {
    let corner = Corner::new();
    let options = |run: &str| {
        let mut options = corner.options(run, &[("sample_every_seconds", "0")], 2);
        // Long enough to be met in the middle.
        options.valid = Some("phrasebook:valid".into());
        options.max_steps = Some(20);
        options
    };
    let straight = options("straight");
    run(&straight).unwrap();
    let mut broken = options("broken");
    let mut owed = 0;
    // The steps after which a validation is due, or the one at the end.
    for step in [6, 12, 17, 20] {
        let (mut link, viewer) = link(1 << 16);
        let begun = broken.clone();
        let trainer = thread::spawn(move || train(&begun, &mut link).unwrap());
        for event in &viewer.events {
            if matches!(&event, Event::Step(s) if s.step == step) {
                viewer.cancellation.cancel();
            }
        }
        assert_eq!(viewer.run_dir.get(), broken.run_dir.as_ref());
        let outcome = trainer.join().unwrap();
        let last = checkpoint(&broken, CheckpointKind::Last);
        assert_eq!((outcome.end.step, last.progress.step), (step, step));
        owed += usize::from(last.progress.owes_validation);
        broken.resume = true;
    }
    assert!(owed > 0, "no validation was met in the middle");
    run(&broken).unwrap();
    assert_equal_runs(&broken, &straight);
}

#[test]
fn a_run_that_is_cancelled_before_it_begins_leaves_nothing() {
    let corner = Corner::new();
    let options = corner.options("run", &[], 1);
    let (mut link, viewer) = link(4096);
    viewer.cancellation.cancel();
    assert!(matches!(train(&options, &mut link), Err(Error::Cancelled)));
    assert_eq!((viewer.run_dir.get(), corner.path("run").exists()), (None, false));
}

#[test]
fn a_learning_rate_that_was_set_survives_a_resume() {
    let corner = Corner::new();
    // One run sets the rate after four steps and goes on; the other is stopped after that.
    let set_rate = |run: &str, stop: bool| {
        let mut options = corner.options(run, &[("optimizer", "sgd")], 2);
        let (mut link, viewer) = link(1 << 16);
        let begun = options.clone();
        viewer.commands.send(Command::Pause).unwrap();
        let trainer = thread::spawn(move || train(&begun, &mut link).unwrap());
        for event in &viewer.events {
            let commands = match event {
                Event::Step(step) if step.step == 4 => {
                    let after = if stop { Command::Stop } else { Command::Resume };
                    vec![Command::SetLearningRate(0.05), after]
                }
                Event::Start(_) => vec![Command::StepOnce],
                Event::Step(step) if step.step < 4 => vec![Command::StepOnce],
                _ => vec![],
            };
            commands.into_iter().for_each(|c| {
                let _ = viewer.commands.send(c);
            });
        }
        trainer.join().unwrap();
        options.resume = true;
        options
    };
    let straight = set_rate("straight", false);
    let stopped = set_rate("stopped", true);
    assert_eq!(checkpoint(&stopped, CheckpointKind::Last).progress.step, 4);
    run(&stopped).unwrap();
    assert_equal_runs(&stopped, &straight);
}

#[test]
fn a_finished_run_says_so_and_goes_on_with_a_higher_limit() {
    let corner = Corner::new();
    // Validations at the same steps whether or not a run ends there.
    let set = [("validate_every_epochs", "0.125"), ("dropout", "0.2")];
    let straight = corner.options("straight", &set, 2);
    run(&straight).unwrap();
    let mut longer = corner.options("longer", &set, 2);
    longer.max_steps = Some(20);
    let first = run(&longer).unwrap();
    assert_eq!((first.end.step, first.already_finished), (20, false));
    longer.resume = true;
    let file = longer.run_dir.as_ref().unwrap().join("events.jsonl");
    let before = fs::read(&file).unwrap();
    let again = run(&longer).unwrap();
    assert_eq!((again.end.step, again.already_finished), (20, true));
    assert_eq!(fs::read(&file).unwrap(), before, "the log of a finished run was touched");
    // Without a word about limits, the stored ones hold.
    assert!(run(&TrainOptions { max_steps: None, ..longer.clone() }).unwrap().already_finished);
    longer.max_steps = Some(37);
    let end = run(&longer).unwrap();
    assert_eq!((end.end.step, end.already_finished), (37, false));
    assert_equal_runs(&longer, &straight);
}

#[test]
fn what_contradicts_a_run_is_refused_and_changes_nothing() {
    let corner = Corner::new();
    let mut options = corner.options("run", &[], 1);
    options.max_steps = Some(5);
    run(&options).unwrap();
    let folder = options.run_dir.clone().unwrap();
    let files = || {
        let mut all: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| !path.ends_with("lock"))
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        all.sort();
        all
    };
    let before = files();
    assert!(matches!(run(&options), Err(Error::RunExists { .. })));
    let resumed = TrainOptions { resume: true, max_steps: Some(9), ..options };
    let with = |change: fn(&mut TrainOptions)| {
        let mut options = resumed.clone();
        change(&mut options);
        options
    };
    let cases: [(TrainOptions, &str); 6] = [
        (with(|o| o.preset = Some("tf-nmt".into())), "preset"),
        (with(|o| o.data = Some("phrasebook".into())), "data"),
        (with(|o| o.valid = Some("none".into())), "valid"),
        (with(|o| o.columns = Some((2, 1))), "columns"),
        (with(|o| o.seed = Some(6)), "seed"),
        (with(|o| o.set.push(("hidden".into(), "9".into()))), "hidden"),
    ];
    for (options, expected) in cases {
        match run(&options) {
            Err(Error::Contradiction { option, .. }) => assert_eq!(option, expected),
            other => panic!("--{expected}: {other:?}"),
        }
    }
    let held = RunDir::resume(&folder).unwrap();
    assert!(matches!(run(&resumed), Err(Error::RunInUse { .. })));
    drop(held);
    let corpus = corner.path("train.tsv");
    let text = fs::read_to_string(&corpus).unwrap();
    fs::write(&corpus, format!("{text}one more .\tun de plus .\n")).unwrap();
    assert!(matches!(run(&resumed), Err(Error::CorpusChanged { .. })));
    fs::write(&corpus, text).unwrap();
    assert_eq!(files(), before);
    assert_eq!(run(&resumed).unwrap().end.step, 9);
}
