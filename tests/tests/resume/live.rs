//! Settings that were changed while a run trained: a resume repeats each change at its step.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::thread;

use seq2seq::event::{Changed, CheckpointKind};
use seq2seq::{Command, Event, TrainOptions, link, train};

use super::{Corner, assert_equal_runs, checkpoint, events, run};

/// The changes, with the steps after which they are made.
const CHANGES: [(u64, &str, &str); 7] = [
    (3, "dropout", "0.3"),
    (5, "clip_norm", "0.05"),
    (5, "teacher_forcing", "0.5"),
    (7, "epochs", "3"),
    (9, "dropout", "0.1"),
    (11, "learning_rate_schedule", "inverse_sqrt"),
    (13, "label_smoothing", "0.1"),
];

/// When a checkpoint is written.
#[derive(Debug, Clone, Copy)]
enum Saved {
    /// Only when the run begins.
    Never,
    /// Before the changes after this step.
    Before(u64),
    /// After them.
    After(u64),
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        // The trainer may replace a file meanwhile: its temporary one is then gone.
        if let Err(error) = fs::copy(file.path(), to.join(file.file_name())) {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        }
    }
}

/// Trains to the end, single step by single step, with the commands that `at` returns for each step,
/// and copies the folder of the run to `killed` before step `kill`, as a process that is killed
/// leaves it.
fn train_with(
    options: &TrainOptions,
    at: impl Fn(u64) -> Vec<Command>,
    (kill, killed): (u64, &Path),
) -> u64 {
    let (mut link, viewer) = link(1 << 16);
    let begun = options.clone();
    viewer.commands.send(Command::Pause).unwrap();
    let trainer = thread::spawn(move || train(&begun, &mut link).unwrap());
    for event in &viewer.events {
        let step = match event {
            Event::Start(start) => start.step,
            Event::Step(step) => step.step,
            Event::Refused { reason, .. } => panic!("{reason}"),
            _ => continue,
        };
        if step == kill {
            copy(options.run_dir.as_deref().unwrap(), killed);
        }
        for command in at(step).into_iter().chain([Command::StepOnce]) {
            let _ = viewer.commands.send(command);
        }
    }
    trainer.join().unwrap().end.step
}

fn with_changes(saved: Saved) -> impl Fn(u64) -> Vec<Command> {
    move |step| {
        let mut commands = Vec::new();
        commands.extend(matches!(saved, Saved::Before(at) if at == step).then_some(Command::Save));
        let now = CHANGES.iter().filter(|change| change.0 == step);
        commands.extend(
            now.map(|(_, key, value)| Command::Set { key: (*key).into(), value: (*value).into() }),
        );
        commands.extend(matches!(saved, Saved::After(at) if at == step).then_some(Command::Save));
        commands
    }
}

/// The changes in the log, and how many of them are marked as repeated.
fn changes(options: &TrainOptions) -> (Vec<Changed>, usize) {
    let changed = |event| match event {
        Event::Changed(changed) => Some(*changed),
        _ => None,
    };
    let folder = options.run_dir.as_deref().unwrap();
    let mut all: Vec<Changed> = events(folder).into_iter().filter_map(changed).collect();
    let repeated = all.iter().filter(|changed| changed.repeated).count();
    all.iter_mut().for_each(|changed| changed.repeated = false);
    (all, repeated)
}

#[test]
fn settings_changed_while_training_change_at_the_same_steps_after_a_kill() {
    let corner = Corner::new();
    let set = [("epochs", "2"), ("checkpoint_seconds", "1000"), ("validate_every_epochs", "1.25")];
    for (i, (saved, from, repeated)) in [
        (Saved::Never, 0, 7),
        (Saved::Before(5), 5, 6),
        (Saved::After(5), 5, 4),
        (Saved::After(8), 8, 3),
    ]
    .into_iter()
    .enumerate()
    {
        let path = |name: &str| corner.path(&format!("{name}-{i}"));
        let mut straight = corner.options(&format!("straight-{i}"), &set, 2);
        straight.max_steps = None;
        let end = train_with(&straight, with_changes(saved), (14, &path("killed")));
        assert_eq!(end, 24, "three epochs in place of two");
        let resumed = |name| TrainOptions {
            run_dir: Some(path(name)),
            resume: true,
            set: vec![],
            ..straight.clone()
        };
        // The resumed run is killed, too, before it has repeated all changes.
        let first = resumed("killed");
        assert_eq!(checkpoint(&first, CheckpointKind::Last).progress.step, from, "{saved:?}");
        assert_eq!(train_with(&first, |_| vec![], (9, &path("again"))), 24);
        let second = resumed("again");
        run(&second).unwrap();
        for resumed in [first, second] {
            assert_equal_runs(&resumed, &straight);
            let (all, number) = changes(&resumed);
            assert_eq!((all, number), (changes(&straight).0, repeated), "{saved:?}");
        }
    }
}

