//! Trained models in use: ensembles, averages of checkpoints, prefixes, samples, unknown words.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use seq2seq::config::UnknownWords;
use seq2seq::decode::{BeamOptions, Combination, Constraints, Sampling, SamplingOptions};
use seq2seq::{
    EnsembleOptions, EvaluateOptions, Precision, TrainOptions, Translation, TranslationRequest,
    Translator, evaluate_outputs, link, train,
};

/// Trains a small run on a few pairs.
fn run(
    folder: &Path,
    name: &str,
    pairs: &str,
    seed: u64,
    steps: u64,
    set: &[(&str, &str)],
) -> PathBuf {
    let (data, path) = (folder.join(format!("{name}.tsv")), folder.join(name));
    std::fs::write(&data, pairs).unwrap();
    let small = [
        ("hidden", "16"),
        ("embedding", "12"),
        ("learning_rate", "0.02"),
        ("validate_every_epochs", "4"),
        ("sample_every_seconds", "0"),
    ];
    let set: Vec<(String, String)> =
        small.iter().chain(set).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let resume = path.exists();
    let given = |text: String| (!resume).then_some(text);
    let options = TrainOptions {
        data: given(data.display().to_string()),
        valid: given(data.display().to_string()),
        run_dir: Some(path.clone()),
        epochs: (!resume).then_some(1_000),
        max_steps: Some(steps),
        threads: Some(1),
        seed: (!resume).then_some(seed),
        set: if resume { Vec::new() } else { set },
        resume,
        ..TrainOptions::default()
    };
    let (mut link, viewer) = link(4096);
    drop(viewer);
    train(&options, &mut link).unwrap();
    path
}

const PAIRS: &str = "the cat sleeps\tle chat dort\nthe dog sleeps\tle chien dort\n\
                     the cat eats\tle chat mange\nthe dog eats\tle chien mange\n";

fn open(runs: &[PathBuf], options: &EnsembleOptions) -> seq2seq::Result<Translator> {
    Translator::open_ensemble(runs, options, "cpu", Some(1))
}

fn request(source: &str, prefix: &str) -> TranslationRequest {
    TranslationRequest { prefix: prefix.into(), ..source.into() }
}

fn lines() -> Vec<String> {
    ["the cat sleeps", "the dog eats", "", "the owl eats"].map(str::to_owned).into()
}

fn assert_near(found: &[Translation], want: &[Translation]) {
    for (found, want) in found.iter().zip(want) {
        assert_eq!(found.target, want.target);
        assert!((found.logprob - want.logprob).abs() < 1e-4, "{found:?} {want:?}");
    }
}

#[test]
fn an_ensemble_needs_equal_vocabularies_and_one_weight_per_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (a, b) = (run(folder, "a", PAIRS, 1, 40, &[]), run(folder, "b", PAIRS, 2, 40, &[]));
    let beam = BeamOptions { n_best: 3, ..BeamOptions::default() };
    let translate = |runs: &[PathBuf], options: &EnsembleOptions| {
        open(runs, options).unwrap().with_options(beam).translate(&lines()).unwrap()
    };
    let alone = translate(std::slice::from_ref(&a), &EnsembleOptions::default());
    let both = translate(&[a.clone(), b.clone()], &EnsembleOptions::default());
    for combination in [Combination::Linear, Combination::LogLinear] {
        let options = EnsembleOptions { combination, ..EnsembleOptions::default() };
        assert_near(&translate(&[a.clone(), a.clone()], &options), &alone);
        // Almost all of the weight on one run.
        let options = EnsembleOptions { weights: vec![1e5, 1e-5], ..options };
        assert_near(&translate(&[a.clone(), b.clone()], &options), &alone);
    }
    assert!((both[0].logprob - alone[0].logprob).abs() > 1e-6);
    // The score of a pair by the ensemble is that of the translation.
    let translator = open(&[a.clone(), b.clone()], &EnsembleOptions::default()).unwrap();
    let data = folder.join("found.tsv");
    std::fs::write(&data, format!("{}\t{}\n", both[0].source, both[0].target)).unwrap();
    let (scores, _) = translator.score(data.to_str().unwrap(), None).unwrap();
    assert!((scores[0].logprob - both[0].logprob).abs() < 1e-4);
    assert_eq!(scores[0].tokens.len(), both[0].tokens.len());

    let refused =
        |runs: &[PathBuf], options: &EnsembleOptions| open(runs, options).unwrap_err().to_string();
    let other = run(folder, "other", "the cat\tle chat\n", 1, 2, &[]);
    let error = refused(&[a.clone(), other.clone()], &EnsembleOptions::default());
    assert!(error.contains("the source vocabulary has 6 entries, but 9 in"), "{error}");
    assert!(error.contains(&other.display().to_string()), "{error}");
    let words = PAIRS.replace("owl", "hen").replace("sleeps", "snores");
    let other = run(folder, "words", &words, 1, 2, &[]);
    let error = refused(&[a.clone(), other], &EnsembleOptions::default());
    assert!(error.contains("of the source vocabulary is \"snores\", but \"sleeps\""), "{error}");
    let other = run(folder, "letters", PAIRS, 1, 2, &[("unit", "characters")]);
    let error = refused(&[a.clone(), other], &EnsembleOptions::default());
    assert!(error.contains("source_unit = characters, but"), "{error}");
    let options = EnsembleOptions { weights: vec![1.0], ..EnsembleOptions::default() };
    assert!(refused(&[a.clone(), b.clone()], &options).contains("1 weights for 2 runs"));
    let options = EnsembleOptions { weights: vec![1.0, -1.0], ..EnsembleOptions::default() };
    assert!(refused(&[a, b], &options).contains("above 0"));
    assert!(refused(&[], &EnsembleOptions::default()).contains("no run is given"));
}

