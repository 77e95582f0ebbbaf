//! Other runs, drawn beside the one that is shown.

use super::history::Growing;

/// Maximum number of other runs.
pub(super) const MOST: usize = 4;

/// Another run.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    /// The name of its folder.
    pub name: String,
    /// What is known of it.
    pub history: Growing,
    /// The share of its log that was read, while it is being read.
    pub share: Option<f64>,
}
