//! Unknown words.

/// Shares of tokens that are unknown, from 0 to 1, of source and target; a text alone is both.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct UnknownRates {
    pub(crate) training: (f64, f64),
    pub(crate) held_out: (f64, f64),
}
