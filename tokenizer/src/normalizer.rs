//! Normalisation as a chain of small steps.

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
    /// Compatibility decomposition: also `ﬁ` becomes `fi`, a full-width `Ａ` becomes `A`.
    Nfkd,
}

/// One step of a [`Normalizer`]: text in, text out.
///
/// Every step is total: it accepts any text and never fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormalizationStep {
    /// Lower case by the full Unicode mapping, which may change the number of characters.
    Lowercase,
    /// White space at both ends is removed.
    Trim,
    /// A Unicode normalisation form.
    Unicode(NormalizationForm),
    /// Characters that are not seen and separate nothing are removed: the zero-width space (U+200B),
    /// the word joiner (U+2060), byte order marks within a text (U+FEFF), soft hyphens (U+00AD), and
    /// the marks of writing direction (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
    /// Joiners that scripts need (U+200C, U+200D) stay.
    DropInvisible,
    /// Spaces of every kind (general category Zs: no-break, narrow, thin, ideographic) become U+0020.
    PlainSpaces,
    /// Non-spacing marks (general category Mn) are removed; after [`NormalizationForm::Nfd`], the accents.
    DropMarks,
    /// A space is put before each character of the class.
    SpaceBefore(CharClass),
    /// A space is put before and one after each character of the class.
    SpaceAround(CharClass),
    /// Each longest run of characters outside the class becomes one space.
    SpaceForOthers(CharClass),
    /// Characters outside the class are removed.
    DeleteOthers(CharClass),
    /// Each run of spaces (U+0020 only) becomes one.
    CollapseSpaces,
}

impl NormalizationStep {
    /// The text after this step.
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
            // Every form leaves ASCII as it is.
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

/// What [`NormalizationStep::DropInvisible`] removes.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Whether `c` is a space, of whatever width.
fn is_space(c: char) -> bool {
    c.general_category() == GeneralCategory::SpaceSeparator
}

/// Whether `c` is a non-spacing mark.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && c.general_category() == GeneralCategory::NonspacingMark
}

/// `text` with a space before, and one after where `after`, each character of `class`.
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

/// `text` with one space for each longest run of characters that `replaced` accepts.
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
/// The named chains of the literature come from [`Recipe::normalizer`](crate::Recipe::normalizer);
/// others are put together from the steps. The chain without steps leaves text as it is.
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
    /// The chain of these steps.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = NormalizationStep>) -> Self {
        Self { steps: steps.into_iter().collect() }
    }

    /// The steps, in the order in which they are applied.
    #[must_use]
    pub fn steps(&self) -> &[NormalizationStep] {
        &self.steps
    }

    /// The text after all steps.
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
