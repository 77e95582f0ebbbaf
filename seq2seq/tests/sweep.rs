//! Every key with every kind of value: it is taken, and a run made of it, or refused; nothing panics
//! and nothing goes on for ever.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use seq2seq::{Config, Key, TrainOptions, link, train};

/// Numbers that are none, or too large, too small, or strange.
const ODD: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "3",
    "0.5",
    "1.5",
    "",
    " ",
    "NaN",
    "inf",
    "-inf",
    "1e300",
    "-1e300",
    "1e-300",
    "1e-45",
    "1e20",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "true",
    "word",
    "[\"a\", \"\"]",
];

/// The names that a key takes, and both ends of its range.
fn own_values(key: &Key) -> Vec<String> {
    let allowed = key.allowed();
    let names = allowed.split(", ").filter(|name| !name.contains(' ')).map(str::to_owned);
    let ends = allowed.split(' ').map(|word| word.trim_end_matches(','));
    let ends = ends.filter(|word| word.parse::<f64>().is_ok()).map(str::to_owned);
    names.chain(ends).collect()
}

fn values(key: &Key) -> Vec<String> {
    ODD.iter().map(|&text| text.to_owned()).chain(own_values(key)).collect()
}

#[test]
fn values_are_taken_or_refused_by_name() {
    let mut taken = 0;
    for key in Config::KEYS {
        for value in values(key) {
            let mut config = Config::default();
            let result = config.set(key.name, &value).and_then(|()| config.validate());
            match result {
                Ok(()) => taken += 1,
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains(key.name), "{} = {value}: {error}", key.name);
                    assert!(error.len() > key.name.len() + 20, "{error}");
                }
            }
        }
        for end in own_values(key) {
            Config::default().set(key.name, &end).unwrap();
        }
    }
    assert!(taken > 200, "{taken}");
}

/// One step of a tiny run for each value that is valid, beside other keys that make it matter.
#[test]
fn what_is_taken_trains_a_step_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pairs = folder.path().join("pairs.tsv");
    let lines = ["a b\tA B", "b c d\tB C D", "c\tC", "d a\tD A", "b\tB"];
    fs::write(&pairs, lines.join("\n")).unwrap();
    let text = folder.path().join("text.txt");
    fs::write(&text, "a b c d a b c d\n".repeat(40)).unwrap();
    let small = "hidden=4 embedding=4 attention_width=0 batch=2 epochs=1 sample_every_seconds=0 \
                 validate_every_epochs=0 max_length=4 bidirectional=false";
    let local = "attention=local_p attention_score=general wiring=recur_then_attend \
                 readout=tanh_context layers=2 dropout=0.1 init=uniform decoder_init=zeros \
                 learning_rate_schedule=exponential teacher_forcing=0.9 \
                 teacher_forcing_schedule=linear optimizer=rmsprop";
    let maxout = "readout=maxout attention=location cell=lstm average_decay=0.9 \
                  learning_rate_schedule=inverse_sqrt batch_by=tokens optimizer=adadelta";
    let stream = "task=language_stream unit=characters bidirectional=false window=5";
    let mut trained = 0;
    for (data, others) in [(&pairs, local), (&pairs, maxout), (&text, stream)] {
        let base: Vec<(String, String)> = small
            .split_whitespace()
            .chain(others.split_whitespace())
            .filter_map(|text| text.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        one_step(folder.path(), data, base.clone()).unwrap();
        for key in Config::KEYS {
            let mut seen = Vec::new();
            // Gigabytes, written once: sizes are checked before, and the step is as any other.
            let is_huge = |value: &String| {
                ["embedding", "readout_width"].contains(&key.name) && value == "1000000"
            };
            for value in values(key).into_iter().filter(|value| !is_huge(value)) {
                let mut set = base.clone();
                set.push((key.name.to_owned(), value.clone()));
                let mut config = Config::default();
                let taken = set.iter().all(|(key, value)| config.set(key, value).is_ok());
                if !taken || config.validate().is_err() || seen.contains(&config) {
                    continue;
                }
                trained += usize::from(one_step(folder.path(), data, set).is_ok());
                seen.push(config);
            }
        }
    }
    assert!(trained > 200, "{trained}");
}

fn one_step(folder: &Path, data: &Path, set: Vec<(String, String)>) -> seq2seq::Result<()> {
    let run = folder.join("run");
    if run.exists() {
        fs::remove_dir_all(&run).unwrap();
    }
    let options = TrainOptions {
        data: Some(data.to_str().unwrap().to_owned()),
        valid: Some("none".to_owned()),
        threads: Some(1),
        max_steps: Some(1),
        run_dir: Some(run),
        set,
        ..TrainOptions::default()
    };
    let (mut link, viewer) = link(64);
    // Nobody listens: what waits for a listener would wait for ever.
    drop(viewer);
    train(&options, &mut link).map(|_| ())
}
