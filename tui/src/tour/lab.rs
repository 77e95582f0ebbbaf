//! What an experiment works with: its folder and size, runs that are trained side by side, progress,
//! cancellation.

use std::panic;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use seq2seq::event::EndReason;
use seq2seq::{CancellationToken, Error, Event, EventReader, Result, TrainOptions, link, train};

use super::figure::Figure;
use crate::format::{duration, several};

/// Capacity of a run's event queue.
const CAPACITY: usize = 8192;
/// Interval at which a cancellation is noticed.
const GLANCE: Duration = Duration::from_millis(50);

/// How much an experiment trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Size {
    /// As much as its numbers need.
    #[default]
    Full,
    /// As much as shows that it works; its numbers have wider bounds.
    Quick,
}

impl Size {
    /// Returns the first value at full size, the second at the reduced one.
    pub(crate) fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

/// What an experiment reports while it runs.
#[derive(Debug)]
pub(crate) enum Update {
    /// How far it is.
    Progress {
        /// The completed share, 0 to 1.
        share: f64,
        /// What is done now.
        text: String,
    },
    /// Its figures so far.
    Figures(Vec<Figure>),
}

/// What an experiment works with.
pub(crate) struct Lab<'a> {
    folder: &'a Path,
    /// How much it trains.
    pub size: Size,
    /// Number of threads.
    threads: usize,
    /// The seed of all random numbers; each repetition has its own.
    pub seed: u64,
    cancellation: CancellationToken,
    report: &'a (dyn Fn(Update) + Sync),
}

/// A run that an experiment trains.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// Its name in figures.
    pub name: String,
    /// Its folder's name.
    folder: String,
    options: TrainOptions,
}

impl Job {
    /// Creates a run of a preset with changes of its keys.
    pub(crate) fn new(
        name: &str,
        folder: &str,
        preset: &str,
        set: &[(&str, &str)],
        epochs: u64,
    ) -> Self {
        let set = set.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        let options = TrainOptions {
            preset: Some(preset.to_owned()),
            epochs: Some(epochs),
            set,
            ..TrainOptions::default()
        };
        Self { name: name.to_owned(), folder: folder.to_owned(), options }
    }

    /// Sets the corpus, and the held-out part.
    #[must_use]
    pub(crate) fn on(mut self, data: &str, valid: &str) -> Self {
        self.options.data = Some(data.to_owned());
        self.options.valid = Some(valid.to_owned());
        self
    }

    /// Limits the number of optimizer steps.
    #[must_use]
    pub(crate) fn steps(mut self, steps: Option<u64>) -> Self {
        self.options.max_steps = steps;
        self
    }

    /// Gives the run another name, and another folder.
    #[must_use]
    pub(crate) fn named(mut self, name: &str, folder: &str) -> Self {
        (self.name, self.folder) = (name.to_owned(), folder.to_owned());
        self
    }

    /// Changes a further key.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.options.set.push((key.to_owned(), value.to_owned()));
        self
    }
}

/// A message of a run in training.
enum Message {
    Event(Box<Event>),
    Ended(Result<()>),
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    step: u64,
    last: u64,
    is_over: bool,
}

impl<'a> Lab<'a> {
    /// Creates what an experiment works with.
    pub(crate) fn new(
        folder: &'a Path,
        size: Size,
        (threads, seed): (usize, u64),
        cancellation: CancellationToken,
        report: &'a (dyn Fn(Update) + Sync),
    ) -> Self {
        Self { folder, size, threads: threads.max(1), seed, cancellation, report }
    }

    /// Returns the folder of the tour.
    pub(crate) fn folder(&self) -> &Path {
        self.folder
    }

    /// Reports figures.
    pub(crate) fn show(&self, figures: Vec<Figure>) {
        (self.report)(Update::Figures(figures));
    }

    /// Reports how far the experiment is.
    pub(crate) fn progress(&self, share: f64, text: impl Into<String>) {
        (self.report)(Update::Progress { share, text: text.into() });
    }

    /// Checks whether the experiment is cancelled.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(crate) fn check(&self) -> Result<()> {
        if self.cancellation.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Returns the folder of a run.
    pub(crate) fn run_dir(&self, job: &Job) -> PathBuf {
        let size = self.size.pick("", "-quick");
        let again = if self.seed > 1 { format!("-{}", self.seed) } else { String::new() };
        self.folder.join(format!("{}{size}{again}", job.folder))
    }

