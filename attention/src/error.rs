//! What can go wrong.

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A shape or an argument that does not fit.
    #[error(transparent)]
    Tensor(#[from] tensor::Error),
    /// A width of zero.
    #[error("attention: {key} is 0, expected at least 1")]
    Zero {
        /// Which width.
        key: &'static str,
    },
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
