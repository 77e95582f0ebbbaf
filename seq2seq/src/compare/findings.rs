//! Known results of the literature, compared with the measurements.

use serde::{Deserialize, Serialize};

use super::table::{Comparison, TaskTable, TranslatorRow};
use crate::config::{AttentionKind, Cell, attention_name};

/// Minimum decrease of exact match, from the shortest to the longest sentences, that counts as a
/// fall.
const FALL: f64 = 0.1;

/// A known result of the literature, and whether the measurements show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The known result.
    pub claim: String,
    /// True if the metrics show it.
    pub seen: bool,
    /// The metrics that were compared.
    pub metrics: String,
}

impl Comparison {
    /// Checks the known results: the exact match of the plain encoder-decoder falls with length and
    /// that of attention does not, `location` aligns worst, the gradient of the Elman network
    /// vanishes first.
    ///
    /// A fall is the share of exact outputs among the shortest sentences minus that among the
    /// longest; 10 points or more count. For attention the median of all kinds is used, since a
    /// kind that does not fit the task (such as a window that moves forwards, on reversed letters)
    /// falls too.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found: Vec<Finding> = self.tasks.iter().filter_map(falls).collect();
        let sentences = self.tasks.first();
        // Luong et al. 2015, table 6.
        let measured_by_luong = [
            Some(AttentionKind::Location),
            Some(AttentionKind::LocalM),
            Some(AttentionKind::LocalP),
        ];
        found.extend(
            sentences
                .and_then(|table| aligns_worst(table, "of all", |attention| attention.is_some())),
        );
        found.extend(sentences.and_then(|table| {
            let part = "of those that Luong et al. (2015) measured";
            aligns_worst(table, part, |attention| measured_by_luong.contains(&attention))
        }));
        found.extend(self.dies_first());
        found
    }

    fn dies_first(&self) -> Option<Finding> {
        let reach = |i: usize, trained: bool| {
            let row = &self.cells[i];
            if trained { row.after.last() } else { row.before.last() }.copied().unwrap_or(f64::NAN)
        };
        let elman = self.cells.iter().position(|row| row.cell == Cell::RnnTanh)?;
        if self.cells.len() < 2 {
            return None;
        }
        let dies = |trained| {
            let gated = (0..self.cells.len()).filter(|&i| self.cells[i].cell.gates() > 1);
            gated.into_iter().all(|i| reach(elman, trained) < reach(i, trained))
        };
        let all: Vec<String> = (0..self.cells.len())
            .map(|i| {
                let (before, after) = (reach(i, false), reach(i, true));
                format!("{} {before:.0e} and {after:.0e}", self.cells[i].cell)
            })
            .collect();
        let steps = self.cells[elman].before.len().saturating_sub(1);
        Some(Finding {
            claim: "Elman's gradient (tanh) dies before that of every cell with gates".into(),
            seen: dies(false) && dies(true),
            metrics: format!("after {steps} steps back, untrained and trained: {}", all.join(", ")),
        })
    }
}

/// Returns the exact match of the shortest and of the longest sentences.
fn ends(row: &TranslatorRow) -> Option<(f64, f64)> {
    let exact = |e: Option<&crate::Evaluation>| e.and_then(|e| e.metrics.exact_match);
    Some((exact(row.by_length.first())?, exact(row.by_length.last())?))
}

fn falls(table: &TaskTable) -> Option<Finding> {
    let fall = |row: &TranslatorRow| ends(row).map(|(short, long)| short - long);
    let plain = table.rows.iter().find(|r| r.attention.is_none() && !r.reversed)?;
    let mut attending: Vec<&TranslatorRow> =
        table.rows.iter().filter(|r| r.attention.is_some()).collect();
    attending.sort_by(|a, b| fall(a).unwrap_or(1.0).total_cmp(&fall(b).unwrap_or(1.0)));
    let median = *attending.get(attending.len() / 2)?;
    let worst = *attending.last()?;
    let said = |row: &TranslatorRow| {
        let (short, long) = ends(row).unwrap_or((f64::NAN, f64::NAN));
        format!("{} {:.0}% to {:.0}%", row.name(), 100.0 * short, 100.0 * long)
    };
    Some(Finding {
        claim: format!(
            "{}: the plain encoder-decoder falls with length, attention does not",
            table.task
        ),
        seen: fall(plain)? >= FALL && fall(median)? < FALL,
        metrics: format!(
            "{}; median of the attentions {}; worst {}",
            said(plain),
            said(median),
            said(worst)
        ),
    })
}

