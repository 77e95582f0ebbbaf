//! `tui evaluate`: scores of output files, of word links, and of the outputs of models.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;

use common::{command, says, tui};
use serde_json::Value;

const REFERENCES: &str =
    "The cat sat on a mat .\nHe said: \"yes\", once\na missing output\n日本語 test\n";
const WORSE: &str = "the cat sat on the mat .\nHe said : \"yes\" , twice twice\n\n日本 語 test\n";
const BETTER: &str =
    "The cat sat on a mat .\nHe said: \"yes\", once\na missing output\n日本 語 test\n";

/// Runs a command that succeeds; what it prints on stdout.
#[track_caller]
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(folder, &[arguments, &["--json"]].concat())).unwrap()
}

#[track_caller]
fn is_near(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() < 1e-4, "{value}, expected {expected}");
}

fn texts() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("refs", REFERENCES), ("worse", WORSE), ("better", BETTER)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const EVALUATE: [&str; 5] = ["evaluate", "--references", "refs", "--hypotheses", "worse"];

/// The numbers are those of sacreBLEU 2.6.0.
#[test]
fn output_files_are_scored_without_a_model() {
    let folder = texts();
    let folder = folder.path();
    let found = json(folder, &EVALUATE);
    for (key, expected) in [
        ("bleu", 48.982_104_169_065_37),
        ("chrf", 55.734_014_533_225_29),
        ("chrf_pp", 53.165_048_155_300_97),
        ("ter", 75.0),
        ("length_ratio", 0.95),
        ("exact_match", 0.0),
        ("repetition_rate", 1.0 / 17.0),
        ("unknown_rate", 0.0),
        ("wer", 100.0),
    ] {
        is_near(&found[key], expected);
    }
    assert_eq!(found["sentences"], 4);
    let signature = found["bleu_signature"].as_str().unwrap();
    assert!(signature.starts_with("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:"));
    assert!(found.get("by_length").is_none() && found.get("confidence").is_none(), "{found}");

    let with = |more: &[&str]| json(folder, &[&EVALUATE[..], more].concat());
    for (tokenizer, expected) in [("none", 14.963_473), ("intl", 48.982_104), ("char", 57.515_690)]
    {
        is_near(&with(&["--tokenize", tokenizer])["bleu"], expected);
    }
    let lower = with(&["--tokenize", "intl", "--lowercase"]);
    is_near(&lower["bleu"], 56.297_250);
    is_near(&lower["chrf"], 58.097_836);
    assert!(lower["bleu_signature"].as_str().unwrap().contains("case:lc|eff:no|tok:intl"));
    let sure = with(&["--confidence"]);
    is_near(&sure["confidence"]["bleu"]["mean"], 41.241_860);
    is_near(&sure["confidence"]["bleu"]["half_width"], 34.654_886);

    let table = printed(folder, &[&EVALUATE[..], &["--confidence"]].concat());
    for words in ["48.98 (41.24 ± 34.65)  nrefs:1|case:mixed", "length ratio", "1,000 bootstrap"] {
        assert!(table.contains(words), "{table}");
    }
    // Gzip, CRLF and a missing last line end make no difference.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(WORSE.trim_end().replace('\n', "\r\n").as_bytes()).unwrap();
    fs::write(folder.join("worse"), packed.finish().unwrap()).unwrap();
    assert_eq!(json(folder, &EVALUATE), found);
}

#[test]
fn several_files_are_compared_with_the_first() {
    let folder = texts();
    let folder = folder.path();
    let both = [&EVALUATE[..], &["--hypotheses", "better"]].concat();
    let found = json(folder, &both);
    let [first, second] = found["systems"].as_array().unwrap().as_slice() else {
        panic!("not two systems: {found}");
    };
    assert_eq!((&first["system"], &second["system"]), (&"worse".into(), &"better".into()));
    assert!(first.get("paired_bootstrap").is_none(), "{first}");
    let test = &second["paired_bootstrap"];
    is_near(&test["bleu"]["p_value"], 0.011_988);
    is_near(&test["chrf"]["p_value"], 0.002_997);
    is_near(&test["ter"]["p_value"], 0.025_974);
    is_near(&test["ter"]["difference"], 12.5 - 75.0);
    let table = printed(folder, &both);
    for words in ["92.65 (p 0.012)*", "paired bootstrap test against worse", "12.50 (p 0.026)*"] {
        assert!(table.contains(words), "{table}");
    }
    // Equal outputs do not differ.
    let same = json(folder, &[&EVALUATE[..], &["--hypotheses", "worse"]].concat());
    is_near(&same["systems"][1]["paired_bootstrap"]["bleu"]["p_value"], 1.0);
}

