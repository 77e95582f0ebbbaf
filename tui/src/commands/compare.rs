//! `tui compare`: small models from the literature in one table.

use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::compare::{CompareOptions, Comparison, Progress, Standing, TaskTable, compare};
use serde_json::json;

use crate::args::CompareArguments;
use crate::format::{duration, percent, several};
use crate::{output, ranks};

/// Distances, in steps back, at which the gradient is shown; the last is the sequence's first step.
const BACK: [usize; 6] = [1, 3, 7, 15, 31, 49];

/// Trains and measures the models, with a line for each; then prints and writes the tables.
pub(super) fn run(arguments: &CompareArguments) -> Result<ExitCode> {
    let CompareArguments { only, run_dir: folder, threads, seed, max_steps } = arguments.clone();
    let ranks = ranks::all();
    let first = ranks.is_first();
    let options = CompareOptions { folder: folder.clone(), only, threads, seed, max_steps, ranks };
    let mut clock = Clock { since: Instant::now(), kept: 0.0 };
    // If the lines cannot be printed, the models are trained nevertheless.
    let mut unwritten = None;
    let all = compare(&options, |progress| {
        for line in clock.lines(progress, &folder.display().to_string()) {
            unwritten = unwritten.take().or(output::line(&line).err());
        }
    })?;
    if !first {
        return Ok(ExitCode::SUCCESS);
    }
    let lines = markdown(&all);
    for (name, text) in [
        ("compare.md", lines.join("\n") + "\n"),
        (
            "compare.json",
            format!("{:#}\n", json!({ "comparison": all, "findings": all.findings() })),
        ),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).wrap_err_with(|| path.display().to_string())?;
    }
    if let Some(error) = unwritten {
        return Err(error.into());
    }
    output::line("")?;
    output::lines(&lines)?;
    output::line("")?;
    output::line(&format!("written to {0}/compare.md and {0}/compare.json", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The start time, and the share of the work that earlier runs had already done.
struct Clock {
    since: Instant,
    kept: f64,
}

impl Clock {
    /// Returns the lines to print for a progress event.
    fn lines(&mut self, progress: &Progress<'_>, folder: &str) -> Vec<String> {
        match progress {
            Progress::Plan { models, side_by_side, minutes } => {
                let time = minutes.map_or_else(
                    || "a few steps each".to_owned(),
                    |minutes| {
                        let minutes = several(minutes.round().max(1.0) as u64, "minute");
                        format!("about {minutes} where two cores are free")
                    },
                );
                vec![
                    format!(
                        "{models} models, {side_by_side} side by side on a thread each: {time}"
                    ),
                    format!("kept in {folder}: what is cut off goes on, what is done stays"),
                ]
            }
            Progress::Translator { task, row, place } => {
                let exact = row.all.metrics.exact_match.map_or_else(String::new, percent);
                let aer = row.all.aer.map_or_else(String::new, |aer| format!("  AER {aer:.2}"));
                let metrics = format!("exact {exact:>6}{aer:10}");
                vec![self.line(task, &row.name(), &metrics, row.seconds, *place)]
            }
            Progress::Cell { row, place } => {
                let error = row.evaluation.metrics.loss;
                let metrics = format!("squared error {error:.4}");
                vec![self.line("adding", row.cell.name(), &metrics, row.seconds, *place)]
            }
        }
    }

    fn line(
        &mut self,
        task: &str,
        name: &str,
        metrics: &str,
        seconds: f64,
        at: Standing,
    ) -> String {
        if at.kept {
            self.kept = at.share.max(self.kept);
        }
        let done = at.share - self.kept;
        let left = if at.done == at.of {
            String::new()
        } else if at.kept || done <= 0.0 {
            "  (trained before)".to_owned()
        } else {
            let left = self.since.elapsed().as_secs_f64() * (1.0 - at.share) / done;
            format!("  {} left", duration(left))
        };
        let (count, of) = (at.done, at.of);
        format!(
            "{count:2}/{of}  {task:10}  {name:29}  {metrics:22}  {:>5}{left}",
            duration(seconds)
        )
    }
}

/// Returns the tables and the findings in markdown.
fn markdown(all: &Comparison) -> Vec<String> {
    let mut lines = Vec::new();
    for part in [translators(&all.tasks), cells(all)] {
        if !part.is_empty() {
            lines.extend(part);
            lines.push(String::new());
        }
    }
    for finding in all.findings() {
        let seen = if finding.seen { "Seen" } else { "Not seen" };
        lines.push(format!("- {seen}: {} ({}).", finding.claim, finding.metrics));
    }
    lines.push(String::new());
    let limit = all.max_steps.map_or_else(String::new, |n| format!(", {n} steps each"));
    lines.push(format!(
        "Seed {}{limit}; {}; {} of training in all.",
        all.seed,
        all.device,
        duration(all.seconds)
    ));
    lines
}

/// Returns the table of all tasks: exact match by length and, for sentences, the alignment error
/// rate.
fn translators(tasks: &[TaskTable]) -> Vec<String> {
    let mut head = vec!["exact match, %".to_owned()];
    let names = tasks.first().map(|task| task.rows.iter()).into_iter().flatten();
    let mut rows: Vec<Vec<String>> = names.map(|row| vec![row.name()]).collect();
    for (i, task) in tasks.iter().enumerate() {
        let (what, unit) = if i == 0 { ("sentences", "words") } else { ("reverse", "letters") };
        for (at, (from, to)) in task.lengths.iter().enumerate() {
            let range = format!("{from}–{to}");
            head.push(if at == 0 { format!("{what}: {range} {unit}") } else { range });
        }
        if i == 0 {
            head.extend(["all".to_owned(), "AER".to_owned()]);
        }
        for (cells, row) in rows.iter_mut().zip(&task.rows) {
            let exact = |e: &seq2seq::Evaluation| {
                e.metrics
                    .exact_match
                    .map_or_else(|| "–".to_owned(), |x| format!("{:.0}", 100.0 * x))
            };
            cells.extend(row.by_length.iter().map(exact));
            if i == 0 {
                cells.push(exact(&row.all));
                cells.push(row.all.aer.map_or_else(|| "–".to_owned(), |aer| format!("{aer:.2}")));
            }
        }
    }
    table(head, rows)
}

/// Returns the table of cells: gradients by steps back, before and after training, and the squared
/// error.
fn cells(all: &Comparison) -> Vec<String> {
    let mut head = vec!["gradient, by steps back".to_owned()];
    head.extend(BACK.iter().map(ToString::to_string));
    head.push("squared error".to_owned());
    let mut rows = Vec::new();
    for row in &all.cells {
        for (when, flow) in [("untrained", &row.before), ("trained", &row.after)] {
            let mut cells = vec![format!("{}, {when}", row.cell)];
            let reach = |&back: &usize| flow.get(back).map_or("–".into(), |x| format!("{x:.0e}"));
            cells.extend(BACK.iter().map(reach));
            let error = row.evaluation.metrics.loss;
            cells.push(if when == "trained" { format!("{error:.4}") } else { "–".into() });
            rows.push(cells);
        }
    }
    table(head, rows)
}

/// Formats a markdown table with aligned columns; returns no lines if there are no rows.
fn table(head: Vec<String>, mut rows: Vec<Vec<String>>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let columns = head.len();
    rows.insert(0, head);
    let width = |i: usize| rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|i| width(i).unwrap_or(0).max(3)).collect();
    let line = |row: &Vec<String>| {
        let cell = |(i, text): (usize, &String)| match i {
            0 => format!("| {text:w$} ", w = widths[i]),
            _ => format!("| {text:>w$} ", w = widths[i]),
        };
        row.iter().enumerate().map(cell).collect::<String>() + "|"
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    let rule = |(i, w): (usize, &usize)| match i {
        0 => format!("|{}", "-".repeat(w + 2)),
        _ => format!("|{}:", "-".repeat(w + 1)),
    };
    lines.insert(1, widths.iter().enumerate().map(rule).collect::<String>() + "|");
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_rule_and_columns_in_line() {
        let text = |row: &[&str]| row.iter().map(ToString::to_string).collect::<Vec<_>>();
        let lines =
            table(text(&["a", "wide – head"]), vec![text(&["dot", "7"]), text(&["é", "–"])]);
        assert_eq!(lines[1], "|-----|------------:|");
        assert_eq!(lines[2], "| dot |           7 |");
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.chars().count() == lines[0].chars().count()));
        assert!(lines.iter().all(|line| line.matches('|').count() == 3));
    }

    #[test]
    fn what_is_left_is_told_from_what_was_done_here() {
        let mut clock = Clock { since: Instant::now(), kept: 0.0 };
        let at = |done, share, kept| Standing { done, of: 4, share, kept };
        let line = clock.line("reverse", "dot", "exact  99.0%", 12.0, at(1, 0.25, true));
        assert!(line.starts_with(" 1/4  reverse ") && line.ends_with("(trained before)"), "{line}");
        let line = clock.line("reverse", "dot", "", 12.0, at(2, 0.5, false));
        assert!(line.ends_with(" left"), "{line}");
        let line = clock.line("reverse", "dot", "", 12.0, at(4, 1.0, false));
        assert!(line.ends_with("12s"), "{line}");
    }
}
