//! Models that leave and enter: exports, imports, the networks of the PyTorch tutorial.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use seq2seq::data::Pair;
use seq2seq::event::EndReason;
use seq2seq::exchange::{
    ExportedModel, ImportOptions, TutorialFiles, Weights, export, import, import_pytorch_tutorial,
};
use seq2seq::{EnsembleOptions, Sampler, TrainOptions, Translator, link, train};
use serde::Deserialize;
use tensor::{StateDict, Tensor};

/// Trains a small run for a few steps, or goes on with it.
fn trained(run: &Path, data: &str, steps: u64, set: &[(&str, &str)]) {
    let resume = run.exists();
    let small =
        [("embedding", "6"), ("hidden", "8"), ("batch", "8"), ("validate_every_epochs", "1")];
    let set = small.iter().chain(set).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let options = TrainOptions {
        data: (!resume).then(|| data.to_owned()),
        threads: Some(1),
        max_steps: Some(steps),
        run_dir: Some(run.to_owned()),
        set: if resume { Vec::new() } else { set.collect() },
        resume,
        ..TrainOptions::default()
    };
    let (mut link, viewer) = link(64);
    drop(viewer);
    let outcome = train(&options, &mut link).unwrap_or_else(|e| panic!("{}: {e}", run.display()));
    assert_eq!(outcome.end.reason, EndReason::Finished);
}

/// A corpus of a few pairs, of which none is held out.
fn corpus(folder: &Path) -> String {
    corpus_of(folder, 40)
}

/// A corpus of some pairs in a folder, as a SPEC.
fn corpus_of(folder: &Path, count: usize) -> String {
    let path = folder.join(format!("{count}-pairs.tsv"));
    let pairs: Vec<String> = (0..count)
        .map(|i| {
            let words: Vec<String> =
                (0..2 + i % 3).map(|j| format!("w{}", (i * 7 + j * (3 + i / 9)) % 9)).collect();
            let turned: Vec<String> = words.iter().rev().map(|w| w.replace('w', "v")).collect();
            format!("{}\t{}", words.join(" "), turned.join(" "))
        })
        .collect();
    fs::write(&path, pairs.join("\n") + "\n").unwrap();
    path.display().to_string()
}

const WIRINGS: [(&str, &[(&str, &str)]); 5] = [
    (
        "gru-additive",
        &[
            ("cell", "gru"),
            ("attention", "additive"),
            ("bidirectional", "true"),
            ("decoder_init", "linear_tanh"),
        ],
    ),
    (
        "lstm-general",
        &[
            ("cell", "lstm"),
            ("layers", "2"),
            ("attention", "general"),
            ("wiring", "recur_then_attend"),
            ("readout", "tanh_context"),
            ("input_feeding", "true"),
            ("decoder_init", "copy"),
            ("reverse_source", "true"),
        ],
    ),
    (
        "keras",
        &[
            ("cell", "gru"),
            ("attention", "multi_head"),
            ("attention_heads", "1"),
            ("wiring", "recur_then_attend"),
            ("readout", "residual_norm"),
            ("decoder_init", "zeros"),
            ("bidirectional", "true"),
            ("merge", "sum"),
        ],
    ),
    (
        "maxout-tied",
        &[
            ("attention", "additive_bias"),
            ("readout", "maxout"),
            ("tied", "target_output"),
            ("embedding", "8"),
            ("average_decay", "0.5"),
        ],
    ),
    ("none", &[("attention", "none"), ("cell", "rnn_tanh")]),
];

const LINES: [&str; 4] = ["w1 w4 w7", "w2", "w3 w3 unknown w0", ""];

fn lines() -> Vec<String> {
    LINES.map(str::to_owned).to_vec()
}

