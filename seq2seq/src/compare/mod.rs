//! The arc of the literature in one comparison: what the bottleneck costs, what each attention gives,
//! and how far back each cell's gradient reaches.
//!
//! | part | corpus | models | metrics |
//! |---|---|---|---|
//! | sentences | `phrasebook` | no attention, source reversed, each attention | accuracy by length, alignment error rate |
//! | letters | `reverse`, 1 to 20 letters | the same | accuracy by length |
//! | memory | `adding`, 50 steps | each cell | \|dL/dh_t\| by distance, squared error |
//!
//! The translators differ in the attention alone: one LSTM writes, and what it looks up with its new
//! state goes into the readout and into the next step (Luong 2015). The source is read in both
//! directions, whose states are added up; without attention forwards alone, since only the last
//! forward state is used. All are small, and each is trained on one thread, several side by side, so
//! that the metrics do not depend on how many threads there are. Each is a run folder like any other:
//! one that is there and has come to its end is not trained again, one that was cut off goes on.

mod findings;
mod models;
mod table;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use tensor::Device;

use self::models::{Job, JobResult};
use crate::{Error, Result};

pub use findings::Finding;
pub use table::{CellRow, CompareOptions, Comparison, TaskTable, TranslatorRow};

/// What a comparison tells while it works.
#[derive(Debug)]
pub enum Progress<'a> {
    /// What is about to be done.
    Plan {
        /// Models in all.
        models: usize,
        /// Those trained at the same time.
        side_by_side: usize,
        /// Minutes that all of it takes, as measured on one machine; absent where steps are limited.
        minutes: Option<f64>,
    },
    /// A translator is trained and measured.
    Translator {
        /// Its task.
        task: &'a str,
        /// Its metrics.
        row: &'a TranslatorRow,
        /// Where the comparison stands.
        place: Standing,
    },
    /// A cell is.
    Cell {
        /// Its metrics.
        row: &'a CellRow,
        /// Where the comparison stands.
        place: Standing,
    },
}

/// The names of all models, as [`CompareOptions::only`] takes them.
pub fn model_names() -> Vec<String> {
    models::names()
}

/// How far a comparison is.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Models done.
    pub done: usize,
    /// Models in all.
    pub of: usize,
    /// The share of the work that is done, 0 to 1.
    pub share: f64,
    /// True where this model had been trained before.
    pub kept: bool,
}

/// Trains what is not trained yet, and measures all; `each` is told of everything as it comes.
///
/// # Errors
/// A model that is none; a folder that cannot be written; a run there of other settings; errors of
/// training.
pub fn compare(
    options: &CompareOptions,
    mut each: impl FnMut(&Progress<'_>),
) -> Result<Comparison> {
    let jobs = models::chosen(&options.only)?;
    let processors = || thread::available_parallelism().map_or(1, usize::from);
    let side_by_side = options.threads.unwrap_or_else(processors).clamp(1, jobs.len());
    let whole: f64 = jobs.iter().map(|job| job.seconds).sum();
    let minutes = options.max_steps.is_none().then_some(whole / side_by_side as f64 / 60.0);
    each(&Progress::Plan { models: jobs.len(), side_by_side, minutes });

    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, outcomes) = mpsc::channel::<(usize, Result<(JobResult, bool)>)>();
    let work = |sender: mpsc::Sender<_>| {
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else { break };
            let outcome = job.run(options);
            failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
            if sender.send((at, outcome)).is_err() {
                break;
            }
        }
    };
    let mut made: Vec<Option<JobResult>> = vec![None; jobs.len()];
    thread::scope(|scope| -> Result<()> {
        for i in 0..side_by_side {
            let (sender, work) = (sender.clone(), &work);
            thread::Builder::new()
                .name(format!("compare {i}"))
                .spawn_scoped(scope, move || work(sender))
                .map_err(|e| Error::Other(format!("cannot start a thread: {e}")))?;
        }
        drop(sender);
        let (mut done, mut worked) = (0, 0.0);
        for (at, outcome) in outcomes {
            let (one, kept) = outcome?;
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
        }
        Ok(())
    })?;
    gather(options, &jobs, made)
}

/// Puts what was made into tables, in the order of the jobs.
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
