//! Which of the stored maps is shown.

use std::time::Duration;

use seq2seq::event::Samples;

use super::history::Shared;

/// What the timeline shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeline {
    /// The maps that the user chose; `None` shows the newest ones.
    pub chosen: Option<Shared<Samples>>,
    /// When the animation shows the next maps, if it is playing.
    pub next: Option<Duration>,
}
