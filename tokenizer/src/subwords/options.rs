//! The kinds of subword models, and how they are trained.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::names;
use crate::{Error, Result};

/// The kind of a subword model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubwordKind {
    /// Byte-pair encoding: a list of merges of adjacent pieces (Sennrich et al. 2016,
    /// arXiv:1508.07909).
    Bpe,
    /// A unigram language model over pieces, of which the most probable segmentation is taken (Kudo
    /// 2018, arXiv:1804.10959).
    Unigram,
}

impl SubwordKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Bpe, Self::Unigram];

    /// Returns the name that [`FromStr`] and serde accept.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bpe => "bpe",
            Self::Unigram => "unigram",
        }
    }
}

impl fmt::Display for SubwordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SubwordKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| Error::UnknownUnit {
            name: name.to_owned(),
            known: names(Self::ALL, Self::name),
        })
    }
}

/// How [`Subwords::train`](crate::Subwords::train) trains a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubwordOptions {
    /// The kind of the model.
    pub kind: SubwordKind,
    /// The number of pieces, the 256 bytes included and the four special tokens not; a text that is
    /// too short yields fewer.
    pub pieces: usize,
    /// The minimum number of occurrences of a pair that byte-pair encoding merges; 0 means the same
    /// as 1. A unigram model does not use it.
    pub min_count: usize,
}

/// The number of pieces that every trained model has: one per byte, so that no text is unknown.
pub const BYTE_PIECES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names() {
        for kind in SubwordKind::ALL {
            assert_eq!(kind.to_string().parse::<SubwordKind>().unwrap(), kind);
        }
        let error = "wordpiece".parse::<SubwordKind>().unwrap_err().to_string();
        assert!(error.contains("bpe, unigram"), "{error}");
    }
}
