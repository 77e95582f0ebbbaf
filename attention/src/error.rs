//! What can go wrong.

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A shape or an argument that does not fit.
    #[error(transparent)]
    Tensor(#[from] tensor::Error),
    /// A width or a count of zero.
    #[error("attention: {key} is 0, expected at least 1")]
    Zero {
        /// Which one.
        key: &'static str,
    },
    /// A name that no attention has.
    #[error("attention: there is no {name:?}, expected none or one of {known}")]
    Name {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A score that multiplies query and memory as they are, of different widths.
    #[error(
        "attention: {score} needs a query as wide as the memory, found {query} and {memory}; \
         general maps one to the other"
    )]
    Widths {
        /// Which score.
        score: &'static str,
        /// Width of the query.
        query: usize,
        /// Width of the memory.
        memory: usize,
    },
    /// A score that cannot fill a window.
    #[error(
        "attention: {kind} cannot have the score {score}, expected one that looks at the memory, \
         such as general"
    )]
    Score {
        /// Which attention.
        kind: &'static str,
        /// Which score.
        score: &'static str,
    },
    /// Heads that do not share out the query's width.
    #[error(
        "attention: {heads} heads of a query {query} wide, expected a divisor of it, or widths for \
         a head's keys and values"
    )]
    Heads {
        /// How many heads.
        heads: usize,
        /// Width of the query.
        query: usize,
    },
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
