//! The program itself: what it prints, where, and with which exit status.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Runs the program in a folder with this stdin.
fn run_with(folder: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tui"))
        .current_dir(folder)
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its stdin may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    for stream in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(stream).unwrap();
        assert!(!text.contains("panicked"), "{arguments:?}: {text}");
        let control = |letter: char| letter.is_control() && letter != '\n';
        assert!(!text.contains(control), "{arguments:?}: {text:?}");
    }
    output
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    run_with(folder, arguments, "")
}

fn text(stream: &[u8]) -> &str {
    std::str::from_utf8(stream).unwrap()
}

/// What the program prints where it succeeds.
#[track_caller]
fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

/// What the program says of an error: one line where it is not clap's, and nothing on stdout.
#[track_caller]
fn fail(folder: &Path, arguments: &[&str], status: i32, words: &[&str]) {
    let output = run(folder, arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?}: {word:?} is missing: {said}");
    }
    if status == 1 {
        assert!(said.starts_with("error: ") && said.lines().count() == 1, "{arguments:?}: {said}");
    }
}

/// A small model, trained for three steps.
fn trained() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let line = succeed(
        folder.path(),
        &[
            "train",
            "--headless",
            "--max-steps",
            "3",
            "--set",
            "hidden=8",
            "--set",
            "embedding=8",
            "--run-dir",
            "run",
            "--threads",
            "2",
        ],
    );
    (folder, line)
}

#[test]
fn help_is_printed_and_names_the_options() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["--help"][..], &["--preset", "--resume", "--headless", "Exit status"][..]),
        (&["-h"], &["--preset", "translate"]),
        (&["train", "--help"], &["--max-steps", "--run-dir", "--set", "default: phrasebook"]),
        (&["translate", "--help"], &["--run", "--json", "--max-length", "truncated"]),
        (&["evaluate", "--help"], &["--run", "--data", "--json", "--max-length"]),
        (&["score", "--help"], &["--run", "--data", "--columns", "--words"]),
        (&["align", "--help"], &["--run", "--data", "--symmetrize", "pharaoh"]),
        (&["watch", "--help"], &["RUN", "--headless", "--theme", "--record"]),
        (&["runs", "--help"], &["DIR", "--json", "unreadable"]),
        (&["presets", "--help"], &["NAME"]),
        (&["devices", "--help"], &["devices"]),
        (&["bench", "--help"], &["--only", "--seconds", "--decode", "--json"]),
        (&["compare", "--help"], &["--only", "--run-dir", "compare.md", "minutes"]),
        (&["--version"], &[env!("CARGO_PKG_VERSION")]),
    ] {
        let help = succeed(folder.path(), arguments);
        for word in words {
            assert!(help.contains(word), "{arguments:?}: {word}: {help}");
        }
    }
}

#[test]
fn lists_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    assert!(succeed(folder.path(), &["presets"]).contains("phrasebook"));
    let presets = succeed(folder.path(), &["presets"]);
    let at = |text: &str| presets.find(text).unwrap();
    assert!(at("One vector for a whole sentence") < at("encoder-decoder-reversed"));
    assert!(at("encoder-decoder-reversed") < at("Attention at every step"));
    assert!(presets.contains("needs --data names.txt"), "{presets}");
    let keys = succeed(folder.path(), &["presets", "phrasebook"]);
    assert!(keys.contains("hidden = 96") && !keys.contains("residual"), "{keys}");
    assert!(keys.lines().count() < 40 && keys.contains("tui presets phrasebook --all"), "{keys}");
    let all = succeed(folder.path(), &["presets", "phrasebook", "--all"]);
    assert!(all.starts_with(keys.lines().next().unwrap()) && all.contains("== model =="), "{all}");
    assert!(all.contains("residual = false  # the default"), "{all}");
    let devices = succeed(folder.path(), &["devices"]);
    assert!(devices.starts_with("cpu\n") && devices.contains("kernels: "), "{devices}");
    if !cfg!(feature = "opencl") {
        assert!(devices.contains("build it with --features opencl"), "{devices}");
    }
    fail(folder.path(), &["presets", "phrasebok"], 1, &["phrasebok", "'phrasebook'"]);
}

#[test]
fn wrong_uses_and_missing_things_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fail(folder, &["--prest", "x"], 2, &["--prest", "--preset"]);
    fail(folder, &["--dropout", "0.1"], 2, &["--dropout", "'--set dropout=VALUE'"]);
    fail(folder, &["--hiden", "8"], 2, &["--hiden", "--hidden"]);
    fail(folder, &["--hidden", "8", "--set", "hidden=9"], 2, &["--hidden 8 and --set hidden=9"]);
    let far = run(folder, &["--transformer"]);
    assert!(!text(&far.stderr).contains("tip"), "{}", text(&far.stderr));
    fail(folder, &["trian"], 2, &["trian", "train"]);
    fail(folder, &["translate"], 1, &["'latest': there is no run in runs yet", "tui train"]);
    let begin = |more: &[&'static str], words: &[&str]| {
        let mut arguments = vec!["--headless", "--max-steps", "1", "--run-dir", "new"];
        arguments.extend(more);
        fail(folder, &arguments, 1, words);
    };
    begin(&["--preset", "phrasebok"], &["phrasebok", "did you mean 'phrasebook'"]);
    begin(&["--set", "hiden=8"], &["hiden", "did you mean 'hidden'"]);
    begin(&["--set", "hidden=many"], &["hidden", "many"]);
    begin(&["--set", "colour=1"], &["there is no key 'colour': `tui presets NAME --all`"]);
    let names = "type tui --preset makemore-gru --data names.txt";
    begin(&["--preset", "makemore-gru"], &["preset makemore-gru needs data of your own", names]);
    begin(&["--preset", "multi30k"], &["--preset multi30k --data train.de,train.en"]);
    begin(&["--data", "absent.tsv"], &["absent.tsv"]);
    if !cfg!(feature = "opencl") {
        begin(&["--device", "opencl"], &["no opencl", "--features opencl"]);
    }
    begin(&["--resume"], &["there is no run at new"]);
    assert!(!folder.join("new").exists(), "an error left a folder behind");
    let missing = "there is no run at absent";
    fail(folder, &["translate", "--run", "absent"], 1, &[missing]);
    fail(folder, &["evaluate", "--run", "absent", "--data", "phrasebook:test"], 1, &[missing]);
    fail(folder, &["score", "--run", "absent", "--data", "phrasebook:test"], 1, &[missing]);
    fail(folder, &["watch", "absent"], 1, &["absent"]);
    fail(folder, &["watch", "."], 1, &["is not a run"]);
}

