//! How far a run is.

use serde::{Deserialize, Serialize};

use crate::event::{Best, EndReason};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Optimizer steps done.
    pub step: u64,
    /// The epoch under way, from 0.
    pub epoch: u64,
    /// Batches of this epoch that are done.
    pub batch: u64,
    /// Training seconds so far: steps alone, without pauses, validations and files.
    pub seconds: f64,
    /// The best validation so far.
    pub best: Option<Best>,
    /// The learning rate a person set.
    pub learning_rate: Option<f32>,
    /// How long validations have not got better.
    pub patience: Patience,
    /// True where the validation that was due after the last step was cancelled: a resume does it
    /// before anything else, so that it ends as a run that was never stopped.
    pub owes_validation: bool,
    /// How the run ended, if it has.
    pub end: Option<EndReason>,
}

impl Progress {
    /// True where everything requested was done, or more of it was found not to help.
    pub fn is_finished(&self) -> bool {
        matches!(self.end, Some(EndReason::Finished | EndReason::EarlyStopped))
    }
}

/// How long validations have not got better. Validations that a person requested between the due
/// ones count only where they are a new best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Patience {
    /// Validations in a row without a new best.
    pub stale: u64,
    /// The same since the learning rate was lowered.
    pub waited: u64,
    /// How often it was lowered.
    pub reductions: u64,
}

impl Patience {
    /// A validation gave a new best.
    pub(crate) fn refresh(&mut self) {
        (self.stale, self.waited) = (0, 0);
    }

    /// A validation that was due gave none; `limit` of them in a row lower the rate.
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
