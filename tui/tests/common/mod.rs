//! What several tests of the program need; no test needs all of it.
#![allow(dead_code)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The program in a folder, with nothing on stdin.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tui"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

/// Arguments that train a small model on one thread, and more of them.
pub(crate) fn small<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let small = ["--threads", "1", "--data", "copy:3"];
    [&small[..], &["--set", "hidden=8", "--set", "embedding=8"], more].concat()
}

/// What the program says on both streams, stdout first, and its status.
pub(crate) fn tui(folder: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let output = command(folder, arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).unwrap(), output.status.code())
}

/// Checks a status and that each of some texts was said.
#[track_caller]
pub(crate) fn says(said: &(String, Option<i32>), status: i32, words: &[&str]) {
    let (text, found) = said;
    assert_eq!(*found, Some(status), "{text}");
    for words in words {
        assert!(text.contains(words), "no {words:?} in:\n{text}");
    }
}

/// Runs the program in a folder; what it says on stdout and on stderr.
#[track_caller]
pub(crate) fn said(folder: &Path, arguments: &[&str], stdin: &str) -> (String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tui"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, err) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {err}");
    (out, err)
}

/// What the program says on stderr where it refuses something.
#[track_caller]
pub(crate) fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tui"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Learns a few pairs by heart.
pub(crate) fn learn(folder: &Path, run: &str, pairs: &str, set: &[&str]) -> String {
    std::fs::write(folder.join(format!("{run}.tsv")), pairs).unwrap();
    let data = format!("{run}.tsv");
    let mut arguments = vec!["--data", &data, "--valid", &data, "--run-dir", run, "--headless"];
    arguments.extend(["--threads", "1", "--epochs", "60"]);
    let keys = [
        "hidden=24",
        "embedding=16",
        "learning_rate=0.02",
        "validate_every_epochs=0",
        "source_recipe=words",
        "target_recipe=words",
    ];
    for key in keys.iter().chain(set) {
        arguments.extend(["--set", key]);
    }
    said(folder, &arguments, "").0
}

/// Numbers below 1 that a seed decides (SplitMix64).
pub(crate) struct Moments(pub(crate) u64);

impl Moments {
    pub(crate) fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
