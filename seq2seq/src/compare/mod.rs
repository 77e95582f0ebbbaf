//! A comparison that reproduces known results of the literature: the cost of the fixed-length
//! bottleneck, the gain of each attention kind, and how far back the gradient of each cell reaches.
//!
//! | part | corpus | models | metrics |
//! |---|---|---|---|
//! | sentences | `phrasebook` | no attention, source reversed, each attention | accuracy by length, alignment error rate |
//! | letters | `reverse`, 1 to 20 letters | the same | accuracy by length |
//! | memory | `adding`, 50 steps | each cell | \|dL/dh_t\| by distance, squared error |
//!
//! The translators differ only in their attention: the decoder is one LSTM, and the context that
//! its new state looks up is an input of the readout and of the next step (Luong 2015). The encoder
//! is bidirectional and the states of both directions are summed; without attention it runs
//! forwards only, since only the last forward state is used. All models are small. Each is trained
//! on one thread, several at the same time, so that the metrics do not depend on the number of
//! threads. Each has an ordinary run directory: a run that has finished is not trained again, and
//! one that was interrupted is resumed.

mod findings;
mod models;
mod table;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use tensor::{Device, Ranks};

use self::models::{Job, JobResult};
use crate::ranks::gather_results;
use crate::{Error, Result};

pub use findings::Finding;
pub use table::{CellRow, CompareOptions, Comparison, TaskTable, TranslatorRow};

/// Progress reports of a comparison.
#[derive(Debug)]
pub enum Progress<'a> {
    /// The work that is about to start.
    Plan {
        /// Number of models.
        models: usize,
        /// Number of models that are trained at the same time.
        side_by_side: usize,
        /// Estimated minutes for all models, as measured on one machine; absent if steps are
        /// limited.
        minutes: Option<f64>,
    },
    /// A translator was trained and measured.
    Translator {
        /// The task.
        task: &'a str,
        /// The metrics.
        row: &'a TranslatorRow,
        /// The progress of the comparison.
        place: Standing,
    },
    /// A cell was trained and measured.
    Cell {
        /// The metrics.
        row: &'a CellRow,
        /// The progress of the comparison.
        place: Standing,
    },
}

/// Returns the names of all models, in the form that [`CompareOptions::only`] takes.
pub fn model_names() -> Vec<String> {
    models::names()
}

/// The progress of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Number of finished models.
    pub done: usize,
    /// Number of models.
    pub of: usize,
    /// The completed share of the work, 0 to 1.
    pub share: f64,
    /// True if this model had been trained before.
    pub kept: bool,
}

/// Trains the models that are not trained yet, and measures all; `each` receives every progress
/// report.
///
/// # Errors
/// An unknown model; a folder that cannot be written; an existing run with other settings; training
/// errors.
pub fn compare(
    options: &CompareOptions,
    mut each: impl FnMut(&Progress<'_>),
) -> Result<Comparison> {
    let jobs = models::chosen(&options.only)?;
    let processors = || thread::available_parallelism().map_or(1, usize::from);
    let threads = options.threads.or_else(|| options.ranks.place().threads());
    let side_by_side = threads.unwrap_or_else(processors).clamp(1, jobs.len());
    let whole: f64 = jobs.iter().map(|job| job.seconds).sum();
    let at_a_time = side_by_side * options.ranks.size();
    let minutes = options.max_steps.is_none().then_some(whole / at_a_time as f64 / 60.0);
    each(&Progress::Plan { models: jobs.len(), side_by_side, minutes });

    let ranks = &options.ranks;
    // The slowest come first: in turn, all ranks get similar work.
    let own: Vec<usize> = (ranks.rank()..jobs.len()).step_by(ranks.size()).collect();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, outcomes) = mpsc::channel::<(usize, Result<(JobResult, bool)>)>();
    let work = |sender: mpsc::Sender<_>| {
        while !failed.load(Ordering::Relaxed) {
            let next = next.fetch_add(1, Ordering::Relaxed);
            let Some(&at) = own.get(next) else { break };
            let outcome = jobs[at].run(options);
            failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
            if sender.send((at, outcome)).is_err() {
                break;
            }
        }
    };
    let mut made: Vec<Option<JobResult>> = vec![None; jobs.len()];
    let (mut done, mut worked) = (0, 0.0);
    let mut told =
        |made: &mut Vec<Option<JobResult>>, at: usize, (one, kept): (JobResult, bool)| {
            done += 1;
            worked += jobs[at].seconds;
            let place = Standing { done, of: jobs.len(), share: worked / whole, kept };
            match &one {
                JobResult::Translator(row) => {
                    each(&Progress::Translator { task: jobs[at].task(), row, place });
                }
                JobResult::Cell(row) => each(&Progress::Cell { row, place }),
            }
            made[at] = Some(one);
        };
    let ended = thread::scope(|scope| -> Result<()> {
        for i in 0..side_by_side {
            let (sender, work) = (sender.clone(), &work);
            thread::Builder::new()
                .name(format!("compare {i}"))
                .spawn_scoped(scope, move || work(sender))
                .map_err(|e| Error::Other(format!("cannot start a thread: {e}")))?;
        }
        drop(sender);
        for (at, outcome) in outcomes {
            told(&mut made, at, outcome?);
        }
        Ok(())
    });
    if ranks.is_alone() {
        ended?;
    } else {
        for (at, one) in of_all_ranks(ranks, ended, &made)? {
            if made[at].is_none() {
                told(&mut made, at, (one, false));
            }
        }
    }
    gather(options, &jobs, made)
}

/// Returns the results of all ranks, each with the number of its job.
///
/// # Errors
/// A rank failed.
fn of_all_ranks(
    ranks: &Ranks,
    ended: Result<()>,
    made: &[Option<JobResult>],
) -> Result<Vec<(usize, JobResult)>> {
    let encode = |(at, one): (usize, &Option<JobResult>)| {
        let encoded = one.as_ref().map(serde_json::to_string)?;
        Some(encoded.map(|json| (at, json)).map_err(|e| Error::Other(e.to_string())))
    };
    let mine = ended.and_then(|()| {
        made.iter().enumerate().filter_map(encode).collect::<Result<Vec<(usize, String)>>>()
    });
    let decode = |(at, json): (usize, String)| match serde_json::from_str(&json) {
        Ok(one) => Ok((at, one)),
        Err(error) => Err(Error::Other(format!("the result of another rank: {error}"))),
    };
    gather_results(ranks, mine)?.into_iter().flatten().map(decode).collect()
}

/// Collects the results in tables, in the order of the jobs.
fn gather(
    options: &CompareOptions,
    jobs: &[Job],
    made: Vec<Option<JobResult>>,
) -> Result<Comparison> {
    let mut all = Comparison {
        device: Device::open("cpu", 1)?.describe(),
        seed: options.seed,
        max_steps: options.max_steps,
        seconds: 0.0,
        tasks: Vec::new(),
        cells: Vec::new(),
    };
    for (job, made) in jobs.iter().zip(made) {
        let missing = || Error::Other(format!("{}: it was not trained, which is a bug", job.name));
        match made.ok_or_else(missing)? {
            JobResult::Cell(row) => {
                all.seconds += row.seconds;
                all.cells.push(row);
            }
            JobResult::Translator(row) => {
                all.seconds += row.seconds;
                match all.tasks.iter_mut().find(|t| t.task == job.task()) {
                    Some(table) => table.rows.push(row),
                    None => all.tasks.push(job.table(row)),
                }
            }
        }
    }
    Ok(all)
}
