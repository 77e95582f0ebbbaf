//! What a run does beside its steps: schedules, accumulated batches, the average of parameters,
//! early stopping, and a loss that is no longer finite.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use seq2seq::data::{Corpus, Example, SubwordModels, Text};
use seq2seq::event::{CheckpointKind, EndReason, Validation};
use seq2seq::model::EncoderDecoder;
use seq2seq::task::TranslationModel;
use seq2seq::train::{StepOptions, StepOutcome, start_step};
use seq2seq::{
    Config, Error, Event, EventReader, Outcome, RunDir, StoredTensor, TrainOptions, Translator,
    link, train,
};
use tempfile::TempDir;
use tensor::optim::{Optimizer, OptimizerConfig};
use tensor::{Params, Threads};

/// A folder with a corpus: 61 pairs to train on and 9 held out.
fn corner() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pairs = Corpus::read("phrasebook:valid", None).unwrap().pairs;
    for (name, range) in [("train.tsv", 0..61), ("valid.tsv", 61..70)] {
        let line = |i: usize| format!("{}\t{}\n", pairs[i * 7].source, pairs[i * 7].target);
        fs::write(folder.path().join(name), range.map(line).collect::<String>()).unwrap();
    }
    folder
}

fn options(folder: &Path, set: &[(&str, &str)]) -> TrainOptions {
    let text = |name: &str| Some(folder.join(name).to_str().unwrap().to_owned());
    let small = [
        ("embedding", "9"),
        ("hidden", "7"),
        ("batch", "8"),
        ("validate_every_epochs", "0.5"),
        ("sample_every_seconds", "0"),
    ];
    TrainOptions {
        data: text("train.tsv"),
        valid: text("valid.tsv"),
        threads: Some(2),
        seed: Some(5),
        epochs: Some(6),
        run_dir: Some(folder.join("run")),
        set: small.iter().chain(set).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..TrainOptions::default()
    }
}

fn run(options: &TrainOptions) -> seq2seq::Result<Outcome> {
    let (mut link, viewer) = link(1);
    drop(viewer);
    train(options, &mut link)
}

fn dir(options: &TrainOptions) -> PathBuf {
    options.run_dir.clone().unwrap()
}

fn events(options: &TrainOptions) -> Vec<Event> {
    EventReader::open(&dir(options)).unwrap().poll().unwrap()
}

/// The learning rate of each step.
fn rates(options: &TrainOptions) -> Vec<f32> {
    let rate = |event| if let Event::Step(s) = event { Some(s.learning_rate as f32) } else { None };
    events(options).into_iter().filter_map(rate).collect()
}

fn validations(options: &TrainOptions) -> Vec<Validation> {
    let of = |event| if let Event::Validation(v) = event { Some(v) } else { None };
    events(options).into_iter().filter_map(of).collect()
}

#[test]
fn a_plateau_lowers_the_rate_where_validations_stand_still() {
    let corner = corner();
    // A rate at which nothing gets better: the first validation stays the best.
    let set = [
        ("learning_rate_schedule", "plateau"),
        ("learning_rate_patience", "2"),
        ("learning_rate_factor", "0.1"),
        ("optimizer", "sgd"),
        ("learning_rate", "1e-30"),
    ];
    let options = options(corner.path(), &set);
    run(&options).unwrap();
    // Four steps between two validations.
    let want = (0..48_i32).map(|step| {
        let stale = (step / 4 - 1).max(0);
        (1e-30_f64 * 0.1_f64.powi(stale / 2)) as f32
    });
    for (step, (got, want)) in rates(&options).iter().zip(want).enumerate() {
        assert!((got / want - 1.0).abs() < 1e-5, "{step}: {got} {want}");
    }
    assert_eq!(rates(&options).len(), 48);
}

#[test]
fn a_run_ends_early_and_goes_on_where_that_is_taken_back() {
    let corner = corner();
    let set = [("stop_patience", "3"), ("optimizer", "sgd"), ("learning_rate", "1e-30")];
    let mut options = options(corner.path(), &set);
    let end = run(&options).unwrap().end;
    // The first validation is the best, three more are waited for: four of four steps each.
    assert_eq!((end.reason, end.step), (EndReason::EarlyStopped, 16));
    assert_eq!(
        validations(&options).iter().map(|v| v.best).collect::<Vec<_>>(),
        [true, false, false, false]
    );
    options.resume = true;
    let again = run(&options).unwrap();
    assert_eq!((again.already_finished, again.end.reason), (true, EndReason::EarlyStopped));
    options.set = vec![("stop_patience".into(), "0".into())];
    let end = run(&options).unwrap().end;
    assert_eq!((end.reason, end.step), (EndReason::Finished, 48));
}

