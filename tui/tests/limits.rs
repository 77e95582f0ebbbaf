//! What cannot be had is refused before it is taken: by the program, in a line.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};

use common::{says, tui};

#[track_caller]
fn refused(said: &(String, Option<i32>), words: &[&str]) {
    says(said, 1, words);
    let text = &said.0;
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("error: ") && !text.contains("backtrace"), "{text}");
    assert!(words.iter().all(|words| last.contains(words)), "{last}");
}

#[test]
fn a_model_that_this_machine_cannot_hold_is_refused_by_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = ["--headless", "--threads", "1", "--data", "copy:3", "--run-dir", "run"];
    for (key, words) in [
        ("hidden=1000000", "hidden = 1000000, embedding = "),
        ("attention_heads=4", "attention_heads = 4 has no effect: it needs attention = multi_head"),
        ("init_scale=0.3", "init_scale = 0.3 has no effect: it needs init = uniform"),
        ("layers=4294967296", "layers"),
    ] {
        refused(&tui(folder, &[&data[..], &["--set", key]].concat()), &[words]);
        assert!(!folder.join("run").exists(), "{key}");
    }
    let said = tui(folder, &[&data[..], &["--set", "hidden=1000000"]].concat());
    refused(&said, &["the state of adam take", "GB; this machine has", "set a smaller hidden"]);
    let bench = ["bench", "--only", "luong-small", "--json", "no/such.json"];
    refused(&tui(folder, &bench), &["there is no folder no"]);
}

#[test]
fn a_checkpoint_that_claims_more_than_there_is_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let train = ["--headless", "--threads", "1", "--data", "copy:3", "--run-dir", "run"];
    let small = ["--max-steps", "2", "--set", "hidden=4", "--set", "embedding=4"];
    let (text, status) = tui(folder, &[&train[..], &small].concat());
    assert_eq!(status, Some(0), "{text}");
    let file = folder.join("run/last.ckpt");
    let whole = fs::read(&file).unwrap();
    let resume = ["--headless", "--resume", "--run-dir", "run", "--max-steps", "3"];
    // A head that says so, and a file that is as long and holds nothing.
    for length in [1_u64 << 40, 1 << 28] {
        let mut sparse = File::create(&file).unwrap();
        let mut head = whole[..24].to_vec();
        head[12..20].copy_from_slice(&length.to_le_bytes());
        sparse.write_all(&head).unwrap();
        if sparse.set_len(24 + length).is_err() {
            let _ = writeln!(std::io::stderr(), "SKIPPED: no sparse file of {length} bytes here");
            continue;
        }
        sparse.seek(SeekFrom::Start(0)).unwrap();
        refused(&tui(folder, &resume), &["last.ckpt"]);
    }
    // Sizes of a configuration that was edited.
    fs::write(&file, &whole).unwrap();
    let config = fs::read_to_string(folder.join("run/config.json")).unwrap();
    let edited = config.replace("\"hidden\": 4", "\"hidden\": 1000000");
    assert_ne!(edited, config);
    fs::write(folder.join("run/config.json"), edited).unwrap();
    refused(&tui(folder, &resume), &["hidden = 1000000"]);
    let translate = ["translate", "--run", "run", "--threads", "1"];
    refused(&tui(folder, &translate), &["hidden = 1000000"]);
}
