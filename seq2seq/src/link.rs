//! The link between a run and its viewer.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tensor::{CancellationToken, Ranks};

use crate::command::Command;
use crate::event::Event;
use crate::{Error, Result};

/// Interval at which a run that waits for a command checks its cancellation.
const LOOK: Duration = Duration::from_millis(50);

/// The run's end of the link, which sends events without waiting and receives commands.
#[derive(Debug)]
pub struct Link {
    events: Option<SyncSender<Event>>,
    commands: Receiver<Command>,
    backlog: VecDeque<Event>,
    dropped: u64,
    cancellation: CancellationToken,
    run_dir: Arc<OnceLock<PathBuf>>,
    ranks: Ranks,
    /// True once the other ranks were told what they begin with.
    has_led: bool,
    has_lost_viewer: bool,
}

/// The viewer's end of the link.
#[derive(Debug)]
pub struct Viewer {
    /// Events of the run.
    pub events: Receiver<Event>,
    /// Commands to the run.
    pub commands: Sender<Command>,
    /// Stops the run sooner than [`Command::Stop`]. If it is cancelled before the first step, the
    /// run fails with [`Error::Cancelled`]. Later, a validation or translation in progress is
    /// abandoned, the state after the last step is saved, and the run ends as stopped; a resume
    /// then begins with the validation that was due.
    pub cancellation: CancellationToken,
    /// The run's folder: set once it exists or, for a resumed run, once training continues.
    pub run_dir: Arc<OnceLock<PathBuf>>,
}

/// Creates a link that holds at most `capacity` events. Drawing-only events beyond that are dropped
/// and counted.
///
/// ```
/// let (mut link, viewer) = seq2seq::link(4);
/// viewer.commands.send(seq2seq::Command::Pause).unwrap();
/// assert_eq!(link.try_command(), Some(seq2seq::Command::Pause));
/// link.send(seq2seq::Event::Phase { text: "reading corpus".into() });
/// assert!(viewer.events.try_recv().is_ok());
/// ```
pub fn link(capacity: usize) -> (Link, Viewer) {
    let (event_sender, events) = mpsc::sync_channel(capacity.max(1));
    let (commands, command_receiver) = mpsc::channel();
    let cancellation = CancellationToken::default();
    let run_dir = Arc::default();
    let link = Link {
        events: Some(event_sender),
        commands: command_receiver,
        backlog: VecDeque::new(),
        dropped: 0,
        cancellation: cancellation.clone(),
        run_dir: Arc::clone(&run_dir),
        ranks: Ranks::default(),
        has_led: false,
        has_lost_viewer: false,
    };
    (link, Viewer { events, commands, cancellation, run_dir })
}

impl Link {
    /// Joins the other ranks, with which the run is trained together. Every rank calls this, and then
    /// the same function that trains. Rank 0 alone reads options and commands, sends events and
    /// writes the run's folder.
    ///
    /// ```
    /// use seq2seq::{TrainOptions, link, train};
    ///
    /// let run = std::env::temp_dir().join(format!("two-ranks-{}", std::process::id()));
    /// let options = TrainOptions {
    ///     preset: Some("copy".to_owned()),
    ///     max_steps: Some(2),
    ///     threads: Some(1),
    ///     run_dir: Some(run.clone()),
    ///     ..TrainOptions::default()
    /// };
    /// // Two threads in place of two processes.
    /// let on_rank = |ranks| {
    ///     let (link, _viewer) = link(64);
    ///     let outcome = train(&options, &mut link.with_ranks(ranks))?;
    ///     Ok::<_, seq2seq::Error>(outcome.end.step)
    /// };
    /// std::thread::scope(|scope| {
    ///     let started: Vec<_> = tensor::check::ranks(2)
    ///         .into_iter()
    ///         .map(|ranks| scope.spawn(|| on_rank(ranks)))
    ///         .collect();
    ///     for rank in started {
    ///         assert!(matches!(rank.join(), Ok(Ok(2))));
    ///     }
    /// });
    /// # std::fs::remove_dir_all(run).unwrap();
    /// ```
    #[must_use]
    pub fn with_ranks(self, ranks: Ranks) -> Self {
        Self { ranks, ..self }
    }

    /// Returns the ranks that train the run together; by default there is only this one.
    pub fn ranks(&self) -> &Ranks {
        &self.ranks
    }

    /// Returns true if the other ranks do not know yet what they begin with, and from now on false.
    pub(crate) fn may_lead(&mut self) -> bool {
        !std::mem::replace(&mut self.has_led, true)
    }