#[test]
fn what_waits_for_validations_needs_pairs_to_validate_with() {
    let corner = corner();
    let mut options = options(corner.path(), &[("stop_patience", "3")]);
    options.valid = Some("none".into());
    // Which would be refused before, for having no effect either.
    options.set.retain(|(key, _)| key != "validate_every_epochs");
    match run(&options) {
        Err(error @ Error::Configuration { .. }) => {
            assert!(
                error.to_string().contains("stop_patience = 3: nothing is held out"),
                "{error}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(!dir(&options).exists());
}

#[test]
fn a_run_that_is_no_longer_finite_leaves_a_good_checkpoint_and_advice() {
    let corner = corner();
    // The first update, of ten times the rate, takes parameters out of range, though loss and
    // gradient were finite; and a checkpoint is due after it.
    let set = [
        ("optimizer", "rmsprop"),
        ("learning_rate", "1e38"),
        ("clip_norm", "0"),
        ("checkpoint_seconds", "1e-9"),
    ];
    let mut options = options(corner.path(), &set);
    let end = run(&options).unwrap().end;
    assert_eq!(end.reason, EndReason::NotFinite);
    let last = RunDir::open(&dir(&options)).unwrap().checkpoint(CheckpointKind::Last).unwrap();
    let finite = |(_, t): &(String, StoredTensor)| {
        tensor::Tensor::from(t.clone()).data().iter().all(|x| x.is_finite())
    };
    assert!(last.params.iter().all(finite), "step {}", last.progress.step);
    assert_eq!((last.progress.end, last.progress.step, end.step), (None, 0, 1));
    let warned = events(&options).into_iter().any(|event| match event {
        Event::Warning { text, .. } => {
            text.contains("learning_rate = 1e37 (it was 1e38)")
                && text.contains("clip_norm = 1 (now off)")
        }
        _ => false,
    });
    assert!(warned);
    options.resume = true;
    assert_eq!(run(&options).unwrap().end.reason, EndReason::NotFinite);
    // The advice is followed.
    let set = [("learning_rate", "0.001"), ("clip_norm", "1")];
    options.set = set.map(|(key, value)| (key.into(), value.into())).into();
    assert_eq!(run(&options).unwrap().end.reason, EndReason::Finished);
    let starts = events(&options).into_iter().filter_map(|event| match event {
        Event::Start(start) => Some(start.changes),
        _ => None,
    });
    let changes: Vec<String> = starts.flatten().map(|change| change.to_string()).collect();
    let rate = changes.iter().find(|change| change.starts_with("learning_rate")).unwrap();
    assert!(rate.starts_with("learning_rate = 0.001 (was 1"), "{rate}");
    assert!(changes.contains(&"clip_norm = 1 (was 0)".to_owned()), "{changes:?}");
}

#[test]
fn the_average_is_what_is_validated_and_used() {
    let corner = corner();
    let set = [("average_decay", "0.95"), ("learning_rate", "0.03")];
    let options = options(corner.path(), &set);
    run(&options).unwrap();
    let best = validations(&options).into_iter().rfind(|v| v.best).unwrap();
    let folder = dir(&options);
    let translator = Translator::open(&folder, "cpu", Some(2)).unwrap();
    let valid = options.valid.clone().unwrap();
    assert_eq!(translator.evaluate(&valid, None).unwrap().metrics.loss, best.metrics.loss);

    let stored = RunDir::open(&folder).unwrap().checkpoint(CheckpointKind::Best).unwrap();
    assert_eq!(stored.progress.step, best.step);
    let average = stored.average.unwrap();
    assert!(average.iter().zip(&stored.params).all(|(a, (_, p))| a != p));
}

/// A small network, its parameters, and pairs to train it on.
fn network(set: &[(&str, &str)]) -> (TranslationModel, Params, Vec<Example>) {
    let mut config = Config { embedding: 9, hidden: 7, ..Config::default() };
    set.iter().for_each(|(key, value)| config.set(key, value).unwrap());
    config.validate().unwrap();
    let mut corpus = Corpus::read("phrasebook:valid", None).unwrap();
    corpus.pairs.truncate(24);
    let text = Text::build(&config, &SubwordModels::default(), &corpus).unwrap();
    let examples = corpus.pairs.iter().map(|p| text.encode(p)).collect();
    let mut params = Params::new();
    let (source, target) = (text.source_vocabulary.len(), text.target_vocabulary.len());
    let network = EncoderDecoder::new(&mut params, &config, source, target, 3).unwrap();
    (TranslationModel::new(network, text, corpus.clone(), &corpus), params, examples)
}

/// One step of plain SGD over batches of these sizes, of the first examples.
fn step(
    set: &[(&str, &str)],
    sizes: &[usize],
    step: u64,
    threads: usize,
) -> (StepOutcome, Vec<Vec<f32>>) {
    let (model, mut params, examples) = network(set);
    let sgd = OptimizerConfig::by_name("sgd").unwrap();
    let mut optimizer = Optimizer::new(sgd, &params).unwrap();
    let mut rest = examples.iter();
    let batches: Vec<Vec<&Example>> =
        sizes.iter().map(|&size| rest.by_ref().take(size).collect()).collect();
    let batches: Vec<&[&Example]> = batches.iter().map(Vec::as_slice).collect();
    let options = StepOptions {
        seed: 11,
        step,
        learning_rate: 1.0,
        clip: Some(0.5),
        ratios: false,
        flow: true,
        profile: false,
    };
    let threads = Threads::new(threads);
    let outcome =
        start_step(&model, &mut params, &mut optimizer, &batches, &threads, &options).unwrap();
    let outcome = outcome.finish(&mut optimizer).unwrap();
    let values = params.iter().map(|(_, t)| t.data().to_vec()).collect();
    (outcome, values)
}

#[track_caller]
fn assert_near(got: &[Vec<f32>], want: &[Vec<f32>]) {
    for (a, b) in got.iter().flatten().zip(want.iter().flatten()) {
        assert!((a - b).abs() <= 1e-5 + 1e-4 * b.abs(), "{a} {b}");
    }
}

#[test]
fn batches_that_are_added_up_are_one_batch() {
    for norm in ["token", "sentence"] {
        let set = [("loss_norm", norm)];
        let (whole, values) = step(&set, &[24], 0, 2);
        for sizes in [&[8, 8, 8][..], &[1, 20, 3], &[12, 12]] {
            let (parts, others) = step(&set, sizes, 0, 2);
            assert_eq!((parts.count, parts.correct), (whole.count, whole.correct));
            assert!((parts.loss - whole.loss).abs() < 1e-6);
            assert!((parts.norms.total / whole.norms.total - 1.0).abs() < 1e-5);
            assert_near(&others, &values);
            // The same again gives the same bits.
            assert_eq!(step(&set, sizes, 0, 2).1, others);
        }
        // What an update without the others' share would be is something else.
        let (_, first) = step(&set, &[8], 0, 2);
        let far = first.iter().flatten().zip(values.iter().flatten());
        assert!(far.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) > 1e-3);
    }
}

#[test]
fn batches_that_are_added_up_draw_different_numbers() {
    // The same eight sentences twice: were the draws the same, so would the losses be.
    let (model, mut params, examples) = network(&[("dropout", "0.5")]);
    let sgd = OptimizerConfig::by_name("sgd").unwrap();
    let mut optimizer = Optimizer::new(sgd, &params).unwrap();
    let batch: Vec<&Example> = examples.iter().take(8).collect();
    let options = StepOptions {
        seed: 11,
        step: 4,
        learning_rate: 0.0,
        clip: None,
        ratios: false,
        flow: false,
        profile: false,
    };
    let mut loss = |batches: &[&[&Example]]| {
        let threads = Threads::new(2);
        let started =
            start_step(&model, &mut params, &mut optimizer, batches, &threads, &options).unwrap();
        started.finish(&mut optimizer).unwrap().loss
    };
    let one = loss(&[&batch]);
    let two = loss(&[&batch, &batch]);
    assert!((one - two).abs() > 1e-4, "{one} {two}");
}

#[test]
fn a_coin_for_a_batch_feeds_all_of_it_alike_on_any_number_of_threads() {
    let with = |share| [("teacher_forcing", share), ("teacher_forcing_unit", "batch")];
    let (forced, _) = step(&with("1"), &[24], 0, 1);
    let (own, _) = step(&with("0"), &[24], 0, 1);
    assert!((forced.loss - own.loss).abs() > 1e-4);
    let mut fell = [0; 2];
    for at in 0..12 {
        for threads in [1, 3] {
            let (got, _) = step(&with("0.5"), &[24], at, threads);
            let near = [&forced, &own].map(|one| (got.loss - one.loss).abs() < 1e-6);
            assert!(near[0] != near[1], "{} {} {}", got.loss, forced.loss, own.loss);
            fell[usize::from(near[1])] += 1;
        }
    }
    assert!(fell.iter().all(|&n| n >= 4 && n % 2 == 0), "{fell:?}");
    // A coin for each token is neither.
    let (mixed, _) = step(&[("teacher_forcing", "0.5")], &[24], 0, 2);
    let between = [&forced, &own].map(|one| (mixed.loss - one.loss).abs());
    assert!(between.iter().all(|&d| d > 1e-6), "{between:?}");
}
