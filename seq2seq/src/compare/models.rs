//! The models of a comparison: settings, training, metrics.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::table::{CellRow, CompareOptions, TaskTable, TranslatorRow};
use crate::config::{AttentionKind, Cell, attention_name, nearest};
use crate::data::Corpus;
use crate::decode::BeamOptions;
use crate::error::suggestion;
use crate::event::{EndReason, Event};
use crate::link::link;
use crate::options::TrainOptions;
use crate::run::{EventReader, RunDir};
use crate::session::{Outcome, train};
use crate::{Error, Result, Translator, inference};

/// A task of the translators.
#[derive(Debug)]
struct Task {
    /// The preset that provides all other settings, and the name of the folder.
    preset: &'static str,
    data: &'static str,
    measured_on: &'static [&'static str],
    lengths: &'static [(usize, usize)],
    epochs: u64,
    embedding: usize,
    hidden: usize,
    /// Seconds of training without and with attention, on one thread of the machine described in
    /// BENCHMARKS.md, including measurement.
    seconds: (f64, f64),
}

/// Both held-out parts of the phrasebook are measured, since neither was trained on.
const TASKS: [Task; 2] = [
    Task {
        preset: "phrasebook",
        data: "phrasebook",
        measured_on: &["phrasebook:valid", "phrasebook:test"],
        lengths: &[(3, 5), (6, 8), (9, 11), (12, 14)],
        epochs: 6,
        embedding: 64,
        hidden: 128,
        seconds: (40.0, 74.0),
    },
    Task {
        preset: "reverse",
        data: "reverse:20",
        measured_on: &["reverse:20:test"],
        lengths: &[(1, 5), (6, 10), (11, 15), (16, 20)],
        epochs: 6,
        embedding: 32,
        hidden: 96,
        seconds: (14.0, 32.0),
    },
];

/// Seconds of training per cell.
const CELL_SECONDS: f64 = 8.0;
/// The preset, test corpus and epochs of the cells.
const CELL_PRESET: &str = "adding";
const CELL_TEST: &str = "adding:test";
const CELL_EPOCHS: u64 = 5;

/// A model to be trained and measured.
#[derive(Debug)]
pub(super) struct Job {
    /// The folder, relative to that of the comparison: task and model.
    pub(super) name: String,
    /// The name of the model alone, by which it can be selected.
    pub(super) model: String,
    /// Estimated seconds of the job.
    pub(super) seconds: f64,
    what: JobKind,
}

#[derive(Debug, Clone, Copy)]
enum JobKind {
    Translator { task: &'static Task, attention: Option<AttentionKind>, reversed: bool },
    Cell(Cell),
}

/// The result of a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum JobResult {
    Translator(TranslatorRow),
    Cell(CellRow),
}

/// Returns the models with these names, or all if there are none; the slowest come first.
pub(super) fn chosen(only: &[String]) -> Result<Vec<Job>> {
    let mut jobs = all();
    let known = |name: &String| jobs.iter().any(|job| job.model == *name);
    if let Some(name) = only.iter().find(|name| !known(name)) {
        let nearest = nearest(name, jobs.iter().map(|job| job.model.as_str()));
        return Err(Error::Other(format!(
            "there is no model '{name}' to compare{}",
            suggestion(":", nearest)
        )));
    }
    jobs.retain(|job| only.is_empty() || only.contains(&job.model));
    Ok(jobs)
}

/// Returns the names of all models, without duplicates.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> = all().into_iter().map(|job| job.model).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn all() -> Vec<Job> {
    // It differs from `Additive` only by its biases.
    let kinds = AttentionKind::ALL.into_iter().filter(|&kind| kind != AttentionKind::AdditiveBias);
    let none = [(None, false), (None, true)];
    let each: Vec<_> = none.into_iter().chain(kinds.map(|kind| (Some(kind), false))).collect();
    let mut jobs = Vec::new();
    for task in &TASKS {
        for &(attention, reversed) in &each {
            let model = if reversed { "none-reversed" } else { attention_name(attention) };
            jobs.push(Job {
                name: format!("{}-{model}", task.preset),
                model: model.into(),
                seconds: if attention.is_none() { task.seconds.0 } else { task.seconds.1 },
                what: JobKind::Translator { task, attention, reversed },
            });
        }
    }
    jobs.extend(Cell::ALL.map(|cell| Job {
        name: format!("{CELL_PRESET}-{cell}"),
        model: cell.to_string(),
        seconds: CELL_SECONDS,
        what: JobKind::Cell(cell),
    }));
    jobs
}