#[test]
fn an_export_and_its_import_keep_every_bit_and_train_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = corpus(folder.path());
    for (name, set) in WIRINGS {
        let [run, out, back, again] = ["run", "out", "back", "again"]
            .map(|part| folder.path().join(format!("{name}-{part}")));
        trained(&run, &data, 12, set);
        let exported = export(&run, &out, Weights::Best).unwrap();
        assert_eq!(exported.model, ExportedModel::read(&out).unwrap());
        let options = ImportOptions { data: Some(data.clone()), ..ImportOptions::default() };
        let imported = import(&out, &back, &options).unwrap();
        assert_eq!(
            (imported.tensors, imported.parameters),
            (exported.tensors, exported.parameters)
        );
        let translate = |run: &Path| {
            Translator::open(run, "cpu", Some(1)).unwrap().translate(&lines()).unwrap()
        };
        assert_eq!(translate(&run), translate(&back), "{name}");
        export(&back, &again, Weights::Last).unwrap();
        let bytes = |folder: &Path| fs::read(folder.join("model.safetensors")).unwrap();
        assert_eq!(bytes(&out), bytes(&again), "{name}");
        trained(&back, &data, 4, &[]);
        assert_ne!(translate(&run), translate(&back), "{name}");
    }
}

#[test]
fn a_run_without_data_asks_for_it_and_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = corpus(folder.path());
    let [run, out, back] = ["run", "out", "back"].map(|part| folder.path().join(part));
    trained(&run, &data, 6, &[]);
    export(&run, &out, Weights::Last).unwrap();
    let imported = import(&out, &back, &ImportOptions::default()).unwrap();
    assert!(!imported.has_data);
    let mut options = TrainOptions {
        run_dir: Some(back.clone()),
        resume: true,
        max_steps: Some(3),
        threads: Some(1),
        ..TrainOptions::default()
    };
    let go = |options: &TrainOptions| {
        let (mut link, viewer) = link(64);
        drop(viewer);
        train(options, &mut link)
    };
    let error = go(&options).unwrap_err().to_string();
    assert!(error.contains("imported without a corpus: give data = SPEC"), "{error}");
    options.data = Some(data);
    assert_eq!(go(&options).unwrap().end.step, 3);
}

#[test]
fn language_models_and_sequence_models_are_exchanged() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("names.txt");
    fs::write(&text, "anna\nemma\nida\nlea\nmia\nnina\nlina\npaula\n".repeat(4)).unwrap();
    let [run, out, back] = ["run", "out", "back"].map(|part| folder.path().join(part));
    let set = [
        ("task", "language_lines"),
        ("bidirectional", "false"),
        ("target_unit", "characters"),
        ("early_stopping_metric", "loss"),
    ];
    trained(&run, &text.display().to_string(), 8, &set);
    export(&run, &out, Weights::Best).unwrap();
    import(&out, &back, &ImportOptions::default()).unwrap();
    let texts = |run: &Path| {
        let sampler = Sampler::open(run, "cpu", Some(1)).unwrap();
        sampler.sample(&seq2seq::SampleOptions::default()).unwrap()
    };
    assert_eq!(texts(&run), texts(&back));

    let [run, out, back] = ["s-run", "s-out", "s-back"].map(|part| folder.path().join(part));
    trained(
        &run,
        "adding:10",
        3,
        &[("task", "sequence"), ("bidirectional", "false"), ("early_stopping_metric", "loss")],
    );
    export(&run, &out, Weights::Best).unwrap();
    assert!(import(&out, &back, &ImportOptions::default()).unwrap().has_data);
    trained(&back, "adding:10", 2, &[]);
}

/// Damages a copy of an export, and returns the error of its import.
fn error_of(folder: &Path, out: &Path, damage: impl FnOnce(&Path)) -> String {
    let copy = folder.join("copy");
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(out).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    damage(&copy);
    let run = folder.join("imported");
    let error = import(&copy, &run, &ImportOptions::default()).unwrap_err().to_string();
    assert!(!run.exists(), "something was written");
    fs::remove_dir_all(&copy).unwrap();
    error
}

