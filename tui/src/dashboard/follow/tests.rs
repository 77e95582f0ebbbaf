//! Logs of any length: what is shown first, what is kept, the index.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use seq2seq::Event;
use seq2seq::event::{Flow, FlowSeries, ParameterMetrics, Sample, Samples, Start, TrainStep};

use super::*;
use crate::dashboard::tests::fixture;
use crate::dashboard::{Model, Role, Theme};

fn start(step: u64) -> Start {
    let Event::Start(start) = fixture::start() else { panic!("not a start") };
    Start { steps_per_epoch: 100, last_step: None, step, seconds: step as f64, ..*start }
}

fn step(step: u64, has_metrics: bool) -> TrainStep {
    let parameters = (0..24).map(|i| ParameterMetrics {
        name: format!("decoder.rnn.weight_hh_l{i}"),
        gradient_norm: 0.123_456_789 + i as f64,
        update_ratio: 1.234_567_8e-3,
    });
    let noise = (step * 7_919 % 1_000) as f64 / 1_000.0;
    TrainStep {
        step,
        epoch: step / 100 + 1,
        loss: 1.0 + 8.0 / (1.0 + step as f64 / 500.0) + 0.3 * noise,
        learning_rate: f64::from(0.002_f32),
        gradient_norm: 1.0 + noise / 3.0,
        clipped_norm: 0.999_999_873_353_801_8,
        tokens: 1044,
        tokens_per_second: 4_862.160_271_221_36 + noise,
        seconds: step as f64 * 0.012_345_678_9,
        parameters: if has_metrics { parameters.collect() } else { Vec::new() },
    }
}

fn maps(step: u64) -> Event {
    let words = |n: usize| (0..n).map(|i| format!("word{i}")).collect::<Vec<_>>();
    let sample = Sample {
        source: words(12),
        output: words(12),
        attention: vec![vec![0.083_333; 12]; 12],
        ..Sample::default()
    };
    Event::Samples(Samples { step, samples: vec![sample; 4] })
}

/// Returns true for the steps with metrics of the parameters, as training chooses them by default.
fn has_metrics(step: u64) -> bool {
    step.is_multiple_of(10 * step.div_ceil(10_000).next_power_of_two())
}

/// Writes the steps from `first` to `last` of a run, with metrics of the parameters every ten steps, and
/// with samples and flow now and then.
fn write(folder: &Path, first: u64, last: u64) {
    write_with(folder, first, last, |step| step.is_multiple_of(10));
}

fn write_with(folder: &Path, first: u64, last: u64, has_metrics: impl Fn(u64) -> bool) {
    fs::write(folder.join("config.json"), "{}").unwrap();
    let file = OpenOptions::new().append(true).create(true).open(folder.join("events.jsonl"));
    let mut file = BufWriter::new(file.unwrap());
    let mut put = |event: &Event| {
        serde_json::to_writer(&mut file, event).unwrap();
        file.write_all(b"\n").unwrap();
    };
    put(&Event::Start(Box::new(start(first - 1))));
    for i in first..=last {
        put(&Event::Step(Box::new(step(i, has_metrics(i)))));
        if i.is_multiple_of(500) {
            put(&maps(i));
            let series = FlowSeries { name: "encoder.rnn.l0".into(), norms: vec![0.5; 12] };
            put(&Event::Flow(Flow { step: i, series: vec![series] }));
        }
    }
    file.flush().unwrap();
}

/// Passes news to a model until `done`; returns the time until the first, and until the end.
fn follow(
    follower: &mut LogFollower,
    model: &mut Model,
    done: impl Fn(&Model, &LogFollower) -> bool,
) -> (Duration, Duration) {
    let begun = Instant::now();
    let mut first = None;
    while !done(model, follower) {
        assert_eq!(follower.trouble(), None);
        assert!(begun.elapsed() < Duration::from_secs(120));
        let news = follower.news();
        if news.is_quiet() {
            thread::sleep(Duration::from_millis(5));
            continue;
        }
        if news.restarted {
            model.forget();
        }
        if let Some(part) = news.history {
            model.add_history(part);
        }
        news.events.iter().for_each(|event| model.apply(event));
        first.get_or_insert(begun.elapsed());
    }
    (first.unwrap_or_default(), begun.elapsed())
}

fn model() -> Model {
    Model::new(Role::Watching, Theme::PLAIN)
}

/// Returns true if the model knows every step up to `last` from the first one on.
fn is_whole(model: &Model, last: u64) -> bool {
    model.run_state().steps() == last
        && model.history.curves.loss.reach() == Some((1.0, last as f64))
        && !model.history.is_being_read()
}

#[test]
fn a_long_log_shows_its_newest_steps_first_and_then_all() {
    let folder = tempfile::tempdir().unwrap();
    let last = 40_000;
    write(folder.path(), 1, last);
    let mut follower = LogFollower::open(folder.path()).unwrap();
    let mut model = model();
    follow(&mut follower, &mut model, |model, _| model.run_state().steps() == last);
    // The newest steps came first.
    assert!(model.history.curves.loss.reach().unwrap().0 > 30_000.0);
    assert_eq!(model.run_state().start.as_ref().map(|start| start.steps_per_epoch), Some(100));
    follow(&mut follower, &mut model, |model, _| is_whole(model, last));
    assert_eq!(model.run_state().dropped, 0);
    assert!(model.history.maps.len() > 40 && model.history.flows.len() > 40);
    // New steps come as events.
    write(folder.path(), last + 1, last + 10);
    follow(&mut follower, &mut model, |model, _| is_whole(model, last + 10));
    drop(follower);

    // The index gives the same history at once.
    let (index, _) = index::load(folder.path()).unwrap();
    assert!(index.run_state.steps() >= last);
    let mut again = self::model();
    let mut follower = LogFollower::open(folder.path()).unwrap();
    follow(&mut follower, &mut again, |again, _| is_whole(again, last + 10));
    let buckets = |model: &Model| model.history.curves.loss.buckets().to_vec();
    assert_eq!(buckets(&again).len(), buckets(&model).len());
    assert_eq!(again.history.maps.len(), model.history.maps.len());
    assert_eq!(again.run_state().loss.value(), model.run_state().loss.value());
}

