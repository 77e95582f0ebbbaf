//! A run of a list in words, for the table and for the dashboard.

use std::time::SystemTime;

use seq2seq::{RunListing, RunSummary};

use crate::format::{count, number, percent, plain};

/// Returns the seconds since a run was begun or last resumed.
pub(crate) fn age(run: &RunListing, now: SystemTime) -> Option<f64> {
    let begun = run.begun?;
    Some(now.duration_since(begun).map_or(0.0, |age| age.as_secs_f64()))
}

/// Returns the steps done, and those of the whole run if they are known.
pub(crate) fn progress(summary: &RunSummary) -> String {
    match summary.last_step {
        Some(last) if last >= summary.step => format!("{}/{}", count(summary.step), count(last)),
        _ => count(summary.step),
    }
}

/// Returns the best metrics of a run, the most telling first; the training loss if nothing was
/// validated.
pub(crate) fn best(summary: &RunSummary) -> Vec<String> {
    let Some(best) = &summary.best else {
        return summary
            .loss
            .map(|loss| format!("training loss {}", number(loss)))
            .into_iter()
            .collect();
    };
    let metrics = &best.metrics;
    [
        metrics.bleu.map(|bleu| format!("BLEU {bleu:.1}")),
        metrics.exact_match.map(|share| format!("exact {}", percent(share))),
        Some(format!("loss {}", number(metrics.loss))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the preset, the keys that differ from it, and the data if they are not the preset's.
pub(crate) fn what(summary: &RunSummary) -> String {
    let mut text = changes(summary);
    if !summary.data.is_empty() && !summary.has_preset_data {
        text.push_str(&format!("; {}", plain(&summary.data)));
    }
    text
}

/// Returns the preset and the keys that differ from it.
pub(crate) fn changes(summary: &RunSummary) -> String {
    let mut text = plain(&summary.preset);
    for (i, change) in summary.differences.iter().enumerate() {
        text.push_str(if i == 0 { ": " } else { ", " });
        text.push_str(&plain(&format!("{} = {}", change.key, change.to)));
    }
    text
}

#[cfg(test)]
mod tests {
    use seq2seq::config::{Change, TaskKind};
    use seq2seq::{Metrics, RunMetrics, RunStatus};

    use super::*;

    #[test]
    fn a_run_is_told_in_words() {
        let mut summary = RunSummary {
            status: RunStatus::Live,
            process: None,
            preset: "phrasebook".into(),
            model: String::new(),
            differences: Vec::new(),
            task: TaskKind::Translation,
            data: "phrasebook".into(),
            has_preset_data: true,
            step: 1_200,
            last_step: Some(4_360),
            seconds: 9.0,
            loss: Some(0.5),
            best: None,
        };
        assert_eq!(
            (progress(&summary), what(&summary)),
            ("1,200/4,360".into(), "phrasebook".into())
        );
        assert_eq!(best(&summary), ["training loss 0.5000"]);
        let change =
            |key: &str, to: &str| Change { key: key.into(), from: "a".into(), to: to.into() };
        summary.differences = vec![change("cell", "lstm"), change("hidden", "64")];
        (summary.data, summary.has_preset_data) = ("a.tsv".into(), false);
        assert_eq!(what(&summary), "phrasebook: cell = lstm, hidden = 64; a.tsv");
        let metrics = Metrics { loss: 0.25, bleu: Some(71.25), ..Metrics::default() };
        summary.best = Some(RunMetrics { step: 3, metrics });
        assert_eq!(best(&summary), ["BLEU 71.2", "loss 0.2500"]);
        summary.last_step = Some(1_000);
        assert_eq!(progress(&summary), "1,200");
    }
}
