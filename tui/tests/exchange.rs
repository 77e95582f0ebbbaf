//! `tui export` and `tui import`, run by the program.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;

use common::{learn, refused, said};

const PAIRS: &str = "the cat sleeps\tle chat dort\nthe dog sleeps\tle chien dort\n\
                     the cat eats\tle chat mange\nthe dog eats\tle chien mange\n";

#[test]
fn a_model_leaves_and_comes_back_and_trains_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "run", PAIRS, &[]);
    let (out, _) = said(folder, &["export", "run", "--out", "model"], "");
    assert!(out.starts_with("model: ") && out.contains("tensors (best of step "), "{out}");
    assert!(out.contains("tui import model --run-dir DIR"), "{out}");
    let mut names: Vec<_> =
        fs::read_dir(folder.join("model")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    let files =
        ["config.json", "model.safetensors", "source_vocabulary.json", "target_vocabulary.json"];
    assert_eq!(names, files);

    let (out, _) = said(folder, &["import", "model", "--run-dir", "runs/back"], "");
    assert!(out.contains("tui --resume --run-dir runs/back --data SPEC"), "{out}");
    let translate =
        |run: &str| said(folder, &["translate", run], "the cat eats\nthe dog sleeps\n").0;
    assert_eq!(translate("run"), "le chat mange\nle chien dort\n");
    assert_eq!(translate("runs/back"), translate("run"));
    // It is listed as a run that has not been trained yet, and says what it lacks.
    let (list, _) = said(folder, &["runs"], "");
    assert!(list.contains("back") && list.contains("stopped"), "{list}");
    let error = refused(folder, &["evaluate", "runs/back"]);
    assert!(error.contains("imported without a corpus"), "{error}");
    let (text, _) = said(folder, &["watch", "runs/back"], "");
    assert!(!text.contains("crashed"), "{text}");
    let resume = ["--resume", "--run-dir", "runs/back", "--headless", "--threads", "1"];
    let error = refused(folder, &resume);
    assert!(error.contains("imported without a corpus: give"), "{error}");
    let more = ["--data", "run.tsv", "--valid", "run.tsv", "--max-steps", "2"];
    said(folder, &[&resume[..], &more].concat(), "");
    let (text, _) = said(folder, &["evaluate", "runs/back", "--json"], "");
    assert!(text.contains("\"bleu\""), "{text}");
}

#[test]
fn wrong_exports_and_imports_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "run", PAIRS, &[]);
    said(folder, &["export", "run", "--out", "model"], "");
    fs::create_dir(folder.join("empty")).unwrap();
    fs::write(folder.join("bad.json"), "[]").unwrap();
    let tutorial = ["import", "--pytorch-tutorial", "--run-dir", "new"];
    let files = ["--encoder", "no", "--decoder", "no", "--vocab", "bad.json"];
    for (arguments, expected) in [
        (&["export", "run", "--out", "model"][..], "model exists already"),
        (&["export", "run", "--out", "x", "--average-last", "2"], "0 kept checkpoints"),
        (&["export", "run", "--out", "x", "--last", "--average-last", "2"], "--average-last"),
        (&["export", "no-run", "--out", "x"], "no-run"),
        (&["import", "model", "--run-dir", "run"], "run exists already"),
        (&["import", "nothing", "--run-dir", "new"], "nothing: there is no such folder"),
        (&["import", "empty", "--run-dir", "new"], "empty/config.json"),
        (&["import", "--run-dir", "new"], "<DIR"),
        (&["import", "model", "--run-dir", "new", "--encoder", "e"], "--pytorch-tutorial"),
        (&tutorial, "--encoder"),
        (&[&tutorial[..], &files].concat(), "bad.json"),
    ] {
        let error = refused(folder, arguments);
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    for left in ["x", "new"] {
        assert!(!folder.join(left).exists(), "{left}");
    }
    assert!(hidden(folder).is_empty(), "{:?}", hidden(folder));
}

/// The hidden files and folders in a folder.
fn hidden(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
    names.map(|n| n.to_string_lossy().into_owned()).filter(|n| n.starts_with('.')).collect()
}
