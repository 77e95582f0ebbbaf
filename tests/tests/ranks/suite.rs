//! What several ranks must train as one process does.

use std::path::Path;

use seq2seq::config::Tied;
use seq2seq::event::{CheckpointKind, EndReason};
use seq2seq::{
    Checkpoint, Event, EventReader, Outcome, Preset, Ranks, RunDir, TrainOptions, link, presets,
    train,
};
use tensor::Tensor;

use crate::corner::{Corner, run};
use crate::runs::RUNS;

/// Trains on all ranks; the results of those of this process.
type TrainOnRanks = Box<dyn Fn(&TrainOptions) -> Vec<seq2seq::Result<Outcome>>>;

/// The ranks that train together.
pub(crate) struct World {
    pub(crate) size: usize,
    pub(crate) train: TrainOnRanks,
}

/// Trains as one of the ranks.
pub(crate) fn on_rank(options: &TrainOptions, ranks: Ranks) -> seq2seq::Result<Outcome> {
    let (link, viewer) = link(4096);
    drop(viewer);
    train(options, &mut link.with_ranks(ranks))
}

/// The run directory.
fn folder(options: &TrainOptions) -> &Path {
    options.run_dir.as_deref().unwrap()
}

/// The numbers of a run that must not depend on the ranks, each with its name.
pub(crate) fn numbers(options: &TrainOptions) -> Vec<(String, f64)> {
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
pub(crate) fn assert_alike(got: &TrainOptions, want: &TrainOptions, tolerance: f64, what: &str) {
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

/// The options of ten steps of a preset with few units.
fn of_preset(corner: &Corner, preset: &Preset, run: &str, threads: usize) -> TrainOptions {
    let wide = if preset.config.tied == Tied::None { "16" } else { "24" };
    let mut set = vec![("embedding", wide), ("hidden", "24"), ("batch", "16")];
    set.extend([("metrics_every", "4"), ("flow_every", "5"), ("sample_every_seconds", "0")]);
    set.extend([("validate_every_epochs", "0"), ("stop_patience", "0")]);
    if !preset.config.target_prefixes.is_empty() {
        set.push(("target_prefixes", "[]"));
    }
    TrainOptions {
        preset: Some(preset.name.clone()),
        data: preset.needs.as_ref().map(|_| "phrasebook".to_owned()),
        seed: Some(3),
        threads: Some(threads),
        max_steps: Some(10),
        run_dir: Some(corner.path(&format!("{}-{run}", preset.name))),
        set: set.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        ..TrainOptions::default()
    }
}

/// Every preset, with few units, for ten steps.
pub(crate) fn every_preset_trains_as_in_one_process(world: &World) {
    let corner = Corner::new();
    for preset in presets() {
        let straight = of_preset(&corner, &preset, "straight", world.size);
        run(&straight).unwrap_or_else(|e| panic!("{}: {e}", preset.name));
        let shared = of_preset(&corner, &preset, "shared", 1);
        assert_finished(&(world.train)(&shared), 10, &preset.name);
        assert_alike(&shared, &straight, 1e-5, &preset.name);
    }
}

/// A few presets on OpenCL devices, one for each rank; their sums are those of one device.
#[cfg(feature = "opencl")]
pub(crate) fn devices_train_as_one_device(world: &World) {
    if tensor::check::opencl().is_none() {
        return;
    }
    let corner = Corner::new();
    for name in ["phrasebook", "luong-general", "char-rnn"] {
        let preset = Preset::find(name).unwrap();
        let on = |run: &str, device: &str| TrainOptions {
            device: Some(device.to_owned()),
            ..of_preset(&corner, &preset, run, 1)
        };
        let straight = on("straight", "opencl");
        run(&straight).unwrap_or_else(|e| panic!("{name}: {e}"));
        let shared = on("shared", "opencl:auto");
        assert_finished(&(world.train)(&shared), 10, name);
        assert_alike(&shared, &straight, 1e-3, name);
    }
}

/// Dropout, accumulation, averages, plateaus, schedules, all optimizers; the same bits twice.
pub(crate) fn every_kind_of_state_is_shared(world: &World) {
    let corner = Corner::new();
    for (i, (_, set)) in RUNS.iter().enumerate() {
        let what = format!("run {i}");
        // Two threads on each rank; in all more parts than some batches have rows.
        let straight = corner.options(&format!("straight{i}"), set, 2 * world.size);
        assert_eq!(run(&straight).unwrap().end.step, 37);
        let shared = corner.options(&format!("shared{i}"), set, 2);
        assert_finished(&(world.train)(&shared), 37, &what);
        // Rounding grows over 37 steps.
        assert_alike(&shared, &straight, 1e-3, &what);
        let again = corner.options(&format!("again{i}"), set, 2);
        assert_finished(&(world.train)(&again), 37, &what);
        let (mut got, mut want) = (last(&again), last(&shared));
        (got.identity, want.identity) = (None, None);
        assert!(got == want, "{what}: other bits the second time");
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

/// A run of several ranks is resumed on one, and the other way round.
pub(crate) fn a_run_moves_between_numbers_of_ranks(world: &World) {
    let corner = Corner::new();
    let straight = stream(&corner, "straight", world.size);
    run(&straight).unwrap();
    let mut moved = stream(&corner, "moved", 1);
    // Each rank has a part of the carried states.
    for (until, is_shared, threads) in [(5, true, 1), (10, false, 1), (17, true, 2), (24, true, 1)]
    {
        moved.max_steps = Some(until);
        moved.threads = Some(threads);
        let outcomes = if is_shared { (world.train)(&moved) } else { vec![run(&moved)] };
        assert_finished(&outcomes, until, "moved");
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
