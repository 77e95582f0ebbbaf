//! A run's folder that somebody changed, and resumes that change a key: by the program.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use common::{command, says, tui};

const SMALL: [&str; 8] =
    ["--headless", "--threads", "1", "--data", "copy:3", "--set", "hidden=4", "--run-dir"];

/// Trains a small model for a few steps.
fn train(folder: &Path, run: &str, more: &[&str]) -> (String, Option<i32>) {
    tui(folder, &[&SMALL[..], &[run, "--max-steps", "3"], more].concat())
}

fn resume(folder: &Path, run: &str, more: &[&str]) -> (String, Option<i32>) {
    let resume = ["--headless", "--resume", "--run-dir", run];
    tui(folder, &[&resume[..], more].concat())
}

#[test]
fn a_resume_changes_what_is_safe_to_change_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    says(&train(folder, "run", &[]), 0, &[]);
    let set = ["--max-steps", "5", "--set", "learning_rate=0.01", "--set", "max_length=100"];
    let words =
        ["changed | learning_rate = 0.01 (was 0.002)", "changed | max_length = 100 (was 0)"];
    says(&resume(folder, "run", &set), 0, &words);
    let log = fs::read_to_string(folder.join("run/events.jsonl")).unwrap();
    assert!(
        log.contains(r#""changes":[{"key":"learning_rate","from":"0.002","to":"0.01"}"#),
        "{log}"
    );
    // It is still the same run.
    says(&resume(folder, "run", &["--max-steps", "6"]), 0, &["finished after 6 steps"]);
    let set = ["--max-steps", "7", "--set", "validate_every_epochs=1000"];
    says(&resume(folder, "run", &set), 0, &["finished after 7 steps"]);
    says(&resume(folder, "run", &["--max-steps", "8"]), 0, &["finished after 8 steps"]);
    let fixed = resume(folder, "run", &["--max-steps", "9", "--set", "hidden=5"]);
    says(&fixed, 1, &["hidden = 5 contradicts", "the parameters of the run were made for it"]);
}

#[test]
fn what_was_lost_or_damaged_is_said_with_the_way_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    says(&train(folder, "run", &["--epochs", "1"]), 0, &[]);
    // The log deleted.
    fs::remove_file(folder.join("run/events.jsonl")).unwrap();
    let said = resume(folder, "run", &["--max-steps", "4"]);
    says(
        &said,
        0,
        &["events.jsonl was gone: a new one begins here, without the events up to step 3"],
    );
    assert!(folder.join("run/events.jsonl").is_file());
    // Another log.
    fs::write(folder.join("run/events.jsonl"), "none\n").unwrap();
    let said = resume(folder, "run", &["--max-steps", "5"]);
    says(&said, 0, &["is events.jsonl.1 now: a new one begins here"]);
    assert_eq!(fs::read_to_string(folder.join("run/events.jsonl.1")).unwrap(), "none\n");
    // The last checkpoint damaged, the best one good.
    fs::write(folder.join("run/last.ckpt"), "nothing").unwrap();
    let said = resume(folder, "run", &["--max-steps", "6"]);
    says(&said, 1, &["is good; to go on from there: cp run/best.ckpt run/last.ckpt"]);
    fs::copy(folder.join("run/best.ckpt"), folder.join("run/last.ckpt")).unwrap();
    says(&resume(folder, "run", &["--max-steps", "6"]), 0, &["resumed at step"]);
    // Both of another run, of equal shapes.
    says(&train(folder, "other", &["--seed", "2"]), 0, &[]);
    for name in ["last.ckpt", "best.ckpt"] {
        fs::copy(folder.join("other").join(name), folder.join("run").join(name)).unwrap();
    }
    let words = ["run/last.ckpt is of another run than run"];
    says(&resume(folder, "run", &["--max-steps", "9"]), 1, &words);
    let said = tui(folder, &["evaluate", "--run", "run", "--data", "copy:3:test"]);
    says(&said, 1, &["run/best.ckpt is of another run than run"]);
}

#[cfg(unix)]
#[test]
fn links_in_a_run_are_not_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in ["events.jsonl", "lock"] {
        let run = format!("run-{name}");
        says(&train(folder, &run, &[]), 0, &[]);
        let mine = folder.join(format!("mine-{name}"));
        fs::rename(folder.join(&run).join(name), &mine).unwrap();
        std::os::unix::fs::symlink(&mine, folder.join(&run).join(name)).unwrap();
        let before = fs::read(&mine).unwrap();
        let said = resume(folder, &run, &["--max-steps", "4"]);
        says(&said, 1, &["is a link, and a run writes only to files of its own folder"]);
        assert_eq!(fs::read(&mine).unwrap(), before);
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_deleted_or_replaced_is_noticed() {
    for replaced in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let more = ["run", "--epochs", "1000000", "--set", "checkpoint_seconds=0.05"];
        let child = command(folder, &[&SMALL[..], &more].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !folder.join("run/last.ckpt").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(Duration::from_millis(200));
        fs::rename(folder.join("run"), folder.join("gone")).unwrap();
        if replaced {
            fs::create_dir(folder.join("run")).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        says(&(text, output.status.code()), 1, &["was deleted or replaced while it was trained"]);
        assert!(!folder.join("run/last.ckpt").exists());
    }
}
