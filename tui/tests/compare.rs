//! `tui compare`: its lines, its table, its files.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use seq2seq::compare::Comparison;

fn compare(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tui"))
        .current_dir(folder)
        .args(["compare", "--run-dir", "c", "--threads", "2", "--max-steps", "2"])
        .args(more)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

#[test]
fn lines_come_first_then_a_table_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let only = ["--only", "none,additive,rnn_tanh,gru"];
    let output = compare(folder.path(), &only);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("6 models, 2 side by side"), "{said}");
    assert!(lines[2].starts_with(" 1/6  ") && lines[7].starts_with(" 6/6  "), "{said}");
    assert!(said.ends_with("written to c/compare.md and c/compare.json\n"), "{said}");

    let markdown = fs::read_to_string(folder.path().join("c/compare.md")).unwrap();
    assert!(said.contains(&markdown));
    // Each table: a head, a rule, rows, all of as many cells.
    let tables: Vec<Vec<&str>> = markdown
        .split("\n\n")
        .filter(|part| part.starts_with('|'))
        .map(|part| part.lines().collect())
        .collect();
    assert_eq!(tables.iter().map(Vec::len).collect::<Vec<_>>(), [2 + 2, 2 + 4]);
    for table in tables {
        let cells = |line: &str| line.matches('|').count();
        assert!(table.iter().all(|line| line.ends_with('|') && cells(line) == cells(table[0])));
        assert!(table[1].chars().all(|letter| "|-:".contains(letter)), "{}", table[1]);
    }
    let findings = markdown.lines().filter(|line| line.starts_with("- ")).count();
    assert_eq!(findings, 3, "{markdown}");

    let json = fs::read_to_string(folder.path().join("c/compare.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), 3);
    let all: Comparison = serde_json::from_value(json["comparison"].clone()).unwrap();
    assert_eq!((all.tasks.len(), all.cells.len(), all.max_steps), (2, 2, Some(2)));

    let again = String::from_utf8(compare(folder.path(), &only).stdout).unwrap();
    assert_eq!(again.matches("(trained before)").count(), 5, "{again}");
    assert!(again.contains(&markdown), "{again}");
}

#[test]
fn a_model_that_is_none_is_answered_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let output = compare(folder.path(), &["--only", "lokation"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "error: there is no model 'lokation' to compare: did you mean 'location'?\n");
}
