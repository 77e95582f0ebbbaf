//! What is read, held out and left out, and what is said of it: by the program.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;

use common::{says, tui};

/// Trains a small model for a few steps.
fn train(folder: &Path, run: &str, more: &[&str]) -> (String, Option<i32>) {
    let mut all = vec!["--headless", "--threads", "1", "--run-dir", run, "--max-steps", "2"];
    for key in ["hidden=8", "embedding=8", "batch=8"] {
        all.extend(["--set", key]);
    }
    all.extend(more);
    tui(folder, &all)
}

#[test]
fn no_spelling_of_a_held_out_pair_is_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pair = |i: usize| format!("the house {i}\tla maison {i}\nThe house {i}\tLa maison {i}\n");
    fs::write(folder.join("twice.tsv"), (0..400).map(pair).collect::<String>()).unwrap();
    let set = ["--set", "source_recipe=words-lower", "--set", "target_recipe=words-lower"];
    let said = train(folder, "twice", &[&["--data", "twice.tsv"], &set[..]].concat());
    says(&said, 0, &["start |"]);
    // Both spellings went to one side: what is held out is not trained on.
    let lines: Vec<String> = (0..400).map(pair).collect();
    fs::write(folder.join("train.tsv"), lines.concat()).unwrap();
    fs::write(folder.join("valid.tsv"), "THE HOUSE 7\tLA MAISON 7\nthe door\tla maison 8\n")
        .unwrap();
    let data = ["--data", "train.tsv", "--valid", "valid.tsv"];
    let said = train(folder, "named", &[&data, &set[..]].concat());
    let leak = "1 of the 2 held-out pairs of valid.tsv are trained on, too";
    says(&said, 0, &[leak, "and 1 have a source or a target that is"]);
}

#[test]
fn what_is_not_trained_on_is_counted_by_its_rule() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut lines = String::from("\tempty\nempty\t\n");
    for i in 0..20 {
        lines.push_str(&format!("word{i}\tmot{i}\n"));
        lines.push_str(&format!("a b c d e {i}\tmot x{i}\n"));
    }
    fs::write(folder.join("pairs.tsv"), lines).unwrap();
    let set = ["--data", "pairs.tsv", "--set", "max_source_words=5"];
    says(
        &train(folder, "run", &set),
        0,
        &["22 of 42 pairs are not trained on: 2 empty, on one side or both, 20 longer than \
           max_source_words = 5"],
    );
    let all = ["--data", "pairs.tsv", "--set", "max_source_words=1", "--set", "max_target_words=1"];
    fs::write(folder.join("pairs.tsv"), "a b\tc\n\td\n").unwrap();
    says(
        &train(folder, "none", &all),
        1,
        &["none of its 2 pairs is left to train on: 1 empty, on one side or both, 1 longer than \
           max_source_words = 1"],
    );
    assert!(!folder.join("none").exists());
    // The only pair is trained on, and nothing is held out.
    fs::write(folder.join("one.tsv"), "a b\tc d\n").unwrap();
    let said = train(folder, "one", &["--data", "one.tsv"]);
    says(&said, 0, &["nothing is held out: the fixed share of 1 pairs is none; give valid = FILE"]);
}

#[test]
fn columns_are_refused_where_there_are_none_and_remembered_where_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let lines: String = (0..30).map(|i| format!("mot {i}\tword {i}\n")).collect();
    for name in ["a.tsv", "en", "fr"] {
        fs::write(folder.join(name), &lines).unwrap();
    }
    let columns = ["--columns", "2,1"];
    for (data, words) in [
        (&["--data", "en,fr"][..], "en,fr has no columns to choose from"),
        (&["--data", "copy:5"], "the task copy has no columns to choose from"),
        (&["--preset", "makemore-gru", "--data", "en"], "task = language_lines has no two sides"),
        (&["--preset", "adding"], "task = sequence has no two sides to choose"),
    ] {
        says(&train(folder, "no", &[data, &columns].concat()), 1, &["columns = 2,1", words]);
    }
    says(&train(folder, "run", &["--data", "a.tsv", "--columns", "2,1"]), 0, &[]);
    let evaluate = ["evaluate", "--run", "run", "--data", "a.tsv", "--threads", "1", "--json"];
    let by_run = tui(folder, &evaluate);
    says(&by_run, 0, &["columns 2,1 of a.tsv are read, as the run was trained"]);
    let given = |columns| tui(folder, &[&evaluate[..], &["--columns", columns]].concat());
    let metrics = |said: &(String, Option<i32>)| said.0.lines().next().unwrap().to_owned();
    assert_eq!(metrics(&by_run), metrics(&given("2,1")));
    assert_ne!(metrics(&by_run), metrics(&given("1,2")));
    let score = tui(folder, &["score", "--run", "run", "--data", "a.tsv", "--threads", "1"]);
    says(&score, 0, &["columns 2,1 of a.tsv are read, as the run was trained"]);
    let refused = tui(folder, &[&evaluate[..4], &["en,fr", "--columns", "2,1"]].concat());
    says(&refused, 1, &["en,fr has no columns to choose from"]);
}