#[test]
fn a_value_given_with_the_resume_replaces_the_change() {
    let corner = Corner::new();
    let set = [("epochs", "2"), ("checkpoint_seconds", "1000"), ("validate_every_epochs", "0")];
    let mut straight = corner.options("straight", &set, 2);
    straight.max_steps = None;
    let killed = corner.path("killed");
    assert_eq!(train_with(&straight, with_changes(Saved::Never), (14, &killed)), 24);
    let set = vec![("dropout".to_owned(), "0.25".to_owned())];
    let resumed = TrainOptions { run_dir: Some(killed), resume: true, set, ..straight };
    assert_eq!(run(&resumed).unwrap().end.step, 24);
    let (all, _) = changes(&resumed);
    assert_eq!(all.len(), 5);
    assert!(all.iter().flat_map(|changed| &changed.changes).all(|change| change.key != "dropout"));
    let stored = seq2seq::RunDir::open(resumed.run_dir.as_deref().unwrap()).unwrap().stored();
    let config = stored.unwrap().config;
    assert_eq!((config.dropout, config.epochs, config.label_smoothing), (0.25, 3, 0.1));
}

#[test]
fn a_refused_change_leaves_the_run_as_it_was() {
    let corner = Corner::new();
    let plain = corner.options("plain", &[], 2);
    run(&plain).unwrap();
    let options = corner.options("refused", &[], 2);
    let (mut link, viewer) = link(1 << 16);
    for (key, value) in
        [("dropout", "1"), ("hidden", "9"), ("epochs", "20"), ("temperature", "0.5"), ("x", "1")]
    {
        let command = Command::Set { key: key.into(), value: value.into() };
        viewer.commands.send(command).unwrap();
    }
    viewer.commands.send(Command::SetLearningRate(-1.0)).unwrap();
    train(&options, &mut link).unwrap();
    drop(link);
    let refused = |event| match event {
        Event::Refused { reason, .. } => Some(reason),
        _ => None,
    };
    let reasons: Vec<String> = viewer.events.iter().filter_map(refused).collect();
    for (reason, expected) in reasons.iter().zip([
        "from 0 to below 1",
        "hidden cannot change after the run has begun",
        "the run ends at step 37, its limit of steps",
        "it needs task = language_lines",
        "there is no key 'x'",
        "above 0",
    ]) {
        assert!(reason.contains(expected), "{reason}");
    }
    assert_eq!(reasons.len(), 6);
    assert!(changes(&options).0.is_empty());
    assert_equal_runs(&options, &plain);
}

#[test]
fn every_task_takes_changed_settings_as_a_resume_builds_it() {
    let corner = Corner::new();
    let text: String = (0..200).map(|i| format!("line {} of {}\n", i * 7 % 40, i % 9)).collect();
    fs::write(corner.path("text.txt"), text).unwrap();
    let file = corner.path("text.txt").to_str().unwrap().to_owned();
    for (preset, data) in [
        ("adding", None),
        ("reber", None),
        ("makemore-gru", Some(&file)),
        ("char-rnn", Some(&file)),
    ] {
        let small = [("hidden", "9"), ("batch", "8"), ("checkpoint_seconds", "1000")];
        let set = small.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let straight = TrainOptions {
            preset: Some(preset.to_owned()),
            data: data.cloned(),
            threads: Some(2),
            seed: Some(5),
            max_steps: Some(12),
            run_dir: Some(corner.path(preset)),
            set,
            ..TrainOptions::default()
        };
        let set = |key: &str, value: &str| Command::Set { key: key.into(), value: value.into() };
        let commands = |step| match step {
            3 => vec![set("dropout", "0.3"), set("clip_norm", "0.01")],
            4 => vec![Command::Save],
            6 => vec![set("dropout_output", "true"), set("dropout", "0.15")],
            _ => vec![],
        };
        let killed = corner.path(&format!("{preset}-killed"));
        assert_eq!(train_with(&straight, commands, (8, &killed)), 12, "{preset}");
        let resumed =
            TrainOptions { run_dir: Some(killed), resume: true, set: vec![], ..straight.clone() };
        assert_eq!(checkpoint(&resumed, CheckpointKind::Last).progress.step, 4);
        run(&resumed).unwrap();
        let params = |options| checkpoint(options, CheckpointKind::Last).params;
        assert!(params(&resumed) == params(&straight), "{preset}");
    }
}