#[test]
fn a_headless_run_prints_plain_lines_and_can_be_watched() {
    let (folder, said) = trained();
    for word in ["start | preset phrasebook", "step 3/3", "loss(mean)", "valid at step 3"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(said.contains("finished after 3 steps"), "{said}");
    assert!(folder.path().join("run/events.jsonl").exists());
    let watched = succeed(folder.path(), &["watch", "run"]);
    assert!(watched.contains("finished after 3 steps"), "{watched}");
}

#[test]
fn a_trained_model_is_used_and_measured() {
    let (folder, _) = trained();
    let folder = folder.path();
    let input = "the red car is here .\n\nwhere is he ?\n";
    let output = run_with(folder, &["translate", "--run", "run"], input);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 3, "{}", text(&output.stdout));
    let output = run_with(folder, &["translate", "--run", "run", "--json"], input);
    assert_eq!(text(&output.stdout).lines().count(), 3);
    for line in text(&output.stdout).lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        for key in
            ["source", "target", "logprob", "tokens", "source_tokens", "attention", "truncated"]
        {
            assert!(object.get(key).is_some(), "{key}: {line}");
        }
    }

    let evaluation =
        succeed(folder, &["evaluate", "--run", "run", "--data", "phrasebook:test", "--json"]);
    assert_eq!(evaluation.lines().count(), 1);
    let object: serde_json::Value = serde_json::from_str(&evaluation).unwrap();
    for key in [
        "loss",
        "perplexity",
        "token_accuracy",
        "exact_match",
        "bleu",
        "token_exact_match",
        "token_bleu",
        "truncated",
        "empty_sources",
        "sentences",
        "tokens",
        "aer",
    ] {
        assert!(object[key].is_number(), "{key}: {evaluation}");
    }
    let signature = object["bleu_signature"].as_str().unwrap();
    assert!(signature.starts_with("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|"), "{signature}");
    let table = succeed(folder, &["evaluate", "--run", "run", "--data", "phrasebook:test"]);
    assert!(table.contains(signature), "{table}");
    assert!(table.contains("exact match") && table.contains("AER"), "{table}");

    let scores = succeed(folder, &["score", "--run", "run", "--data", "phrasebook:test"]);
    assert_eq!(Some(scores.lines().count() as u64), object["sentences"].as_u64());
    for line in scores.lines() {
        assert!(line.parse::<f64>().unwrap() < 0.0, "{line}");
    }
    fail(folder, &["evaluate", "--run", "run", "--data", "absent.tsv"], 1, &["absent.tsv"]);
}

#[test]
fn a_benchmark_measures_decoding_alone_and_single_layers() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |arguments: &[&str]| {
        let common = ["bench", "--threads", "1", "--seconds", "0.001", "--json", "rows.json"];
        let printed = succeed(folder.path(), &[&common[..], arguments].concat());
        let report = std::fs::read(folder.path().join("rows.json")).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        (printed, report["rows"].as_array().unwrap().clone())
    };
    let small = ["H=8", "E=8", "V=50", "B=4", "S=3", "T=3"].map(|size| ["--size", size]).concat();
    let (printed, decoded) = rows(&[&["--decode", "--only", "luong-small"], &small[..]].concat());
    assert!(printed.contains("greedy") && !printed.contains("step"), "{printed}");
    assert!(decoded.len() == 1 && decoded[0].get("train_step_ms").is_none(), "{decoded:?}");
    let whole = &decoded[0];
    let int8 = ["--decode", "--only", "luong-small", "--precision", "int8"];
    let (printed, decoded) = rows(&[&int8[..], &small[..]].concat());
    assert!(printed.contains("tokens of f32"), "{printed}");
    let rounded = &decoded[0];
    assert!(whole["same_tokens"].is_null() && rounded["same_tokens"].is_number(), "{rounded}");
    assert!(rounded["weights_mib"].as_f64() < whole["weights_mib"].as_f64(), "{rounded}");
    let (printed, layers) = rows(&["--layers", "--only", "dot"]);
    assert!(printed.contains("forward alone") && printed.contains("with packing"), "{printed}");
    assert!(layers.len() == 1 && layers[0]["forward_packing_ms"].is_number(), "{layers:?}");
    fail(folder.path(), &["bench", "--decode", "--layers"], 2, &["--decode", "--layers"]);
}

/// A process with an address space of a few hundred megabytes.
#[cfg(target_os = "linux")]
#[test]
fn memory_that_is_refused_ends_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "ulimit -v 400000; exec {} --headless --threads 1 --data copy:2000 --run-dir r",
        env!("CARGO_BIN_EXE_tui")
    );
    let output =
        Command::new("sh").args(["-c", &line]).current_dir(folder.path()).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: out of memory") && said.lines().count() == 1, "{said}");
    assert!(!folder.path().join("r").exists());
}
