//! Shares of unknown words.

/// Shares of unknown tokens, 0 to 1, of source and target; for a single text both are equal.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct UnknownRates {
    pub(crate) training: (f64, f64),
    pub(crate) held_out: (f64, f64),
}
