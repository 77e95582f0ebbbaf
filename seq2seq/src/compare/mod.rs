//! The arc of the literature in one comparison: what the bottleneck costs, what each attention gives,
//! and how far back each cell's gradient reaches.
//!
//! | part | corpus | models | figures |
//! |---|---|---|---|
//! | sentences | `phrasebook` | no attention, source reversed, each attention | accuracy by length, alignment error rate |
//! | letters | `reverse`, 1 to 20 letters | the same | accuracy by length |
//! | memory | `adding`, 50 steps | Elman, GRU, LSTM of 1997, LSTM | \|dL/dh_t\| by distance, squared error |
//!
//! The translators differ in the attention alone: one LSTM writes, and what it looks up with its new
//! state goes into the readout and into the next step (Luong 2015). The source is read in both
//! directions, whose states are added up; without attention forwards alone, since only the last
//! forward state is used. All are small, and each is trained on one thread, several side by side, so
//! that the figures do not depend on how many threads there are. Each is a run folder like any other:
//! one that is there and has come to its end is not trained again, one that was cut off goes on.

mod findings;
mod models;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use serde::{Deserialize, Serialize};
use tensor::Device;

use self::models::{Job, Made};
use crate::config::{Attention, Cell};
use crate::{Error, Evaluation, Result};

pub use findings::Finding;

/// What is compared, and where it is kept.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// The folder of all runs.
    pub folder: PathBuf,
    /// Models by name: `none`, `none-reversed`, an attention, a cell; without any all.
    pub only: Vec<String>,
    /// Models that are trained side by side; all processors where absent.
    pub threads: Option<usize>,
    /// Seed of every random stream of each model.
    pub seed: u64,
    /// Optimizer steps of each model, at most: for a look at it, not for a result.
    pub max_steps: Option<u64>,
}

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
        /// Its figures.
        row: &'a TranslatorRow,
        /// Where the comparison stands.
        place: Standing,
    },
    /// A cell is.
    Cell {
        /// Its figures.
        row: &'a CellRow,
        /// Where the comparison stands.
        place: Standing,
    },
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

/// All that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The device, in words.
    pub device: String,
    /// The seed of every model.
    pub seed: u64,
    /// Optimizer steps of each model at most, where they were limited.
    pub max_steps: Option<u64>,
    /// Seconds of training, all models together.
    pub seconds: f64,
    /// The translators, on sentences and on letters.
    pub tasks: Vec<TaskTable>,
    /// The cells, in the order Elman, GRU, LSTM of 1997, LSTM.
    pub cells: Vec<CellRow>,
}

/// Translators on one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskTable {
    /// The corpus SPEC they were trained on.
    pub task: String,
    /// The SPECs they were measured on.
    pub measured_on: Vec<String>,
    /// Source lengths that are measured together, in words, from and to.
    pub lengths: Vec<(usize, usize)>,
    /// Sentences of each.
    pub sentences: Vec<u64>,
    /// The translators: no attention, source reversed, each attention.
    pub rows: Vec<TranslatorRow>,
}

/// One translator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TranslatorRow {
    /// Where it looks.
    pub attention: Attention,
    /// The source is read from its end.
    pub reversed: bool,
    /// Its run folder.
    pub run: PathBuf,
    /// Seconds of training.
    pub seconds: f64,
    /// Its figures on all sentences.
    pub all: Evaluation,
    /// The same of each range of lengths.
    pub by_length: Vec<Evaluation>,
}

impl TranslatorRow {
    /// What a table calls it.
    pub fn name(&self) -> String {
        match (self.attention, self.reversed) {
            (Attention::None, false) => "no attention".into(),
            (Attention::None, true) => "no attention, source reversed".into(),
            (attention, _) => attention.to_string(),
        }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellRow {
    /// The cell.
    pub cell: Cell,
    /// Its run folder.
    pub run: PathBuf,
    /// Seconds of training.
    pub seconds: f64,
    /// |dL/dh_t| over |dL/dh_T| in the first step of training, by how many steps t lies before T.
    pub before: Vec<f64>,
    /// The same where it was measured last.
    pub after: Vec<f64>,
    /// Its figures on the test part.
    pub evaluation: Evaluation,
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
    let (sender, outcomes) = mpsc::channel::<(usize, Result<(Made, bool)>)>();
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
    let mut made: Vec<Option<Made>> = vec![None; jobs.len()];
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
                Made::Translator(row) => {
                    each(&Progress::Translator { task: jobs[at].task(), row, place });
                }
                Made::Cell(row) => each(&Progress::Cell { row, place }),
            }
            made[at] = Some(one);
        }
        Ok(())
    })?;
    gather(options, &jobs, made)
}

/// Puts what was made into tables, in the order of the jobs.
fn gather(options: &CompareOptions, jobs: &[Job], made: Vec<Option<Made>>) -> Result<Comparison> {
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
            Made::Cell(row) => {
                all.seconds += row.seconds;
                all.cells.push(row);
            }
            Made::Translator(row) => {
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
