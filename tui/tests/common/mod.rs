//! What several tests of the program need; no test needs all of it.
#![allow(dead_code)]

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
