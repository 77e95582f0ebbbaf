//! How BLEU is computed: words, letter case and smoothing.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::intl::intl_words;
use super::mteval::mteval_words;
use crate::score::signature::signature;
use crate::score::whitespace::{is_space, words};
use crate::{Error, Result};

/// How BLEU splits texts into words; the names are those of sacreBLEU's option `--tokenize`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BleuTokenizer {
    /// The tokenisation of the script `mteval-v13a.pl`: [`mteval_words`].
    #[default]
    #[serde(rename = "13a")]
    Mteval13a,
    /// Words are separated by white space.
    #[serde(rename = "none")]
    WhiteSpace,
    /// The tokenisation of the script `mteval-v14.pl`: [`intl_words`].
    #[serde(rename = "intl")]
    International,
    /// Every character except white space is a word.
    #[serde(rename = "char")]
    Characters,
}

impl BleuTokenizer {
    /// Every tokenizer.
    pub const ALL: [Self; 4] =
        [Self::Mteval13a, Self::WhiteSpace, Self::International, Self::Characters];

    /// Returns the name in sacreBLEU: `13a`, `none`, `intl` or `char`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mteval13a => "13a",
            Self::WhiteSpace => "none",
            Self::International => "intl",
            Self::Characters => "char",
        }
    }

    /// Splits a text into words.
    ///
    /// ```
    /// use seq2seq::score::BleuTokenizer;
    ///
    /// assert_eq!(BleuTokenizer::Mteval13a.words("Yes, 3.5!"), ["Yes", ",", "3.5", "!"]);
    /// assert_eq!(BleuTokenizer::WhiteSpace.words("Yes, 3.5!"), ["Yes,", "3.5!"]);
    /// assert_eq!(BleuTokenizer::Characters.words("日 本"), ["日", "本"]);
    /// ```
    pub fn words(self, text: &str) -> Vec<Cow<'_, str>> {
        let owned = |all: Vec<String>| all.into_iter().map(Cow::Owned).collect();
        match self {
            Self::Mteval13a => owned(mteval_words(text)),
            Self::WhiteSpace => words(text).map(Cow::Borrowed).collect(),
            Self::International => owned(intl_words(text)),
            Self::Characters => {
                let all = text.char_indices().filter(|&(_, c)| !is_space(c));
                all.map(|(at, c)| Cow::Borrowed(&text[at..at + c.len_utf8()])).collect()
            }
        }
    }
}

impl fmt::Display for BleuTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BleuTokenizer {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|tokenizer| tokenizer.name() == name).ok_or_else(|| {
            Error::BadValue {
                key: "tokenize".into(),
                value: name.into(),
                allowed: Self::ALL.map(Self::name).join(", "),
            }
        })
    }
}

/// What BLEU takes as the precision of an order of n-grams of which none matches; the methods, and
/// their values, are those of sacreBLEU (Chen and Cherry 2014, "A Systematic Comparison of
/// Smoothing Techniques for Sentence-Level BLEU").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BleuSmoothing {
    /// Nothing: the precision is 0, and so is the score.
    None,
    /// 0.1 matches (their method 1).
    Floor,
    /// One is added to matches and n-grams of every order above 1, whether any match or not (their
    /// method 2).
    AddK,
    /// 1 / 2ᵏ matches for the k-th such order (their method 3; that of `mteval-v13a.pl`).
    #[default]
    Exp,
}

impl BleuSmoothing {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::None, Self::Floor, Self::AddK, Self::Exp];

    /// Returns the name in sacreBLEU: `none`, `floor`, `add-k` or `exp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Floor => "floor",
            Self::AddK => "add-k",
            Self::Exp => "exp",
        }
    }

    /// Returns the name with the method's value, as a signature has it.
    const fn name_with_value(self) -> &'static str {
        match self {
            Self::Floor => "floor[0.10]",
            Self::AddK => "add-k[1.00]",
            other => other.name(),
        }
    }
}

/// How BLEU is computed; the default is sacreBLEU's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BleuOptions {
    /// How texts are split into words.
    pub tokenizer: BleuTokenizer,
    /// The precision of an order without a match.
    pub smoothing: BleuSmoothing,
    /// Whether texts are converted to lower case before they are split.
    pub lowercase: bool,
}

impl BleuOptions {
    /// Words separated by white space, everything else as by default.
    pub const WHITE_SPACE: Self = Self {
        tokenizer: BleuTokenizer::WhiteSpace,
        smoothing: BleuSmoothing::Exp,
        lowercase: false,
    };

    /// Returns the options in the form of sacreBLEU's signatures. The version is that of this crate,
    /// which computes the score: its values are compared with sacreBLEU's, but it is not sacreBLEU.
    ///
    /// ```
    /// let signature = seq2seq::score::BleuOptions::default().signature();
    /// assert!(signature.starts_with("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:seq2seq-"));
    /// ```
    pub fn signature(&self) -> String {
        let case = if self.lowercase { "lc" } else { "mixed" };
        let (words, smoothing) = (self.tokenizer, self.smoothing.name_with_value());
        signature(&format!("case:{case}|eff:no|tok:{words}|smooth:{smoothing}"))
    }

    /// Returns the words that BLEU counts.
    pub(super) fn words<'a>(&self, text: &'a str) -> Vec<Cow<'a, str>> {
        if self.lowercase {
            let text = text.to_lowercase();
            let all = self.tokenizer.words(&text).into_iter();
            all.map(|word| Cow::Owned(word.into_owned())).collect()
        } else {
            self.tokenizer.words(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_sacrebleu() {
        for (name, tokenizer) in ["13a", "none", "intl", "char"].into_iter().zip(BleuTokenizer::ALL)
        {
            assert_eq!(name.parse::<BleuTokenizer>().unwrap(), tokenizer);
            assert_eq!(serde_json::to_value(tokenizer).unwrap(), name);
        }
        let refused = "zh".parse::<BleuTokenizer>().unwrap_err().to_string();
        assert_eq!(refused, "tokenize cannot be 'zh': it takes 13a, none, intl, char");
        for smoothing in BleuSmoothing::ALL {
            assert_eq!(serde_json::to_value(smoothing).unwrap(), smoothing.name());
        }
    }

    #[test]
    fn signatures_are_those_of_sacrebleu() {
        let of = |tokenizer, smoothing, lowercase| {
            let signature = BleuOptions { tokenizer, smoothing, lowercase }.signature();
            signature.split("|version:").next().unwrap().to_owned()
        };
        use BleuSmoothing::{AddK, Exp, Floor, None};
        use BleuTokenizer::{Characters, International, Mteval13a, WhiteSpace};
        for (signature, expected) in [
            (of(Mteval13a, Exp, false), "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp"),
            (of(International, Floor, true), "nrefs:1|case:lc|eff:no|tok:intl|smooth:floor[0.10]"),
            (of(Characters, AddK, false), "nrefs:1|case:mixed|eff:no|tok:char|smooth:add-k[1.00]"),
            (of(WhiteSpace, None, false), "nrefs:1|case:mixed|eff:no|tok:none|smooth:none"),
        ] {
            assert_eq!(signature, expected);
        }
    }
}
