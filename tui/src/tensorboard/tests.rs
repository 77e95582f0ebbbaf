//! Whole event files: made of a log, cut and continued.

use std::fs;
use std::path::Path;

use seq2seq::event::{Flow, FlowSeries, Sample, Samples, TrainStep, Validation};
use seq2seq::{Event, Metrics};

use super::event_file::list;
use super::follow::follow;
use super::message::{Field, fields};
use super::{FOLDER, event, export, record};

fn step(step: u64) -> Event {
    Event::Step(Box::new(TrainStep {
        step,
        epoch: 1,
        loss: 0.5,
        learning_rate: 0.001,
        gradient_norm: 2.5,
        clipped_norm: 1.0,
        tokens: 100,
        tokens_per_second: 1000.0,
        seconds: step as f64,
        parameters: vec![],
    }))
}

fn validation(step: u64) -> Event {
    let metrics = Metrics { loss: 1.5, bleu: Some(25.0), ..Metrics::default() };
    Event::Validation(Validation { step, metrics, best: true })
}

fn samples(step: u64) -> Event {
    let words = |text: &str| text.split(' ').map(String::from).collect();
    let sample = Sample {
        source: words("the cat </s>"),
        output: words("le chat </s>"),
        reference: "le *chat*".into(),
        attention: vec![vec![0.5, 0.25, 0.25]; 3],
        logprob: -0.5,
        ..Sample::default()
    };
    Event::Samples(Samples { step, samples: vec![sample] })
}

fn flow(step: u64) -> Event {
    let series = vec![FlowSeries { name: "decoder.l0".into(), norms: vec![0.1, 0.01, 0.001] }];
    Event::Flow(Flow { step, series })
}

/// A run with a log.
struct Run(tempfile::TempDir);

impl Run {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), "{}").unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, events: &[Event]) {
        let lines: String =
            events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect();
        fs::write(self.path().join("events.jsonl"), lines).unwrap();
    }
}

/// The step and the tags of each record of some files, in order.
fn read(folder: &Path) -> Vec<(u64, Vec<String>)> {
    let mut found = Vec::new();
    for path in list(folder).unwrap() {
        let bytes = fs::read(path).unwrap();
        let mut file = &bytes[..];
        while let Some(event) = record::read(&mut file).unwrap() {
            let summary = fields(&event).into_iter().find(|(number, _)| *number == 5);
            let Some((_, Field::Bytes(summary))) = summary else { continue };
            let tags = fields(summary).into_iter().map(|(_, value)| {
                let Field::Bytes(value) = value else { panic!("{value:?}") };
                let Some((1, Field::Bytes(tag))) = fields(value).first().copied() else { panic!() };
                String::from_utf8(tag.to_vec()).unwrap()
            });
            found.push((event::step(&event), tags.collect()));
        }
        assert!(file.is_empty(), "a damaged record");
    }
    found
}

#[test]
fn an_event_has_the_bytes_that_tensorboard_reads() {
    let mut summary = event::Summary::new();
    summary.scalar("a", 1.0);
    let bytes = summary.event(0.5, 3).unwrap();
    let value = [&[0x0a, 1, b'a', 0x15][..], &1f32.to_le_bytes()].concat();
    let expected = [&[0x09][..], &0.5f64.to_le_bytes(), &[0x10, 3, 0x2a, 10, 0x0a, 8], &value];
    assert_eq!(bytes, expected.concat());
    let mut file = Vec::new();
    record::write(&mut file, &event::version(0.0)).unwrap();
    assert_eq!(&file[..8], &24u64.to_le_bytes());
    assert_eq!(&file[21..36], &[&[0x1a, 13][..], b"brain.Event:2"].concat()[..]);
    assert!(event::Summary::new().event(0.0, 1).is_none());
}

#[test]
fn a_log_becomes_scalars_histograms_images_and_texts() {
    let run = Run::new();
    run.write(&[step(1), step(2), validation(2), samples(2), flow(2)]);
    let folder = run.path().join("out");
    let written = export(run.path(), &folder, false).unwrap();
    assert_eq!((written.steps, written.records), (2, 6));
    assert_eq!(fs::metadata(&written.path).unwrap().len(), written.bytes);
    let found = read(&folder);
    let steps: Vec<u64> = found.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [1, 2, 2, 2, 2]);
    assert_eq!(found[0].1[..2], ["loss/train", "train/learning_rate"]);
    assert_eq!(found[2].1, ["loss/held_out", "held_out/bleu"]);
    assert_eq!(found[3].1, ["samples/1", "attention/1"]);
    assert_eq!(found[4].1, ["log10_gradient_flow/decoder.l0"]);

    let error = export(run.path(), &folder, false).unwrap_err().to_string();
    assert!(error.contains("exists already; --overwrite"), "{error}");
    export(run.path(), &folder, true).unwrap();
    assert_eq!(list(&folder).unwrap().len(), 1);
    run.write(&[]);
    let error = export(run.path(), &run.path().join("new"), false).unwrap_err().to_string();
    assert!(error.contains("no step"), "{error}");
    assert!(fs::read_dir(run.path().join("new")).unwrap().next().is_none());
}

#[test]
fn a_resumed_run_continues_without_repeating_a_step() {
    let run = Run::new();
    let folder = run.path().join(FOLDER);
    // The process is killed after step 4, of which the validation was not written.
    run.write(&[step(1), step(2), validation(2), step(3), step(4)]);
    follow(run.path(), (0, 0.0), || true).unwrap();
    // It continues at the checkpoint of step 2 or, if that was step 4, adds the validation.
    for (resumed, log, expected) in [
        (
            4,
            vec![step(1), step(2), validation(2), step(3), step(4), validation(4), step(5)],
            vec![1, 2, 2, 3, 4, 4, 5],
        ),
        (2, vec![step(1), step(2), validation(2), step(3), samples(3)], vec![1, 2, 2, 3, 3]),
        // Nothing new.
        (3, vec![step(1), step(2), validation(2), step(3), samples(3)], vec![1, 2, 2, 3, 3]),
    ] {
        run.write(&log);
        follow(run.path(), (resumed, 0.0), || true).unwrap();
        let steps: Vec<u64> = read(&folder).iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, expected, "resumed at {resumed}");
    }
    // A cut record at the end of a file is removed, too.
    let last = list(&folder).unwrap().pop().unwrap();
    let mut bytes = fs::read(&last).unwrap();
    bytes.extend([1, 2, 3]);
    fs::write(&last, bytes).unwrap();
    follow(run.path(), (3, 0.0), || true).unwrap();
    let steps: Vec<u64> = read(&folder).iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [1, 2, 2, 3, 3]);
}

#[test]
fn a_run_is_followed_until_it_is_over() {
    let run = Run::new();
    run.write(&[step(1)]);
    let mut looks = 0;
    follow(run.path(), (0, 0.0), || {
        looks += 1;
        match looks {
            1 => run.write(&[step(1), step(2)]),
            // After this look nothing is written any more, but it is read once more.
            2 => run.write(&[step(1), step(2), step(3)]),
            _ => {}
        }
        looks >= 2
    })
    .unwrap();
    let steps: Vec<u64> = read(&run.path().join(FOLDER)).iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [1, 2, 3]);
}

#[test]
fn trouble_is_told_and_ends_the_log() {
    let run = Run::new();
    run.write(&[step(1)]);
    fs::write(run.path().join(FOLDER), "no folder").unwrap();
    let log = super::TensorBoardLog::start().unwrap();
    log.begin(run.path(), 0, 0.0);
    let text = log.finish().unwrap();
    assert!(text.contains("tensorboard") && text.contains("tui export"), "{text}");
}
