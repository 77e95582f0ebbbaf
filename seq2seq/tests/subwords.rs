//! Runs whose tokens are pieces of words: they train, resume, leave and enter, and translate.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use seq2seq::data::Pair;
use seq2seq::decode::BeamOptions;
use seq2seq::exchange::{ImportOptions, Weights, export, import};
use seq2seq::{
    EnsembleOptions, Error, Event, EventReader, RunDir, SampleOptions, Sampler, TrainOptions,
    TranslationRequest, Translator, link, train,
};
use tempfile::TempDir;
use tokenizer::{SubwordKind, SubwordOptions, Subwords};

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nouns = ["house", "houses", "mouse", "tower", "towers", "flower"];
        let verbs = ["sleeps", "sleeping", "walks", "walking"];
        let line = |i: usize| {
            let (noun, verb) = (nouns[i % 6], verbs[i * 5 % 4]);
            let (other, adverb) = (nouns[(i * 3 + 1) % 6], ["now", "nowhere", "here"][i % 3]);
            format!(
                "the {noun} {verb} {adverb}, the {other}!\tdas {noun}chen {verb}: {other} {adverb}.\n"
            )
        };
        fs::write(folder.path().join("train.tsv"), (0..60).map(line).collect::<String>()).unwrap();
        let held_out = "the houses walks here, the mouse!\tdas houseschen walks: mouse here.\n";
        fs::write(folder.path().join("valid.tsv"), held_out.repeat(4)).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn options(&self, run: &str, steps: u64, set: &[(&str, &str)]) -> TrainOptions {
        let text = |name: &str| Some(self.path(name).to_str().unwrap().to_owned());
        let small = [("embedding", "8"), ("hidden", "8"), ("batch", "16"), ("epochs", "9")];
        let set = small.iter().chain(set);
        TrainOptions {
            data: text("train.tsv"),
            valid: text("valid.tsv"),
            threads: Some(2),
            max_steps: Some(steps),
            run_dir: Some(self.path(run)),
            set: set.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..TrainOptions::default()
        }
    }

    fn train(&self, run: &str, steps: u64, set: &[(&str, &str)]) -> PathBuf {
        go(&self.options(run, steps, set)).unwrap();
        self.path(run)
    }

    fn resume(&self, run: &str, steps: u64) {
        let options = TrainOptions {
            threads: Some(2),
            max_steps: Some(steps),
            run_dir: Some(self.path(run)),
            resume: true,
            ..TrainOptions::default()
        };
        go(&options).unwrap();
    }
}

fn go(options: &TrainOptions) -> seq2seq::Result<Vec<String>> {
    let (mut link, viewer) = link(4096);
    let done = train(options, &mut link);
    drop(link);
    let phases = viewer.events.iter().filter_map(|event| match event {
        Event::Phase { text } => Some(text),
        _ => None,
    });
    let phases = phases.collect();
    done.map(|_| phases)
}

fn warnings(run: &Path) -> Vec<String> {
    let events = EventReader::open(run).unwrap().poll().unwrap();
    let text = |event: Event| match event {
        Event::Warning { text, .. } => Some(text),
        _ => None,
    };
    events.into_iter().filter_map(text).collect()
}

fn translator(run: &Path) -> Translator {
    Translator::open(run, "cpu", Some(1)).unwrap()
}

const LINES: [&str; 4] =
    ["the flowers sleeping  nowhere!", "the tower", "ein Täßchen 漢字 \u{1f600}", ""];

fn lines() -> Vec<String> {
    LINES.map(str::to_owned).to_vec()
}

const JOINT: [(&str, &str); 3] =
    [("unit", "bpe"), ("vocabulary", "300"), ("tied", "source_target")];