#[test]
fn damaged_exports_are_refused_by_file_and_tensor() {
    let folder = tempfile::tempdir().unwrap();
    let data = corpus(folder.path());
    let [run, out] = ["run", "out"].map(|part| folder.path().join(part));
    trained(&run, &data, 2, &[("attention", "additive")]);
    export(&run, &out, Weights::Last).unwrap();
    let change = |copy: &Path, name: &str, value: Option<Tensor>| {
        let path = copy.join("model.safetensors");
        let mut state = StateDict::read(&path).unwrap();
        state.tensors.retain(|(own, _)| own != name);
        state.tensors.extend(value.map(|value| (name.to_owned(), value)));
        state.write(&path).unwrap();
    };
    let query = "decoder.attention.w_query.weight";
    type Damage<'a> = Box<dyn FnOnce(&Path) + 'a>;
    let cases: Vec<(Damage<'_>, &str)> = vec![
        (
            Box::new(|copy| {
                let path = copy.join("model.safetensors");
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            }),
            "model.safetensors: this is not a whole safetensors file",
        ),
        (Box::new(|copy| change(copy, query, None)), "1 missing: decoder.attention.w_query.weight"),
        (
            Box::new(|copy| change(copy, query, Some(Tensor::zeros([2, 2])))),
            "decoder.attention.w_query.weight is [2, 2], not [8, 8]",
        ),
        (Box::new(|copy| change(copy, "more", Some(Tensor::zeros([2])))), "1 unexpected: more"),
        (
            Box::new(|copy| change(copy, query, Some(Tensor::full([8, 8], f32::NAN)))),
            "64 of 64 values of tensor decoder.attention.w_query.weight are NaN",
        ),
        (Box::new(|copy| fs::remove_file(copy.join("config.json")).unwrap()), "cannot read"),
        (
            Box::new(|copy| fs::write(copy.join("config.json"), "{}").unwrap()),
            "config.json: missing field",
        ),
        (
            Box::new(|copy| fs::write(copy.join("source_vocabulary.json"), "[\"a\"]").unwrap()),
            "source_vocabulary.json: ",
        ),
        (
            Box::new(|copy| {
                let path = copy.join("config.json");
                let text =
                    fs::read_to_string(&path).unwrap().replace("\"hidden\": 8", "\"hidden\": 0");
                fs::write(&path, text).unwrap();
            }),
            "hidden",
        ),
    ];
    for (damage, expected) in cases {
        let error = error_of(folder.path(), &out, damage);
        assert!(error.contains(expected), "{error}");
    }
    let error = import(&folder.path().join("no"), &run, &ImportOptions::default()).unwrap_err();
    assert!(error.to_string().contains("there is no such folder"));
    assert!(export(&run, &out, Weights::Best).unwrap_err().to_string().contains("exists already"));
    assert!(
        import(&out, &run, &ImportOptions::default())
            .unwrap_err()
            .to_string()
            .contains("exists already")
    );
    let error = export(&run, &folder.path().join("new"), Weights::AverageLast(3)).unwrap_err();
    assert!(error.to_string().contains("0 kept checkpoints"), "{error}");
    assert!(!folder.path().join("new").exists());
}

fn pair(source: &str, target: &str) -> Pair {
    Pair { source: source.into(), target: target.into(), links: None }
}

#[derive(Deserialize)]
struct Case {
    input: String,
    output: String,
    logprob: f64,
    greedy: String,
    greedy_logprob: f64,
    attention: Vec<Vec<f32>>,
}

