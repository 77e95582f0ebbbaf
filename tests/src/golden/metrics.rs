//! Golden scores of translations.

use std::path::Path;
use std::{fmt, fs};

use seq2seq::score::{BleuOptions, BleuTokenizer, ChrfCounts, TerCounts, corpus_bleu};
use serde::Deserialize;

use crate::error::{Error, Result};

#[derive(Deserialize)]
struct Metrics {
    rows: Vec<Row>,
}

/// A corpus and sacreBLEU's scores of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    hyps: Vec<String>,
    refs: Vec<String>,
    bleu_none: Option<f64>,
    bleu_13a: Option<f64>,
    bleu_intl: Option<f64>,
    bleu_char: Option<f64>,
    chrf: Option<f64>,
    chrf_pp: Option<f64>,
    ter: Option<f64>,
}

/// What became of a file of scores.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsReport {
    /// Corpora compared.
    pub corpora: usize,
    /// Scores compared.
    pub scores: usize,
    /// The largest difference.
    pub largest: f64,
}

impl fmt::Display for MetricsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { corpora, scores, largest } = self;
        write!(f, "{scores} scores of {corpora} corpora checked, at most {largest:.1e} off")
    }
}

/// Compares the scores of [`seq2seq::score`] with sacreBLEU's in a file, to 1e-9.
///
/// # Errors
/// The file cannot be read, has no corpus, or a number differs.
pub fn check_metrics(path: &Path) -> Result<MetricsReport> {
    let metrics: Metrics = serde_json::from_str(&fs::read_to_string(path)?)?;
    if metrics.rows.is_empty() {
        return Err(Error::new("no corpus"));
    }
    let mut report = MetricsReport { corpora: metrics.rows.len(), scores: 0, largest: 0.0 };
    for (i, row) in metrics.rows.iter().enumerate() {
        if row.hyps.len() != row.refs.len() {
            return Err(Error::new(format!("row {i}: hypotheses and references differ in number")));
        }
        for (name, found, expected) in scores(row) {
            let Some(expected) = expected else { continue };
            let off = (found - expected).abs();
            if off.is_nan() || off > 1e-9 {
                return Err(Error::new(format!("row {i}: {name} is {found}, expected {expected}")));
            }
            report.scores += 1;
            report.largest = report.largest.max(off);
        }
    }
    Ok(report)
}

/// Returns the name of each score, its value, and sacreBLEU's.
fn scores(row: &Row) -> [(&'static str, f64, Option<f64>); 7] {
    let pairs = || row.hyps.iter().zip(&row.refs);
    let (mut chrf, mut ter) = (ChrfCounts::default(), TerCounts::default());
    for (hypothesis, reference) in pairs() {
        chrf.add(hypothesis, reference);
        ter.add(hypothesis, reference);
    }
    let bleu =
        |tokenizer| corpus_bleu(BleuOptions { tokenizer, ..BleuOptions::default() }, pairs()).score;
    use BleuTokenizer::{Characters, International, Mteval13a, WhiteSpace};
    [
        ("BLEU (none)", bleu(WhiteSpace), row.bleu_none),
        ("BLEU (13a)", bleu(Mteval13a), row.bleu_13a),
        ("BLEU (intl)", bleu(International), row.bleu_intl),
        ("BLEU (char)", bleu(Characters), row.bleu_char),
        ("chrF", chrf.chrf(), row.chrf),
        ("chrF++", chrf.chrf_pp(), row.chrf_pp),
        ("TER", ter.ter(), row.ter),
    ]
}
