//! `tui runs`: the runs of a folder, as a table or as JSON lines.

use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use color_eyre::eyre::{Result, eyre};
use seq2seq::{RUNS, RunListing, RunSummary, RunsFolder};
use serde::Serialize;

use crate::args::RunsListArguments;
use crate::format::{duration, plain, width};
use crate::listing::{age, best, progress, what};
use crate::output;

/// Prints the runs.
pub(super) fn run(arguments: &RunsListArguments) -> Result<ExitCode> {
    if !arguments.json {
        return print(&arguments.folder);
    }
    for run in list(&arguments.folder)? {
        output::data(&json(&run)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the table of a folder.
pub(super) fn print(folder: &Path) -> Result<ExitCode> {
    let runs = list(folder)?;
    if runs.is_empty() {
        output::note(&format!("there is no run in {} yet; `tui` trains one", folder.display()));
    } else {
        output::lines(&table(&runs, SystemTime::now()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the runs of a folder.
fn list(folder: &Path) -> Result<Vec<RunListing>> {
    if folder != Path::new(RUNS) && !folder.exists() {
        return Err(eyre!("{}: there is no such folder", folder.display()));
    }
    Ok(RunsFolder::new(folder).list()?)
}

/// Returns the table: a title row, then a row for each run.
fn table(runs: &[RunListing], now: SystemTime) -> Vec<String> {
    let title = ["run", "status", "steps", "best", "age", "preset and changes"].map(str::to_owned);
    let row = |run: &RunListing| {
        let name = plain(&run.name());
        let age = age(run, now).map_or_else(String::new, duration);
        match &run.summary {
            Ok(summary) => {
                let best = best(summary).join(" ");
                [name, summary.status.to_string(), progress(summary), best, age, what(summary)]
            }
            Err(why) => {
                let none = String::new;
                [name, "unreadable".to_owned(), none(), none(), age, plain(why)]
            }
        }
    };
    let rows: Vec<[String; 6]> = std::iter::once(title).chain(runs.iter().map(row)).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (column, text) in widths.iter_mut().zip(row) {
            *column = width(text).max(*column);
        }
    }
    let line = |row: &[String; 6]| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(text, wide)| format!("{text}{}", " ".repeat(wide.saturating_sub(width(text)))));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// The JSON form of a folder.
#[derive(Serialize)]
struct JsonListing<'a> {
    run: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    begun: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<f64>,
    #[serde(flatten)]
    summary: Option<&'a RunSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<&'a str>,
}

fn json(run: &RunListing) -> Result<String> {
    let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).ok();
    Ok(serde_json::to_string(&JsonListing {
        run: run.path.display().to_string(),
        begun: run.begun.and_then(since).map(|time| time.as_secs_f64()),
        age: age(run, SystemTime::now()),
        summary: run.summary.as_ref().ok(),
        unreadable: run.summary.as_ref().err().map(String::as_str),
    })?)
}
