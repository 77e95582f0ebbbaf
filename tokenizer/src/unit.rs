//! The units into which a sentence is split.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::names;

/// The unit into which a sentence is split.
///
/// ```
/// use tokenizer::Unit;
///
/// assert_eq!("characters".parse::<Unit>()?, Unit::Characters);
/// # Ok::<(), tokenizer::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Words, separated by spaces in the normalised text; the recipes `words` and `words-lower`
    /// also split off punctuation.
    #[default]
    Words,
    /// Unicode scalar values (`char`s) of the normalised text, spaces included.
    Characters,
}

impl Unit {
    /// All units.
    pub const ALL: [Self; 2] = [Self::Words, Self::Characters];

    /// Returns the name that [`FromStr`] and serde accept.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Characters => "characters",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Unit {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|unit| unit.name() == name).ok_or_else(|| Error::UnknownUnit {
            name: name.to_owned(),
            known: names(Self::ALL, Self::name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_everywhere() {
        for unit in Unit::ALL {
            assert_eq!(unit.to_string().parse::<Unit>().unwrap(), unit);
            assert_eq!(serde_json::to_string(&unit).unwrap(), format!("\"{unit}\""));
        }
        assert!(matches!("Words".parse::<Unit>(), Err(Error::UnknownUnit { .. })));
    }
}
