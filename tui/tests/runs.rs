//! Runs by their names, and lists of them: by the program.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{command, refused, said, says, small, tui};
use seq2seq::{Event, EventReader};

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
        let is_whole = run.first().is_some_and(|run| run.ends_with("-b"));
        assert_eq!(err.contains("run: runs/20260102-b"), !is_whole, "{run:?}: {err}");
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

#[test]
fn without_data_a_run_is_evaluated_on_what_it_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pair = |i: usize| format!("x{} y{}\ta{} b{}\n", i % 7, i, i % 7, i);
    fs::write(folder.join("a.tsv"), (0..400).map(pair).collect::<String>()).unwrap();
    let train = |run: &str, more: &[&str]| {
        let run = format!("runs/{run}");
        let set = ["--hidden", "8", "--set", "embedding=8", "--max-steps", "2"];
        let all = [&["--headless", "--threads", "1", "--run-dir", &run][..], &set, more].concat();
        says(&tui(folder, &all), 0, &["finished after 2 steps"]);
    };
    let metrics = |out: &str| -> (u64, f64) {
        let object: serde_json::Value = serde_json::from_str(out).unwrap();
        (object["sentences"].as_u64().unwrap(), object["loss"].as_f64().unwrap())
    };
    let evaluate = ["evaluate", "--threads", "1", "--json", "--beam", "1"];
    let run = |more: &[&str]| said(folder, &[&evaluate[..], more].concat(), "");

    // A share of the file, written and read again: also by a run that reads the columns turned.
    for (name, columns) in [("share", "1,2"), ("turned", "2,1")] {
        train(name, &["--data", "a.tsv", "--columns", columns]);
        let (out, err) = run(&[name, "--write-held-out", "held.tsv"]);
        let (sentences, loss) = metrics(&out);
        let told =
            format!("held out by run runs/{name}: {sentences} pairs, a fixed share of a.tsv");
        assert!(err.contains(&told), "{err}");
        let held = fs::read_to_string(folder.join("held.tsv")).unwrap();
        assert_eq!(held.lines().count() as u64, sentences);
        assert_eq!(held.starts_with('x'), name == "share", "{held}");
        let hint = if name == "share" { "held.tsv reads" } else { "held.tsv --columns 1,2 reads" };
        assert!(err.contains(hint), "{err}");
        let (out, _) = run(&[name, "--data", "held.tsv", "--columns", "1,2"]);
        assert_eq!(metrics(&out), (sentences, loss));
        // The run validated on the same pairs.
        let log = fs::read_to_string(folder.join(format!("runs/{name}/events.jsonl"))).unwrap();
        let line = log.lines().find(|line| line.contains("\"event\":\"validation\"")).unwrap();
        let validation: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!((validation["loss"].as_f64().unwrap() - loss).abs() < 1e-5, "{line}");
    }
    // Those that were named, the part of a built-in corpus, and what no run held out.
    train("named", &["--data", "a.tsv", "--valid", "held.tsv"]);
    assert!(run(&["named"]).1.contains("pairs, held.tsv"));
    train("built-in", &["--data", "copy:3"]);
    assert!(run(&["built-in"]).1.contains("pairs, the validation part of copy:3"));
    train("none", &["--data", "a.tsv", "--valid", "none"]);
    let error = refused(folder, &["evaluate", "none"]);
    assert!(error.contains("the run holds out nothing of its corpus"), "{error}");
    // Two runs are measured on the pairs of the first; the other may have been trained on them.
    let (_, err) = run(&["share", "named"]);
    assert!(
        err.contains("run runs/named holds out other pairs: it may have been trained"),
        "{err}"
    );
    // A language model has lines, and a generated task draws its sequences again.
    train("lines", &["--preset", "makemore-gru", "--data", "a.tsv"]);
    let (out, err) = run(&["lines", "--write-held-out", "lines.txt"]);
    assert!(err.contains("lines, a fixed share of a.tsv"), "{err}");
    assert_eq!(metrics(&run(&["lines", "--data", "lines.txt"]).0), metrics(&out));
    train("reber", &["--preset", "reber"]);
    let (out, err) = run(&["reber"]);
    assert!(err.contains("sequences, the validation part of reber"), "{err}");
    assert_eq!(metrics(&out), metrics(&run(&["reber", "--data", "reber:valid"]).0));
    let error = refused(folder, &["evaluate", "reber", "--write-held-out", "x"]);
    assert!(error.contains("are drawn and not read from a file"), "{error}");
    // A corpus that has changed has other pairs.
    fs::write(folder.join("a.tsv"), "x\ty\nz\tw\n").unwrap();
    let error = refused(folder, &["evaluate", "share"]);
    assert!(error.contains("its corpus a.tsv has changed"), "{error}");
}

