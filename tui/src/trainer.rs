//! The training thread and the main thread's side of the link to it.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, eyre};
use seq2seq::{CancellationToken, Command, Event, Outcome, TrainOptions, Viewer, shell_quoted};

use crate::answerer::Answerer;
use crate::tensorboard::TensorBoardLog;
use crate::{output, ranks, summary};

/// Capacity of the event queue; display events beyond it are dropped and counted.
const CAPACITY: usize = 8192;
/// Interval at which the main thread polls for signals while it waits.
const GLANCE: Duration = Duration::from_millis(100);

/// The work of the process, with the information needed to end it; clones share it.
#[derive(Debug, Clone)]
pub struct Work {
    cancellation: CancellationToken,
    run_dir: Arc<OnceLock<PathBuf>>,
    over: Arc<AtomicBool>,
    /// True if the folder is that of many runs.
    has_many: bool,
}

/// The stages of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing that could be resumed was written yet.
    Preparing,
    /// Training, with its results in the run's folder.
    Training,
    /// There is no work, or it has ended.
    Over,
}

impl Work {
    /// Creates an instance without work, for a process that only displays a run.
    pub fn over() -> Self {
        Self {
            cancellation: CancellationToken::default(),
            run_dir: Arc::default(),
            over: Arc::new(AtomicBool::new(true)),
            has_many: false,
        }
    }

    /// Creates work of several runs in a folder, which ends once `cancellation` is cancelled and
    /// [`end`](Self::end) is called.
    pub fn of_folder(cancellation: CancellationToken, folder: &Path) -> Self {
        let run_dir = Arc::new(OnceLock::from(folder.to_owned()));
        Self { cancellation, run_dir, over: Arc::default(), has_many: true }
    }

    /// Marks the work as over.
    pub fn end(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// Requests the end; see [`Viewer::cancellation`].
    pub fn cancel(&self) {
        self.cancellation.cancel();
    }

    /// Returns true once the end was requested.
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }

    /// Returns the current stage.
    pub fn stage(&self) -> Stage {
        if self.over.load(Ordering::Acquire) {
            Stage::Over
        } else if self.run_dir.get().is_some() {
            Stage::Training
        } else {
            Stage::Preparing
        }
    }

    /// Returns the message for an immediate exit.
    pub fn aborted(&self) -> Vec<String> {
        match self.run_dir() {
            Some(folder) if self.has_many => vec![
                "ended at once; the last checkpoints stand".to_owned(),
                format!("go on with: tui tour --run-dir {}", shell_quoted(folder)),
            ],
            run_dir => summary::aborted(run_dir, None),
        }
    }

    /// Returns the run's folder, once training has begun there.
    pub fn run_dir(&self) -> Option<&Path> {
        self.run_dir.get().map(PathBuf::as_path)
    }
}

/// Guard that marks the work as over when its thread ends, even by a panic.
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
    /// Answers after the end.
    answerer: Option<Answerer>,
    /// What writes TensorBoard files, if they are wanted.
    log: Option<TensorBoardLog>,
    /// The newest step.
    step: u64,
}

/// The result of a wait for the next event.
#[derive(Debug)]
pub enum Next {
    /// An event.
    Event(Box<Event>),
    /// No event arrived in time.
    Nothing,
    /// No event will follow.
    End,
}

impl Trainer {
    /// Starts training.
    ///
    /// # Errors
    /// Returns an error if the thread cannot be spawned.
    pub fn start(options: TrainOptions) -> io::Result<Self> {
        let (link, viewer) = seq2seq::link(CAPACITY);
        let work = Work {
            cancellation: viewer.cancellation.clone(),
            run_dir: Arc::clone(&viewer.run_dir),
            over: Arc::default(),
            has_many: false,
        };
        let ends = Ends(Arc::clone(&work.over));
        let thread = thread::Builder::new().name("trainer".to_owned()).spawn(move || {
            let _ends = ends;
            seq2seq::train(&options, &mut link.with_ranks(ranks::all()))
        })?;
        Ok(Self {
            viewer,
            work,
            thread,
            waiting: VecDeque::new(),
            ended: false,
            answerer: None,
            log: None,
            step: 0,
        })
    }

