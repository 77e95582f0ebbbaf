//! Changes of settings while a run trains, which a resume from an earlier checkpoint repeats.

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::config::{Change, Config};

/// Settings that were changed together between two steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveChange {
    /// Optimizer steps done.
    pub step: u64,
    /// Length of the event log before the event of the change.
    pub events_len: u64,
    /// The changes.
    pub changes: Vec<Change>,
}

/// All changes of settings while a run trained, in order.
///
/// The stored configuration contains them. A resume from a checkpoint before some of them takes
/// these back and repeats each at its step, so that the resumed run equals one that never stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LiveChanges {
    all: Vec<LiveChange>,
    /// Number of those that are in force; the others are to be repeated.
    #[serde(skip)]
    in_force: usize,
}

impl LiveChanges {
    /// Returns true if no setting was ever changed.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the changes, in order.
    pub fn all(&self) -> &[LiveChange] {
        &self.all
    }

    /// Takes back in `config` all changes after a checkpoint, the last one first; they are to be
    /// repeated.
    ///
    /// # Errors
    /// A stored value that its key does not accept.
    pub(crate) fn rewind(&mut self, config: &mut Config, step: u64, events_len: u64) -> Result<()> {
        let is_in_force = |change: &LiveChange| {
            change.step < step || (change.step == step && change.events_len < events_len)
        };
        self.in_force = self.all.iter().take_while(|change| is_in_force(change)).count();
        let later = self.all.iter().skip(self.in_force);
        for change in later.flat_map(|change| &change.changes).rev() {
            config.set(&change.key, &change.from)?;
        }
        Ok(())
    }

    /// Removes and returns the next change to repeat after `step` steps, if there is one.
    pub(crate) fn take_due(&mut self, step: u64) -> Option<LiveChange> {
        let is_due = self.all.get(self.in_force).is_some_and(|change| change.step <= step);
        is_due.then(|| self.all.remove(self.in_force))
    }

    /// Removes the changes of a key that are to be repeated, since a newer value replaces them.
    pub(crate) fn forget(&mut self, key: &str) {
        let mut place = 0;
        let in_force = self.in_force;
        self.all.retain_mut(|change| {
            place += 1;
            if place <= in_force {
                return true;
            }
            change.changes.retain(|change| change.key != key);
            !change.changes.is_empty()
        });
    }

    /// Adds a change that is in force from now on. A new one replaces changes of the same keys that
    /// are to be repeated; a repeated one does not.
    pub(crate) fn add(&mut self, change: LiveChange, repeated: bool) {
        if !repeated {
            change.changes.iter().for_each(|change| self.forget(&change.key));
        }
        self.all.insert(self.in_force, change);
        self.in_force += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(step: u64, key: &str, from: &str, to: &str) -> LiveChange {
        let change = Change { key: key.into(), from: from.into(), to: to.into() };
        LiveChange { step, events_len: step * 10, changes: vec![change] }
    }

    fn waiting(changes: &LiveChanges) -> usize {
        changes.all.len() - changes.in_force
    }

    fn changed() -> (Config, LiveChanges) {
        let mut changes = LiveChanges::default();
        changes.add(change(3, "dropout", "0.0", "0.1"), false);
        changes.add(change(5, "epochs", "10", "30"), false);
        changes.add(change(5, "dropout", "0.1", "0.2"), false);
        changes.add(change(8, "dropout", "0.2", "0.3"), false);
        (Config { dropout: 0.3, epochs: 30, ..Config::default() }, changes)
    }

    #[test]
    fn changes_after_a_checkpoint_are_taken_back_and_repeated_in_order() {
        for (step, events_len, dropout, epochs, later) in [
            (0, 0, 0.0, 10, 4),
            (3, 30, 0.0, 10, 4),
            (3, 31, 0.1, 10, 3),
            (4, 0, 0.1, 10, 3),
            (5, 51, 0.2, 30, 1),
            (7, 0, 0.2, 30, 1),
            (9, 0, 0.3, 30, 0),
        ] {
            let (mut config, mut changes) = changed();
            changes.rewind(&mut config, step, events_len).unwrap();
            assert_eq!((config.dropout, config.epochs), (dropout, epochs), "{step}");
            assert_eq!(waiting(&changes), later, "{step}");
            // The second resume from the same checkpoint takes back the same ones.
            changes.rewind(&mut config, step, events_len).unwrap();
            assert_eq!((config.dropout, waiting(&changes)), (dropout, later), "{step}");
            for now in step..10 {
                while let Some(due) = changes.take_due(now) {
                    assert_eq!(due.step.max(step), now);
                    due.changes.iter().for_each(|c| config.set(&c.key, &c.to).unwrap());
                    changes.add(due, true);
                }
            }
            assert_eq!((config, changes.all), (changed().0, changed().1.all), "{step}");
        }
    }

    #[test]
    fn a_newer_value_replaces_what_is_to_be_repeated() {
        let (mut config, mut changes) = changed();
        changes.rewind(&mut config, 4, 0).unwrap();
        changes.add(change(4, "dropout", "0.1", "0.5"), false);
        assert_eq!(waiting(&changes), 1);
        assert_eq!(changes.take_due(4), None);
        assert_eq!(changes.take_due(6), Some(change(5, "epochs", "10", "30")));
        let steps: Vec<u64> = changes.all().iter().map(|change| change.step).collect();
        assert_eq!(steps, [3, 4]);
    }
}
