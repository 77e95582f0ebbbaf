//! What a run obeys, and the two ends of the link between a run and its viewer.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TrySendError};

use serde::{Deserialize, Serialize};

use crate::event::Event;

/// A wish of the person who watches; looked at between two optimizer steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Stop before the next step, until [`Command::Resume`] or [`Command::StepOnce`].
    Pause,
    /// Go on.
    Resume,
    /// Do one step, then pause.
    StepOnce,
    /// Use this learning rate from now on.
    SetLearningRate(f32),
    /// Write a checkpoint now.
    Save,
    /// Score the held-out pairs now.
    Evaluate,
    /// Translate this text now.
    Translate(String),
    /// Save, then end the run; it can be resumed.
    Stop,
}

/// The run's end of the link: it sends events without ever waiting, and takes commands.
#[derive(Debug)]
pub struct Link {
    events: Option<SyncSender<Event>>,
    commands: Receiver<Command>,
    backlog: VecDeque<Event>,
    dropped: u64,
}

/// The viewer's end of the link.
#[derive(Debug)]
pub struct Viewer {
    /// What the run says.
    pub events: Receiver<Event>,
    /// What the run is asked to do.
    pub commands: Sender<Command>,
}

/// A link that holds at most `capacity` events; drawing-only events beyond are dropped and counted.
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
    let link = Link {
        events: Some(event_sender),
        commands: command_receiver,
        backlog: VecDeque::new(),
        dropped: 0,
    };
    (link, Viewer { events, commands })
}

impl Link {
    /// Sends an event without waiting. A full channel drops drawing-only events and counts them;
    /// the others wait in a backlog and go first next time. A viewer that went away is no error.
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

    /// True where the event left.
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

    /// The next command, if one waits.
    pub fn try_command(&mut self) -> Option<Command> {
        self.commands.try_recv().ok()
    }

    /// Waits for the next command; `None` once the viewer has gone.
    pub fn wait_command(&mut self) -> Option<Command> {
        self.commands.recv().ok()
    }

    /// True once the viewer has gone, as far as a send has noticed.
    pub fn is_alone(&self) -> bool {
        self.events.is_none()
    }

    /// Events dropped so far.
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
}