#[test]
fn kept_checkpoints_are_averaged_and_a_resume_makes_them_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let set = [("keep_checkpoints", "3")];
    let path = run(folder, "run", PAIRS, 1, 20, &set);
    let kept = |path: &Path| seq2seq::RunDir::open(path).unwrap().kept_checkpoints().unwrap();
    assert_eq!(kept(&path), [12, 16, 20]);
    // The mean of the parameters, computed by hand.
    let dir = seq2seq::RunDir::open(&path).unwrap();
    let all = [16, 20].map(|step| dir.kept_checkpoint(step).unwrap());
    assert!(all[0].optimizer.slots.is_empty());
    let options = |average_last| EnsembleOptions { average_last, ..EnsembleOptions::default() };
    let by_hand = folder.join("by-hand");
    std::fs::create_dir(&by_hand).unwrap();
    for entry in std::fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), by_hand.join(entry.file_name())).unwrap();
    }
    for step in [12, 16, 20] {
        std::fs::remove_file(by_hand.join(format!("step-{step}.ckpt"))).unwrap();
    }
    let mut mean = all[0].clone();
    for ((_, mean), (_, other)) in mean.params.iter_mut().zip(&all[1].params) {
        let (a, b) = (tensor::Tensor::from(mean.clone()), tensor::Tensor::from(other.clone()));
        let values = a.data().iter().zip(b.data()).map(|(a, b)| (a + b) / 2.0).collect();
        let tensor = tensor::Tensor::from_vec(a.shape(), values).unwrap();
        *mean = seq2seq::StoredTensor::from(&tensor);
    }
    let locked = seq2seq::RunDir::resume(&by_hand).unwrap();
    locked.keep(&mean, 1).unwrap();
    drop(locked);
    let found =
        open(std::slice::from_ref(&path), &options(2)).unwrap().translate(&lines()).unwrap();
    let want = open(&[by_hand], &options(1)).unwrap().translate(&lines()).unwrap();
    assert_near(&found, &want);
    let last = open(std::slice::from_ref(&path), &options(1)).unwrap().translate(&lines()).unwrap();
    assert!((last[0].logprob - found[0].logprob).abs() > 1e-7);

    let error = open(std::slice::from_ref(&path), &options(4)).unwrap_err().to_string();
    assert!(error.contains("3 kept checkpoints, 4 are to be averaged"), "{error}");
    run(folder, "run", PAIRS, 1, 28, &[]);
    assert_eq!(kept(&path), [20, 24, 28]);
}

