//! The event files of a run in training, written on a thread of their own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::event::CheckpointKind;
use seq2seq::{Event, EventReader, RunDir, shell_quoted};

use super::FOLDER;
use super::event::Summary;
use super::event_file::{self, EventFile};
use super::summaries::{Summaries, parameters};
use crate::output;

/// Time between two looks at the log.
const LOOK: Duration = Duration::from_millis(500);
/// Shortest time between two checkpoints whose parameters are read.
const PARAMETERS: Duration = Duration::from_secs(60);
/// The same time as a multiple of that which reading takes.
const SHARE: u32 = 200;
/// Bytes of the log that are read at once.
const BATCH: u64 = 1 << 20;

/// Writes event files for TensorBoard into the folder `tensorboard` of a run in training.
///
/// It reads the log of the run, so training does not wait for it, and no event is lost. A resumed run
/// continues with a new file; what the old ones hold beyond the checkpoint is cut off.
#[derive(Debug)]
pub struct TensorBoardLog {
    begin: Sender<(PathBuf, u64, f64)>,
    over: Arc<AtomicBool>,
    trouble: Arc<Mutex<Option<String>>>,
    thread: JoinHandle<()>,
}

impl TensorBoardLog {
    /// Starts the thread, which waits for the run to begin.
    ///
    /// # Errors
    /// The thread cannot be spawned.
    pub fn start() -> io::Result<Self> {
        let (begin, begun) = channel();
        let over = Arc::new(AtomicBool::new(false));
        let trouble = Arc::default();
        let thread = {
            let (over, trouble) = (Arc::clone(&over), Arc::clone(&trouble));
            thread::Builder::new()
                .name("tensorboard".to_owned())
                .spawn(move || work(&begun, &over, &trouble))?
        };
        Ok(Self { begin, over, trouble, thread })
    }

    /// Begins to write, once the run has begun or continues: its folder, the step of its checkpoint
    /// and the seconds of training up to it.
    pub fn begin(&self, run: &Path, step: u64, seconds: f64) {
        // The thread has ended if it is over.
        let _ = self.begin.send((run.to_owned(), step, seconds));
    }

    /// Returns why no more events are written, the first time it is called after that.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().ok()?.take()
    }

    /// Waits until everything in the log is written; returns why that could not be done.
    pub fn finish(self) -> Option<String> {
        self.over.store(true, Ordering::Release);
        drop(self.begin);
        if self.thread.join().is_err() {
            return Some("the TensorBoard files are incomplete: their thread panicked".to_owned());
        }
        self.trouble.lock().ok()?.take()
    }
}

fn work(begun: &Receiver<(PathBuf, u64, f64)>, over: &AtomicBool, trouble: &Mutex<Option<String>>) {
    // A run that ends before it begins has nothing to write.
    let Ok((run, step, seconds)) = begun.recv() else { return };
    if let Err(error) = follow(&run, (step, seconds), || is_over(begun, over))
        && let Ok(mut trouble) = trouble.lock()
    {
        let run = shell_quoted(&run);
        *trouble = Some(format!(
            "no more TensorBoard files are written: {}; training goes on, and `tui export {run} \
             --tensorboard DIR` writes them later",
            output::one_line(&error)
        ));
    }
}

/// Waits until it is time to look at the log again; returns true if the run is over.
fn is_over(begun: &Receiver<(PathBuf, u64, f64)>, over: &AtomicBool) -> bool {
    // The sender is dropped at the end, which ends the wait.
    let waited = begun.recv_timeout(LOOK);
    waited == Err(RecvTimeoutError::Disconnected) || over.load(Ordering::Acquire)
}

/// Writes the events of a run that continues at a step, until it is over and all are written.
pub(super) fn follow(
    run: &Path,
    (resumed, seconds): (u64, f64),
    mut is_over: impl FnMut() -> bool,
) -> Result<()> {
    let folder = run.join(FOLDER);
    let name = || folder.display().to_string();
    std::fs::create_dir_all(&folder).wrap_err_with(name)?;
    let old = event_file::list(&folder).wrap_err_with(name)?;
    let first = event_file::cut(&old, resumed).wrap_err_with(name)?;
    let begun = event_file::now() - seconds;
    let path = folder.join(event_file::name(event_file::now(), old.len()));
    let mut file = EventFile::create(path, event_file::now()).wrap_err_with(name)?;
    if !old.is_empty() {
        file.write(&super::event::restart(event_file::now(), first)).wrap_err_with(name)?;
    }
    let name = file.path().display().to_string();
    let mut reader = EventReader::open(run)?;
    let mut summaries = Summaries::in_training();
    let mut checkpoints = Checkpoints::default();
    let mut over = false;
    loop {
        let events = reader.poll_up_to(BATCH)?;
        if reader.restarted() {
            return Err(eyre!("the log of the run was replaced"));
        }
        for event in &events {
            if let Some(step) = checkpoints.due(event).filter(|step| *step >= first) {
                let time = begun + summaries.seconds();
                if let Some(event) = checkpoints.read(run, step)?.and_then(|s| s.event(time, step))
                {
                    file.write(&event).wrap_err_with(|| name.clone())?;
                }
            }
            // Before the summary is made: an image takes long.
            if step_of(event).is_some_and(|step| step < first) {
                continue;
            }
            let Some((step, summary)) = summaries.of(event) else { continue };
            if let Some(event) = summary.event(begun + summaries.seconds(), step) {
                file.write(&event).wrap_err_with(|| name.clone())?;
            }
        }
        file.flush().wrap_err_with(|| name.clone())?;
        if events.is_empty() {
            if over {
                return Ok(());
            }
            // What was written before the end is read once more.
            over = is_over();
        }
    }
}

/// The checkpoints whose parameters are written: one now and then, and the last one.
#[derive(Default)]
struct Checkpoints {
    /// When the last one was read, and how long that took.
    last: Option<(Instant, Duration)>,
    /// The step of one that was not read.
    left: Option<u64>,
}

impl Checkpoints {
    /// Returns the step of the checkpoint that is to be read after an event.
    fn due(&mut self, event: &Event) -> Option<u64> {
        match event {
            Event::Checkpoint { step, kind: CheckpointKind::Last } => {
                let is_due = self.last.is_none_or(|(at, took)| {
                    at.elapsed() >= PARAMETERS.max(took.saturating_mul(SHARE))
                });
                self.left = (!is_due).then_some(*step);
                is_due.then_some(*step)
            }
            Event::End(_) => self.left.take(),
            _ => None,
        }
    }

    /// Returns the values of the parameters of the last checkpoint; none if it is already another one.
    fn read(&mut self, run: &Path, step: u64) -> Result<Option<Summary>> {
        let begun = Instant::now();
        let checkpoint = RunDir::open(run)?.checkpoint(CheckpointKind::Last)?;
        let summary = (checkpoint.progress.step == step).then(|| parameters(&checkpoint));
        self.last = Some((begun, begun.elapsed()));
        Ok(summary)
    }
}

/// Returns the step of an event that has a summary.
fn step_of(event: &Event) -> Option<u64> {
    match event {
        Event::Start(start) => Some(start.step),
        Event::Step(step) => Some(step.step),
        Event::Validation(validation) => Some(validation.step),
        Event::Samples(samples) => Some(samples.step),
        Event::Flow(flow) => Some(flow.step),
        Event::Warning { step, .. } => Some(*step),
        _ => None,
    }
}
