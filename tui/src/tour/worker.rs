//! The thread on which experiments run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use seq2seq::{CancellationToken, Error, Result};

use super::lab::{Lab, Size, Update};
use super::stop::{Explorer, Outcome, Stop};

/// How experiments run.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The folder of the tour.
    pub folder: PathBuf,
    /// How much they train.
    pub size: Size,
    /// Number of threads.
    pub threads: usize,
}

/// What an experiment is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Run the experiment.
    Run,
    /// Run it with an intervention.
    Change(usize),
    /// Open what the learner can do with a result that exists.
    Explore,
}

/// A message of the thread.
pub(crate) enum News {
    /// A report of the experiment.
    Update(Update),
    /// The experiment has ended, after some seconds.
    Ended(Task, Result<Outcome>, f64),
    /// What the learner can do is open.
    Explorer(Result<Option<Box<dyn Explorer>>>),
}

/// An experiment on its own thread. Dropping it cancels the experiment and waits for its end.
pub(crate) struct Worker {
    news: Receiver<News>,
    cancellation: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts an experiment.
    ///
    /// # Errors
    /// The thread cannot be spawned.
    pub(crate) fn start(
        stop: &'static dyn Stop,
        task: Task,
        seed: u64,
        settings: &Settings,
    ) -> std::io::Result<Self> {
        let (sender, news) = channel();
        let cancellation = CancellationToken::default();
        let (token, settings) = (cancellation.clone(), settings.clone());
        let thread = thread::Builder::new().name("experiment".to_owned()).spawn(move || {
            work(stop, task, seed, &settings, token, &sender);
        })?;
        Ok(Self { news, cancellation, thread: Some(thread) })
    }

    /// Returns the messages that have arrived.
    pub(crate) fn news(&self) -> Vec<News> {
        self.news.try_iter().collect()
    }

    /// Requests the end of the experiment; its runs are saved.
    pub(crate) fn cancel(&self) {
        self.cancellation.cancel();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(
    stop: &'static dyn Stop,
    task: Task,
    seed: u64,
    settings: &Settings,
    token: CancellationToken,
    sender: &Sender<News>,
) {
    let send = |news| {
        let _ = sender.send(news);
    };
    // A sender is not shared between threads.
    let shared = std::sync::Mutex::new(sender.clone());
    let report = |update| {
        if let Ok(sender) = shared.lock() {
            let _ = sender.send(News::Update(update));
        }
    };
    let lab = Lab::new(&settings.folder, settings.size, (settings.threads, seed), token, &report);
    if task != Task::Explore {
        let change = if let Task::Change(change) = task { Some(change) } else { None };
        let begun = Instant::now();
        let result = run_caught(stop, &lab, change);
        let failed = result.is_err();
        send(News::Ended(task, result, begun.elapsed().as_secs_f64()));
        if failed {
            return;
        }
    }
    send(News::Explorer(stop.explore(&lab)));
}

/// Runs an experiment; a panic becomes an error, so that the terminal is given back in order.
pub(super) fn run_caught(stop: &dyn Stop, lab: &Lab<'_>, change: Option<usize>) -> Result<Outcome> {
    catch_unwind(AssertUnwindSafe(|| stop.run(lab, change))).unwrap_or_else(|_| {
        Err(Error::Other(format!("the experiment '{}' failed unexpectedly", stop.text().name)))
    })
}