    /// Writes TensorBoard files of the run, too.
    #[must_use]
    pub fn with_log(self, log: TensorBoardLog) -> Self {
        Self { log: Some(log), ..self }
    }

    /// Notes what the log needs to know of an event.
    fn note(&mut self, event: &Event) {
        match event {
            Event::Start(start) => {
                self.step = start.step;
                if let (Some(log), Some(run)) = (&self.log, self.work.run_dir()) {
                    log.begin(run, start.step, start.seconds);
                }
            }
            Event::Step(step) => self.step = step.step,
            _ => {}
        }
    }

    /// Returns a warning if the log can no longer be written.
    fn log_trouble(&self) -> Option<Event> {
        let text = self.log.as_ref()?.trouble()?;
        Some(Event::Warning { step: self.step, text })
    }

    /// Returns the work of the run's thread.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Stops the run: it cancels long operations, saves, and ends.
    pub fn stop(&self) {
        self.work.cancel();
    }

    /// Waits up to `patience` for the run to end, keeping its events, and returns true if it ended.
    /// This way, startup errors are printed before the dashboard opens.
    pub fn ends_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while !self.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match self.viewer.events.recv_timeout(left) {
                Ok(event) => {
                    self.note(&event);
                    self.waiting.push_back(event);
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => self.ended = true,
            }
        }
        self.ended
    }

    /// Waits for the next event until the next poll for signals is due.
    pub fn wait(&mut self) -> Next {
        if let Some(event) = self.waiting.pop_front() {
            return Next::Event(Box::new(event));
        }
        if let Some(trouble) = self.log_trouble() {
            return Next::Event(Box::new(trouble));
        }
        match self.viewer.events.recv_timeout(GLANCE) {
            Ok(event) => {
                self.note(&event);
                Next::Event(Box::new(event))
            }
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => {
                self.ended = true;
                Next::End
            }
        }
    }

    /// Returns the events that are waiting, at most `limit`.
    pub fn drain(&mut self, limit: usize) -> Vec<Event> {
        let mut events: Vec<Event> = self.waiting.drain(..).collect();
        while events.len() < limit {
            match self.viewer.events.try_recv() {
                Ok(event) => {
                    self.note(&event);
                    events.push(event);
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.ended = true;
                    break;
                }
            }
        }
        events.extend(self.answerer.iter_mut().flat_map(Answerer::answers));
        events.extend(self.log_trouble());
        events
    }

    /// Returns true once no event will follow.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Sends a command. After the end of the run its checkpoint is opened for the commands that need
    /// no training; all others are ignored.
    pub fn send(&mut self, command: Command) {
        if command == Command::Stop {
            return self.stop();
        }
        let is_over = self.ended || self.work.stage() == Stage::Over;
        if is_over && Answerer::takes(&command) {
            if self.answerer.is_none() {
                self.answerer = self.work.run_dir().map(Answerer::new);
            }
            if let Some(answerer) = &mut self.answerer {
                answerer.send(command);
            }
            return;
        }
        let _ = self.viewer.commands.send(command);
    }

    /// Waits for the run's thread, whose end must have been requested, and returns its outcome. What
    /// could not be written for TensorBoard is reported on stderr.
    ///
    /// # Errors
    /// Returns the errors of training, or an error if the thread panicked because of a bug.
    pub fn join(self) -> Result<Outcome> {
        let Self { viewer, thread, log, .. } = self;
        drop(viewer);
        let ended = thread.join();
        if let Some(trouble) = log.and_then(TensorBoardLog::finish) {
            output::note(&format!("warning: {trouble}"));
        }
        match ended {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(eyre!(
                "training panicked, which is a bug; the run can be resumed from its last checkpoint"
            )),
        }
    }
}
