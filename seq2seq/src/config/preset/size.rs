//! The sizes of presets.

/// A size of a preset: `NAME` or `NAME:small`, `NAME:full`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// A small version that trains on two cores in minutes.
    Small,
    /// The size of the original work.
    Full,
}