impl Job {
    /// Returns the corpus SPEC on which the model is trained.
    pub(super) fn task(&self) -> &'static str {
        match self.what {
            JobKind::Translator { task, .. } => task.data,
            JobKind::Cell(_) => CELL_PRESET,
        }
    }

    /// Returns a table that begins with this job's row.
    pub(super) fn table(&self, row: TranslatorRow) -> TaskTable {
        let (measured_on, lengths) = match self.what {
            JobKind::Translator { task, .. } => (task.measured_on, task.lengths),
            JobKind::Cell(_) => (&[][..], &[][..]),
        };
        TaskTable {
            task: self.task().into(),
            measured_on: measured_on.iter().map(|&spec| spec.into()).collect(),
            lengths: lengths.to_vec(),
            sentences: row.by_length.iter().map(|e| e.sentences).collect(),
            rows: vec![row],
        }
    }

    /// Trains the model if it is not trained yet, and measures it; the flag is true if it was
    /// trained before.
    pub(super) fn run(&self, options: &CompareOptions) -> Result<(JobResult, bool)> {
        let run = options.folder.join(&self.name);
        let outcome = self.train(options, &run)?;
        if outcome.end.reason == EndReason::NotFinite {
            let what = "its loss was not finite; try another seed";
            return Err(Error::Other(format!("{}: {what}", run.display())));
        }
        let seconds = outcome.end.seconds;
        let made = match self.what {
            JobKind::Translator { task, attention, reversed } => {
                translator(task, &run, seconds, attention, reversed).map(JobResult::Translator)
            }
            JobKind::Cell(which) => cell(which, run, seconds).map(JobResult::Cell),
        };
        Ok((made?, outcome.already_finished))
    }

    fn train(&self, options: &CompareOptions, run: &Path) -> Result<Outcome> {
        let mut set = vec![
            ("validate_every_epochs", "0".to_owned()),
            ("sample_every_seconds", "0".to_owned()),
            ("metrics_every", "0".to_owned()),
        ];
        let (preset, data, epochs) = match self.what {
            JobKind::Translator { task, attention, reversed } => {
                set.extend(changes(task, attention, reversed));
                (task.preset, task.data, task.epochs)
            }
            JobKind::Cell(cell) => {
                set.push(("cell", cell.to_string()));
                (CELL_PRESET, CELL_PRESET, CELL_EPOCHS)
            }
        };
        let resume = run.symlink_metadata().is_ok();
        if resume {
            // A resume may change a limit; here that would mix results that are not comparable.
            let stored = RunDir::open(run)?.stored()?;
            if stored.max_steps != options.max_steps {
                let begun = match stored.max_steps {
                    Some(n) => format!("with max_steps = {n}"),
                    None => "without max_steps".into(),
                };
                return Err(Error::Other(format!(
                    "the run in {} was begun {begun}: do so again, or take another folder",
                    run.display()
                )));
            }
        }
        let train_options = TrainOptions {
            preset: Some(preset.into()),
            data: Some(data.into()),
            valid: Some("none".into()),
            threads: Some(1),
            seed: Some(options.seed),
            epochs: Some(epochs),
            max_steps: options.max_steps,
            run_dir: Some(run.into()),
            set: set.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            resume,
            ..TrainOptions::default()
        };
        let (mut link, viewer) = link(1);
        drop(viewer);
        train(&train_options, &mut link)
    }
}

/// Returns the keys that a translator changes in its task's preset.
fn changes(
    task: &Task,
    attention: Option<AttentionKind>,
    reversed: bool,
) -> Vec<(&'static str, String)> {
    let attends = attention.is_some();
    let mut set = vec![
        ("cell", Cell::Lstm.to_string()),
        ("bidirectional", attends.to_string()),
        ("merge", if attends { "sum" } else { "concat" }.to_owned()),
        ("embedding", task.embedding.to_string()),
        ("hidden", task.hidden.to_string()),
        ("attention", attention_name(attention).to_owned()),
        ("wiring", "recur_then_attend".to_owned()),
        ("readout", if attends { "tanh_context" } else { "linear" }.to_owned()),
        ("input_feeding", attends.to_string()),
        ("decoder_init", "copy".to_owned()),
        ("reverse_source", reversed.to_string()),
        ("flow_every", "0".to_owned()),
    ];
    match attention {
        Some(kind) if kind.is_local() => set.push(("attention_window", "3".to_owned())),
        Some(AttentionKind::MultiHead) => set.push(("attention_heads", "4".to_owned())),
        _ => {}
    }
    set
}

/// Computes the metrics of a trained translator.
fn translator(
    task: &Task,
    run: &Path,
    seconds: f64,
    attention: Option<AttentionKind>,
    reversed: bool,
) -> Result<TranslatorRow> {
    let translator = Translator::open(run, "cpu", Some(1))?;
    let mut all = Corpus::default();
    for spec in task.measured_on {
        all.pairs.extend(Corpus::read(spec, None)?.pairs);
    }
    let words = |line: &str| line.split_whitespace().count();
    let mut by_length = Vec::new();
    for &(from, to) in task.lengths {
        let mut part = all.clone();
        part.pairs.retain(|pair| (from..=to).contains(&words(&pair.source)));
        by_length.push(translator.evaluate_corpus(&part)?);
    }
    let all = translator.evaluate_corpus(&all)?;
    Ok(TranslatorRow { attention, reversed, run: run.into(), seconds, all, by_length })
}

/// Computes the metrics of a trained cell, and reads its gradient flow from the log of its run.
fn cell(cell: Cell, run: PathBuf, seconds: f64) -> Result<CellRow> {
    let events = EventReader::open(&run)?.poll()?;
    let mut flows = events.into_iter().filter_map(|event| match event {
        Event::Flow(flow) => flow.series.into_iter().next().map(|series| relative(&series.norms)),
        _ => None,
    });
    let Some(before) = flows.next() else {
        let what = format!("{}: no gradient flow was measured there", run.display());
        return Err(Error::Other(what));
    };
    let after = flows.next_back().unwrap_or_else(|| before.clone());
    let evaluation =
        inference::evaluate(&run, "cpu", Some(1), CELL_TEST, None, &BeamOptions::greedy())?;
    Ok(CellRow { cell, run, seconds, before, after, evaluation })
}

/// Returns the norms from the last step backward, divided by that of the last step.
fn relative(norms: &[f32]) -> Vec<f64> {
    let last = norms.last().copied().map_or(f64::NAN, f64::from);
    norms.iter().rev().map(|&norm| f64::from(norm) / last).collect()
}
