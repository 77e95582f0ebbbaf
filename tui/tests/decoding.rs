//! Translations and their scores, by the program: what is compared with what, what is cut, and what
//! is done with nothing.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::Path;

use common::{learn, refused, said};
use serde_json::Value;

fn evaluated(folder: &Path, run: &str, pairs: &str, more: &[&str]) -> (Value, String) {
    std::fs::write(folder.join("test.tsv"), pairs).unwrap();
    let mut arguments = vec!["evaluate", "--run", run, "--data", "test.tsv", "--threads", "1"];
    arguments.push("--json");
    arguments.extend(more);
    let (out, err) = said(folder, &arguments, "");
    (serde_json::from_str(&out).unwrap(), err)
}

#[track_caller]
fn is_near(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
}

#[test]
fn scores_are_of_texts_as_they_stand_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // White space is none of BLEU's business, nor of exact match's; a model of it learns it.
    learn(folder, "spaces", "x\ta  b  c  d\n", &[]);
    let (found, err) = evaluated(folder, "spaces", "x\ta b c d\n", &[]);
    is_near(&found["bleu"], 100.0);
    is_near(&found["exact_match"], 1.0);
    is_near(&found["token_exact_match"], 0.0);
    assert!(found["token_bleu"].as_f64().unwrap() < 50.0 && err.is_empty(), "{found} {err}");

    // Letter case is: sacreBLEU gives the lower-cased output 68.037493331712.
    let pair = "x\tThe Cat sat down on the mat.\n";
    let log = learn(folder, "lower", pair, &["target_recipe=words-lower"]);
    let remark = "target_recipe = words-lower changes 1 of 1 references";
    // Once when it arises, once in the summary.
    for place in ["warning at step 0: ", "    step 0: "] {
        assert_eq!(log.matches(&format!("{place}{remark}")).count(), 1, "{log}");
    }
    let (found, err) = evaluated(folder, "lower", pair, &[]);
    is_near(&found["bleu"], 68.037_493_331_712);
    is_near(&found["exact_match"], 0.0);
    is_near(&found["token_bleu"], 100.0);
    is_near(&found["token_exact_match"], 1.0);
    assert!(err.contains(remark) && err.contains("token_bleu"), "{err}");

    // A model of letters is measured by words.
    learn(folder, "letters", "x\tab cd ef gh.\n", &["unit=characters", "epochs=120"]);
    let (found, _) = evaluated(folder, "letters", "x\tab cd ef gX.\n", &[]);
    // sacreBLEU of `ab cd ef gh.` against `ab cd ef gX.`: one of five words is wrong.
    is_near(&found["bleu"], 42.728_700_639_623_4);
    assert!(found["token_bleu"].as_f64().unwrap() > 60.0, "{found}");
}

#[test]
fn nothing_gives_nothing_and_cut_outputs_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pairs = "x y\ta b c d e f\nz\tg h\n";
    learn(folder, "run", pairs, &["max_length=0"]);
    let translate = |more: &[&str], stdin: &str| {
        let mut arguments = vec!["translate", "--run", "run", "--threads", "1"];
        arguments.extend(more);
        said(folder, &arguments, stdin)
    };
    let (out, err) = translate(&[], "x y\n\n \u{3000} \t\nz\n");
    assert_eq!((out.as_str(), err.as_str()), ("a b c d e f\n\n\ng h\n", ""));
    let (out, _) = translate(&["--json"], "\n");
    let blank: Value = serde_json::from_str(&out).unwrap();
    is_near(&blank["logprob"], 0.0);
    assert_eq!((blank["target"].as_str(), blank["truncated"].as_bool()), (Some(""), Some(false)));
    for list in ["tokens", "source_tokens", "attention"] {
        assert_eq!(blank[list], Value::Array(vec![]), "{out}");
    }

    // The pair of nothing and nothing is right, and no sentence is invented for a blank source.
    let (found, _) = evaluated(folder, "run", "x y\ta b c d e f\n\t\n \tq r\n", &[]);
    assert_eq!((&found["sentences"], &found["empty_sources"]), (&3.into(), &2.into()));
    is_near(&found["exact_match"], 2.0 / 3.0);
    assert!(found["loss"].as_f64().unwrap() < 0.1, "{found}");

    // A score for each pair, none of them invented.
    std::fs::write(folder.join("score.tsv"), "z\tg h\n\t\n\tq\nz\t\nz\tg QQ\n").unwrap();
    let (out, err) = said(folder, &["score", "--run", "run", "--data", "score.tsv"], "");
    let scores: Vec<f64> = out.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(scores.len(), 5, "{out}");
    assert!(scores[0] > -0.5 && scores[1] == 0.0 && scores[2] == f64::NEG_INFINITY, "{out}");
    assert!(scores[3] < -1.0 && scores[3].is_finite() && scores[4].is_finite(), "{out}");
    for words in [
        "2 of 5 pairs, the first being number 2, without a source",
        "1 of 5 pairs, the first being number 4, without a target",
        "2 of 5 pairs, the first being number 3, with 2 tokens unknown",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }

    // Twice the longest target, its end counted, is enough; a lower limit cuts, and is told.
    let stored = std::fs::read_to_string(folder.join("run/config.json")).unwrap();
    assert!(stored.contains("\"longest_target\": 7"), "{stored}");
    let (out, err) = translate(&["--json", "--max-length", "4", "--beam", "1"], "x y\nz\n");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["truncated"], Value::Bool(true));
    assert_eq!(lines[0]["target"], "a b c d");
    assert_eq!(lines[0]["tokens"].as_array().unwrap().len(), 4);
    assert_eq!(lines[1]["truncated"], Value::Bool(false));
    assert_eq!(lines[1]["tokens"].as_array().unwrap().last().unwrap(), "</s>");
    assert!(err.starts_with("1 of 2 lines cut at max_length = 4"), "{err}");
    let (found, _) = evaluated(folder, "run", pairs, &["--max-length", "4", "--beam", "1"]);
    assert_eq!(found["truncated"], 1);
    let (found, _) = evaluated(folder, "run", pairs, &[]);
    assert_eq!(found["truncated"], 0);

    let log = learn(folder, "short", pairs, &["max_length=4"]);
    assert!(log.contains("1 of 2 outputs were cut at max_length = 4"), "{log}");
}