#[test]
fn the_pytorch_tutorials_networks_give_its_numbers() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/torch-tutorial");
    if !shared.is_dir() {
        eprintln!(
            "SKIPPED: ../shared/torch-tutorial is not there, no imported translation was checked"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let [encoder, decoder, vocabulary] =
        ["encoder.safetensors", "decoder.safetensors", "vocab.json"].map(|name| shared.join(name));
    let files = TutorialFiles { encoder: &encoder, decoder: &decoder, vocabulary: &vocabulary };
    import_pytorch_tutorial(files, &run, &ImportOptions::default()).unwrap();
    let text = fs::read_to_string(shared.join("cases.jsonl")).unwrap();
    let cases: Vec<Case> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let model = Translator::open(&run, "cpu", Some(1)).unwrap();
    let inputs: Vec<String> = cases.iter().map(|case| case.input.clone()).collect();
    let pairs: Vec<Pair> = cases.iter().map(|case| pair(&case.input, &case.output)).collect();
    let scores = model.score_pairs(&pairs).unwrap();
    let translations = model.translate(&inputs).unwrap();
    for ((case, translation), score) in cases.iter().zip(&translations).zip(&scores) {
        assert!((score.logprob - case.logprob).abs() < 1e-4, "{}", case.input);
        assert_eq!(translation.target, case.greedy, "{}", case.input);
        assert!((translation.logprob - case.greedy_logprob).abs() < 1e-4, "{}", case.input);
        assert_eq!(translation.attention.len(), case.attention.len());
        for (got, want) in
            translation.attention.iter().flatten().zip(case.attention.iter().flatten())
        {
            assert!((got - want).abs() < 1e-4, "{}: {got} is not {want}", case.input);
        }
    }
}

/// The two networks of the tutorial, for four and five words.
fn tutorial_files(folder: &Path) -> [PathBuf; 3] {
    let h = 3;
    let state = |shapes: &[(&str, &[usize])]| StateDict {
        tensors: shapes.iter().map(|(n, s)| ((*n).to_owned(), Tensor::full(*s, 0.1))).collect(),
        ..StateDict::default()
    };
    let gru = [
        ("gru.weight_hh_l0", &[3 * h, h][..]),
        ("gru.bias_ih_l0", &[3 * h]),
        ("gru.bias_hh_l0", &[3 * h]),
    ];
    let encoder = [("embedding.weight", &[4, h][..]), ("gru.weight_ih_l0", &[3 * h, h])];
    let decoder = [
        ("embedding.weight", &[5, h][..]),
        ("gru.weight_ih_l0", &[3 * h, 2 * h]),
        ("attention.Wa.weight", &[h, h]),
        ("attention.Wa.bias", &[h]),
        ("attention.Ua.weight", &[h, h]),
        ("attention.Ua.bias", &[h]),
        ("attention.Va.weight", &[1, h]),
        ("attention.Va.bias", &[1]),
        ("out.weight", &[5, h]),
        ("out.bias", &[5]),
    ];
    let paths =
        ["encoder.safetensors", "decoder.safetensors", "vocab.json"].map(|n| folder.join(n));
    state(&[&encoder[..], &gru].concat()).write(&paths[0]).unwrap();
    state(&[&decoder[..], &gru].concat()).write(&paths[1]).unwrap();
    let words = r#"{"input": ["SOS", "EOS", "je", "suis"], "output": {"0": "SOS", "1": "EOS", "2": "i", "3": "am", "4": "!"}}"#;
    fs::write(&paths[2], words).unwrap();
    paths
}

#[test]
fn files_that_are_not_the_tutorials_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let go = |name: &str, paths: &[PathBuf; 3]| {
        let [encoder, decoder, vocabulary] = paths;
        let files = TutorialFiles { encoder, decoder, vocabulary };
        import_pytorch_tutorial(files, &folder.path().join(name), &ImportOptions::default())
    };
    let paths = tutorial_files(folder.path());
    let imported = go("good", &paths).unwrap();
    assert_eq!(imported.vocabularies, (6, 7));
    let error = |paths: &[PathBuf; 3]| go("bad", paths).unwrap_err().to_string();
    let swapped = [paths[1].clone(), paths[0].clone(), paths[2].clone()];
    assert!(error(&swapped).contains("decoder.safetensors: "), "{}", error(&swapped));
    for (words, expected) in [
        (r#"{"input": ["EOS", "SOS"], "output": []}"#, "input: ids 0 and 1 are [EOS, SOS]"),
        (r#"{"input": ["SOS", "EOS", "a", "a"], "output": []}"#, "input: 'a' stands twice"),
        (r#"{"input": {"0": "SOS", "2": "EOS"}, "output": []}"#, "input: id 1 of 2 is missing"),
        (
            r#"{"input": ["SOS", "EOS"], "output": ["SOS", "EOS"]}"#,
            "embedding.weight is [4, 3], not [2, 3]",
        ),
        ("[]", "vocab.json: "),
        ("nonsense", "vocab.json: "),
    ] {
        fs::write(&paths[2], words).unwrap();
        assert!(error(&paths).contains(expected), "{}", error(&paths));
    }
    assert!(!folder.path().join("bad").exists());
}

/// A Python with torch: `PYTHON`, or `python3`.
fn python() -> Option<PathBuf> {
    let python = PathBuf::from(std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into()));
    let found = Command::new(&python).args(["-c", "import torch, numpy"]).output();
    found.is_ok_and(|out| out.status.success()).then_some(python)
}

#[test]
fn torch_modules_built_from_an_export_give_its_log_probabilities() {
    let Some(python) = python() else {
        eprintln!(
            "SKIPPED: no Python with torch here (PYTHON names one), no export was checked with it"
        );
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/exported_model.py");
    let folder = tempfile::tempdir().unwrap();
    let data = corpus(folder.path());
    let run_script = |out: &Path, input: &str| -> Vec<f64> {
        let file = folder.path().join("input.jsonl");
        fs::write(&file, input).unwrap();
        let found = Command::new(&python).arg(&script).arg(out).arg(&file).output().unwrap();
        let (text, error) =
            (String::from_utf8_lossy(&found.stdout), String::from_utf8_lossy(&found.stderr));
        assert!(found.status.success(), "{error}");
        text.lines().map(|line| line.parse().unwrap_or_else(|_| panic!("{line}"))).collect()
    };
    // The parameters of the best validation, and the mean of three checkpoints.
    let larger = corpus_of(folder.path(), 400);
    let averaged: &[(&str, &str)] = &[("keep_checkpoints", "3"), ("validate_every_epochs", "0.05")];
    let wirings = WIRINGS.iter().map(|&(name, set)| (name, set, 0));
    for (name, set, average_last) in wirings.chain([("averaged", averaged, 3)]) {
        let [run, out] = ["run", "out"].map(|part| folder.path().join(format!("{name}-{part}")));
        trained(&run, if average_last > 0 { &larger } else { &data }, 12, set);
        let weights =
            if average_last > 0 { Weights::AverageLast(average_last) } else { Weights::Best };
        export(&run, &out, weights).unwrap();
        let pairs =
            [pair("w1 w4 w7", "v7 v4 v1"), pair("w2", "v2 v2 v0 v5"), pair("w8 w8 w3 w0", "v1")];
        let options = EnsembleOptions { average_last, ..EnsembleOptions::default() };
        let opened = Translator::open_ensemble(&[run], &options, "cpu", Some(1)).unwrap();
        let own = opened.score_pairs(&pairs).unwrap();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let input: Vec<String> = pairs
            .iter()
            .map(|p| {
                let (source, target) = (words(&p.source), words(&p.target));
                serde_json::json!({"source": source, "target": target}).to_string()
            })
            .collect();
        let torch = run_script(&out, &input.join("\n"));
        assert_eq!(torch.len(), own.len());
        for (torch, own) in torch.iter().zip(&own) {
            assert!((torch - own.logprob).abs() < 1e-4, "{name}: {torch} is not {}", own.logprob);
        }
    }
    let text = folder.path().join("names.txt");
    fs::write(&text, "anna\nemma\nida\nlea\nmia\nnina\nlina\npaula\n".repeat(4)).unwrap();
    let [run, out] = ["run", "out"].map(|part| folder.path().join(part));
    let set = [
        ("task", "language_lines"),
        ("bidirectional", "false"),
        ("target_unit", "characters"),
        ("cell", "lstm"),
        ("early_stopping_metric", "loss"),
    ];
    trained(&run, &text.display().to_string(), 8, &set);
    export(&run, &out, Weights::Best).unwrap();
    let sampler = Sampler::open(&run, "cpu", Some(1)).unwrap();
    let own = sampler
        .sample(&seq2seq::SampleOptions { length: Some(60), ..seq2seq::SampleOptions::default() })
        .unwrap();
    let letters: Vec<String> = own[0].text.chars().map(String::from).collect();
    let input = serde_json::json!({"target": letters}).to_string();
    let torch = run_script(&out, &input);
    assert!((torch[0] - own[0].logprob).abs() < 1e-4, "{} is not {}", torch[0], own[0].logprob);
}
