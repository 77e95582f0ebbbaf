//! The size of the log of a million steps, from the log of a short run.

use std::collections::BTreeMap;
use std::fs;

use super::clock::{log_is_due, sample_interval};
use crate::event::{Event, Start, TrainStep};
use crate::options::TrainOptions;
use crate::session::train;

const STEPS: u64 = 1_000_000;

/// The size of the line of an event.
fn size(event: &Event) -> u64 {
    serde_json::to_string(event).unwrap().len() as u64 + 1
}

/// Returns the start of a short run, and the lines of each kind of event.
fn short_run() -> (Start, BTreeMap<String, Vec<Event>>) {
    let folder = tempfile::tempdir().unwrap();
    let options = TrainOptions {
        threads: Some(1),
        seed: Some(1),
        max_steps: Some(240),
        run_dir: Some(folder.path().join("run")),
        set: [("hidden", "16"), ("embedding", "16")].map(|(k, v)| (k.into(), v.into())).into(),
        ..TrainOptions::default()
    };
    let (mut link, viewer) = crate::link(1);
    drop(viewer);
    train(&options, &mut link).unwrap();
    let log = fs::read_to_string(folder.path().join("run/events.jsonl")).unwrap();
    let (mut start, mut found) = (None, BTreeMap::<_, Vec<Event>>::new());
    for line in log.lines() {
        let event = Event::from_line(line.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
        if let Event::Start(first) = &event {
            start = Some((**first).clone());
        }
        let rest = line.trim_start_matches(['{', '"']).trim_start_matches("event\":\"");
        let kind = rest.split('"').next().unwrap();
        found.entry(kind.to_owned()).or_default().push(event);
    }
    (start.unwrap(), found)
}

/// A step at the end of a run of a million that take `duration` seconds each: its numbers are longer.
fn late(step: &TrainStep, start: &Start, duration: f64) -> TrainStep {
    let at = STEPS - 1000 + step.step;
    let (epoch, seconds) = (at / start.steps_per_epoch + 1, at as f64 * duration + step.seconds);
    TrainStep { step: at, epoch, seconds, ..step.clone() }
}

/// Returns the number of lines and the mean size of a line of each part of the log of a million steps
/// that take `duration` seconds each.
fn parts(
    start: &Start,
    found: &BTreeMap<String, Vec<Event>>,
    duration: f64,
) -> Vec<(&'static str, u64, u64)> {
    let mean = |kind: &str| {
        let events = &found[kind];
        events.iter().map(size).sum::<u64>().div_ceil(events.len() as u64)
    };
    let (mut plain, mut steps, mut metrics, mut sets) = (0, 0, 0, 0);
    for event in &found["step"] {
        let Event::Step(step) = event else { panic!("{event:?}") };
        let mut step = late(step, start, duration);
        let whole = size(&Event::Step(Box::new(step.clone())));
        sets += u64::from(!step.parameters.is_empty());
        step.parameters.clear();
        let line = size(&Event::Step(Box::new(step)));
        (plain, steps, metrics) = (plain + line, steps + 1, metrics + whole - line);
    }
    assert_eq!((steps, sets), (240, 24));

    let due = |every| (0..STEPS).filter(|&step| log_is_due(every, step)).count() as u64;
    let (all, epoch) = (STEPS as f64 * duration, start.steps_per_epoch as f64 * duration);
    // Samples every five seconds and after each validation, checkpoints every ten seconds and after
    // a few validations.
    let (mut samples, mut seconds) = (0, 0.0);
    while seconds < all {
        samples += 1;
        seconds += sample_interval(seconds).max(epoch.min(5.0));
    }
    let validations = STEPS / start.steps_per_epoch;
    let checkpoints = (all / 10.0) as u64 + validations / 10;
    vec![
        ("step", STEPS, plain.div_ceil(steps)),
        ("metrics of parameters", due(10), metrics.div_ceil(sets)),
        ("flow", due(100), mean("flow")),
        ("samples", samples, mean("samples")),
        ("validation", validations, mean("validation")),
        ("checkpoint", checkpoints, mean("checkpoint")),
    ]
}

#[test]
fn a_million_steps_take_less_than_150_megabytes() {
    let (start, found) = short_run();
    for duration in [0.01, 1.0] {
        let parts = parts(&start, &found, duration);
        let total: u64 = parts.iter().map(|(_, lines, bytes)| lines * bytes).sum();
        println!("{duration} s per step: {:.1} MB, {parts:?}", total as f64 / 1e6);
        assert!(parts[0].2 < 100, "{parts:?}");
        assert!(total < 150_000_000, "{total} bytes, {parts:?}");
    }
}
