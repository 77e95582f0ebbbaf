//! Whether a run that trains, or a resumed one, may change a key.

/// Whether a run that trains, or a resumed one, may change a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnResume {
    /// The value may change, with effect from the next step on.
    Changes,
    /// The value cannot change after the run has begun, for this reason.
    Fixed(&'static str),
}

/// Expands to the [`OnResume`] of a key: the token after `=>`, or else fixed for the reason of its
/// section.
macro_rules! on_resume {
    ($why:literal) => {
        OnResume::Fixed($why)
    };
    ($why:literal Changes) => {
        OnResume::Changes
    };
    ($why:literal $own:literal) => {
        OnResume::Fixed($own)
    };
}
pub(super) use on_resume;
