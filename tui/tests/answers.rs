//! Answers about stored runs, without a terminal.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use seq2seq::{Command, Event, TrainOptions};
use tui::answerer::Answerer;
use tui::trainer::{Next, Trainer};

fn options(folder: &Path) -> TrainOptions {
    let data = folder.join("pairs.tsv");
    std::fs::write(&data, "the cat sleeps\tle chat dort\nthe dog eats\tle chien mange\n").unwrap();
    let set = [("hidden", "8"), ("embedding", "8")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    TrainOptions {
        data: Some(data.display().to_string()),
        valid: Some(data.display().to_string()),
        run_dir: Some(folder.join("run")),
        max_steps: Some(3),
        threads: Some(1),
        set: set.to_vec(),
        ..TrainOptions::default()
    }
}

/// Waits for the next answer.
#[track_caller]
fn next(mut answers: impl FnMut() -> Vec<Event>) -> Event {
    let begun = Instant::now();
    loop {
        if let Some(event) = answers().pop() {
            return event;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no answer");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_run_that_has_ended_answers_what_needs_no_training() {
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = Trainer::start(options(folder.path())).unwrap();
    while !matches!(trainer.wait(), Next::End) {}
    trainer.send(Command::Pause);
    trainer.send(Command::Translate("the cat sleeps".into()));
    let Event::Translation(sample) = next(|| trainer.drain(100)) else { panic!("no translation") };
    assert_eq!(sample.source, ["the", "cat", "sleeps", "</s>"]);
    trainer.send(Command::Inspect(Box::new("the dog".into())));
    let Event::Inspection(found) = next(|| trainer.drain(100)) else { panic!("no inspection") };
    assert_eq!(found.without.source, ["the", "dog", "</s>"]);
    trainer.send(Command::HeldOut("2".into()));
    let Event::HeldOut(maps) = next(|| trainer.drain(100)) else { panic!("no maps") };
    assert_eq!(maps.forced.output, ["le", "chien", "mange", "</s>"]);
    trainer.send(Command::Histogram("decoder.output.bias".into()));
    let Event::Histogram(found) = next(|| trainer.drain(100)) else { panic!("no histogram") };
    assert_eq!(found.values.counts.iter().sum::<u64>(), found.shape[0] as u64);
    trainer.join().unwrap();

    let mut answerer = Answerer::new(&folder.path().join("run"));
    assert!(answerer.answers().is_empty());
    answerer.send(Command::Translate("the cat sleeps".into()));
    assert_eq!(next(|| answerer.answers()), Event::Translation(sample));
}

#[test]
fn a_folder_without_a_run_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut answerer = Answerer::new(folder.path());
    let command = Command::Translate("the cat".into());
    answerer.send(command.clone());
    let Event::Refused { command: refused, reason } = next(|| answerer.answers()) else {
        panic!("no refusal")
    };
    assert_eq!(refused, command);
    assert!(!reason.is_empty());
}
