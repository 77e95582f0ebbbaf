//! The parts of the corpus.

use std::fmt;
use std::str::FromStr;

/// A part of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// What is learnt from.
    Train,
    /// What training is watched with.
    Valid,
    /// What the result is judged by.
    Test,
}

/// A name that is not a part's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPart(pub String);

impl fmt::Display for UnknownPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "phrasebook has no part `{}`: it has `train`, `valid` and `test`", self.0)
    }
}

impl std::error::Error for UnknownPart {}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        })
    }
}

impl FromStr for Part {
    type Err = UnknownPart;

    fn from_str(text: &str) -> Result<Self, UnknownPart> {
        match text {
            "train" => Ok(Self::Train),
            "valid" => Ok(Self::Valid),
            "test" => Ok(Self::Test),
            other => Err(UnknownPart(other.to_owned())),
        }
    }
}
