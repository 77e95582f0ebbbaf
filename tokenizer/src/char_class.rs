//! Sets of characters that normalisation steps act on.

use serde::{Deserialize, Serialize};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// A set of characters that a [`NormalizationStep`](crate::NormalizationStep) changes or keeps.
///
/// ```
/// use tokenizer::CharClass;
///
/// let kept = CharClass::AnyOf(vec![CharClass::Range('a', 'z'), CharClass::Chars("?!".into())]);
/// assert!(kept.contains('q') && kept.contains('?'));
/// assert!(!kept.contains('Q') && !kept.contains('.'));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CharClass {
    /// The characters of this string.
    Chars(String),
    /// All characters from the first to the second, inclusive.
    Range(char, char),
    /// `a` to `z` and `A` to `Z`.
    AsciiLetters,
    /// Unicode punctuation and symbols (general categories P and S).
    Punctuation,
    /// Unicode white space.
    Whitespace,
    /// The union of these classes.
    AnyOf(Vec<Self>),
}

impl CharClass {
    /// Returns `true` if `c` is in the class.
    #[must_use]
    pub fn contains(&self, c: char) -> bool {
        match self {
            Self::Chars(chars) => chars.contains(c),
            Self::Range(first, last) => (*first..=*last).contains(&c),
            Self::AsciiLetters => c.is_ascii_alphabetic(),
            Self::Punctuation => is_punctuation(c),
            Self::Whitespace => c.is_whitespace(),
            Self::AnyOf(classes) => classes.iter().any(|class| class.contains(c)),
        }
    }
}

/// Returns `true` if `c` is punctuation or a symbol.
fn is_punctuation(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_punctuation();
    }
    matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Symbol
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_follows_the_general_category() {
        for c in ['.', '$', '+', '_', '¿', '«', '’', '€', '。', '￭', '😀'] {
            assert!(CharClass::Punctuation.contains(c), "{c}");
        }
        for c in ['a', 'é', '7', '٣', ' ', '\t', '\u{301}', '\u{200D}', '漢'] {
            assert!(!CharClass::Punctuation.contains(c), "{c:?}");
        }
    }

    #[test]
    fn the_ascii_shortcut_agrees_with_the_tables() {
        for c in (0_u8..128).map(char::from) {
            let group = c.general_category_group();
            let listed =
                matches!(group, GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Symbol);
            assert_eq!(is_punctuation(c), listed, "{c:?}");
        }
    }

    #[test]
    fn a_reversed_range_and_an_empty_union_hold_nothing() {
        assert!(!CharClass::Range('z', 'a').contains('m'));
        assert!(!CharClass::AnyOf(Vec::new()).contains('m'));
        assert!(CharClass::Whitespace.contains('\u{2028}'));
        assert!(CharClass::AsciiLetters.contains('Z'));
        assert!(!CharClass::AsciiLetters.contains('é'));
    }
}
