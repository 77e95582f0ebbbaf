//! Whether a resumed run may change a key.

/// Whether a resumed run may change a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnResume {
    /// The value may change, with effect from the next step on.
    Changes,
    /// The value cannot change after the run has begun, for this reason.
    Fixed(&'static str),
}
