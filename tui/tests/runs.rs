//! Runs by their names, and lists of them: by the program.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{command, refused, said, says, small, tui};

/// Trains a small model for a few steps, in the folder `runs`.
fn train(folder: &Path, run: &str, more: &[&str]) {
    let run = format!("runs/{run}");
    let arguments = ["--headless", "--run-dir", &run, "--max-steps", "3"];
    says(&tui(folder, &small(&[&arguments[..], more].concat())), 0, &["finished after 3 steps"]);
}

#[test]
fn a_run_is_named_by_path_by_start_or_as_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, "20260101-a", &[]);
    train(folder, "20260102-b", &[]);
    for (run, is_told) in [
        (&["runs/20260102-b"][..], false),
        (&["20260102"], false),
        (&["20260102-b"], false),
        (&["--run", "20260102"], false),
        (&["latest"], false),
        (&[], true),
    ] {
        let (out, err) = said(folder, &[&["translate", "--threads", "1"], run].concat(), "a b\n");
        assert_eq!(out.lines().count(), 1, "{run:?}");
        let told = err.contains("run: runs/20260102-b, the latest");
        assert_eq!(told, is_told, "{run:?}: {err}");
    }
    let error = refused(folder, &["translate", "2026"]);
    for words in ["2 runs have a name that starts so", "runs/20260101-a, runs/20260102-b"] {
        assert!(error.contains(words), "{error}");
    }
    let error = refused(folder, &["score", "b", "--data", "copy:3"]);
    assert!(error.contains("these contain it: runs/20260102-b"), "{error}");
    // A resume makes it the latest again.
    let on = ["--headless", "--resume", "--run-dir", "20260101", "--max-steps", "4"];
    says(&tui(folder, &on), 0, &["finished after 4 steps"]);
    let watched = tui(folder, &["watch", "latest"]);
    says(&watched, 0, &["finished after 4 steps", "20260101-a"]);
    let evaluate = ["evaluate", "--data", "copy:3:test", "--threads", "1", "2026"];
    let both = [&evaluate[..5], &["20260101", "20260102"]].concat();
    says(&tui(folder, &both), 0, &["runs/20260101-a", "runs/20260102-b", "exact match"]);
    let error = refused(folder, &evaluate);
    assert!(error.contains("2 runs have a name"), "{error}");
}

#[test]
fn runs_are_listed_with_what_became_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    says(&tui(folder, &["runs"]), 0, &["there is no run in runs yet"]);
    says(&tui(folder, &["runs", "--json"]), 0, &[]);
    says(&tui(folder, &["runs", "absent"]), 1, &["absent: there is no such folder"]);
    train(folder, "done", &[]);
    train(folder, "broken", &[]);
    fs::write(folder.join("runs/broken/config.json"), "{").unwrap();
    fs::create_dir(folder.join("runs/other")).unwrap();
    let live = small(&["--headless", "--epochs", "1000000", "--run-dir", "runs/live"]);
    let mut child = command(folder, &live).stdout(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !tui(folder, &["runs", "runs/live", "--json"]).0.contains("\"status\":\"live\"") {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(50));
    }
    let list = |arguments: &[&str]| said(folder, arguments, "").0;
    for arguments in [&["runs"][..], &["list"], &["watch"], &["watch", "runs"]] {
        let table = list(arguments);
        let row = |name: &str| {
            let found = table.lines().find(|line| line.starts_with(name));
            found.unwrap_or_else(|| panic!("{arguments:?} {name}: {table}"))
        };
        assert!(row("run ").contains("status"), "{table}");
        assert!(row("done").contains("finished") && row("done").contains("3/3"), "{table}");
        assert!(row("done").contains("hidden = 8") && row("live").contains("live"), "{table}");
        assert!(row("broken").contains("unreadable") && row("broken").contains("config.json"));
        assert!(row("other").contains("it is no run: it holds no config.json"), "{table}");
    }
    let json = list(&["runs", "--json"]);
    let of = |name: &str| {
        let objects = json.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut objects =
            objects.filter(|v: &serde_json::Value| v["run"] == format!("runs/{name}"));
        objects.next().unwrap()
    };
    assert_eq!((&of("done")["status"], &of("done")["step"]), (&"finished".into(), &3.into()));
    assert!(of("done")["age"].as_f64().is_some() && of("done")["best"]["loss"].as_f64().is_some());
    assert_eq!(of("live")["status"], "live");
    assert!(of("broken")["unreadable"].as_str().unwrap().contains("config.json"));
    if cfg!(target_os = "linux") {
        assert_eq!(of("live")["process"], child.id());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(list(&["runs", "runs/live"]).contains("crashed"));
}
