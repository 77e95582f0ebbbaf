//! A history of which the earlier part may still be read.

use std::ops::{Deref, DerefMut};

use seq2seq::Event;

use super::RunHistory;

/// A part of a history that was read in the background.
#[derive(Debug)]
pub enum HistoryPart {
    /// The beginning of the log, up to a share of it from 0 to 1; more will follow.
    Beginning(Box<RunHistory>, f64),
    /// Everything before the events that were applied.
    Before(Box<RunHistory>),
    /// Everything, the events that were applied included.
    Whole(Box<RunHistory>),
}

/// What is known of a run, the newest first: its events, and the beginning of its log as far as it
/// was read.
#[derive(Debug, Clone, Default)]
pub(in crate::dashboard) struct Growing {
    /// The beginning as far as it is known, and the events.
    known: RunHistory,
    /// The events alone, while the beginning is being read.
    recent: Option<Box<RunHistory>>,
}

impl Growing {
    /// Applies an event.
    pub(in crate::dashboard) fn apply(&mut self, event: &Event) {
        if let Some(recent) = &mut self.recent {
            recent.apply(event);
        }
        self.known.apply(event);
    }

    /// Adds a part of the log; the view of the journal stays. Returns the share of the log that was
    /// read if more follows.
    pub(in crate::dashboard) fn add(&mut self, part: HistoryPart) -> Option<f64> {
        let (known, share) = match part {
            HistoryPart::Whole(whole) => {
                self.recent = None;
                (*whole, None)
            }
            HistoryPart::Before(mut before) => {
                let recent = self.recent.take().map(|recent| *recent);
                before.append(recent.unwrap_or_else(|| self.known.clone()));
                (*before, None)
            }
            HistoryPart::Beginning(mut beginning, share) => {
                let recent = self.recent.get_or_insert_with(|| Box::new(self.known.clone()));
                beginning.append((**recent).clone());
                (*beginning, Some(share))
            }
        };
        let old = std::mem::replace(&mut self.known, known);
        self.known.journal.keep_view(&old.journal);
        share
    }

    /// Returns true while the beginning of the log is being read.
    #[cfg(test)]
    pub(in crate::dashboard) fn is_being_read(&self) -> bool {
        self.recent.is_some()
    }

    /// Consumes the history and returns what is known.
    pub(in crate::dashboard) fn into_known(self) -> RunHistory {
        self.known
    }
}

impl Deref for Growing {
    type Target = RunHistory;

    fn deref(&self) -> &RunHistory {
        &self.known
    }
}

impl DerefMut for Growing {
    fn deref_mut(&mut self) -> &mut RunHistory {
        &mut self.known
    }
}
