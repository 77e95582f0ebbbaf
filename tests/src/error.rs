//! What can go wrong.

use std::fmt;

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a set could not be read, or a case not be run: a sentence for whoever reads the test's
/// output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// An error of these words.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// The same error with what it is about in front.
    #[must_use]
    pub fn of(self, what: impl fmt::Display) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

macro_rules! from {
    ($($error:ty),*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        }
    )*};
}

from!(
    std::io::Error,
    serde_json::Error,
    safetensors::SafeTensorError,
    tensor::Error,
    rnn::Error,
    attention::Error
);