#[test]
fn training_on_files_begins_with_an_estimate() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pair = |i: usize| format!("x{} y{}\ta{} b{}\n", i % 7, i % 11, i % 7, i % 11);
    fs::write(folder.join("a.tsv"), (0..400).map(pair).collect::<String>()).unwrap();
    let common = ["--headless", "--threads", "1", "--hidden", "8", "--set", "embedding=8"];
    let train = |more: &[&str]| tui(folder, &[&common[..], more].concat());
    let more = ["--data", "a.tsv", "--max-steps", "60", "--epochs", "99", "--run-dir", "own"];
    let own = train(&more);
    says(&own, 0, &["estimate | 60 steps to do | about ", "at least ", " MB of memory"]);
    assert!(own.0.find("estimate | ") < own.0.find("step 1/60"), "{}", own.0);
    let log = fs::read_to_string(folder.join("own/events.jsonl")).unwrap();
    assert!(log.contains(r#"{"event":"estimate","steps":60,"seconds":"#), "{log}");
    says(&tui(folder, &["watch", "own"]), 0, &["estimate | 60 steps to do"]);
    // The measurement leaves no trace: the same steps as of a run without it.
    let losses = |run: &str| -> Vec<u64> {
        let events = EventReader::open(&folder.join(run)).unwrap().poll().unwrap();
        let loss = |event| if let Event::Step(step) = event { Some(step.loss) } else { None };
        events.into_iter().filter_map(loss).map(f64::to_bits).collect()
    };
    let dropout = ["--data", "a.tsv", "--set", "dropout=0.2"];
    // The state of a running text is carried from batch to batch.
    let text = ["--data", "a.tsv", "--preset", "char-rnn", "--batch", "4"];
    for (name, more) in [("pairs", &dropout[..]), ("text", &text)] {
        let run = |steps: &str, estimated: bool| {
            let run = format!("{name}-{steps}");
            let end = ["--max-steps", steps, "--epochs", "99", "--run-dir", &run];
            let said = train(&[more, &end].concat());
            says(&said, 0, &[&format!("finished after {steps} steps")]);
            assert_eq!(said.0.contains("estimate | "), estimated, "{}", said.0);
            losses(&run)
        };
        assert_eq!(run("50", true)[..40], run("40", false)[..], "{name}");
    }
    // A generated corpus is a known one, and hours are said with a smaller preset.
    let built_in = train(&["--data", "copy:3", "--max-steps", "60", "--run-dir", "copy"]);
    assert!(!built_in.0.contains("estimate"), "{}", built_in.0);
    let long = ["--headless", "--preset", "luong-small", "--data", "a.tsv", "--epochs", "900000"];
    let long = [&long[..], &["--run-dir", "long", "--threads", "1"]].concat();
    let mut child = command(folder, &long).stdout(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let path = folder.join("long/events.jsonl");
    let log = || fs::read_to_string(&path).unwrap_or_default();
    while !log().contains("the preset luong-general has a smaller model") {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", log());
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(log().contains("training takes about"), "{}", log());
}
