//! Answers to commands about a stored run: translations, inspections, maps and histograms after the
//! end of training, and in `tui watch`.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::SystemTime;

use seq2seq::event::CheckpointKind;
use seq2seq::{Command, Event, RunDir, StoredRunAnswers};

/// A thread that opens a run with the first command, and answers.
#[derive(Debug)]
pub struct Answerer {
    run: PathBuf,
    thread: Option<(Sender<Command>, Receiver<Event>)>,
    /// Answers to commands for which there is no thread.
    refused: Vec<Event>,
}

impl Answerer {
    /// Creates an answerer for a run, which is not opened yet.
    pub fn new(run: &Path) -> Self {
        Self { run: run.to_owned(), thread: None, refused: Vec::new() }
    }

    /// Returns true for commands that need no training.
    pub fn takes(command: &Command) -> bool {
        StoredRunAnswers::takes(command)
    }

    /// Sends a command; the answer is an event.
    pub fn send(&mut self, command: Command) {
        if self.thread.is_none() {
            let ((commands, received), (answers, events)) = (channel(), channel());
            let run = self.run.clone();
            let spawned = thread::Builder::new()
                .name("answerer".to_owned())
                .spawn(move || answer_all(&run, &received, &answers));
            match spawned {
                Ok(_) => self.thread = Some((commands, events)),
                Err(error) => {
                    let reason = format!("no thread to answer on: {error}");
                    self.refused.push(Event::Refused { command, reason });
                    return;
                }
            }
        }
        if let Some((commands, _)) = &self.thread {
            // The thread ends only with this sender.
            let _ = commands.send(command);
        }
    }

    /// Returns the answers that are ready.
    pub fn answers(&mut self) -> Vec<Event> {
        let refused = std::mem::take(&mut self.refused);
        let ready = self.thread.iter().flat_map(|(_, events)| events.try_iter());
        refused.into_iter().chain(ready).collect()
    }
}

/// Answers commands until the sender has gone. The run is opened again when its checkpoint has
/// changed, since another process may train it.
fn answer_all(run: &Path, commands: &Receiver<Command>, answers: &Sender<Event>) {
    let mut opened = None;
    let mut stored = StoredRunAnswers::new(run);
    for command in commands {
        let written = written(run);
        if opened.replace(written) != Some(written) {
            stored.forget_checkpoint();
        }
        if answers.send(stored.answer(&command)).is_err() {
            return;
        }
    }
}

/// Returns the time at which the checkpoint that is opened was written.
fn written(run: &Path) -> Option<SystemTime> {
    let dir = RunDir::open(run).ok()?;
    let of = |kind| std::fs::metadata(dir.checkpoint_path(kind)).and_then(|meta| meta.modified());
    of(CheckpointKind::Best).or_else(|_| of(CheckpointKind::Last)).ok()
}
