//! Runs whose data come from the memory of a program: pairs, and models of one's own.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use seq2seq::model::{BatchLoss, BatchShape, Model};
use seq2seq::{
    Config, Outcome, Pair, Result, RunDir, StoredRun, TrainOptions, Translator, Vocabularies,
    begin_model, link, resume_model, train, train_pairs,
};
use tensor::init::{Init, rng};
use tensor::{Linear, Params, Tape, Tensor, ops};
use tokenizer::{Vocabulary, VocabularyOptions};

fn pairs(range: std::ops::Range<usize>) -> Vec<Pair> {
    let digit = |i: usize| ["one", "two", "three", "four"][i % 4];
    let pair =
        |i: usize| (format!("{} {}", i % 4, i / 4 % 4), format!("{} {}", digit(i), digit(i / 4)));
    range.map(|i| pair(i).into()).collect()
}

fn config() -> Config {
    Config { embedding: 12, hidden: 12, batch: 8, epochs: 2, ..Config::default() }
}

fn options(run: &Path) -> TrainOptions {
    TrainOptions { run_dir: Some(run.into()), threads: Some(1), ..TrainOptions::default() }
}

#[test]
fn pairs_from_memory_train_resume_and_translate() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let (mut link, _viewer) = link(1 << 10);
    let held_out = Some(pairs(12..16));
    let mut go = |options: &TrainOptions, train: Vec<Pair>| -> Result<Outcome> {
        train_pairs(config(), train, held_out.clone(), options, &mut link)
    };
    let outcome =
        go(&TrainOptions { max_steps: Some(3), ..options(&whole) }, pairs(0..12)).unwrap();
    assert_eq!(outcome.end.step, 3);
    // In two parts, with the same bits.
    go(&TrainOptions { max_steps: Some(1), ..options(&parts) }, pairs(0..12)).unwrap();
    let resume = TrainOptions { max_steps: Some(3), resume: true, ..options(&parts) };
    let other = go(&resume, pairs(0..11)).unwrap_err().to_string();
    assert!(other.contains("(memory)"), "{other}");
    go(&resume, pairs(0..12)).unwrap();
    let last = |run: &Path| {
        let dir = RunDir::open(run).unwrap();
        dir.checkpoint(seq2seq::event::CheckpointKind::Last).unwrap().params
    };
    assert_eq!(last(&whole), last(&parts));
    let stored = RunDir::open(&whole).unwrap().stored().unwrap();
    assert_eq!((stored.data.as_str(), stored.preset.as_str()), ("(memory)", "custom"));
    let translator = Translator::open(&whole, "cpu", None).unwrap();
    assert_eq!(translator.translate(&["1 2".to_owned()]).unwrap().len(), 1);
    // Another program does not have the pairs.
    let again = TrainOptions { resume: true, max_steps: Some(9), ..options(&whole) };
    let error = train(&again, &mut link).unwrap_err().to_string();
    assert!(error.contains("came from the memory of a program"), "{error}");
}

#[test]
fn options_for_files_and_changed_keys_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let (mut link, _viewer) = link(1 << 10);
    let mut go = |config: Config, options: &TrainOptions| {
        train_pairs(config, pairs(0..12), Some(Vec::new()), options, &mut link)
            .map_err(|e| e.to_string())
    };
    for wrong in [
        TrainOptions { preset: Some("phrasebook".into()), ..options(&run) },
        TrainOptions { data: Some("a.tsv".into()), ..options(&run) },
        TrainOptions { valid: Some("none".into()), ..options(&run) },
        TrainOptions { columns: Some((1, 2)), ..options(&run) },
    ] {
        let error = go(config(), &wrong).unwrap_err();
        assert!(error.contains("arguments of train_pairs"), "{error}");
    }
    let language = Config { task: seq2seq::config::TaskKind::LanguageLines, ..config() };
    assert!(go(language, &options(&run)).unwrap_err().contains("task"));
    assert!(!run.exists());
    go(config(), &TrainOptions { max_steps: Some(1), ..options(&run) }).unwrap();
    let resume = TrainOptions { max_steps: Some(2), resume: true, ..options(&run) };
    let error = go(Config { hidden: 13, ..config() }, &resume).unwrap_err();
    assert!(error.contains("hidden = 13 contradicts"), "{error}");
    let error = go(config(), &options(&run)).unwrap_err();
    assert!(error.contains("run"), "{error}");
    go(Config { learning_rate: 1e-4, ..config() }, &resume).unwrap();
    let stored = RunDir::open(&run).unwrap().stored().unwrap();
    assert_eq!(stored.config.learning_rate, 1e-4);
}

