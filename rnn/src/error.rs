//! The crate's error type.

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
        /// The accepted values.
        expected: &'static str,
    },
    /// A number of initial states that does not match the network.
    #[error("rnn: {got} initial states, expected {expected} (layers x directions)")]
    States {
        /// The number of states given.
        got: usize,
        /// The required number: layers times directions.
        expected: usize,
    },
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