#[test]
fn prefixes_samples_and_alternatives_are_of_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = run(folder.path(), "run", PAIRS, 1, 120, &[]);
    let translator = open(std::slice::from_ref(&path), &EnsembleOptions::default()).unwrap();
    let all = translator.translate(&lines()).unwrap();
    assert_eq!(all[0].target, "le chat dort");
    assert_eq!(all[0].tokens.len(), all[0].token_logprobs.len());
    let sum: f64 = all[0].token_logprobs.iter().map(|&x| f64::from(x)).sum();
    assert!((sum - all[0].logprob).abs() < 1e-5);

    let translator = translator.with_alternatives(3);
    let requests = [
        request("the cat sleeps", "le chien"),
        request("the cat sleeps", "un chat"),
        request("", "le"),
    ];
    let forced = translator.translate_requests(&requests).unwrap();
    assert!(forced[0].target.starts_with("le chien "), "{forced:?}");
    assert!(forced[1].target.starts_with("un chat "), "{forced:?}");
    assert_eq!((forced[0].unknown_prefix, forced[1].unknown_prefix), (0, 1));
    assert_eq!((forced[2].target.as_str(), forced[2].alternatives.len()), ("", 0));
    for translation in &forced[..2] {
        assert_eq!(translation.alternatives.len(), translation.tokens.len());
        for (token, all) in translation.tokens.iter().zip(&translation.alternatives).skip(2) {
            assert_eq!((&all[0].token, all.len()), (token, 3));
        }
    }
    // A translation that is cut has alternatives to the token after it, but no weights for it.
    let set = [("attention", "multi_head"), ("attention_heads", "2")];
    let heads = run(folder.path(), "heads", PAIRS, 1, 120, &set);
    let cut = open(&[heads], &EnsembleOptions::default()).unwrap().with_max_length(Some(2));
    let cut = cut.with_alternatives(2).with_heads(true).translate(&lines()).unwrap();
    assert!(cut[0].truncated);
    let counts = (cut[0].tokens.len(), cut[0].alternatives.len(), cut[0].heads.len());
    assert_eq!(counts, (2, 3, 2));
    let second = &forced[0].alternatives[1];
    assert_eq!(second[0].token, "chat", "what the model would have said");

    let draw = Sampling { temperature: 1.5, ..Sampling::default() };
    let sampling = SamplingOptions { samples: 40, draw, ..SamplingOptions::default() };
    let translator = open(&[path], &EnsembleOptions::default()).unwrap().with_sampling(sampling);
    let numbered = |numbers: &[u64]| -> Vec<TranslationRequest> {
        numbers
            .iter()
            .map(|&number| TranslationRequest { number, ..request("the cat eats", "") })
            .collect()
    };
    let found = translator.translate_requests(&numbered(&[0, 1, 7])).unwrap();
    let again = translator.translate_requests(&numbered(&[7, 0])).unwrap();
    assert_eq!((&again[0].n_best, &again[1].n_best), (&found[2].n_best, &found[0].n_best));
    assert_ne!(found[0].n_best, found[1].n_best);
    assert_eq!((found[0].n_best.len(), &found[0].n_best[0].target), (40, &found[0].target));
    assert!(
        translator.evaluate("phrasebook:test", None).unwrap_err().to_string().contains("samples")
    );
}