fn aligns_worst(
    table: &TaskTable,
    part: &str,
    belongs: impl Fn(Option<AttentionKind>) -> bool,
) -> Option<Finding> {
    let rows = table.rows.iter().filter(|row| belongs(row.attention));
    let mut rates: Vec<(Option<AttentionKind>, f64)> =
        rows.filter_map(|row| Some((row.attention, row.all.aer?))).collect();
    rates.sort_by(|a, b| b.1.total_cmp(&a.1));
    if rates.len() < 2
        || rates.iter().all(|(attention, _)| *attention != Some(AttentionKind::Location))
    {
        return None;
    }
    let said: Vec<String> =
        rates.iter().map(|(kind, rate)| format!("{} {rate:.2}", attention_name(*kind))).collect();
    Some(Finding {
        claim: format!("{}: location aligns worst {part}", table.task),
        seen: rates.first()?.0 == Some(AttentionKind::Location),
        metrics: format!("alignment error rates {}", said.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::super::CellRow;
    use super::*;
    use crate::{Evaluation, Metrics};

    fn evaluation(exact: f64, aer: Option<f64>) -> Evaluation {
        Evaluation {
            metrics: Metrics { exact_match: Some(exact), ..Metrics::default() },
            sentences: 1,
            tokens: 1,
            aer,
            ..Evaluation::default()
        }
    }

    /// Returns a comparison with the given exact match of the shortest and longest sentences, and
    /// error rate.
    fn comparison(
        rows: &[(Option<AttentionKind>, f64, f64, f64)],
        reach: &[(Cell, f64, f64)],
    ) -> Comparison {
        let row = |&(attention, short, long, aer): &(Option<AttentionKind>, f64, f64, f64)| {
            TranslatorRow {
                attention,
                reversed: false,
                run: "r".into(),
                seconds: 1.0,
                all: evaluation(0.5, (attention.is_some()).then_some(aer)),
                by_length: vec![evaluation(short, None), evaluation(long, None)],
            }
        };
        let cell = |&(cell, before, after): &(Cell, f64, f64)| CellRow {
            cell,
            run: "r".into(),
            seconds: 1.0,
            before: vec![1.0, before],
            after: vec![1.0, after],
            evaluation: evaluation(1.0, None),
        };
        Comparison {
            device: "cpu".into(),
            seed: 1,
            max_steps: None,
            seconds: 1.0,
            tasks: vec![TaskTable {
                task: "phrasebook".into(),
                measured_on: vec![],
                lengths: vec![(1, 2), (3, 4)],
                sentences: vec![1, 1],
                rows: rows.iter().map(row).collect(),
            }],
            cells: reach.iter().map(cell).collect(),
        }
    }

    #[test]
    fn known_results_are_found_where_they_are_and_only_there() {
        let seen =
            |all: Comparison| -> Vec<bool> { all.findings().iter().map(|f| f.seen).collect() };
        let known = comparison(
            &[
                (None, 0.9, 0.4, 0.0),
                (Some(AttentionKind::Additive), 0.9, 0.9, 0.1),
                (Some(AttentionKind::Location), 0.9, 0.85, 0.4),
                (Some(AttentionKind::LocalM), 0.9, 0.2, 0.2),
            ],
            &[(Cell::RnnTanh, 1e-9, 1e-9), (Cell::Lstm, 1e-3, 0.5)],
        );
        assert_eq!(seen(known), [true; 4]);
        let other = comparison(
            &[
                (None, 0.9, 0.85, 0.0),
                (Some(AttentionKind::Cosine), 0.9, 0.9, 0.5),
                (Some(AttentionKind::Location), 0.9, 0.9, 0.4),
                (Some(AttentionKind::LocalM), 0.9, 0.9, 0.2),
            ],
            // Vanishes before training, but not after it.
            &[(Cell::RnnTanh, 1e-9, 0.7), (Cell::Lstm, 1e-3, 0.5)],
        );
        // Nothing falls; another kind aligns worst; among the kinds in the paper, location does.
        assert_eq!(seen(other), [false, false, true, false]);
        let too_few = comparison(
            &[(Some(AttentionKind::Additive), 1.0, 1.0, 0.1)],
            &[(Cell::Lstm, 1.0, 1.0)],
        );
        assert!(too_few.findings().is_empty());
    }
}
