//! The tour as plain lines: every experiment, with its numbers checked.

use std::time::Instant;

use color_eyre::eyre::{Result, eyre};
use seq2seq::CancellationToken;

use super::lab::{Lab, Update};
use super::notebook::Notebook;
use super::report;
use super::stops::STOPS;
use super::worker::{Settings, run_caught};
use crate::format::duration;
use crate::output;

/// Runs experiments and prints a line for each of their numbers. Returns true if all are met.
///
/// # Errors
/// An experiment failed or was cancelled, lines cannot be printed, a file cannot be written.
pub(crate) fn run(
    notebook: &mut Notebook,
    settings: &Settings,
    stops: &[usize],
    cancellation: &CancellationToken,
) -> Result<bool> {
    let begun = Instant::now();
    let (mut all, mut off) = (0, 0);
    for &at in stops {
        let stop = STOPS[at];
        let text = stop.text();
        let entry = notebook.entry(stop);
        let seed = entry.seed.max(1);
        output::line(&format!("stop {}  {}", at + 1, text.title))?;
        let kept = entry.outcome.is_some();
        let outcome = match entry.outcome {
            Some(outcome) => outcome,
            None => {
                let report = |_: Update| ();
                let with = (settings.threads, seed);
                let token = cancellation.clone();
                let lab = Lab::new(&settings.folder, settings.size, with, token, &report);
                let begun = Instant::now();
                let outcome = run_caught(stop, &lab, None)?;
                let seconds = begun.elapsed().as_secs_f64();
                notebook.change(stop, |entry| {
                    (entry.outcome, entry.seconds) = (Some(outcome.clone()), seconds);
                    entry.seed = seed;
                })?;
                outcome
            }
        };
        for number in &outcome.numbers {
            all += 1;
            let mark = if number.is_met() { "ok " } else { "OFF" };
            off += usize::from(!number.is_met());
            let literature = match number.literature.as_str() {
                "" => String::new(),
                text => format!("; {text}"),
            };
            output::line(&format!(
                "  {mark} {:<58} {:>8}  expected {}{literature}",
                number.name,
                number.unit.text(number.reached),
                number.expected()
            ))?;
        }
        let seconds = duration(notebook.entry(stop).seconds);
        let note = if kept { ", kept from before" } else { "" };
        output::line(&format!("  {seconds}{note}"))?;
    }
    let page = report::write(notebook, &settings.folder.join(report::FOLDER))?;
    output::line(&format!(
        "{} of {all} numbers as expected, {} in all; {}",
        all - off,
        duration(begun.elapsed().as_secs_f64()),
        page.display()
    ))?;
    if all == 0 {
        return Err(eyre!("no stop was chosen"));
    }
    Ok(off == 0)
}
