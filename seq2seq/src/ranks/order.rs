//! What rank 0 tells the others between two steps.

use serde::{Deserialize, Serialize};

use crate::event::EndReason;

/// What rank 0 tells the others between two steps: all of them do it together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Order {
    /// The next step.
    Step,
    /// A validation; false if the user requested it.
    Validate(bool),
    /// A checkpoint, which rank 0 writes.
    Save,
    /// New values of keys; true if a resumed run repeats the change.
    Change(Vec<(String, String)>, bool),
    /// The learning rate that an older program set is no longer used.
    ForgetRate,
    /// Rank 0 waits for its user and is still there.
    Wait,
    /// The end of the run.
    End(EndReason),
}
