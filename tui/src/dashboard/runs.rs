//! The list of runs: its order, its filter, and the chosen run.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use seq2seq::{RunListing, RunStatus};

use crate::listing;

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    /// Those begun last first.
    #[default]
    Age,
    /// By name.
    Name,
    /// Live ones first.
    Status,
    /// The highest BLEU first, then the lowest loss.
    Best,
    /// The most steps first.
    Steps,
}

impl Order {
    /// Returns the name that is displayed.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Name => "name",
            Self::Status => "status",
            Self::Best => "best",
            Self::Steps => "steps",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Age => Self::Name,
            Self::Name => Self::Status,
            Self::Status => Self::Best,
            Self::Best => Self::Steps,
            Self::Steps => Self::Age,
        }
    }

    fn compare(self, a: &RunListing, b: &RunListing) -> std::cmp::Ordering {
        let of = |run: &RunListing| run.summary.as_ref().ok().cloned();
        let (first, second) = (of(a), of(b));
        // What cannot be read comes last in every order.
        let readable = second.is_some().cmp(&first.is_some());
        let by = match (self, first, second) {
            (Self::Name, ..) => a.name().cmp(&b.name()),
            (Self::Status, Some(a), Some(b)) => rank(a.status).cmp(&rank(b.status)),
            (Self::Steps, Some(a), Some(b)) => b.step.cmp(&a.step),
            (Self::Best, Some(a), Some(b)) => {
                let bleu = |bleu: Option<f64>| bleu.unwrap_or(-1.0);
                let metrics =
                    |run: &seq2seq::RunSummary| run.best.as_ref().map(|best| best.metrics);
                let (a, b) = (metrics(&a), metrics(&b));
                let loss = |loss: Option<f64>| loss.unwrap_or(f64::INFINITY);
                bleu(b.and_then(|m| m.bleu))
                    .total_cmp(&bleu(a.and_then(|m| m.bleu)))
                    .then(loss(a.map(|m| m.loss)).total_cmp(&loss(b.map(|m| m.loss))))
            }
            _ => std::cmp::Ordering::Equal,
        };
        readable.then(by)
    }
}

fn rank(status: RunStatus) -> u8 {
    match status {
        RunStatus::Live => 0,
        RunStatus::Stopped => 1,
        RunStatus::Crashed => 2,
        RunStatus::Failed => 3,
        RunStatus::Diverged => 4,
        RunStatus::StoppedEarly => 5,
        RunStatus::Finished => 6,
    }
}

/// The list of a folder, as it is displayed.
#[derive(Debug, Clone)]
pub(super) struct RunsList {
    /// The folder.
    pub folder: PathBuf,
    /// The runs, those begun last first; `None` until they have been read.
    runs: Option<Vec<RunListing>>,
    /// When they were read.
    read: SystemTime,
    pub order: Order,
    pub filter: String,
    chosen: Option<PathBuf>,
    /// The run that is open.
    open: Option<PathBuf>,
    /// Whether another run than the open one is chosen first.
    others_first: bool,
}

impl RunsList {
    /// Creates the list of a folder that has not been read yet.
    pub(super) fn new(folder: &Path, others_first: bool) -> Self {
        Self {
            folder: folder.to_owned(),
            runs: None,
            read: SystemTime::UNIX_EPOCH,
            order: Order::default(),
            filter: String::new(),
            chosen: None,
            open: None,
            others_first,
        }
    }

    /// Replaces the runs; the chosen one stays chosen.
    pub(super) fn set(&mut self, runs: Vec<RunListing>, read: SystemTime) {
        (self.runs, self.read) = (Some(runs), read);
    }

    /// Names the run that is open.
    pub(super) fn set_open(&mut self, run: Option<&Path>) {
        if self.open.as_deref() != run {
            self.open = run.map(Path::to_owned);
        }
    }

    /// Returns true for the run that is open.
    pub(super) fn is_open(&self, run: &RunListing) -> bool {
        self.open.as_deref().is_some_and(|open| open.file_name() == run.path.file_name())
    }

    /// Returns true once the folder has been read.
    pub(super) fn is_read(&self) -> bool {
        self.runs.is_some()
    }

    /// Returns the number of folders, those that the filter hides included.
    pub(super) fn count(&self) -> usize {
        self.runs.as_ref().map_or(0, Vec::len)
    }

    /// Returns the seconds since a run was begun or resumed.
    pub(super) fn age(&self, run: &RunListing) -> Option<f64> {
        listing::age(run, self.read)
    }

    /// Returns the runs that the filter lets through, in order.
    pub(super) fn shown(&self) -> Vec<&RunListing> {
        let filter = self.filter.to_lowercase();
        let matches = |run: &&RunListing| filter.is_empty() || words(run).contains(&filter);
        let mut shown: Vec<&RunListing> = self.runs.iter().flatten().filter(matches).collect();
        // Stable: equal ones stay in the order of their age.
        shown.sort_by(|a, b| self.order.compare(a, b));
        shown
    }

    /// Returns the position of the chosen run among those shown.
    pub(super) fn position(&self) -> usize {
        let shown = self.shown();
        let chosen = |run: &&RunListing| Some(&run.path) == self.chosen.as_ref();
        let other = |run: &&RunListing| self.others_first && !self.is_open(run);
        let place = shown.iter().position(chosen).or_else(|| shown.iter().position(other));
        place.unwrap_or(0)
    }

    /// Returns the chosen run.
    pub(super) fn chosen(&self) -> Option<&RunListing> {
        self.shown().get(self.position()).copied()
    }

    /// Chooses the run that is this many rows further down, or up if it is negative.
    pub(super) fn choose(&mut self, rows: isize) {
        let shown = self.shown();
        let last = shown.len().saturating_sub(1);
        let position = self.position().saturating_add_signed(rows).min(last);
        self.chosen = shown.get(position).map(|run| run.path.clone());
    }

    /// Sorts by the next order.
    pub(super) fn next_order(&mut self) {
        self.keep_chosen();
        self.order = self.order.next();
    }

    /// Marks the run at the cursor as chosen, before others come in front of it.
    pub(super) fn keep_chosen(&mut self) {
        self.chosen = self.chosen().map(|run| run.path.clone());
    }
}

/// Returns all that the filter searches, in lower case.
fn words(run: &RunListing) -> String {
    let about = match &run.summary {
        Ok(summary) => {
            format!("{} {} {}", summary.status, summary.model, listing::what(summary))
        }
        Err(why) => why.clone(),
    };
    format!("{} {about}", run.name()).to_lowercase()
}
