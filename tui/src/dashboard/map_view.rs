//! How the attention map is shown.

/// How the map of the chosen sentence is shown, and which answer is awaited.
#[derive(Debug, Clone, Default)]
pub(super) struct MapView {
    /// The head that is shown, from 0; `None` for the mean.
    pub head: Option<usize>,
    /// Whether the teacher-forced map is shown when the maps of a held-out sentence arrive.
    pub awaits: Option<bool>,
}
