//! The sizes of presets.

/// Which of a preset's sizes: `NAME` or `NAME:small`, `NAME:full`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// One that trains on two cores in minutes.
    Small,
    /// The work's own.
    Full,
}
