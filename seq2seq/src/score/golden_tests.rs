//! Scores compared with sacreBLEU's.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct File {
    rows: Vec<Row>,
    #[serde(default)]
    tests: Vec<Test>,
}

/// A corpus with scores, by name or each in a field of its own.
#[derive(Deserialize)]
struct Row {
    hyps: Vec<String>,
    refs: Vec<String>,
    #[serde(default)]
    scores: HashMap<String, f64>,
    bleu_none: Option<f64>,
    bleu_13a: Option<f64>,
    chrf: Option<f64>,
    chrf_pp: Option<f64>,
    ter: Option<f64>,
}

/// Two systems: of each score mean and half width of both, and the p-value of the second.
#[derive(Deserialize)]
struct Test {
    first: Vec<String>,
    second: Vec<String>,
    refs: Vec<String>,
    scores: HashMap<String, [f64; 5]>,
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> File {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns every score of a corpus by its name.
fn scores(row: &Row) -> HashMap<String, f64> {
    assert_eq!(row.hyps.len(), row.refs.len());
    let pairs = || row.hyps.iter().zip(&row.refs);
    let (mut chrf, mut ter) = (ChrfCounts::default(), TerCounts::default());
    for (hypothesis, reference) in pairs() {
        chrf.add(hypothesis, reference);
        ter.add(hypothesis, reference);
    }
    let mut all: HashMap<String, f64> = HashMap::new();
    all.insert("chrf".into(), chrf.chrf());
    all.insert("chrf_pp".into(), chrf.chrf_pp());
    all.insert("ter".into(), ter.ter());
    for tokenizer in BleuTokenizer::ALL {
        for smoothing in BleuSmoothing::ALL {
            for (lowercase, case) in [(false, "mixed"), (true, "lc")] {
                let options = BleuOptions { tokenizer, smoothing, lowercase };
                let name = format!("{tokenizer} {} {case}", smoothing.name());
                all.insert(name, corpus_bleu(options, pairs()).score);
            }
        }
    }
    all
}

/// Compares with the scores in a file; returns the number of corpora.
#[track_caller]
fn check(path: &Path, tolerance: f64) -> usize {
    let file = read(path);
    for (i, row) in file.rows.iter().enumerate() {
        let found = scores(row);
        let mut expected = row.scores.clone();
        for (name, score) in [
            ("none exp mixed", row.bleu_none),
            ("13a exp mixed", row.bleu_13a),
            ("chrf", row.chrf),
            ("chrf_pp", row.chrf_pp),
            ("ter", row.ter),
        ] {
            expected.extend(score.map(|score| (name.to_owned(), score)));
        }
        assert!(!expected.is_empty(), "{} row {i}", path.display());
        for (name, expected) in expected {
            let score = found[&name];
            let place = format!("{} row {i}, {name}", path.display());
            assert!((score - expected).abs() < tolerance, "{place}: {score}, expected {expected}");
        }
    }
    println!("{}: {} corpora", path.display(), file.rows.len());
    file.rows.len()
}

#[test]
fn scores_of_our_own_scripts() {
    assert_eq!(check(&here().join("golden/bleu.json"), 1e-9), 500);
    assert!(check(&here().join("golden/scores.json"), 1e-8) > 60);
}

#[test]
fn scores_of_the_shared_folder() {
    let shared = || here().join("../../shared/golden");
    let folder = env::var_os("GOLDEN_DIR").map_or_else(shared, PathBuf::from);
    let path = folder.join("metrics.json");
    if path.exists() {
        assert!(check(&path, 1e-9) > 0);
    } else {
        eprintln!("SKIPPED: {} is not there, no shared golden score was checked", path.display());
    }
}

#[test]
fn intervals_and_tests_of_our_own_script() {
    let tests = read(&here().join("golden/scores.json")).tests;
    assert!(tests.len() > 2);
    for test in tests {
        let scored = |hypotheses: &[String]| {
            let pairs = hypotheses.iter().zip(&test.refs);
            let all: Vec<_> = pairs.map(|(h, r)| Output::of_text(None, h, r)).collect();
            ScoredOutputs::new(&all, BleuOptions::default())
        };
        let (first, second) = (scored(&test.first), scored(&test.second));
        let (of_first, of_second) = (first.resampled(), second.resampled());
        let compared = second.compare(&of_second, (&first, &of_first));
        let intervals = [&of_first, &of_second].map(|all| TextConfidence::of(all).unwrap());
        for (name, expected) in &test.scores {
            let of = |c: &TextConfidence| match name.as_str() {
                "bleu" => (c.bleu, compared.bleu),
                "chrf" => (c.chrf, compared.chrf),
                "chrf_pp" => (c.chrf_pp, compared.chrf_pp),
                _ => (c.ter, compared.ter),
            };
            let [(a, p), (b, _)] = [of(&intervals[0]), of(&intervals[1])];
            let found = [a.mean, a.half_width, b.mean, b.half_width, p.p_value];
            // sacreBLEU resamples in single precision.
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-4, "{name}: {found}, expected {expected}");
            }
        }
    }
}
