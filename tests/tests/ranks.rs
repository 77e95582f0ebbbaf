//! Several ranks train what one process trains: the same losses, gradients, validations and
//! parameters, up to rounding; and the same bits every time. The ranks are threads of this process.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "resume/corner.rs"]
mod corner;
#[path = "resume/runs.rs"]
mod runs;

use std::path::Path;
use std::thread;

use corner::{Corner, run};
use runs::RUNS;
use seq2seq::config::Tied;
use seq2seq::event::{CheckpointKind, EndReason};
use seq2seq::{
    Checkpoint, Command, Error, Event, EventReader, Outcome, Preset, RunDir, TrainOptions, link,
    presets, train,
};
use tensor::Tensor;

/// Trains on `size` ranks; the results of all.
fn run_on(size: usize, options: &TrainOptions) -> Vec<seq2seq::Result<Outcome>> {
    thread::scope(|scope| {
        let start = |ranks| {
            scope.spawn(move || {
                let (link, viewer) = link(4096);
                drop(viewer);
                train(options, &mut link.with_ranks(ranks)?)
            })
        };
        let all: Vec<_> = tensor::check::ranks(size).into_iter().map(start).collect();
        all.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

fn folder(options: &TrainOptions) -> &Path {
    options.run_dir.as_deref().unwrap()
}

/// The numbers of a run that must not depend on the ranks, each with its name.
fn numbers(options: &TrainOptions) -> Vec<(String, f64)> {
    let mut all = Vec::new();
    for event in EventReader::open(folder(options)).unwrap().poll().unwrap() {
        match event {
            Event::Step(s) => {
                let mut add = |name: &str, x: f64| all.push((format!("step {} {name}", s.step), x));
                add("loss", s.loss);
                add("norm", s.gradient_norm);
                add("rate", s.learning_rate);
                add("tokens", s.tokens as f64);
                s.parameters.iter().for_each(|p| add(&p.name, p.gradient_norm));
            }
            Event::Validation(v) => {
                let step = v.step;
                all.push((format!("validation {step} loss"), v.metrics.loss));
                let accuracy = v.metrics.token_accuracy.unwrap_or(0.0);
                all.push((format!("validation {step} accuracy"), accuracy));
            }
            Event::Flow(f) => {
                for series in f.series {
                    let sum = series.norms.iter().map(|&x| f64::from(x)).sum();
                    all.push((format!("flow {} {}", f.step, series.name), sum));
                }
            }
            _ => {}
        }
    }
    all
}

fn last(options: &TrainOptions) -> Checkpoint {
    let dir = RunDir::open(folder(options)).unwrap();
    let mut checkpoint = dir.checkpoint(CheckpointKind::Last).unwrap();
    checkpoint.progress.seconds = 0.0;
    checkpoint.events_len = 0;
    checkpoint
}

#[track_caller]
fn assert_alike(got: &TrainOptions, want: &TrainOptions, tolerance: f64, what: &str) {
    assert_alike_numbers(&numbers(got), &numbers(want), tolerance, what);
}

#[track_caller]
fn assert_alike_numbers(got: &[(String, f64)], want: &[(String, f64)], tolerance: f64, what: &str) {
    assert!(want.len() > 30, "{what}: {} numbers", want.len());
    let differs = got.iter().zip(want).find(|(got, want)| got.0 != want.0);
    assert!(differs.is_none(), "{what}: {differs:?}");
    assert_eq!(got.len(), want.len(), "{what}");
    for ((name, got), (_, want)) in got.iter().zip(want) {
        let off = (got - want).abs();
        assert!(off <= tolerance * want.abs() + 1e-7, "{what}: {name}: {got} is not {want}");
    }
}

fn assert_finished(outcomes: &[seq2seq::Result<Outcome>], step: u64, what: &str) {
    for outcome in outcomes {
        let end = &outcome.as_ref().unwrap_or_else(|e| panic!("{what}: {e}")).end;
        assert_eq!((end.step, end.reason), (step, EndReason::Finished), "{what}");
    }
}

#[test]
fn every_preset_trains_as_in_one_process() {
    let corner = Corner::new();
    for preset in presets() {
        let options = |run: &str, threads: usize| {
            let mut options = TrainOptions {
                preset: Some(preset.name.clone()),
                data: Preset::find(&preset.name).unwrap().needs.map(|_| "phrasebook".to_owned()),
                seed: Some(3),
                threads: Some(threads),
                max_steps: Some(10),
                run_dir: Some(corner.path(&format!("{}-{run}", preset.name))),
                ..TrainOptions::default()
            };
            let wide = if preset.config.tied == Tied::None { "16" } else { "24" };
            let mut set = vec![("embedding", wide), ("hidden", "24"), ("batch", "16")];
            set.extend([
                ("metrics_every", "4"),
                ("flow_every", "5"),
                ("sample_every_seconds", "0"),
            ]);
            set.extend([("validate_every_epochs", "0"), ("stop_patience", "0")]);
            if !preset.config.target_prefixes.is_empty() {
                set.push(("target_prefixes", "[]"));
            }
            options.set = set.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            options
        };
        let straight = options("straight", 3);
        run(&straight).unwrap_or_else(|e| panic!("{}: {e}", preset.name));
        let shared = options("shared", 1);
        assert_finished(&run_on(3, &shared), 10, &preset.name);
        assert_alike(&shared, &straight, 1e-5, &preset.name);
    }
}

#[test]
fn every_kind_of_state_is_shared() {
    let corner = Corner::new();
    for (i, (_, set)) in RUNS.iter().enumerate() {
        let what = format!("run {i}");
        let straight = corner.options(&format!("straight{i}"), set, 4);
        assert_eq!(run(&straight).unwrap().end.step, 37);
        // Two ranks of two threads, and more parts than a batch has rows.
        for (size, threads) in [(2, 2), (5, 3)] {
            let name = format!("shared{i}-{size}");
            let shared = corner.options(&name, set, threads);
            assert_finished(&run_on(size, &shared), 37, &what);
            // Rounding grows over 37 steps.
            assert_alike(&shared, &straight, 1e-3, &what);
            let again = corner.options(&format!("{name}-again"), set, threads);
            assert_finished(&run_on(size, &again), 37, &what);
            let (mut got, mut want) = (last(&again), last(&shared));
            (got.identity, want.identity) = (None, None);
            assert!(got == want, "{what}: {size} ranks gave other bits the second time");
        }
    }
}

/// A language model of running text, whose states are carried from window to window.
fn stream(corner: &Corner, run: &str, threads: usize) -> TrainOptions {
    let mut options = corner.options(run, &[], threads);
    options.preset = Some("char-rnn".to_owned());
    options.data = Some("phrasebook".to_owned());
    options.valid = None;
    options.max_steps = Some(24);
    let set = [
        ("hidden", "16"),
        ("layers", "2"),
        ("batch", "6"),
        ("window", "20"),
        ("dropout", "0.2"),
        ("validate_every_epochs", "0"),
        ("sample_every_seconds", "0"),
        ("metrics_every", "2"),
    ];
    options.set = set.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
    options
}

#[test]
fn a_run_moves_between_numbers_of_ranks() {
    let corner = Corner::new();
    let straight = stream(&corner, "straight", 4);
    run(&straight).unwrap();
    let mut moved = stream(&corner, "moved", 1);
    // From four ranks to one, to three of one thread, to two of two: each has part of the states.
    for (until, size, threads) in [(5, 4, 1), (10, 1, 4), (17, 3, 1), (24, 2, 2)] {
        moved.max_steps = Some(until);
        moved.threads = Some(threads);
        assert_finished(&run_on(size, &moved), until, "moved");
        moved.resume = true;
        moved.set.clear();
    }
    // Each part of the run ends with a validation.
    let of_steps = |options: &TrainOptions| -> Vec<(String, f64)> {
        numbers(options).into_iter().filter(|number| number.0.starts_with("step")).collect()
    };
    assert_alike_numbers(&of_steps(&moved), &of_steps(&straight), 1e-4, "moved");
    let states = |options: &TrainOptions| -> Vec<f32> {
        let carried = last(options).carried.into_iter().map(Tensor::from);
        carried.flat_map(|row| row.data().to_vec()).collect()
    };
    let (got, want) = (states(&moved), states(&straight));
    assert_eq!(got.len(), want.len());
    assert!(got.iter().zip(&want).all(|(g, w)| (g - w).abs() < 1e-3), "the carried states");
}

#[test]
fn a_failure_on_rank_0_ends_all() {
    let corner = Corner::new();
    let mut options = corner.options("run", &[], 1);
    run(&options).unwrap();
    let ends = run_on(3, &options);
    assert!(matches!(ends[0], Err(Error::RunExists { .. })), "{:?}", ends[0]);
    for end in &ends[1..] {
        let Err(Error::OtherRank { rank: 0, what }) = end else { panic!("{end:?}") };
        assert!(what.contains("exists already"), "{what}");
    }
    // A run that has finished is nothing to do for any of them.
    options.resume = true;
    options.set.clear();
    for end in run_on(2, &options) {
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
                scope.spawn(move || train(options, &mut link.with_ranks(ranks)?))
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
