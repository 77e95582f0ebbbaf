//! Streams that end or are full, and signals, in every phase of a run without a dashboard.
#![cfg(unix)]
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{command, small};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A run that has no end of its own.
fn endless() -> Vec<&'static str> {
    small(&["--headless", "--epochs", "1000000", "--run-dir=run"])
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The program through a shell that does something first.
fn after(first: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!(r#"{first}; exec "$0" "$@""#), env!("CARGO_BIN_EXE_tui")]);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// What was said on stderr, and the status.
fn ended(output: &Output) -> (String, Option<i32>) {
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code())
}

/// Reads a run's lines up to one with these words. They stay readable: a closed pipe ends a run.
#[track_caller]
fn read_up_to(child: &mut Child, words: &str) -> BufReader<ChildStdout> {
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "no {words:?}");
    }
    reader
}

/// Ends a run when it has said some words and gone on for a while; it must end soon.
#[track_caller]
fn ended_after(words: &str, mut command: Command) -> (String, Option<i32>) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut rest = read_up_to(&mut child, words);
    thread::sleep(Duration::from_millis(200));
    send(&child, Signal::TERM);
    let begun = Instant::now();
    rest.read_to_string(&mut String::new()).unwrap();
    let said = ended(&child.wait_with_output().unwrap());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}: {said:?}", begun.elapsed());
    said
}

#[test]
fn a_reader_that_goes_stops_the_run_with_a_checkpoint_and_a_status() {
    let folder = folder();
    let mut program = command(folder.path(), &endless());
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(read_up_to(&mut child, "tokens/s"));
    let (said, status) = ended(&child.wait_with_output().unwrap());
    assert_eq!(status, Some(141), "{said}");
    assert!(said.contains("the reader of stdout has gone") && said.contains("--resume"), "{said}");
    assert!(folder.path().join("run/last.ckpt").exists());
}

#[test]
fn a_full_stdout_is_an_error_and_no_lost_run() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else { return };
    let folder = folder();
    let onto = |arguments: &[&str]| {
        let stdout = Stdio::from(full.try_clone().unwrap());
        ended(&command(folder.path(), arguments).stdout(stdout).output().unwrap())
    };
    let (said, status) = onto(&endless());
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("stdout cannot be written") && said.contains("before training"),
        "{said}"
    );
    for arguments in [&["--help"][..], &["train", "--help"], &["--version"], &["presets"]] {
        let (said, status) = onto(arguments);
        assert_eq!(status, Some(1), "{arguments:?}: {said}");
        assert!(said.contains("stdout cannot be written"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_that_names_the_file() {
    let folder = folder();
    // In blocks of 512 or 1,024 bytes: less than one checkpoint.
    let output = after("ulimit -f 4", folder.path(), &endless()).output().unwrap();
    let (said, status) = ended(&output);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("config.json") && said.contains("File too large"), "{said}");
}

#[test]
fn a_hang_up_that_was_to_be_ignored_is() {
    let folder = folder();
    let mut program = after("trap '' HUP", folder.path(), &endless());
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = read_up_to(&mut child, "tokens/s").lines().map_while(Result::ok);
    send(&child, Signal::HUP);
    // It goes on.
    assert!(lines.by_ref().filter(|line| line.contains("tokens/s")).nth(3).is_some());
    assert!(child.try_wait().unwrap().is_none());
    send(&child, Signal::TERM);
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn a_request_to_end_is_heeded_while_a_corpus_is_read_and_while_a_model_is_judged() {
    let folder = folder();
    let lines = |count: usize| -> String {
        (0..count).map(|i| format!("{i} one two three four five\t{i} a b c d e f g\n")).collect()
    };
    // Long to read, and long to judge.
    fs::write(folder.path().join("long.tsv"), lines(1_500_000)).unwrap();
    fs::write(folder.path().join("valid.tsv"), lines(60_000)).unwrap();
    fs::write(folder.path().join("train.tsv"), lines(20)).unwrap();
    let common = ["--headless", "--threads", "1", "--data"];
    let read = [&common[..], &["long.tsv", "--run-dir", "read"]].concat();
    let (said, status) = ended_after("reading corpus", command(folder.path(), &read));
    assert_eq!(status, Some(143), "{said}");
    assert!(said.contains("before training began") && !said.contains("saved at"), "{said}");
    let judge =
        [&common[..], &["train.tsv", "--valid", "valid.tsv", "--run-dir", "judge"]].concat();
    // One step, and the model is judged.
    let (said, status) = ended_after("tokens/s", command(folder.path(), &judge));
    assert_eq!(status, Some(143), "{said}");
    assert!(folder.path().join("judge/last.ckpt").exists(), "{said}");
}

#[test]
fn nothing_in_the_arguments_reaches_the_terminal_raw() {
    let folder = folder();
    let raw = "a\u{1b}[31m\u{9b}1m\u{202e}b\u{2028}forged\nline\r\u{7}";
    let wrong: &[&[&str]] = &[
        &[raw],
        &["train", raw],
        &[&format!("--{raw}")],
        &["--threads", raw],
        &["--device", raw],
        &["--set", raw],
        &["--set", &format!("{raw}=1")],
        &["--set", &format!("hidden={raw}")],
        &["--preset", raw],
        &["--data", raw],
        &["--headless", "--run-dir", &format!("missing/{raw}/x"), "--resume"],
        &["watch", raw],
        &["translate", "--run-dir", raw],
        &["bench", "--size", raw],
        &["compare", raw],
    ];
    for arguments in wrong {
        let output = command(folder.path(), arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(!output.status.success(), "{arguments:?}: {text}");
        let bad = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2028}".contains(c));
        assert!(!text.contains(bad), "{arguments:?}: {text:?}");
        assert!(!text.lines().any(|line| line.starts_with("line")), "{arguments:?}: {text:?}");
    }
}

#[test]
fn a_closed_stdout_does_not_damage_a_file() {
    // Whatever is opened first gets the free descriptor: the log of the run must not.
    let folder = folder();
    let arguments = small(&["--headless", "--max-steps", "3", "--run-dir=run"]);
    let output = after("exec >&-", folder.path(), &arguments).output().unwrap();
    let events = File::open(folder.path().join("run/events.jsonl"));
    let Ok(events) = events else {
        assert!(!output.status.success());
        return;
    };
    for line in BufReader::new(events).lines() {
        let line = line.unwrap();
        assert!(line.starts_with('{'), "{line}");
    }
}