/// A log whose first part has the form of an older program shows the same as one of today.
#[test]
fn a_log_of_two_programs_is_one_history() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [one, other] = folders.each_ref().map(|folder| folder.path().join("events.jsonl"));
    write(folders[0].path(), 1, 2_000);
    fs::write(folders[1].path().join("config.json"), "{}").unwrap();
    let mut log = String::new();
    for (i, line) in fs::read_to_string(&one).unwrap().lines().enumerate() {
        log += &match serde_json::from_str(line).unwrap() {
            Event::Step(step) if i < 1_000 => {
                let object = serde_json::to_string(&step).unwrap();
                format!(r#"{{"event":"step",{}"#, object.strip_prefix('{').unwrap())
            }
            _ => line.to_owned(),
        };
        log.push('\n');
    }
    assert!(log.contains(r#"{"event":"step","step":900,"#) && log.contains(r#"{"step":[1900,"#));
    fs::write(other, log).unwrap();
    let histories = folders.map(|folder| {
        let mut follower = LogFollower::open(folder.path()).unwrap();
        let mut model = model();
        follow(&mut follower, &mut model, |model, _| is_whole(model, 2_000));
        serde_json::to_string(&*model.history).unwrap()
    });
    assert_eq!(histories[0], histories[1]);
}

#[test]
fn an_index_of_another_log_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1, 40_000);
    let mut follower = LogFollower::open(folder.path()).unwrap();
    follow(&mut follower, &mut model(), |model, _| is_whole(model, 40_000));
    drop(follower);
    for log in ["", "longer"] {
        fs::remove_file(folder.path().join("events.jsonl")).unwrap();
        let last = if log.is_empty() { 50 } else { 50_000 };
        write(folder.path(), 1, last);
        if last > 50 {
            // The same length or more, but other content at the position of the index.
            let text = fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
            let other = text.replace(",1044,", ",1045,");
            assert_ne!(text, other);
            fs::write(folder.path().join("events.jsonl"), other).unwrap();
        }
        let mut follower = LogFollower::open(folder.path()).unwrap();
        let mut model = model();
        follow(&mut follower, &mut model, |model, _| is_whole(model, last));
        assert_eq!(model.run_state().dropped, 0, "{log}");
    }
    fs::write(folder.path().join("events.index"), "damaged").unwrap();
    assert!(index::load(folder.path()).is_none());
}

#[test]
fn a_resumed_run_shows_what_came_before() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1, 2_000);
    write(folder.path(), 2_001, 2_300);
    // What this process trains is known before the earlier part was read.
    let mut model = Model::new(Role::Training, Theme::PLAIN);
    model.apply(&Event::Start(Box::new(start(2_000))));
    (2_001..=2_200).for_each(|i| model.apply(&Event::Step(Box::new(step(i, false)))));
    let mut before = LogFollower::before(folder.path(), start(2_000)).unwrap();
    follow(&mut before, &mut model, |model, _| is_whole(model, 2_200));
    (2_201..=2_210).for_each(|i| model.apply(&Event::Step(Box::new(step(i, false)))));
    assert!(is_whole(&model, 2_210));
    assert_eq!(model.run_state().dropped, 0);
    assert_eq!(model.history.maps.len(), 4);
    let tokens = model.history.clock.at(2_210.0, crate::dashboard::history::Axis::Tokens);
    assert!((tokens - 2_210.0 * 1044.0).abs() < 2.0 * 1044.0, "{tokens}");
}

/// Measures with `cargo test -p tui --release million -- --ignored --nocapture`; the folder of the
/// log is `MILLION_STEPS`, or a temporary one.
#[test]
#[ignore = "writes 130 MB"]
#[allow(clippy::print_stderr)]
fn a_million_steps() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("MILLION_STEPS")
        .map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let last = 1_000_000;
    if !folder.join("events.jsonl").exists() {
        fs::create_dir_all(&folder).unwrap();
        write_with(&folder, 1, last, has_metrics);
    }
    let bytes = fs::metadata(folder.join("events.jsonl")).unwrap().len();
    eprintln!("{:.0} MB, {:.0} bytes per step", bytes as f64 / 1e6, bytes as f64 / last as f64);
    for name in ["without an index", "with the index"] {
        let (mut follower, mut model) = (LogFollower::open(&folder).unwrap(), model());
        let (first, whole) = follow(&mut follower, &mut model, |model, _| is_whole(model, last));
        eprintln!("{name}: the newest after {first:.2?}, everything after {whole:.2?}");
        assert!(first < Duration::from_secs(2));
        thread::sleep(Duration::from_secs(1));
    }
    let size = fs::metadata(folder.join("events.index")).unwrap().len();
    eprintln!("index: {:.1} MB", size as f64 / 1e6);
}
