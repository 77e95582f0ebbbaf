//! Converts text to tokens and tokens to text.

use serde::{Deserialize, Serialize};

use crate::{Error, Normalizer, Recipe, Result, SubwordKind, Subwords, Unit, joiner};

/// Splits text into tokens and joins tokens to text.
///
/// For every text `x`, every recipe, every unit and every subword model that was trained here, this
/// holds exactly:
///
/// ```text
/// detokenize(tokenize(x)) == normalize(x)
/// ```
///
/// [`Recipe`] describes what `normalize` changes. With the unit `words`, the recipe determines how
/// the tokens are marked:
///
/// - `tutorial`, `tf-nmt`, `tf-text`: no marks, because the normalised text has single spaces;
/// - `words`, `words-lower`: a sign that is adjacent to another token carries
///   [`JOINER`](crate::JOINER) on that side. White space that a single separator cannot represent
///   is a separate token, escaped with [`ESCAPE`](crate::ESCAPE). No token contains white space or
///   a control character;
/// - `none`: no marks. The text is split at every single space, so that two consecutive spaces have
///   an empty token between them.
///
/// An empty text has no tokens. [`Tokenizer::display_token`] formats a token for display.
///
/// Serde writes a map of `recipe` and `unit`, or of `recipe` and `subwords`, the content of a
/// `tokenizer.json`; also the `normalizer`, if it is not the recipe's.
///
/// ```
/// use tokenizer::{Recipe, Tokenizer, Unit};
///
/// let words = Tokenizer::new(Recipe::WordsLower, Unit::Words);
/// let tokens = words.tokenize("Don't  go!");
/// assert_eq!(tokens, ["don", "￭'￭", "t", "％0020￭", "go", "￭!"]);
/// assert_eq!(words.detokenize(&tokens), "don't  go!");
///
/// let characters = Tokenizer::new(Recipe::None, Unit::Characters);
/// assert_eq!(characters.tokenize("été"), ["é", "t", "é"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Tokenizer {
    recipe: Recipe,
    splitting: Splitting,
    normalizer: Normalizer,
}

/// How normalised text is split.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Splitting {
    Unit(Unit),
    Subwords(Subwords),
}

/// The serialised form of a tokenizer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    recipe: Recipe,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<Unit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subwords: Option<String>,
    /// If it is not the recipe's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    normalizer: Option<Normalizer>,
}

impl TryFrom<Stored> for Tokenizer {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let tokenizer = match (stored.unit, stored.subwords) {
            (Some(unit), None) => Self::new(stored.recipe, unit),
            (None, Some(json)) => {
                let model = Subwords::from_json(&json, "subwords".as_ref())?;
                Self::with_subwords(stored.recipe, model)
            }
            _ => {
                return Err(Error::UnknownUnit {
                    name: "both or none".to_owned(),
                    known: "one of unit and subwords".to_owned(),
                });
            }
        };
        Ok(match stored.normalizer {
            Some(normalizer) => tokenizer.with_normalizer(normalizer),
            None => tokenizer,
        })
    }
}

impl From<Tokenizer> for Stored {
    fn from(tokenizer: Tokenizer) -> Self {
        let (unit, subwords) = match tokenizer.splitting {
            Splitting::Unit(unit) => (Some(unit), None),
            Splitting::Subwords(model) => (None, Some(model.to_json().to_owned())),
        };
        let own = tokenizer.normalizer != tokenizer.recipe.normalizer();
        let normalizer = own.then_some(tokenizer.normalizer);
        Self { recipe: tokenizer.recipe, unit, subwords, normalizer }
    }
}

impl Tokenizer {
    /// Creates a tokenizer that normalises text by `recipe` and splits it into `unit`s.
    #[must_use]
    pub fn new(recipe: Recipe, unit: Unit) -> Self {
        Self { recipe, splitting: Splitting::Unit(unit), normalizer: recipe.normalizer() }
    }

    /// Creates a tokenizer that normalises text by `recipe` and splits it into the pieces of a
    /// subword model.
    #[must_use]
    pub fn with_subwords(recipe: Recipe, model: Subwords) -> Self {
        Self { recipe, splitting: Splitting::Subwords(model), normalizer: recipe.normalizer() }
    }

