//! The training thread and the main thread's end of the link to it.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, eyre};
use seq2seq::{CancellationToken, Command, Event, Outcome, TrainOptions, Viewer};

/// Events that may wait for the screen; pictures beyond are dropped and counted.
const CAPACITY: usize = 8192;
/// How often the main thread looks at signals while it waits.
const GLANCE: Duration = Duration::from_millis(100);

/// What the process does, as whoever ends it must know it; clones share it.
#[derive(Debug, Clone)]
pub struct Work {
    cancellation: CancellationToken,
    run_dir: Arc<OnceLock<PathBuf>>,
    over: Arc<AtomicBool>,
}

/// Where the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was written yet that could be gone on with.
    Preparing,
    /// Steps are done in the run's folder.
    Training,
    /// There is no work, or no more.
    Over,
}

impl Work {
    /// No work: for a process that only shows.
    pub fn over() -> Self {
        Self {
            cancellation: CancellationToken::default(),
            run_dir: Arc::default(),
            over: Arc::new(AtomicBool::new(true)),
        }
    }

    /// Asks for the end; see [`Viewer::cancellation`].
    pub fn cancel(&self) {
        self.cancellation.cancel();
    }

    /// True once the end was requested.
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }

    /// Where it is.
    pub fn stage(&self) -> Stage {
        if self.over.load(Ordering::Acquire) {
            Stage::Over
        } else if self.run_dir.get().is_some() {
            Stage::Training
        } else {
            Stage::Preparing
        }
    }

    /// The run's folder, once training has begun there.
    pub fn run_dir(&self) -> Option<&Path> {
        self.run_dir.get().map(PathBuf::as_path)
    }
}

/// Says that the work is over, however its thread ends.
struct Ends(Arc<AtomicBool>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A run on its own thread.
#[derive(Debug)]
pub struct Trainer {
    viewer: Viewer,
    work: Work,
    thread: JoinHandle<seq2seq::Result<Outcome>>,
    waiting: VecDeque<Event>,
    ended: bool,
}

/// What a wait for the next event brought.
#[derive(Debug)]
pub enum Next {
    /// An event.
    Event(Box<Event>),
    /// Nothing for now.
    Nothing,
    /// No event will follow.
    End,
}

impl Trainer {
    /// Starts training.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(options: TrainOptions) -> io::Result<Self> {
        let (mut link, viewer) = seq2seq::link(CAPACITY);
        let work = Work {
            cancellation: viewer.cancellation.clone(),
            run_dir: Arc::clone(&viewer.run_dir),
            over: Arc::default(),
        };
        let ends = Ends(Arc::clone(&work.over));
        let thread = thread::Builder::new().name("trainer".to_owned()).spawn(move || {
            let _ends = ends;
            seq2seq::train(&options, &mut link)
        })?;
        Ok(Self { viewer, work, thread, waiting: VecDeque::new(), ended: false })
    }

    /// What the run's thread does.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Stops the run: it gives up what takes long, saves, and ends.
    pub fn stop(&self) {
        self.work.cancel();
    }

    /// Waits up to `patience` for the run to end, keeping its events; true where it ended. So
    /// errors of the start are told on a screen that was never touched.
    pub fn ends_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while !self.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match self.viewer.events.recv_timeout(left) {
                Ok(event) => self.waiting.push_back(event),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => self.ended = true,
            }
        }
        self.ended
    }

    /// The next event, waited for no longer than a glance.
    pub fn wait(&mut self) -> Next {
        if let Some(event) = self.waiting.pop_front() {
            return Next::Event(Box::new(event));
        }
        match self.viewer.events.recv_timeout(GLANCE) {
            Ok(event) => Next::Event(Box::new(event)),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => {
                self.ended = true;
                Next::End
            }
        }
    }

    /// The events that wait now, at most `limit`.
    pub fn drain(&mut self, limit: usize) -> Vec<Event> {
        let mut events: Vec<Event> = self.waiting.drain(..).collect();
        while events.len() < limit {
            match self.viewer.events.try_recv() {
                Ok(event) => events.push(event),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.ended = true;
                    break;
                }
            }
        }
        events
    }

    /// True once no event will follow.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Sends a command; a run that has ended is past hearing it.
    pub fn send(&self, command: Command) {
        if command == Command::Stop {
            return self.stop();
        }
        let _ = self.viewer.commands.send(command);
    }

    /// The run's outcome; waits for its thread, which must have been asked to end.
    ///
    /// # Errors
    /// Those of training, or a bug that made the thread panic.
    pub fn join(self) -> Result<Outcome> {
        let Self { viewer, thread, .. } = self;
        drop(viewer);
        match thread.join() {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(eyre!(
                "training panicked, which is a bug; the run can be resumed from its last checkpoint"
            )),
        }
    }
}