#[test]
fn a_run_goes_on_from_another_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let lines: String = (0..30).map(|i| format!("mot {i}\tword {i}\n")).collect();
    fs::write(folder.join("a.tsv"), &lines).unwrap();
    fs::write(folder.join("v.tsv"), &lines[..60]).unwrap();
    fs::create_dir(folder.join("deep")).unwrap();
    says(&train(folder, "run", &["--data", "a.tsv", "--valid", "v.tsv"]), 0, &[]);
    let deep = folder.join("deep");
    let resume = ["--headless", "--resume", "--run-dir", "../run", "--max-steps"];
    says(&tui(&deep, &[&resume[..], &["3"]].concat()), 0, &["resumed at step 2"]);
    let named = [&resume[..], &["4", "--data", "../a.tsv"]].concat();
    says(&tui(&deep, &named), 0, &["resumed at step 3"]);
    fs::write(deep.join("a.tsv"), "other\tpairs\n").unwrap();
    let other = [&resume[..], &["5", "--data", "a.tsv", "--valid", "../v.tsv"]].concat();
    says(&tui(&deep, &other), 1, &["data = ", "contradicts the run"]);
}

#[test]
fn names_with_commas_folders_and_names_without_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let lines: String = (0..30).map(|i| format!("mot {i}\tword {i}\n")).collect();
    fs::write(folder.join("my,file.tsv"), &lines).unwrap();
    says(&train(folder, "run", &["--data", "my,file.tsv"]), 0, &["data my,file.tsv"]);
    for (data, words) in [
        (".", "it is a folder; give a file in it"),
        ("your,file.tsv", "there is no such file, and none of the name your,file.tsv"),
        ("phrasebok", "nearest: phrasebook"),
    ] {
        says(&train(folder, "no", &["--data", data]), 1, &[words]);
    }
}

#[test]
fn a_pronouncing_dictionary_is_trained_on_from_its_own_file() {
    let units = ["--set", "source_unit=characters", "--set", "target_recipe=none"];
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let entry = |i: usize| format!("w{i} W AH{} N\nw{i}(2) W OW1 N\n", i % 3);
    let text = format!(";;; a comment\n{}", (0..50).map(entry).collect::<String>());
    fs::write(folder.join("d.txt"), text).unwrap();
    let data = ["--data", "cmudict:d.txt"];
    says(&train(folder, "run", &[&data, &units[..]].concat()), 0, &["training pairs"]);

    let real = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data/cmudict/cmudict.shared.txt.gz");
    if !real.exists() {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "SKIPPED: there is no {}", real.display());
        return;
    }
    let data = format!("cmudict:{}", real.display());
    let said = train(folder, "real", &[&["--data", &data], &units[..]].concat());
    says(&said, 0, &["training pairs", "1,000 held out"]);
}

#[test]
fn short_texts_and_unknown_letters_of_a_prefix_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("short.txt"), "one line that is long enough to be read\n".repeat(9))
        .unwrap();
    let set = ["--preset", "char-rnn", "--data", "short.txt", "--set", "layers=1"];
    let said = train(folder, "run", &set);
    says(
        &said,
        0,
        &["nothing is held out: the last twentieth of 9 lines is none; give valid = FILE"],
    );
    let sample = ["sample", "--run", "run", "--count", "1", "--length", "3", "--prefix", "oжoя"];
    let said = tui(folder, &sample);
    says(&said, 0, &["2 tokens of it never came in training", "\"ж\" \"я\""]);
}

#[test]
fn the_text_of_every_script_is_kept_and_what_a_recipe_takes_away_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(
        folder.join("ru.tsv"),
        "кот спит 12 .\tthe cat sleeps .\nпёс ест .\tthe dog eats .\n",
    )
    .unwrap();
    fs::write(folder.join("zh.tsv"), "猫在睡觉。\tthe cat sleeps .\n狗在吃。\tthe dog eats .\n")
        .unwrap();
    let own = "taking source_recipe = words, target_recipe = words for data of your own";
    let data = ["--data", "ru.tsv", "--valid", "none"];
    // Specials, six words and the full stop; as many of English.
    says(&train(folder, "ru", &data), 0, &[own, "vocabulary 10 > 10"]);
    says(
        &train(folder, "zh", &["--data", "zh.tsv", "--valid", "none"]),
        0,
        &[own, "2 training pairs"],
    );
    let tutorial = ["--preset", "tf-nmt"];
    says(
        &train(folder, "tf", &[&data, &tutorial[..]].concat()),
        0,
        &[
            "source_recipe = tf-nmt takes away 15 of 15 letters and digits (100.0%)",
            "makes 2 lines that differ equal to others, as `кот спит 12 .`, which becomes `.`",
            "source_recipe = words",
        ],
    );
    let chinese = ["--data", "zh.tsv", "--valid", "none", "--preset", "pytorch-tutorial"];
    says(&train(folder, "no", &chinese), 1, &["2 emptied by source_recipe = tutorial"]);
}

#[test]
fn one_text_in_two_forms_is_the_same_and_unknown_words_are_told_of_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("nfc.tsv"), "la clé\tthe key\nle clou\tthe nail\n").unwrap();
    fs::write(
        folder.join("nfd.tsv"),
        "la cle\u{301}\tthe\u{200B} key\nle \u{FEFF}clou\tthe bolt\n",
    )
    .unwrap();
    let data = ["--data", "nfc.tsv", "--valid", "nfd.tsv"];
    says(&train(folder, "run", &data), 0, &["unknown 0.0% > 25.0%", "1 of the 2 held-out pairs"]);
    let rare = [&data[..], &["--set", "min_count=2"]].concat();
    says(&train(folder, "rare", &rare), 0, &["held out, 100.0% > 50.0% in training"]);
}