    /// Returns the same tokenizer with another normaliser in place of the recipe's; the recipe still
    /// determines how words are marked.
    ///
    /// ```
    /// use tokenizer::{NormalizationForm, NormalizationStep, Normalizer, Recipe, Tokenizer, Unit};
    ///
    /// let steps = [NormalizationStep::Unicode(NormalizationForm::Nfkc), NormalizationStep::Trim];
    /// let words = Tokenizer::new(Recipe::Words, Unit::Words).with_normalizer(Normalizer::new(steps));
    /// assert_eq!(words.tokenize(" ﬁne! "), ["fine", "￭!"]);
    /// ```
    #[must_use]
    pub fn with_normalizer(self, normalizer: Normalizer) -> Self {
        Self { normalizer, ..self }
    }

    /// Returns the recipe.
    #[must_use]
    pub const fn recipe(&self) -> Recipe {
        self.recipe
    }

    /// Returns the unit; `None` if text is split into pieces of a subword model.
    #[must_use]
    pub const fn unit(&self) -> Option<Unit> {
        match self.splitting {
            Splitting::Unit(unit) => Some(unit),
            Splitting::Subwords(_) => None,
        }
    }

    /// Returns the subword model, if text is split into its pieces.
    #[must_use]
    pub const fn subwords(&self) -> Option<&Subwords> {
        match &self.splitting {
            Splitting::Unit(_) => None,
            Splitting::Subwords(model) => Some(model),
        }
    }

    /// Returns the name of the unit, or of the kind of the subword model.
    #[must_use]
    pub fn unit_name(&self) -> &'static str {
        match &self.splitting {
            Splitting::Unit(unit) => unit.name(),
            Splitting::Subwords(model) => SubwordKind::name(model.kind()),
        }
    }

    /// Returns the text normalised by the recipe.
    #[must_use]
    pub fn normalize(&self, text: &str) -> String {
        self.normalizer.normalize(text)
    }

    /// Normalises a text and splits it into tokens.
    #[must_use]
    pub fn tokenize(&self, text: &str) -> Vec<String> {
        let text = self.normalize(text);
        match &self.splitting {
            Splitting::Subwords(model) => model.tokenize(&text),
            Splitting::Unit(Unit::Characters) => text.chars().map(String::from).collect(),
            Splitting::Unit(Unit::Words) if self.has_marks() => joiner::split(&text),
            Splitting::Unit(Unit::Words) if text.is_empty() => Vec::new(),
            Splitting::Unit(Unit::Words) => text.split(' ').map(str::to_owned).collect(),
        }
    }

    /// Joins tokens to a text.
    ///
    /// Accepts any sequence of tokens, including model output that [`Tokenizer::tokenize`] never
    /// returns. Remove special tokens (`</s>`) first: this function treats them as text.
    #[must_use]
    pub fn detokenize(&self, tokens: &[impl AsRef<str>]) -> String {
        let texts = tokens.iter().map(AsRef::as_ref);
        match &self.splitting {
            Splitting::Subwords(model) => model.detokenize(tokens),
            Splitting::Unit(Unit::Characters) => texts.collect(),
            Splitting::Unit(Unit::Words) if self.has_marks() => joiner::join(texts),
            Splitting::Unit(Unit::Words) => texts.collect::<Vec<_>>().join(" "),
        }
    }

    /// Formats a token for display on a screen or an axis: without joiners and escapes, never empty
    /// and without characters that move the cursor.
    ///
    /// White space is shown as `␣`, a control character as its picture (`␉`, `␛`). Different tokens
    /// may be displayed alike.
    ///
    /// ```
    /// use tokenizer::{Recipe, Tokenizer, Unit};
    ///
    /// let words = Tokenizer::new(Recipe::Words, Unit::Words);
    /// assert_eq!(words.display_token("￭'￭"), "'");
    /// assert_eq!(words.display_token("％0020￭"), "␣");
    /// ```
    #[must_use]
    pub fn display_token(&self, token: &str) -> String {
        let text = match &self.splitting {
            Splitting::Subwords(model) => model.display_piece(token),
            Splitting::Unit(Unit::Words) if self.has_marks() => joiner::bare(token),
            Splitting::Unit(_) => token.to_owned(),
        };
        let shown: String = text.chars().map(visible).collect();
        if shown.is_empty() { OPEN_BOX.to_string() } else { shown }
    }

    /// Returns `true` if words carry joiners and escapes.
    const fn has_marks(&self) -> bool {
        matches!(self.recipe, Recipe::Words | Recipe::WordsLower)
    }
}

/// The displayed form of white space.
const OPEN_BOX: char = '␣';