    /// Sends an event without waiting. If the channel is full, drawing-only events are dropped and
    /// counted; others wait in a backlog and are sent first next time. It is not an error if the
    /// viewer has gone.
    pub fn send(&mut self, event: Event) {
        if self.events.is_none() {
            return;
        }
        if event.is_drawing_only() {
            self.flush();
            if self.backlog.is_empty() {
                self.try_send(event);
            } else {
                self.dropped += 1;
            }
        } else {
            self.backlog.push_back(event);
            self.flush();
        }
    }

    fn flush(&mut self) {
        while let Some(event) = self.backlog.pop_front() {
            if !self.try_send(event) {
                return;
            }
        }
    }

    /// Returns `true` if the event was sent.
    fn try_send(&mut self, event: Event) -> bool {
        let Some(sender) = &self.events else { return false };
        match sender.try_send(event) {
            Ok(()) => true,
            Err(TrySendError::Full(event)) => {
                if event.is_drawing_only() {
                    self.dropped += 1;
                } else {
                    self.backlog.push_front(event);
                }
                false
            }
            Err(TrySendError::Disconnected(_)) => {
                self.events = None;
                self.backlog.clear();
                false
            }
        }
    }

    /// Returns the next command, if one is waiting; [`Command::Stop`] once the run is cancelled.
    pub fn try_command(&mut self) -> Option<Command> {
        if self.cancellation.is_cancelled() {
            return Some(Command::Stop);
        }
        self.commands.try_recv().ok()
    }

    /// Waits up to `patience` for the next command. Returns [`Command::Stop`] once the run is
    /// cancelled, and `None` if no command came or [the viewer has gone](Self::has_lost_viewer).
    pub fn wait_command(&mut self, patience: Duration) -> Option<Command> {
        let begun = Instant::now();
        loop {
            if self.cancellation.is_cancelled() {
                return Some(Command::Stop);
            }
            match self.commands.recv_timeout(LOOK) {
                Ok(command) => return Some(command),
                Err(RecvTimeoutError::Timeout) if begun.elapsed() < patience => {}
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => {
                    self.has_lost_viewer = true;
                    return None;
                }
            }
        }
    }

    /// Returns `true` once a wait for a command has found that the viewer has gone.
    pub fn has_lost_viewer(&self) -> bool {
        self.has_lost_viewer
    }

    /// Returns the token that cancels the run.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Checks whether the run is cancelled, so that preparations can stop.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the run is cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        if self.cancellation.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Reports that the run's folder exists and training begins.
    pub(crate) fn set_run_dir(&self, path: &Path) {
        // A link serves one run.
        let _ = self.run_dir.set(path.to_owned());
    }

    /// Returns `true` once a send has found that the viewer has gone.
    pub fn is_alone(&self) -> bool {
        self.events.is_none()
    }

    /// Returns the number of events dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(i: usize) -> Event {
        Event::Phase { text: i.to_string() }
    }

    #[test]
    fn a_full_channel_drops_pictures_and_keeps_words() {
        let (mut link, viewer) = link(1);
        let flow = || Event::Flow(crate::event::Flow { step: 0, series: vec![] });
        link.send(phase(0));
        link.send(flow());
        link.send(phase(1));
        link.send(flow());
        assert_eq!(link.dropped(), 2);
        assert_eq!(viewer.events.recv().unwrap(), phase(0));
        link.send(phase(2));
        assert_eq!(viewer.events.recv().unwrap(), phase(1));
        drop(viewer);
        link.send(phase(3));
        assert!(link.is_alone());
    }

    #[test]
    fn a_cancelled_run_hears_stop_whatever_waits() {
        let (mut link, viewer) = link(1);
        viewer.commands.send(Command::Pause).unwrap();
        assert!(link.check().is_ok());
        assert_eq!(link.wait_command(Duration::MAX), Some(Command::Pause));
        viewer.commands.send(Command::Pause).unwrap();
        let token = viewer.cancellation.clone();
        let canceller = std::thread::spawn(move || token.cancel());
        while link.wait_command(Duration::from_millis(60)) != Some(Command::Stop) {}
        canceller.join().unwrap();
        assert_eq!(link.try_command(), Some(Command::Stop));
        assert!(matches!(link.check(), Err(Error::Cancelled)));
        assert_eq!(viewer.run_dir.get(), None);
        link.set_run_dir("runs/a".as_ref());
        assert_eq!(viewer.run_dir.get(), Some(&"runs/a".into()));
    }
}