#[test]
fn sources_give_scores_by_length_and_several_right_answers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("sources"), "read\nread\na b c d e f\n\n").unwrap();
    fs::write(folder.join("refs"), "R EH D\nR IY D\nx\n\n").unwrap();
    fs::write(folder.join("hyps"), "R IY D\nR IY D\ny\n\n").unwrap();
    let evaluate = ["evaluate", "--hypotheses", "hyps", "--references", "refs"];
    let found = json(folder, &[&evaluate[..], &["--sources", "sources"]].concat());
    // Two of three sources have a right output: `read`, which counts once, and the blank one.
    is_near(&found["wer"], 100.0 / 3.0);
    is_near(&found["ser"], 25.0);
    is_near(&found["exact_match"], 0.5);
    let buckets = found["by_length"].as_array().unwrap();
    let sizes: Vec<_> =
        buckets.iter().map(|b| (b["from"].clone(), b["sentences"].clone())).collect();
    let expected = [(0, 1), (1, 2), (6, 1)].map(|(from, n)| (Value::from(from), Value::from(n)));
    assert_eq!(sizes, expected);
    let table =
        printed(folder, &[&evaluate[..], &["--sources", "sources", "--by-length"]].concat());
    assert!(table.contains("\nsource words") && table.contains("\n6-10 "), "{table}");
    // Without sources each line has its own reference.
    let found = json(folder, &evaluate);
    is_near(&found["wer"], 50.0);
    let said = tui(folder, &[&evaluate[..], &["--by-length"]].concat());
    says(&said, 1, &["--by-length: the length is that of the source; give --sources FILE"]);
}

#[test]
fn what_cannot_be_scored_is_refused_with_its_file() {
    let folder = texts();
    let folder = folder.path();
    fs::write(folder.join("short"), "one\ntwo\n").unwrap();
    fs::write(folder.join("empty"), "").unwrap();
    fs::write(folder.join("latin1"), b"caf\xe9\n\n\n\n").unwrap();
    for (hypotheses, words) in [
        ("short", "--hypotheses short has 2 lines and --references refs has 4 lines"),
        ("empty", "--hypotheses empty: it is empty, so there is nothing to score"),
        ("none", "none"),
        (".", "."),
        ("latin1", "latin1"),
    ] {
        let said = tui(folder, &["evaluate", "--references", "refs", "--hypotheses", hypotheses]);
        says(&said, 1, &[words]);
        assert_eq!(said.0.lines().count(), 1, "{}", said.0);
    }
    let said = tui(folder, &[&EVALUATE[..], &["--sources", "short"]].concat());
    says(&said, 1, &["--sources short has 2 lines and --references refs has 4 lines"]);
    let said = tui(folder, &["evaluate", "--references", "empty", "--hypotheses", "worse"]);
    says(&said, 1, &["--references empty: it is empty"]);
}

#[test]
fn links_are_scored_against_gold_links() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("gold"), "0-0 1?1\n0p1 1-0\n").unwrap();
    fs::write(folder.join("gold.tsv"), "1\ta b\tx y\t1-1 2p2\n2\ta b\tx y\t1p2 2-1\n").unwrap();
    fs::write(folder.join("found"), "0-0 1-1\n0-0\n").unwrap();
    for gold in ["gold", "gold.tsv"] {
        let found = json(folder, &["evaluate", "--alignments", "found", "--gold", gold]);
        // |A| = 3, |S| = 2, |A and S| = 1, |A and P| = 2.
        is_near(&found["aer"], 1.0 - 3.0 / 5.0);
        is_near(&found["precision"], 2.0 / 3.0);
        is_near(&found["recall"], 0.5);
        let table = printed(folder, &["evaluate", "--alignments", "found", "--gold", gold]);
        assert!(table.contains("AER") && table.contains("0.400"), "{table}");
    }
    fs::write(folder.join("wrong"), "0-0\n0:0\n").unwrap();
    fs::write(folder.join("short"), "0-0\n").unwrap();
    fs::write(folder.join("empty"), "").unwrap();
    for (found, words) in [
        ("wrong", "wrong, line 2: \"0:0\" is no link; a sure link is 0-0"),
        ("short", "short has 1 lines and gold has 2"),
        ("empty", "empty: it is empty"),
        ("gold", "gold, line 1: the link of words 1 and 1, counted from 0, is marked as possible"),
    ] {
        says(&tui(folder, &["evaluate", "--alignments", found, "--gold", "gold"]), 1, &[words]);
    }
}

#[test]
fn gold_links_of_the_shared_task_are_read() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/word-alignment");
    let folder = tempfile::tempdir().unwrap();
    for (name, pairs) in [
        ("hansards-en-fr", 224),
        ("rwth-europarl-de-en", 254),
        ("mihalcea-ro-en", 124),
        ("europarl-golden-en-fr", 50),
    ] {
        let gold = shared.join(format!("{name}.shared.tsv.gz"));
        if !gold.exists() {
            // What goes to the stream itself is not captured.
            let _ = writeln!(std::io::stderr(), "SKIPPED: {} is not there", gold.display());
            continue;
        }
        // The first word of the source is linked to the first of the target.
        fs::write(folder.path().join("first"), "0-0\n".repeat(pairs)).unwrap();
        let gold = gold.to_str().unwrap();
        let found = json(folder.path(), &["evaluate", "--alignments", "first", "--gold", gold]);
        assert_eq!(found["sentences"], pairs);
        let precision = found["precision"].as_f64().unwrap();
        assert!(precision > 0.4 && precision < 1.0, "{name}: {found}");
    }
}