/// Returns the displayed form of `c`.
fn visible(c: char) -> char {
    match c {
        // The control pictures are in the order of the characters that they represent.
        '\0'..='\x1F' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(OPEN_BOX),
        '\x7F' => '␡',
        // These marks change the writing direction of all text after them.
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        c if c.is_whitespace() => OPEN_BOX,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(recipe: Recipe, unit: Unit, text: &str, expected: &[&str]) {
        let tokenizer = Tokenizer::new(recipe, unit);
        let tokens = tokenizer.tokenize(text);
        assert_eq!(tokens, expected, "{recipe} {unit} of {text:?}");
        assert_eq!(tokenizer.detokenize(&tokens), tokenizer.normalize(text));
    }

    #[test]
    fn words_of_each_recipe() {
        let text = "J'ai dit: «Ça va?»";
        let plain = ["j", "ai", "dit", "ca", "va", "?"];
        check(Recipe::Tutorial, Unit::Words, text, &plain);
        check(Recipe::TfNmt, Unit::Words, text, &plain);
        check(Recipe::TfText, Unit::Words, text, &["jai", "dit", "ca", "va", "?"]);
        let marked = ["J", "￭'￭", "ai", "dit", "￭:", "«￭", "Ça", "va", "￭?", "￭»"];
        check(Recipe::Words, Unit::Words, text, &marked);
        let lower = marked.map(str::to_lowercase);
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        check(Recipe::WordsLower, Unit::Words, text, &lower);
        check(Recipe::None, Unit::Words, text, &["J'ai", "dit:", "«Ça", "va?»"]);
    }

    #[test]
    fn a_normalizer_of_ones_own_is_stored() {
        let normalizer = Normalizer::new([crate::NormalizationStep::Lowercase]);
        let words = Tokenizer::new(Recipe::Words, Unit::Words).with_normalizer(normalizer);
        assert_eq!(words.detokenize(&words.tokenize("Don't  GO!")), "don't  go!");
        let json = serde_json::to_string(&words).unwrap();
        assert_eq!(serde_json::from_str::<Tokenizer>(&json).unwrap(), words);
        let plain = serde_json::to_string(&Tokenizer::new(Recipe::Words, Unit::Words)).unwrap();
        assert!(json.contains("lowercase") && !plain.contains("normalizer"), "{json} {plain}");
    }

    #[test]
    fn none_keeps_every_space() {
        check(Recipe::None, Unit::Words, "", &[]);
        check(Recipe::None, Unit::Words, " ", &["", ""]);
        check(Recipe::None, Unit::Words, " a  b\t", &["", "a", "", "b\t"]);
        check(Recipe::None, Unit::Words, "￭ ％0020", &["￭", "％0020"]);
    }

    #[test]
    fn characters_are_those_of_the_normalised_text() {
        check(Recipe::None, Unit::Characters, "a \u{301}￭", &["a", " ", "\u{301}", "￭"]);
        check(Recipe::Words, Unit::Characters, "A!", &["A", "!"]);
        check(Recipe::Tutorial, Unit::Characters, "Où?", &["o", "u", " ", "?"]);
        check(Recipe::TfText, Unit::Characters, "", &[]);
    }

    #[test]
    fn a_screen_gets_visible_text() {
        let words = Tokenizer::new(Recipe::Words, Unit::Words);
        for token in words.tokenize("\x1b[31m \t\u{2028}\u{202E}\u{85}x\0\x7f") {
            let shown = words.display_token(&token);
            assert!(!shown.is_empty());
            assert!(!shown.chars().any(|c| c.is_control() || c.is_whitespace()), "{shown:?}");
        }
        assert_eq!(words.display_token("％0009"), "␉");
        assert_eq!(words.display_token("</s>"), "</s>");
        let none = Tokenizer::new(Recipe::None, Unit::Words);
        assert_eq!(none.display_token("￭,"), "￭,");
        assert_eq!(none.display_token(""), "␣");
        let characters = Tokenizer::new(Recipe::Words, Unit::Characters);
        assert_eq!(characters.display_token("￭"), "￭");
        assert_eq!(characters.display_token(" "), "␣");
    }

    #[test]
    fn a_tokenizer_survives_serde() {
        let tokenizer = Tokenizer::new(Recipe::TfNmt, Unit::Characters);
        let json = serde_json::to_string(&tokenizer).unwrap();
        assert_eq!(json, r#"{"recipe":"tf-nmt","unit":"characters"}"#);
        assert_eq!(serde_json::from_str::<Tokenizer>(&json).unwrap(), tokenizer);
        assert_eq!(tokenizer.recipe(), Recipe::TfNmt);
        assert_eq!(tokenizer.unit(), Some(Unit::Characters));
        let wrong = r#"{"recipe":"tf-nmt","unit":"words","lower":true}"#;
        assert!(serde_json::from_str::<Tokenizer>(wrong).is_err());
    }
}
