//! Golden scores of translations.

use std::path::Path;
use std::{fmt, fs};

use serde::Deserialize;

use crate::error::{Error, Result};

#[derive(Deserialize)]
struct Metrics {
    rows: Vec<Row>,
}

/// A corpus and sacreBLEU's metrics for it, of which those but BLEU are not implemented yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    hyps: Vec<String>,
    refs: Vec<String>,
    bleu_none: f64,
    bleu_13a: Option<f64>,
    #[serde(rename = "chrf")]
    _chrf: Option<f64>,
    #[serde(rename = "chrf_pp")]
    _chrf_pp: Option<f64>,
    #[serde(rename = "ter")]
    _ter: Option<f64>,
}

/// What became of a file of scores.
#[derive(Debug, Clone, PartialEq)]
pub struct BleuReport {
    /// Corpora compared.
    pub corpora: usize,
    /// The largest difference.
    pub largest: f64,
}

impl fmt::Display for BleuReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} corpora checked, BLEU at most {:.1e} off", self.corpora, self.largest)?;
        f.write_str("; not yet implemented: chrf, chrf_pp, ter")
    }
}

/// Compares [`seq2seq::score::bleu`] and [`seq2seq::score::bleu_13a`] with sacreBLEU's metrics in a file, to 1e-9.
///
/// # Errors
/// The file cannot be read, has no corpus, or a number differs.
pub fn check_bleu(path: &Path) -> Result<BleuReport> {
    let metrics: Metrics = serde_json::from_str(&fs::read_to_string(path)?)?;
    if metrics.rows.is_empty() {
        return Err(Error::new("no corpus"));
    }
    let mut largest = 0.0_f64;
    for (i, row) in metrics.rows.iter().enumerate() {
        if row.hyps.len() != row.refs.len() {
            return Err(Error::new(format!("row {i}: hypotheses and references differ in number")));
        }
        let pairs = || row.hyps.iter().zip(&row.refs);
        let none = ("none", seq2seq::score::bleu(pairs()).score, Some(row.bleu_none));
        let mteval = ("13a", seq2seq::score::bleu_13a(pairs()).score, row.bleu_13a);
        for (name, got, expected) in [none, mteval] {
            let Some(expected) = expected else { continue };
            let off = (got - expected).abs();
            if off.is_nan() || off > 1e-9 {
                let what = format!("row {i}: BLEU ({name}) is {got}, expected {expected}");
                return Err(Error::new(what));
            }
            largest = largest.max(off);
        }
    }
    Ok(BleuReport { corpora: metrics.rows.len(), largest })
}