    /// Trains runs side by side, as many at a time as there are threads, and passes their events on;
    /// a run that was trained before is not trained again, and one that was cut off goes on. Returns
    /// the folders of the runs.
    ///
    /// # Errors
    /// Those of [`train`] and of `on`; the experiment was cancelled: the runs are then saved.
    pub(crate) fn train(
        &self,
        jobs: &[Job],
        mut on: impl FnMut(usize, &Path, &Event) -> Result<()>,
    ) -> Result<Vec<PathBuf>> {
        let folders: Vec<PathBuf> = jobs.iter().map(|job| self.run_dir(job)).collect();
        let side_by_side = self.threads.min(jobs.len()).max(1);
        let threads = (self.threads / side_by_side).max(1);
        let (next, begun) = (AtomicUsize::new(0), Instant::now());
        // Cancelled with the experiment, or if one run fails.
        let stop = CancellationToken::default();
        let (sender, messages) = channel::<(usize, Message)>();
        thread::scope(|scope| {
            for _ in 0..side_by_side {
                let (sender, folders, next, stop) = (sender.clone(), &folders, &next, &stop);
                scope.spawn(move || {
                    while !stop.is_cancelled() {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(job) = jobs.get(at) else { break };
                        let options = TrainOptions {
                            threads: Some(threads),
                            seed: Some(self.seed),
                            run_dir: Some(folders[at].clone()),
                            ..job.options.clone()
                        };
                        let result = one(at, options, stop, &sender);
                        let _ = sender.send((at, Message::Ended(result)));
                    }
                });
            }
            drop(sender);
            let mut all = vec![Standing::default(); jobs.len()];
            let mut first = Ok(());
            loop {
                if self.cancellation.is_cancelled() {
                    stop.cancel();
                }
                let (at, message) = match messages.recv_timeout(GLANCE) {
                    Ok(message) => message,
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => break,
                };
                let result = match message {
                    Message::Event(event) => {
                        note(&mut all[at], &event);
                        let result =
                            if first.is_ok() { on(at, &folders[at], &event) } else { Ok(()) };
                        if matches!(*event, Event::Step(_)) {
                            self.report_training(jobs, &all, begun);
                        }
                        result
                    }
                    Message::Ended(result) => {
                        all[at].is_over = true;
                        result
                    }
                };
                if let Err(error) = result {
                    stop.cancel();
                    first = first.and(Err(error));
                }
            }
            first
        })?;
        self.check()?;
        Ok(folders)
    }

    fn report_training(&self, jobs: &[Job], all: &[Standing], begun: Instant) {
        let share = |standing: &Standing| match standing {
            Standing { is_over: true, .. } => 1.0,
            Standing { last: 0, .. } => 0.0,
            Standing { step, last, .. } => *step as f64 / *last as f64,
        };
        let whole = all.iter().map(share).sum::<f64>() / all.len().max(1) as f64;
        let names: Vec<&str> = (jobs.iter().zip(all))
            .filter(|(_, at)| !at.is_over && at.step > 0)
            .map(|(job, _)| job.name.as_str())
            .collect();
        let (over, of) = (all.iter().filter(|at| at.is_over).count(), all.len());
        let left = begun.elapsed().as_secs_f64() * (1.0 - whole) / whole.max(1e-3);
        let count = if of > 1 {
            format!("{over} of {} trained; now ", several(of as u64, "model"))
        } else {
            String::new()
        };
        let left = if whole > 0.02 { format!(", {} left", duration(left)) } else { String::new() };
        self.progress(whole, format!("training: {count}{}{left}", names.join(", ")));
    }
}

/// Notes how far a run is.
fn note(standing: &mut Standing, event: &Event) {
    match event {
        Event::Start(start) => {
            standing.last = start.last_step.unwrap_or(0);
            standing.step = start.step;
        }
        Event::Step(step) => standing.step = step.step,
        _ => {}
    }
}

/// Trains one run, on a thread of its own, and sends its events.
fn one(
    at: usize,
    mut options: TrainOptions,
    stop: &CancellationToken,
    sender: &Sender<(usize, Message)>,
) -> Result<()> {
    let send = |event: Event| {
        let _ = sender.send((at, Message::Event(Box::new(event))));
    };
    if let Some(run) = options.run_dir.as_ref().filter(|run| run.symlink_metadata().is_ok()) {
        options.resume = true;
        // What is stored is not given again.
        (options.preset, options.data, options.valid) = (None, None, None);
        options.set.clear();
        EventReader::open(run)?.poll()?.into_iter().for_each(send);
    }
    let run = options.run_dir.clone().unwrap_or_default();
    let (mut link, viewer) = link(CAPACITY);
    let outcome = thread::scope(|scope| {
        let training = scope.spawn(|| {
            let result = train(&options, &mut link);
            drop(link);
            result
        });
        loop {
            if stop.is_cancelled() {
                viewer.cancellation.cancel();
            }
            match viewer.events.recv_timeout(GLANCE) {
                Ok(event) => send(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        training.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    })?;
    match outcome.end.reason {
        EndReason::Stopped => Err(Error::Cancelled),
        EndReason::NotFinite => Err(Error::Other(format!(
            "{}: its loss was not finite; repeat the experiment with another seed (r)",
            run.display()
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_trained_once_and_its_events_come_again() {
        let folder = tempfile::tempdir().unwrap();
        let reports = std::sync::Mutex::new(0);
        let report = |_: Update| *reports.lock().unwrap() += 1;
        let lab =
            Lab::new(folder.path(), Size::Quick, (2, 1), CancellationToken::default(), &report);
        let jobs = ["gru", "rnn_tanh"].map(|cell| {
            Job::new(cell, cell, "adding", &[("cell", cell), ("hidden", "4")], 1).steps(Some(3))
        });
        let count = |lab: &Lab<'_>| {
            let mut losses = [Vec::new(), Vec::new()];
            let runs = lab
                .train(&jobs, |at, _, event| {
                    if let Event::Step(step) = event {
                        losses[at].push(step.loss);
                    }
                    Ok(())
                })
                .unwrap();
            assert_eq!(runs[1], folder.path().join("rnn_tanh-quick"));
            losses
        };
        let first = count(&lab);
        assert!(first.iter().all(|losses| losses.len() == 3));
        assert_eq!(count(&lab), first);
        assert!(*reports.lock().unwrap() > 0);
        let token = CancellationToken::default();
        token.cancel();
        let lab = Lab::new(folder.path(), Size::Quick, (2, 2), token, &report);
        assert!(matches!(lab.train(&jobs, |_, _, _| Ok(())), Err(Error::Cancelled)));
    }
}
