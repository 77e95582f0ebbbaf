//! Named normalisation recipes from the literature.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::names;
use crate::{CharClass, Error, NormalizationForm, NormalizationStep, Normalizer};

/// A named normalisation, applied to raw text before it is split into tokens.
///
/// | name | source | `J'ai dit: «Ça va?»` becomes |
/// |---|---|---|
/// | `tutorial` | PyTorch, "Translation with a sequence to sequence network and attention" | `j ai dit ca va ?` |
/// | `tf-nmt` | TensorFlow 2, "NMT with attention" (2019) | `j ai dit ca va ?` |
/// | `tf-text` | TensorFlow Text, "NMT with attention" (2021) | `jai dit ca va ?` |
/// | `words` | | `J'ai dit: «Ça va?»`, cut into 10 tokens |
/// | `words-lower` | | `j'ai dit: «ça va?»`, cut into 10 tokens |
/// | `none` | text that is tokenised already | `J'ai dit: «Ça va?»`, cut at its spaces |
///
/// ```
/// use tokenizer::Recipe;
///
/// let recipe: Recipe = "tf-text".parse()?;
/// assert_eq!(recipe.normalizer().normalize("I don't know."), "i dont know .");
/// # Ok::<(), tokenizer::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// Lower case, accents removed, a space before `.!?`, then one space in place of every run of
    /// characters other than `a-zA-Z!?` (so `.` is removed, and `!` and `?` are kept).
    Tutorial,
    /// Lower case, accents removed, spaces around `?.!,¿`, then one space in place of every run of
    /// characters other than `a-zA-Z?.!,¿`.
    TfNmt,
    /// NFKD, lower case, all characters other than a space and `a-z.?!,¿` deleted, then spaces
    /// around that punctuation. TensorFlow keeps the resulting double spaces and skips them when it
    /// splits; this recipe collapses them, which yields the same words.
    TfText,
    /// NFC, without invisible characters ([`NormalizationStep::DropInvisible`]) and with one kind
    /// of space ([`NormalizationStep::PlainSpaces`]). The unit `words` splits off punctuation with
    /// joiner marks; nothing else is lost.
    Words,
    /// The same as `words`, in lower case.
    WordsLower,
    /// The same normalisation as `words`. The unit `words` splits the text at each single space.
    None,
}

impl Recipe {
    /// All recipes.
    pub const ALL: [Self; 6] =
        [Self::Tutorial, Self::TfNmt, Self::TfText, Self::Words, Self::WordsLower, Self::None];

