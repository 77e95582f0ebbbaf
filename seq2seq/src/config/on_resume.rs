//! What a resumed run may do with a key.

/// What a resumed run may do with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnResume {
    /// The value may change: it takes effect from the next step on.
    Changes,
    /// The value stays as the run was begun, for this reason.
    Fixed(&'static str),
}
