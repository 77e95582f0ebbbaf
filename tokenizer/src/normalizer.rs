//! Text normalisation as a chain of steps.

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::CharClass;

/// A Unicode normalisation form (Unicode Standard Annex 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormalizationForm {
    /// Canonical decomposition, then canonical composition.
    Nfc,
    /// Canonical decomposition: `é` becomes `e` and a combining acute.
    Nfd,
    /// Compatibility decomposition, then canonical composition.
    Nfkc,
    /// Compatibility decomposition: `ﬁ` also becomes `fi`, and a full-width `Ａ` becomes `A`.
    Nfkd,
}

/// One step of a [`Normalizer`], a function from text to text.
///
/// Every step accepts any text and never fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormalizationStep {
    /// Converts to lower case by the full Unicode mapping, which may change the number of
    /// characters.
    Lowercase,
    /// Removes white space at both ends.
    Trim,
    /// Converts to a Unicode normalisation form.
    Unicode(NormalizationForm),
    /// Removes invisible characters that are not separators: the zero-width space (U+200B), the
    /// word joiner (U+2060), byte order marks within a text (U+FEFF), soft hyphens (U+00AD) and
    /// the marks of writing direction (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
    /// Keeps the joiners that scripts need (U+200C, U+200D).
    DropInvisible,
    /// Replaces each space of any kind (general category Zs: no-break, narrow, thin, ideographic)
    /// with U+0020.
    PlainSpaces,
    /// Removes non-spacing marks (general category Mn); after [`NormalizationForm::Nfd`], these are
    /// the accents.
    DropMarks,
    /// Inserts a space before each character of the class.
    SpaceBefore(CharClass),
    /// Inserts a space before and after each character of the class.
    SpaceAround(CharClass),
    /// Replaces each maximal run of characters outside the class with one space.
    SpaceForOthers(CharClass),
    /// Removes characters outside the class.
    DeleteOthers(CharClass),
    /// Replaces each run of spaces (U+0020 only) with one space.
    CollapseSpaces,
}

impl NormalizationStep {
    /// Applies this step to a text.
    ///
    /// ```
    /// use tokenizer::{CharClass, NormalizationForm, NormalizationStep};
    ///
    /// let marks = CharClass::Chars("?!".into());
    /// assert_eq!(NormalizationStep::SpaceBefore(marks).apply("quoi?!"), "quoi ? !");
    /// assert_eq!(NormalizationStep::Unicode(NormalizationForm::Nfkd).apply("ﬁn"), "fin");
    /// ```
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        match self {
            Self::Lowercase => text.to_lowercase(),
            Self::Trim => text.trim().to_owned(),
            // No normalisation form changes ASCII.
            Self::Unicode(_) if text.is_ascii() => text.to_owned(),
            Self::DropInvisible if !text.contains(is_invisible) => text.to_owned(),
            Self::DropInvisible => text.replace(is_invisible, ""),
            Self::PlainSpaces if text.is_ascii() => text.to_owned(),
            Self::PlainSpaces => text.chars().map(|c| if is_space(c) { ' ' } else { c }).collect(),
            Self::Unicode(NormalizationForm::Nfc) if is_nfc(text) => text.to_owned(),
            Self::Unicode(NormalizationForm::Nfc) => text.nfc().collect(),
            Self::Unicode(NormalizationForm::Nfd) => text.nfd().collect(),
            Self::Unicode(NormalizationForm::Nfkc) => text.nfkc().collect(),
            Self::Unicode(NormalizationForm::Nfkd) => text.nfkd().collect(),
            Self::DropMarks => text.chars().filter(|&c| !is_mark(c)).collect(),
            Self::SpaceBefore(class) => spaced(text, class, false),
            Self::SpaceAround(class) => spaced(text, class, true),
            Self::SpaceForOthers(class) => one_space_for_runs(text, |c| !class.contains(c)),
            Self::DeleteOthers(class) => text.chars().filter(|&c| class.contains(c)).collect(),
            Self::CollapseSpaces => one_space_for_runs(text, |c| c == ' '),
        }
    }
}

/// Returns `true` if [`NormalizationStep::DropInvisible`] removes `c`.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Returns `true` if `c` is a space of any width.
fn is_space(c: char) -> bool {
    c.general_category() == GeneralCategory::SpaceSeparator
}

/// Returns `true` if `c` is a non-spacing mark.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && c.general_category() == GeneralCategory::NonspacingMark
}

