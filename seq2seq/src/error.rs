//! What can go wrong.

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