    /// Returns the name that [`FromStr`] and serde accept.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tutorial => "tutorial",
            Self::TfNmt => "tf-nmt",
            Self::TfText => "tf-text",
            Self::Words => "words",
            Self::WordsLower => "words-lower",
            Self::None => "none",
        }
    }

    /// Returns `true` if the recipe keeps the letters and digits of every script, ignoring case.
    #[must_use]
    pub const fn keeps_all(self) -> bool {
        matches!(self, Self::Words | Self::WordsLower | Self::None)
    }

    /// Returns the normalisation steps of the recipe.
    #[must_use]
    pub fn normalizer(self) -> Normalizer {
        let chars = |set: &str| CharClass::Chars(set.to_owned());
        let letters_and = |set: &str| CharClass::AnyOf(vec![CharClass::AsciiLetters, chars(set)]);
        let steps = match self {
            Self::Tutorial => vec![
                NormalizationStep::Lowercase,
                NormalizationStep::Trim,
                NormalizationStep::Unicode(NormalizationForm::Nfd),
                NormalizationStep::DropMarks,
                NormalizationStep::SpaceBefore(chars(".!?")),
                NormalizationStep::SpaceForOthers(letters_and("!?")),
                NormalizationStep::Trim,
            ],
            Self::TfNmt => vec![
                NormalizationStep::Lowercase,
                NormalizationStep::Trim,
                NormalizationStep::Unicode(NormalizationForm::Nfd),
                NormalizationStep::DropMarks,
                NormalizationStep::SpaceAround(chars("?.!,¿")),
                NormalizationStep::SpaceForOthers(letters_and("?.!,¿")),
                NormalizationStep::Trim,
            ],
            Self::TfText => vec![
                NormalizationStep::Unicode(NormalizationForm::Nfkd),
                NormalizationStep::Lowercase,
                NormalizationStep::DeleteOthers(CharClass::AnyOf(vec![
                    CharClass::Range('a', 'z'),
                    chars(" .?!,¿"),
                ])),
                NormalizationStep::SpaceAround(chars(".?!,¿")),
                NormalizationStep::CollapseSpaces,
                NormalizationStep::Trim,
            ],
            Self::WordsLower => {
                vec![
                    NormalizationStep::DropInvisible,
                    NormalizationStep::PlainSpaces,
                    NormalizationStep::Unicode(NormalizationForm::Nfc),
                    NormalizationStep::Lowercase,
                ]
            }
            Self::Words | Self::None => {
                vec![
                    NormalizationStep::DropInvisible,
                    NormalizationStep::PlainSpaces,
                    NormalizationStep::Unicode(NormalizationForm::Nfc),
                ]
            }
        };
        Normalizer::new(steps)
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Recipe {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|recipe| recipe.name() == name).ok_or_else(|| {
            Error::UnknownRecipe { name: name.to_owned(), known: names(Self::ALL, Self::name) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(recipe: Recipe, cases: &[(&str, &str)]) {
        let normalizer = recipe.normalizer();
        for (text, expected) in cases {
            assert_eq!(normalizer.normalize(text), *expected, "{recipe} of {text:?}");
        }
    }

    #[test]
    fn names_agree_everywhere() {
        for recipe in Recipe::ALL {
            assert_eq!(recipe.to_string().parse::<Recipe>().unwrap(), recipe);
            assert_eq!(serde_json::to_string(&recipe).unwrap(), format!("\"{recipe}\""));
        }
        assert!(matches!("tf_nmt".parse::<Recipe>(), Err(Error::UnknownRecipe { .. })));
    }

    #[test]
    fn tutorial_keeps_letters_and_two_marks() {
        check(
            Recipe::Tutorial,
            &[
                ("I'm cold.", "i m cold"),
                ("  Ça va?! ", "ca va ? !"),
                ("a!b.c", "a !b c"),
                ("Œuvre naïve, 25 €…", "uvre naive"),
                ("J\u{2019}ai\u{a0}faim\u{202f}!", "j ai faim !"),
                ("İstanbul \u{212a}", "istanbul k"),
                ("123", ""),
                ("", ""),
            ],
        );
    }

    #[test]
    fn tf_nmt_spaces_its_five_marks() {
        check(
            Recipe::TfNmt,
            &[
                ("¿Todavía está en casa?", "¿ todavia esta en casa ?"),
                ("May I borrow this book?", "may i borrow this book ?"),
                ("I don't \"know\"...", "i don t know . . ."),
                ("a,b;c", "a , b c"),
                ("  ", ""),
            ],
        );
    }

    #[test]
    fn tf_text_deletes_the_rest() {
        check(
            Recipe::TfText,
            &[
                ("¿Todavía está en casa?", "¿ todavia esta en casa ?"),
                ("I don't know.", "i dont know ."),
                ("a\tb - c", "ab c"),
                ("ﬁn\u{a0}… Ａ", "fin . . . a"),
                (" ! ", "!"),
            ],
        );
    }

    #[test]
    fn words_and_none_lose_nothing() {
        let text = "  Été:\t«￭»  ";
        check(Recipe::Words, &[(text, text)]);
        check(Recipe::None, &[(text, text)]);
        check(Recipe::WordsLower, &[(text, "  été:\t«￭»  ")]);
    }

    #[test]
    fn one_text_has_one_form() {
        for recipe in [Recipe::Words, Recipe::None] {
            // NFD, a zero-width space, a byte order mark, a soft hyphen; joiners stay.
            let cases = [
                ("cle\u{301}", "clé"),
                ("a\u{200B}b \u{FEFF}c", "ab c"),
                ("co\u{AD}op", "coop"),
                ("\u{200E}a\u{200F} \u{202B}b\u{202C} \u{2067}c\u{2069}", "a b c"),
                ("10\u{A0}km, oui\u{202F}!", "10 km, oui !"),
                ("東京\u{3000}駅", "東京 駅"),
                ("می\u{200C}خواهم", "می\u{200C}خواهم"),
                ("ﬁ １", "ﬁ １"),
            ];
            check(recipe, &cases);
        }
        check(Recipe::WordsLower, &[("CLE\u{301}", "clé")]);
    }
}
