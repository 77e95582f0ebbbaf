//! The progress of a run.

use serde::{Deserialize, Serialize};

use crate::event::{Best, EndReason};

/// The progress of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Completed optimizer steps.
    pub step: u64,
    /// The current epoch, from 0.
    pub epoch: u64,
    /// Completed batches of this epoch.
    pub batch: u64,
    /// Training seconds so far: steps only, without pauses, validations and file access.
    pub seconds: f64,
    /// The best validation so far.
    pub best: Option<Best>,
    /// The learning rate that the user set.
    pub learning_rate: Option<f32>,
    /// How long validations have not improved.
    pub patience: Patience,
    /// True if the validation that was due after the last step was cancelled. A resume first runs
    /// it, so that the result is that of an uninterrupted run.
    pub owes_validation: bool,
    /// Why the run ended, if it has.
    pub end: Option<EndReason>,
}

impl Progress {
    /// Returns true if the run completed all requested work, or stopped early because there was no
    /// improvement.
    pub fn is_finished(&self) -> bool {
        matches!(self.end, Some(EndReason::Finished | EndReason::EarlyStopped))
    }
}

/// How long validations have not improved. Validations that the user requests between scheduled
/// ones count only if they are a new best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Patience {
    /// Consecutive validations without a new best.
    pub stale: u64,
    /// The same count since the last reduction of the learning rate.
    pub waited: u64,
    /// Number of reductions of the learning rate.
    pub reductions: u64,
}

impl Patience {
    /// Records a validation with a new best.
    pub(crate) fn refresh(&mut self) {
        (self.stale, self.waited) = (0, 0);
    }

    /// Records a scheduled validation without a new best; `limit` of them in a row reduce the rate.
    pub(crate) fn wait(&mut self, limit: u64) {
        self.stale += 1;
        self.waited += 1;
        if self.waited >= limit {
            self.waited = 0;
            self.reductions += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_lowers_the_rate_and_counts_to_the_end() {
        let mut patience = Patience::default();
        let seen: Vec<(u64, u64)> = [false, false, false, false, false, true, false, false]
            .map(|best| {
                if best {
                    patience.refresh();
                } else {
                    patience.wait(2);
                }
                (patience.stale, patience.reductions)
            })
            .to_vec();
        assert_eq!(seen, [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (0, 2), (1, 2), (2, 3)]);
    }
}