#[test]
fn a_beam_gives_n_best_hypotheses_and_refuses_what_has_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "run", "x y\ta b c d e f\nz\tg h\n", &[]);
    let translate = |more: &[&str], stdin: &str| {
        let mut arguments = vec!["translate", "--run", "run", "--threads", "1"];
        arguments.extend(more);
        said(folder, &arguments, stdin)
    };
    let (greedy, _) = translate(&["--beam", "1"], "x y\n\nz\n");
    let (by_default, _) = translate(&[], "x y\n\nz\n");
    assert_eq!(by_default, greedy);
    let (beam, _) = translate(&["--beam", "4"], "x y\n\nz\n");
    assert_eq!(greedy, beam, "what was learnt by heart");
    let (out, _) = translate(&["--beam", "4", "--n-best", "3"], "x y\n\nz\n");
    let rows: Vec<Vec<&str>> = out.lines().map(|line| line.split(" ||| ").collect()).collect();
    let numbers: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(numbers, ["0", "0", "0", "1", "2", "2", "2"], "{out}");
    assert_eq!((rows[0][1], rows[4][1]), ("a b c d e f", "g h"), "{out}");
    let score = |row: &[&str]| row[2].parse::<f64>().unwrap();
    assert!(score(&rows[0]) > score(&rows[1]) && score(&rows[1]) >= score(&rows[2]), "{out}");
    let (out, _) = translate(&["--beam", "4", "--n-best", "2", "--json"], "z\n");
    let json: Value = serde_json::from_str(&out).unwrap();
    let best = json["n_best"].as_array().unwrap();
    assert_eq!((best.len(), &best[0]["target"]), (2, &json["target"]), "{out}");
    is_near(&best[0]["score"], json["score"].as_f64().unwrap());
    // s / L^1 by default.
    let length = json["tokens"].as_array().unwrap().len() as f64;
    is_near(&json["score"], json["logprob"].as_f64().unwrap() / length);

    for (arguments, words) in [
        (&["--beam", "0"][..], "a whole number from 1 to 1000"),
        (&["--beam", "1001"], "a whole number from 1 to 1000"),
        (&["--n-best", "6"], "--n-best 6: a beam of 5 has no more hypotheses; give --beam 6"),
        (&["--beam", "1", "--length-penalty", "none"], "a beam of 1 has nothing to rank"),
        (&["--beam", "2", "--length-penalty", "avg"], "it takes none, average[:A]"),
        (&["--beam", "1", "--patience", "2"], "--patience: a beam of 1 has nothing to rank"),
        (&["--beam", "1", "--penalty-in-search"], "--penalty-in-search: a beam of 1"),
        (&["--penalty-in-search", "--patience", "2"], "cannot be used with"),
        (&["--top-k", "3"], "nothing is sampled; give --samples N"),
        (&["--temperature", "0.5"], "nothing is sampled; give --samples N"),
        (&["--weights", "2"], "--weights: one run has nothing to combine with"),
        (&["--combination", "linear"], "--combination: one run has nothing to combine with"),
    ] {
        let mut all = vec!["translate", "--run", "run"];
        all.extend(arguments);
        let said = refused(folder, &all);
        assert!(said.contains(words), "{said}");
    }
    // What needs attention says so to a model without.
    learn(folder, "plain", "x y\ta b\n", &["attention=none", "bidirectional=false"]);
    let plain = ["translate", "--run", "plain", "--threads", "1"];
    let (_, err) = said(folder, &[&plain[..], &["--unknown-words", "replace"]].concat(), "x y\n");
    assert!(err.contains("unknown words are forbidden instead"), "{err}");
    let evaluate = ["evaluate", "--run", "plain", "--data", "plain.tsv"];
    let err = refused(folder, &[&evaluate[..], &["--coverage-penalty", "0.2"]].concat());
    assert!(err.contains("it takes 0 for a model without attention"), "{err}");

    // Wider than the vocabulary: every token is a candidate, and nothing else happens.
    let (wide, _) = translate(&["--beam", "1000"], "x y\n");
    assert_eq!(wide, "a b c d e f\n");
}