#[test]
fn joint_pieces_train_leave_and_enter() {
    let place = Place::new();
    let run = place.train("run", 12, &JOINT);
    assert!(run.join("tokenizer.json").is_file() && !run.join("source_tokenizer.json").exists());
    let vocabularies = RunDir::open(&run).unwrap().vocabularies().unwrap();
    assert_eq!(vocabularies.source, vocabularies.target);
    assert_eq!(vocabularies.source.len(), 304);
    let translations = translator(&run).translate(&lines()).unwrap();
    assert_eq!(translations[0].source_tokens[0], "␣the");
    assert_eq!(translations[3].target, "");
    let words = &translations[0].source_token_words;
    assert_eq!((words[0], words.last()), (0, Some(&3)));
    assert_eq!(
        translations[0].token_words.len(),
        translations[0]
            .attention
            .len()
            .min(translations[0].tokens.iter().filter(|token| *token != "</s>").count())
    );

    let request = TranslationRequest { prefix: "das ho".into(), ..LINES[0].into() };
    let begun =
        translator(&run).with_options(BeamOptions { beam: 3, n_best: 2, ..BeamOptions::greedy() });
    let begun = begun.translate_requests(&[request]).unwrap();
    assert_eq!(begun[0].n_best.len(), 2);
    assert!(begun[0].n_best.iter().all(|best| best.target.starts_with("das ho")), "{begun:?}");

    // Members of an ensemble need the same pieces.
    let open = |other: &Path| {
        let runs = [run.clone(), other.to_owned()];
        Translator::open_ensemble(&runs, &EnsembleOptions::default(), "cpu", Some(1))
    };
    let seeds = TrainOptions { seed: Some(2), ..place.options("seed", 4, &JOINT) };
    go(&seeds).unwrap();
    assert_eq!(open(&place.path("seed")).unwrap().translate(&lines()).unwrap().len(), 4);
    let fewer = place.train("fewer", 2, &[JOINT[0], ("vocabulary", "290"), JOINT[2]]);
    let error = open(&fewer).unwrap_err().to_string();
    assert!(error.contains("another tokenizer.json of the source"), "{error}");

    let (out, back) = (place.path("out"), place.path("back"));
    export(&run, &out, Weights::Best).unwrap();
    let bytes = |folder: &Path| fs::read(folder.join("tokenizer.json")).unwrap();
    assert_eq!(bytes(&run), bytes(&out));
    let data = Some(place.path("train.tsv").display().to_string());
    import(&out, &back, &ImportOptions { data, ..ImportOptions::default() }).unwrap();
    assert_eq!(bytes(&run), bytes(&back));
    assert_eq!(translator(&back).translate(&lines()).unwrap(), translations);
    place.resume("back", 3);

    // Another tokenizer.json than that of the model is refused, and a missing or cut one.
    let options = SubwordOptions { kind: SubwordKind::Bpe, pieces: 300, min_count: 1 };
    let other = Subwords::train(&["other text, otherwise".to_owned()], &options).unwrap();
    for (text, expected) in [
        (other.to_json().to_owned(), "its pieces are not the entries of the source vocabulary"),
        (other.to_json()[..100].to_owned(), "tokenizer.json, line "),
    ] {
        fs::write(out.join("tokenizer.json"), text).unwrap();
        let error = import(&out, &place.path("bad"), &ImportOptions::default()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    fs::remove_file(out.join("tokenizer.json")).unwrap();
    let error = import(&out, &place.path("bad"), &ImportOptions::default()).unwrap_err();
    assert!(error.to_string().contains("cannot read"), "{error}");
    assert!(!place.path("bad").exists());
}

#[test]
fn separate_pieces_of_both_kinds_have_files_of_their_own() {
    let place = Place::new();
    let set = [("source_unit", "bpe"), ("target_unit", "unigram"), ("vocabulary", "290")];
    let run = place.train("run", 6, &set);
    let read = |name: &str| Subwords::read(&run.join(name)).unwrap();
    assert_eq!(read("source_tokenizer.json").kind(), SubwordKind::Bpe);
    assert_eq!(read("target_tokenizer.json").kind(), SubwordKind::Unigram);
    assert!(!run.join("tokenizer.json").exists());
    let again = place.train("again", 6, &set);
    for name in ["source_tokenizer.json", "target_tokenizer.json"] {
        assert_eq!(fs::read(run.join(name)).unwrap(), fs::read(again.join(name)).unwrap());
    }
    assert_eq!(
        translator(&run).translate(&lines()).unwrap(),
        translator(&again).translate(&lines()).unwrap()
    );
    place.resume("run", 8);
}

#[test]
fn scores_and_alignments_are_of_words() {
    let place = Place::new();
    let run = place.train("run", 12, &JOINT);
    let translator = translator(&run);
    let pair = |source: &str, target: &str| Pair {
        source: source.into(),
        target: target.into(),
        links: None,
    };
    let pairs = [pair("the houses nowhere", "das  flowerchen sleeping."), pair("", "x")];
    let found = translator.align_pairs(&pairs).unwrap();
    assert_eq!(found[0].source, ["the", "houses", "nowhere"]);
    assert_eq!(found[0].target, ["das", "flowerchen", "sleeping."]);
    let shape: Vec<usize> = found[0].weights.iter().map(Vec::len).collect();
    assert_eq!(shape, [3, 3, 3]);
    for row in &found[0].weights {
        assert!(row.iter().sum::<f32>() <= 1.0 + 1e-5);
    }
    let scored = translator.score_pairs(&pairs).unwrap();
    assert!(scored[0].tokens.len() > 4, "pieces: {:?}", scored[0].tokens);
    let valid = place.path("valid.tsv").display().to_string();
    let metrics = translator.evaluate(&valid, None).unwrap().metrics;
    let bleu = |text: f64| (0.0..=100.0).contains(&text);
    assert!(bleu(metrics.bleu.unwrap()) && bleu(metrics.token_bleu.unwrap()));
}

#[test]
fn dropout_changes_training_alone_and_is_the_same_each_time() {
    let place = Place::new();
    let set = [&JOINT[..], &[("bpe_dropout", "0.3")]].concat();
    let run = place.train("run", 10, &set);
    place.train("again", 10, &set);
    // Another number of threads adds in another order, and reads the same pieces.
    go(&TrainOptions { threads: Some(1), ..place.options("single", 10, &set) }).unwrap();
    let lengths = |run: &Path| -> Vec<u64> {
        let events = EventReader::open(run).unwrap().poll().unwrap();
        let tokens = |event: Event| match event {
            Event::Step(step) => Some(step.tokens),
            _ => None,
        };
        events.into_iter().filter_map(tokens).collect()
    };
    assert_eq!(lengths(&run), lengths(&place.path("single")));
    let plain = place.train("plain", 10, &JOINT);
    let params = |run: &Path| {
        let last = RunDir::open(run).unwrap().checkpoint(seq2seq::event::CheckpointKind::Last);
        last.unwrap().params
    };
    assert_eq!(params(&run), params(&place.path("again")));
    assert_ne!(params(&run), params(&plain));
    assert!(lengths(&run).iter().sum::<u64>() > lengths(&plain).iter().sum());
    let tokens = |run: &Path| translator(run).translate(&lines()).unwrap()[0].source_tokens.clone();
    assert_eq!(tokens(&run), tokens(&plain));
}

#[test]
fn a_tokenizer_from_elsewhere_is_copied_and_never_read_again() {
    let place = Place::new();
    let options = SubwordOptions { kind: SubwordKind::Unigram, pieces: 280, min_count: 1 };
    let text = ["das Haus, the house", "there they then"].map(str::to_owned);
    let model = Subwords::train(&text, &options).unwrap();
    let file = place.path("elsewhere.json");
    // One whose normalizer loses letter case.
    let mut value: serde_json::Value = serde_json::from_str(model.to_json()).unwrap();
    value["normalizer"] = serde_json::json!({"type": "Sequence", "normalizers": [
        {"type": "Lowercase"}, {"type": "Prepend", "prepend": " "}]});
    fs::write(&file, serde_json::to_string_pretty(&value).unwrap()).unwrap();
    let path = file.display().to_string();
    let upper =
        fs::read_to_string(place.path("train.tsv")).unwrap().replace("the house", "The house");
    fs::write(place.path("train.tsv"), upper).unwrap();
    let set = [
        ("unit", "unigram"),
        ("tokenizer", path.as_str()),
        ("source_recipe", "words"),
        ("target_recipe", "words"),
    ];
    let run = place.train("run", 4, &set);
    let found = warnings(&run);
    let of = format!("source_tokenizer = {path} changes ");
    assert!(
        found.iter().any(|text| text.starts_with(&of) && text.contains(" of 60 lines")),
        "{found:?}"
    );
    assert_eq!(fs::read(run.join("tokenizer.json")).unwrap(), fs::read(&file).unwrap());
    fs::remove_file(&file).unwrap();
    place.resume("run", 6);
    assert_eq!(translator(&run).translate(&lines()).unwrap().len(), 4);

    fs::write(&file, model.to_json()).unwrap();
    let wrong = [("unit", "bpe"), ("tokenizer", path.as_str())];
    let error = go(&place.options("bad", 4, &wrong)).unwrap_err().to_string();
    assert!(error.contains("it holds a unigram model, and source_unit = bpe"), "{error}");
    fs::write(&file, "{\n\"model\": ").unwrap();
    let broken = [("unit", "bpe"), ("tokenizer", path.as_str())];
    let error = go(&place.options("bad", 4, &broken)).unwrap_err().to_string();
    assert!(error.contains("elsewhere.json, line 2"), "{error}");
    assert!(!place.path("bad").exists());
}

#[test]
fn too_little_text_is_said_and_learning_can_be_cancelled() {
    let place = Place::new();
    let run = place.train("run", 3, &[("unit", "bpe"), ("unknown_words", "replace")]);
    let found = warnings(&run);
    let few = |text: &String| text.starts_with("source_unit = bpe: the training text yields ");
    assert!(
        found.iter().any(few) && found.iter().any(|text| text.contains("of 8000 pieces")),
        "{found:?}"
    );
    let none = |text: &String| text.contains("no word is unknown, so none is replaced");
    assert!(found.iter().any(none), "{found:?}");

    let options = place.options("cancelled", 3, &[("unit", "bpe")]);
    let (mut link, viewer) = link(4096);
    let trainer = std::thread::spawn(move || train(&options, &mut link));
    let mut heard = false;
    for event in &viewer.events {
        if matches!(&event, Event::Phase { text } if text.starts_with("learning 8000 bpe pieces")) {
            heard = true;
            viewer.cancellation.cancel();
        }
    }
    assert!(heard);
    assert!(matches!(trainer.join().unwrap(), Err(Error::Cancelled)));
    assert!(!place.path("cancelled").exists());
}

#[test]
fn language_models_read_and_write_pieces() {
    let place = Place::new();
    let text: String = (0..60).map(|i| format!("the house {} sleeps\nnowhere!\n", i % 7)).collect();
    fs::write(place.path("train.tsv"), &text).unwrap();
    fs::write(place.path("valid.tsv"), &text).unwrap();
    for task in ["language_lines", "language_stream"] {
        let set = [
            ("task", task),
            ("bidirectional", "false"),
            ("target_unit", "bpe"),
            ("max_target_vocabulary", "270"),
            ("bpe_dropout", "0.2"),
            ("batch", "4"),
        ];
        let run = place.train(task, 6, &set);
        assert!(run.join("tokenizer.json").is_file());
        place.resume(task, 9);
        let straight = place.train(&format!("{task}-straight"), 9, &set);
        let sampler = Sampler::open(&run, "cpu", Some(1)).unwrap();
        let options = SampleOptions { prefix: "the  ho".into(), ..SampleOptions::default() };
        let texts = sampler.sample(&options).unwrap();
        assert!(texts[0].text.starts_with("the  ho"), "{texts:?}");
        let other = Sampler::open(&straight, "cpu", Some(1)).unwrap();
        assert_eq!(other.sample(&options).unwrap(), texts, "{task}");
    }
}
