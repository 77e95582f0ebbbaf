//! What can go wrong.

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A shape or an argument that does not fit.
    #[error(transparent)]
    Tensor(#[from] tensor::Error),
    /// A configuration that cannot be built.
    #[error("rnn: {key} is {value}, expected {expected}")]
    Config {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// States that are not those of this network.
    #[error("rnn: {got} initial states, expected {expected} (layers x directions)")]
    States {
        /// How many were given.
        got: usize,
        /// How many there must be.
        expected: usize,
    },
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