/// Inserts a space before each character of `class`, and also after it if `after` is `true`.
fn spaced(text: &str, class: &CharClass, after: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if class.contains(c) {
            out.push(' ');
            out.push(c);
            if after {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Replaces each maximal run of characters that `replaced` accepts with one space.
fn one_space_for_runs(text: &str, replaced: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        let replace = replaced(c);
        if !replace {
            out.push(c);
        } else if !in_run {
            out.push(' ');
        }
        in_run = replace;
    }
    out
}

/// A chain of [`NormalizationStep`]s, applied in order.
///
/// [`Recipe::normalizer`](crate::Recipe::normalizer) returns the chains of the literature; custom
/// chains are built from steps. A chain without steps does not change the text.
///
/// ```
/// use tokenizer::{CharClass, NormalizationForm, Normalizer, NormalizationStep};
///
/// let fold = Normalizer::new([
///     NormalizationStep::Lowercase,
///     NormalizationStep::Unicode(NormalizationForm::Nfd),
///     NormalizationStep::DropMarks,
///     NormalizationStep::SpaceAround(CharClass::Punctuation),
///     NormalizationStep::CollapseSpaces,
///     NormalizationStep::Trim,
/// ]);
/// assert_eq!(fold.normalize("Ça va, «Zoé»?"), "ca va , « zoe » ?");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Normalizer {
    steps: Vec<NormalizationStep>,
}

impl Normalizer {
    /// Creates a chain of these steps.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = NormalizationStep>) -> Self {
        Self { steps: steps.into_iter().collect() }
    }

    /// Returns the steps in the order in which they are applied.
    #[must_use]
    pub fn steps(&self) -> &[NormalizationStep] {
        &self.steps
    }

    /// Applies all steps to a text.
    #[must_use]
    pub fn normalize(&self, text: &str) -> String {
        match self.steps.split_first() {
            None => text.to_owned(),
            Some((first, rest)) => {
                rest.iter().fold(first.apply(text), |text, step| step.apply(&text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(set: &str) -> CharClass {
        CharClass::Chars(set.to_owned())
    }

    #[test]
    fn each_step_does_its_one_thing() {
        let cases = [
            (NormalizationStep::Lowercase, "ÉTÉ İ ΣΑΣ", "été i\u{307} σας"),
            (NormalizationStep::Trim, "\u{2003} a b\t\n", "a b"),
            (NormalizationStep::Unicode(NormalizationForm::Nfc), "e\u{301}ﬁ", "éﬁ"),
            (NormalizationStep::Unicode(NormalizationForm::Nfd), "éﬁ", "e\u{301}ﬁ"),
            (NormalizationStep::Unicode(NormalizationForm::Nfkc), "e\u{301}ﬁ", "éfi"),
            (NormalizationStep::Unicode(NormalizationForm::Nfkd), "éﬁ", "e\u{301}fi"),
            (NormalizationStep::DropMarks, "e\u{301}\u{327}a\u{903}", "ea\u{903}"),
            (NormalizationStep::SpaceBefore(chars("!?")), "a!?b", "a ! ?b"),
            (NormalizationStep::SpaceAround(chars("!?")), "a!?b", "a !  ? b"),
            (NormalizationStep::SpaceForOthers(CharClass::AsciiLetters), "..a\u{e9}\t b.", " a b "),
            (NormalizationStep::DeleteOthers(CharClass::AsciiLetters), "..a\u{e9}\t b.", "ab"),
            (NormalizationStep::CollapseSpaces, "  a \t  b", " a \t b"),
        ];
        for (step, text, expected) in cases {
            assert_eq!(step.apply(text), expected, "{step:?} of {text:?}");
            assert_eq!(step.apply(""), "", "{step:?} of nothing");
        }
    }

    #[test]
    fn steps_apply_in_order() {
        let drop_first = Normalizer::new([
            NormalizationStep::DropMarks,
            NormalizationStep::Unicode(NormalizationForm::Nfd),
        ]);
        let drop_last = Normalizer::new([
            NormalizationStep::Unicode(NormalizationForm::Nfd),
            NormalizationStep::DropMarks,
        ]);
        assert_eq!(drop_first.normalize("é"), "e\u{301}");
        assert_eq!(drop_last.normalize("é"), "e");
        assert_eq!(drop_last.steps().len(), 2);
        assert_eq!(Normalizer::default().normalize(" é\0"), " é\0");
    }

    #[test]
    fn a_chain_survives_serde() {
        let chain = Normalizer::new([
            NormalizationStep::Lowercase,
            NormalizationStep::Unicode(NormalizationForm::Nfkd),
            NormalizationStep::DeleteOthers(CharClass::AnyOf(vec![
                CharClass::Range('a', 'z'),
                chars(" "),
            ])),
        ]);
        let json = serde_json::to_string(&chain).unwrap();
        assert_eq!(
            json,
            r#"["lowercase",{"unicode":"nfkd"},{"delete-others":{"any-of":[{"range":["a","z"]},{"chars":" "}]}}]"#
        );
        assert_eq!(serde_json::from_str::<Normalizer>(&json).unwrap(), chain);
    }
}