/// y = W x, which should become 2 x.
struct Double(Linear);

impl Model for Double {
    type Example = f32;

    fn sort_key(&self, _: &f32) -> usize {
        1
    }

    fn loss_normalization(&self, batch: &[&f32]) -> BatchShape {
        let tokens = batch.len();
        BatchShape { weight: 1.0 / tokens as f32, source_time: 0, time: 1, tokens }
    }

    fn loss(&self, tape: &mut Tape<'_>, part: &[&f32], of: &BatchShape) -> Result<BatchLoss> {
        let x = part.iter().map(|x| **x).collect();
        let x = tape.constant(Tensor::from_vec([part.len(), 1], x)?);
        let y = self.0.forward(tape, x)?;
        let targets: Vec<f32> = part.iter().map(|x| 2.0 * **x).collect();
        let found = ops::squared_error(tape, y, &targets, of.weight, 0.1)?;
        let count = part.len();
        Ok(BatchLoss { loss: found.loss, nll: found.sum, count, correct: found.correct })
    }
}

#[test]
fn a_model_of_ones_own_resumes_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let examples: Vec<f32> = (0..40).map(|i| i as f32 / 20.0 - 1.0).collect();
    let none = || Vocabulary::build([[""; 0]; 0], &VocabularyOptions::default());
    let vocabularies = Vocabularies { source: none(), target: none() };
    let (mut link, _viewer) = link(1 << 10);
    let make = || {
        let mut params = Params::new();
        let model =
            Linear::new(&mut params, "", 1, 1, Init::TorchDefault, &mut rng(1, "init")).unwrap();
        (Double(model), params)
    };
    let settings = |steps| {
        let config = Config { learning_rate: 0.05, batch: 8, epochs: 100, ..Config::default() };
        let steps = Some(steps);
        StoredRun { max_steps: steps, threads: Some(1), ..StoredRun::new(config, "numbers") }
    };
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let (mut model, mut params) = make();
    let own = (&mut model, &mut params);
    let outcome =
        begin_model(own, &examples, &vocabularies, settings(60), &whole, &mut link).unwrap();
    assert_eq!(outcome.end.step, 60);
    assert!((params.get(model.0.weight).data()[0] - 2.0).abs() < 0.2);
    let (mut model, mut params) = make();
    let own = (&mut model, &mut params);
    begin_model(own, &examples, &vocabularies, settings(7), &parts, &mut link).unwrap();
    let (mut model, mut params) = make();
    let longer = |stored: &mut StoredRun| stored.max_steps = Some(60);
    let own = (&mut model, &mut params);
    let outcome = resume_model(own, &examples, &parts, longer, &mut link).unwrap();
    assert_eq!((outcome.end.step, outcome.already_finished), (60, false));
    let last = |run: &Path| {
        let dir = RunDir::open(run).unwrap();
        dir.checkpoint(seq2seq::event::CheckpointKind::Last).unwrap().params
    };
    assert_eq!(last(&whole), last(&parts));
    let own = (&mut model, &mut params);
    let again = resume_model(own, &examples, &parts, longer, &mut link).unwrap();
    assert!(again.already_finished);
    let (mut model, mut params) = make();
    let own = (&mut model, &mut params);
    let error = begin_model(own, &examples, &vocabularies, settings(1), &parts, &mut link);
    assert!(error.is_err());
    // The parameters of another model are refused.
    let mut other = Params::new();
    let wide = Linear::new(&mut other, "", 2, 1, Init::TorchDefault, &mut rng(1, "init")).unwrap();
    let own = (&mut Double(wide), &mut other);
    let longer = |stored: &mut StoredRun| stored.max_steps = Some(90);
    assert!(resume_model(own, &examples, &parts, longer, &mut link).is_err());
}
