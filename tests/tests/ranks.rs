//! Several ranks train what one process trains: the same losses, gradients, validations and
//! parameters, up to rounding; and the same bits every time. The ranks are threads of this process.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "resume/corner.rs"]
mod corner;
#[path = "resume/runs.rs"]
mod runs;
#[path = "ranks/suite.rs"]
mod suite;

use std::thread;

use corner::{Corner, run};
use seq2seq::event::EndReason;
use seq2seq::{Command, Error, Event, Outcome, TrainOptions, Translator, link, train};
use suite::{World, assert_alike, numbers, on_rank};

/// Trains on ranks that are threads of this process.
fn on_threads(size: usize, options: &TrainOptions) -> Vec<seq2seq::Result<Outcome>> {
    thread::scope(|scope| {
        let start = |ranks| scope.spawn(move || on_rank(options, ranks));
        let all: Vec<_> = tensor::check::ranks(size).into_iter().map(start).collect();
        all.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

fn threads(size: usize) -> World {
    World { size, train: Box::new(move |options| on_threads(size, options)) }
}

#[test]
fn every_preset_trains_as_in_one_process() {
    suite::every_preset_trains_as_in_one_process(&threads(3));
}

#[test]
fn every_kind_of_state_is_shared() {
    // Ten parts are more than some batches have rows.
    for size in [2, 5] {
        suite::every_kind_of_state_is_shared(&threads(size));
    }
}

#[test]
fn a_run_moves_between_numbers_of_ranks() {
    suite::a_run_moves_between_numbers_of_ranks(&threads(4));
}

#[cfg(feature = "opencl")]
#[test]
fn devices_train_as_one_device() {
    suite::devices_train_as_one_device(&threads(2));
}

#[test]
fn a_failure_on_rank_0_ends_all() {
    let corner = Corner::new();
    let mut options = corner.options("run", &[], 1);
    run(&options).unwrap();
    let ends = on_threads(3, &options);
    assert!(matches!(ends[0], Err(Error::RunExists { .. })), "{:?}", ends[0]);
    for end in &ends[1..] {
        let Err(Error::OtherRank { rank: 0, what }) = end else { panic!("{end:?}") };
        assert!(what.contains("exists already"), "{what}");
    }
    // A run that has finished is nothing to do for any of them.
    options.resume = true;
    options.set.clear();
    for end in on_threads(2, &options) {
        assert!(end.unwrap().already_finished);
    }
}

#[test]
fn commands_reach_all_ranks() {
    let corner = Corner::new();
    let set = [("sample_every_seconds", "0"), ("optimizer", "sgd"), ("learning_rate", "0.1")];
    // The same commands at the same steps, alone and with ranks.
    let commanded = |name: &str, size: usize, threads: usize| {
        let options = corner.options(name, &set, threads);
        let (first, viewer) = link(1 << 16);
        let mut first = Some(first);
        viewer.commands.send(Command::Pause).unwrap();
        thread::scope(|scope| {
            let start = |ranks| {
                let link = first.take().unwrap_or_else(|| link(64).0);
                let options = &options;
                scope.spawn(move || train(options, &mut link.with_ranks(ranks)))
            };
            let all: Vec<_> = tensor::check::ranks(size).into_iter().map(start).collect();
            for event in &viewer.events {
                let at = match event {
                    Event::Start(start) => start.step,
                    Event::Step(step) => step.step,
                    _ => continue,
                };
                let mut commands = match at {
                    3 => vec![
                        Command::Set { key: "learning_rate".into(), value: "0.4".into() },
                        Command::Evaluate,
                        Command::Histogram("decoder.output.weight".into()),
                        Command::Translate("the red car .".into()),
                        Command::Save,
                    ],
                    5 => vec![Command::Set { key: "hidden".into(), value: "9".into() }],
                    _ => Vec::new(),
                };
                commands.push(if at < 9 { Command::StepOnce } else { Command::Stop });
                for command in commands {
                    let _ = viewer.commands.send(command);
                }
            }
            for rank in all {
                let end = rank.join().unwrap().unwrap().end;
                assert_eq!((end.step, end.reason), (9, EndReason::Stopped));
            }
        });
        options
    };
    let straight = commanded("straight", 1, 3);
    let shared = commanded("shared", 3, 1);
    assert_alike(&shared, &straight, 1e-4, "commanded");
    let rates = numbers(&shared).into_iter().filter(|n| n.0.contains("rate"));
    let rates: Vec<f64> = rates.map(|n| (n.1 * 1e4).round() / 1e4).collect();
    assert_eq!(rates, [0.1, 0.1, 0.1, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]);
}

#[test]
fn a_loss_that_is_not_finite_ends_all() {
    let corner = Corner::new();
    // With checkpoints and validations between any two steps.
    let set = [
        ("optimizer", "sgd"),
        ("learning_rate", "1e38"),
        ("clip_norm", "0"),
        ("checkpoint_seconds", "1e-9"),
        ("validate_every_epochs", "0.1"),
        ("keep_checkpoints", "2"),
    ];
    let options = corner.options("run", &set, 1);
    for end in on_threads(3, &options) {
        assert_eq!(end.unwrap().end.reason, EndReason::NotFinite);
    }
}

/// Ranks with other numbers of threads would group sentences in other ways.
#[test]
fn unequal_ranks_translate_as_one_process() {
    let corner = Corner::new();
    let options = corner.options("run", &[], 1);
    run(&options).unwrap();
    let path = options.run_dir.unwrap();
    let pairs = seq2seq::data::Corpus::read("phrasebook:valid", None).unwrap().pairs;
    let lines: Vec<String> = pairs.into_iter().take(300).map(|pair| pair.source).collect();
    let open = |threads| Translator::open(&path, "cpu", Some(threads)).unwrap();
    let texts = |translator: &Translator| -> Vec<String> {
        let translations = translator.translate(&lines).unwrap();
        translations.into_iter().map(|translation| translation.target).collect()
    };
    let want = texts(&open(1));
    thread::scope(|scope| {
        for ranks in tensor::check::ranks(3) {
            let (open, texts, want) = (&open, &texts, &want);
            scope.spawn(move || {
                let translator = open(1 + 2 * ranks.rank()).with_ranks(&ranks);
                assert_eq!(texts(&translator), *want);
            });
        }
    });
}
