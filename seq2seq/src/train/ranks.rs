//! What the ranks of a run do together between two steps.

use std::time::Duration;

use super::trainer::Trainer;
use crate::event::{CheckpointKind, EndReason};
use crate::model::Model;
use crate::ranks::{Order, gather, gather_results, of_first};
use crate::score::Metrics;
use crate::{Error, Result};

/// Time after which a paused rank 0 tells the others that it is still there.
const WAIT: Duration = Duration::from_secs(1);

impl<M: Model> Trainer<'_, M> {
    /// Gives an order to the other ranks, if there are any. Rank 0 calls this; on the others, which
    /// are carrying out an order, it does nothing.
    pub(super) fn order(&self, order: &Order) -> Result<()> {
        if !self.ranks.is_alone() && self.ranks.is_first() {
            of_first(&self.ranks, Some(order))?;
        }
        Ok(())
    }

    /// Returns how long a paused run waits for a command before it [tells](Order::Wait) the others
    /// that it waits.
    pub(super) fn patience(&self) -> Duration {
        if self.ranks.is_alone() { Duration::MAX } else { WAIT }
    }

    /// Carries out the orders of rank 0 until the next step; returns why the run ends, if it does.
    pub(super) fn follow_orders(&mut self) -> Result<Option<EndReason>> {
        loop {
            match of_first(&self.ranks, None)? {
                Order::Step => return Ok(None),
                Order::Wait => {}
                Order::Validate(due) => self.validate_here(due)?,
                Order::Save => self.save_here(CheckpointKind::Last)?,
                Order::Change(set, repeated) => {
                    let set: Vec<(&str, &str)> =
                        set.iter().map(|(key, value)| (&**key, &**value)).collect();
                    if let Some(reason) = self.change(&set, repeated)? {
                        return Err(Error::Other(format!(
                            "rank 0 made a change that is refused here: {reason}"
                        )));
                    }
                }
                Order::ForgetRate => self.state.progress.learning_rate = None,
                Order::End(reason) => return Ok(Some(reason)),
            }
        }
    }

    /// Returns what was seen on this rank if all ranks saw something; `None` if the work of one was
    /// cancelled.
    ///
    /// # Errors
    /// The work failed on a rank.
    pub(super) fn agreed<T>(&self, seen: Result<Option<T>>) -> Result<Option<T>> {
        if self.ranks.is_alone() {
            return seen;
        }
        let (told, seen) = match seen {
            Ok(seen) => (Ok(seen.is_some()), seen),
            Err(error) => (Err(error), None),
        };
        let all = gather_results(&self.ranks, told)?;
        Ok(seen.filter(|_| all.into_iter().all(|saw| saw)))
    }

    /// Returns the metrics that rank 0 computed: from these all ranks decide which step is the best.
    pub(super) fn of_rank_0(&self, seen: Option<Metrics>) -> Result<Option<Metrics>> {
        if self.ranks.is_alone() {
            return Ok(seen);
        }
        // As JSON, in which metrics may be absent.
        let bad = |error: serde_json::Error| Error::Other(format!("metrics of rank 0: {error}"));
        let json = of_first(&self.ranks, Some(&serde_json::to_string(&seen).map_err(bad)?))?;
        serde_json::from_str(&json).map_err(bad)
    }

    /// Compares the parameters of all ranks, and gives all of them the states that they carry.
    ///
    /// # Errors
    /// The parameters of a rank differ.
    pub(super) fn compare_ranks(&self) -> Result<()> {
        if self.ranks.is_alone() {
            return Ok(());
        }
        self.state.model.share_carried(&self.ranks)?;
        let all = gather(&self.ranks, &self.state.fingerprint())?;
        let differs = all.iter().position(|other| *other != all[0]);
        let step = self.state.progress.step;
        differs.map_or(Ok(()), |rank| Err(Error::RanksDiffer { rank, step }))
    }
}
