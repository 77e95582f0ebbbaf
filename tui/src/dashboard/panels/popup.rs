//! The content of a popup over the panes.

use ratatui::text::Line;

/// The content of a popup.
pub(super) struct Popup {
    pub(super) title: String,
    /// Columns within the frame.
    pub(super) wide: usize,
    pub(super) lines: Vec<Line<'static>>,
    /// Lines above the first one shown.
    pub(super) scroll: usize,
}