/// Learns a few pairs by heart.
fn learn(folder: &Path, run: &str, pairs: &str) {
    let data = format!("{run}.tsv");
    fs::write(folder.join(&data), pairs).unwrap();
    let mut all = vec!["--data", &data, "--valid", &data, "--run-dir", run, "--headless"];
    all.extend(["--threads", "1", "--epochs", "60"]);
    for key in ["hidden=24", "embedding=16", "learning_rate=0.02", "validate_every_epochs=0"] {
        all.extend(["--set", key]);
    }
    all.extend(["--set", "source_recipe=words", "--set", "target_recipe=words"]);
    printed(folder, &all);
}

#[test]
fn outputs_of_models_have_every_score_and_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "good", "x y\ta b c d e f\nz\tg h\nw\ti j k l m\n");
    learn(folder, "bad", "x y\ta b c d\nz\tg g\nw\ti j k l m\n");
    fs::write(folder.join("test.tsv"), "x y\ta b c d e f\nz\tg h\nw\ti j k l m\nz\tg q\n").unwrap();
    let evaluate = ["evaluate", "--run", "good", "--data", "test.tsv", "--threads", "1"];
    let found = json(folder, &[&evaluate[..], &["--write", "out.txt"]].concat());
    for key in [
        "loss",
        "perplexity",
        "token_accuracy",
        "exact_match",
        "bleu",
        "token_bleu",
        "truncated",
        "bleu_signature",
        "token_exact_match",
        "empty_sources",
        "sentences",
        "tokens",
        "chrf",
        "chrf_pp",
        "ter",
        "ser",
        "wer",
        "unknown_rate",
        "repetition_rate",
        "length_ratio",
        "by_length",
    ] {
        assert!(!found[key].is_null(), "{key}: {found}");
    }
    is_near(&found["exact_match"], 0.75);
    // `z` has two right answers, of which the output is one.
    is_near(&found["wer"], 0.0);
    is_near(&found["ser"], 0.0);
    // The file has the outputs of the corpus, in its order, and the same scores.
    let written = fs::read_to_string(folder.join("out.txt")).unwrap();
    assert_eq!(written, "a b c d e f\ng h\ni j k l m\ng h\n");
    fs::write(folder.join("refs"), "a b c d e f\ng h\ni j k l m\ng q\n").unwrap();
    let texts = ["evaluate", "--hypotheses", "out.txt", "--references", "refs"];
    let from_files = json(folder, &texts);
    for key in ["bleu", "chrf", "chrf_pp", "ter", "exact_match", "length_ratio"] {
        assert_eq!(from_files[key], found[key], "{key}");
    }

    let both = ["--run", "bad", "--data", "test.tsv", "--threads", "1"];
    let both = [&["evaluate", "--run", "good"][..], &both].concat();
    let all = json(folder, &both);
    assert_eq!(all["systems"][0]["bleu"], found["bleu"]);
    assert!(all["systems"][1]["paired_bootstrap"]["ter"]["difference"].as_f64().unwrap() > 19.0);
    let table = printed(folder, &both);
    assert!(table.contains("good") && table.contains("test against good"), "{table}");
    let said = tui(folder, &[&both[..], &["--write", "out.txt"]].concat());
    says(&said, 1, &["--write out.txt: it takes the outputs of one run"]);
    let said = tui(folder, &[&evaluate[..], &["--write", "no/out.txt"]].concat());
    says(&said, 1, &["--write no/out.txt: there is no folder no"]);

    // Gold links for the attention of a model.
    fs::write(folder.join("links"), "0-0 1-1\n0-0\n0?0\n0-0\n").unwrap();
    let linked = json(folder, &[&evaluate[..], &["--gold", "links"]].concat());
    assert!(linked["aer"].as_f64().is_some_and(|aer| (0.0..=1.0).contains(&aer)), "{linked}");
    fs::write(folder.join("links"), "0-0\n0-0\n7-0\n0-0\n").unwrap();
    let said = tui(folder, &[&evaluate[..], &["--gold", "links"]].concat());
    says(&said, 1, &["links, line 3: a link of words 7 and 0, counted from 0, but pair 3"]);
}

#[test]
fn runs_that_read_other_columns_are_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.tsv"), "x\ty\nz\tw\n").unwrap();
    for (run, columns) in [("one", "1,2"), ("two", "2,1")] {
        let mut all = vec!["--data", "a.tsv", "--valid", "none", "--run-dir", run, "--headless"];
        all.extend(["--threads", "1", "--max-steps", "1", "--columns", columns]);
        all.extend(["--set", "hidden=8", "--set", "embedding=8"]);
        printed(folder, &all);
    }
    let both = ["evaluate", "--run", "one", "--run", "two", "--data", "a.tsv", "--threads", "1"];
    let words = "run two reads other columns of --data a.tsv than run one";
    says(&tui(folder, &both), 1, &[words, "give --columns"]);
    printed(folder, &[&both[..], &["--columns", "1,2"]].concat());
}