#[test]
fn unknown_words_are_kept_forbidden_or_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["Ada", "Bob", "Cyd", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida", "Joe"];
    let pairs: String = names.map(|name| format!("{name} sleeps now\t{name} dort ici\n")).concat();
    let set = [("min_count", "2"), ("source_recipe", "words"), ("target_recipe", "words")];
    let path = run(folder.path(), "run", &pairs, 1, 200, &set);
    let translate = |words: Option<UnknownWords>, beam: usize| {
        let options = BeamOptions { beam, ..BeamOptions::default() };
        let translator = open(std::slice::from_ref(&path), &EnsembleOptions::default()).unwrap();
        let translator = translator.with_options(options);
        let translator = match words {
            Some(words) => translator.with_unknown_words(words.into()),
            None => translator,
        };
        translator.translate(&["Zoe sleeps now".to_owned()]).unwrap().swap_remove(0)
    };
    for beam in [1, 4] {
        let kept = translate(Some(UnknownWords::Keep), beam);
        assert_eq!((kept.target.as_str(), kept.replaced), ("<unk> dort ici", 0));
        let replaced = translate(Some(UnknownWords::Replace), beam);
        assert_eq!((replaced.target.as_str(), replaced.replaced), ("Zoe dort ici", 1));
        assert_eq!(replaced.tokens, kept.tokens);
        let forbidden = translate(Some(UnknownWords::Forbid), beam);
        assert!(!forbidden.target.contains("<unk>"), "{forbidden:?}");
        assert_eq!(translate(None, beam), forbidden, "the default of the run's key");
    }
    // Metrics are of the same texts.
    let data = folder.path().join("test.tsv");
    std::fs::write(&data, "Zoe sleeps now\tZoe dort ici\n").unwrap();
    let exact = |words: UnknownWords| {
        let translator = open(std::slice::from_ref(&path), &EnsembleOptions::default()).unwrap();
        let translator = translator.with_unknown_words(words.into());
        translator.evaluate(data.to_str().unwrap(), None).unwrap().metrics.exact_match.unwrap()
    };
    assert_eq!((exact(UnknownWords::Keep), exact(UnknownWords::Replace)), (0.0, 1.0));
}

#[test]
fn limits_are_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = run(folder.path(), "run", PAIRS, 1, 2, &[]);
    let told = |max_length, max_length_ratio| {
        let constraints = Constraints { max_length, max_length_ratio, ..Constraints::default() };
        let options = BeamOptions { constraints, ..BeamOptions::default() };
        let translator = open(std::slice::from_ref(&path), &EnsembleOptions::default()).unwrap();
        translator.with_options(options).limit_in_words()
    };
    assert_eq!(told(Some(7), None), "max_length = 7");
    assert_eq!(told(None, Some(1.5)), "1.5 times the source");
    assert_eq!(
        told(Some(7), Some(1.5)),
        "max_length = 7 or 1.5 times the source, whichever is less"
    );
    assert!(told(None, None).contains("twice the longest training target (4 tokens)"));
}

#[test]
fn a_model_of_8_bits_translates_as_that_of_32() {
    let folder = tempfile::tempdir().unwrap();
    for (name, set) in [
        ("gru", &[][..]),
        (
            "lstm",
            &[
                ("cell", "lstm"),
                ("attention", "general"),
                ("wiring", "recur_then_attend"),
                ("readout", "tanh_context"),
                ("input_feeding", "true"),
            ],
        ),
        ("tied", &[("readout", "maxout"), ("tied", "target_output"), ("embedding", "16")]),
    ] {
        let runs = [run(folder.path(), name, PAIRS, 1, 60, set)];
        let open = || open(&runs, &EnsembleOptions::default()).unwrap();
        for beam in [BeamOptions::greedy(), BeamOptions { n_best: 2, ..BeamOptions::default() }] {
            let whole = open().with_options(beam).translate(&lines()).unwrap();
            let rounded = open().with_precision(Precision::Int8).unwrap();
            let rounded = rounded.with_options(beam).translate(&lines()).unwrap();
            for (whole, rounded) in whole[..2].iter().zip(&rounded) {
                assert_eq!(rounded.target, whole.target, "{name}");
                assert!((rounded.logprob - whole.logprob).abs() < 0.1, "{whole:?} {rounded:?}");
            }
        }
        let data = folder.path().join("gru.tsv").display().to_string();
        let (whole, _) = open().score(&data, None).unwrap();
        let (rounded, _) =
            open().with_precision(Precision::Int8).unwrap().score(&data, None).unwrap();
        for (whole, rounded) in whole.iter().zip(&rounded) {
            assert!((rounded.logprob - whole.logprob).abs() < 0.1, "{whole:?} {rounded:?}");
        }
        let evaluate = |precision| {
            let options = EvaluateOptions { precision, threads: Some(1), ..Default::default() };
            evaluate_outputs(&runs, &data, &options).unwrap().evaluation.metrics
        };
        let (whole, rounded) = (evaluate(Precision::F32), evaluate(Precision::Int8));
        assert_eq!(rounded.bleu, whole.bleu, "{name}");
        assert_ne!(rounded.loss, whole.loss, "{name}");
        assert!((rounded.loss - whole.loss).abs() < 0.02, "{whole:?} {rounded:?}");
    }
}
