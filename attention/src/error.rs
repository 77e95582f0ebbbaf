//! The error type of this crate.

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A shape or an argument is invalid.
    #[error(transparent)]
    Tensor(#[from] tensor::Error),
    /// A width or a count is zero.
    #[error("attention: {key} is 0, expected at least 1")]
    Zero {
        /// The configuration key.
        key: &'static str,
    },
    /// The name of the attention is unknown.
    #[error("attention: there is no {name:?}, expected none or one of {known}")]
    Name {
        /// The name.
        name: String,
        /// All known names.
        known: String,
    },
    /// The score multiplies query and memory without a projection, but their widths differ.
    #[error(
        "attention: {score} needs a query as wide as the memory, found {query} and {memory}; \
         general maps one to the other"
    )]
    Widths {
        /// The score.
        score: &'static str,
        /// Width of the query.
        query: usize,
        /// Width of the memory.
        memory: usize,
    },
    /// The score cannot be used in a window.
    #[error(
        "attention: {kind} cannot have the score {score}, expected one that looks at the memory, \
         such as general"
    )]
    Score {
        /// The kind of attention.
        kind: &'static str,
        /// The score.
        score: &'static str,
    },
    /// The number of heads does not divide the width of the query.
    #[error(
        "attention: {heads} heads of a query {query} wide, expected a divisor of it, or widths for \
         a head's keys and values"
    )]
    Heads {
        /// Number of heads.
        heads: usize,
        /// Width of the query.
        query: usize,
    },
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
