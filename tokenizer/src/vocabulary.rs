//! The vocabulary: a mapping between tokens and ids.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The id of the padding token: 0, so that a padding mask is `id != PAD`.
pub const PAD: u32 = 0;
/// The id of every token that is not in the vocabulary.
pub const UNK: u32 = 1;
/// The id of the start-of-sentence token.
pub const SOS: u32 = 2;
/// The id of the end-of-sentence token.
pub const EOS: u32 = 3;
/// The names of the special tokens, in the order of their ids.
pub const SPECIALS: [&str; 4] = ["<pad>", "<unk>", "<s>", "</s>"];

/// Limits on the tokens that [`Vocabulary::build`] keeps.
///
/// The default keeps every token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VocabularyOptions {
    /// The minimum number of occurrences of a token to be kept; 0 means the same as 1.
    pub min_count: usize,
    /// The maximum number of tokens to keep, not counting the four special tokens.
    pub max_size: Option<usize>,
}

impl Default for VocabularyOptions {
    fn default() -> Self {
        Self { min_count: 1, max_size: None }
    }
}

/// The number of tokens in a text that are not in a vocabulary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownRate {
    /// The number of tokens that are encoded as [`UNK`].
    pub unknown: usize,
    /// The total number of tokens.
    pub total: usize,
}

impl UnknownRate {
    /// Returns the fraction of unknown tokens, from 0 to 1, or 0 if there are no tokens.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn rate(&self) -> f64 {
        if self.total == 0 { 0.0 } else { self.unknown as f64 / self.total as f64 }
    }
}

/// Formats the rate like `3 of 120 tokens unknown (2.50%)`.
impl fmt::Display for UnknownRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = 100.0 * self.rate();
        write!(f, "{} of {} tokens unknown ({percent:.2}%)", self.unknown, self.total)
    }
}

/// The tokens that a model knows, each with its id.
///
/// Ids 0 to 3 are [`PAD`], [`UNK`], [`SOS`] and [`EOS`]; the tokens of the text follow. Encoding a
/// text never yields a special id other than [`UNK`]: a token `<s>` in the text is an ordinary
/// token with its own id of 4 or more, even though it prints the same as [`SOS`].
///
/// Serde writes the list of tokens; loading validates it like [`Vocabulary::from_tokens`].
///
/// ```
/// use tokenizer::{UNK, Vocabulary, VocabularyOptions};
///
/// let sentences = [vec!["a", "b", "a"], vec!["c", "b", "a"]];
/// let options = VocabularyOptions { min_count: 2, max_size: None };
/// let vocabulary = Vocabulary::build(&sentences, &options);
/// assert_eq!(vocabulary.tokens(), ["<pad>", "<unk>", "<s>", "</s>", "a", "b"]);
/// assert_eq!(vocabulary.encode(&["b", "c"]), [5, UNK]);
/// assert_eq!(vocabulary.unknown_rate(&sentences).to_string(), "1 of 6 tokens unknown (16.67%)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Vocabulary {
    tokens: Vec<String>,
    /// Maps each token of the text to its id; special tokens are not included.
    ids: HashMap<String, u32>,
}

impl Vocabulary {
    /// Builds a vocabulary from tokenised sentences, the most frequent token first.
    ///
    /// Tokens with equal counts are ordered by first occurrence.
    #[must_use]
    pub fn build<S, T>(sentences: impl IntoIterator<Item = S>, options: &VocabularyOptions) -> Self
    where
        S: IntoIterator<Item = T>,
        T: AsRef<str>,
    {
        // Token to index in `counted`, and (token, count) in order of first occurrence.
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut counts: Vec<usize> = Vec::new();
        for token in sentences.into_iter().flatten() {
            let token = token.as_ref();
            if let Some(&place) = places.get(token) {
                counts[place] += 1;
            } else {
                places.insert(token.to_owned(), counts.len());
                counts.push(1);
            }
        }
        let mut kept: Vec<(String, usize)> =
            places.into_iter().filter(|&(_, place)| counts[place] >= options.min_count).collect();
        kept.sort_unstable_by_key(|&(_, place)| (Reverse(counts[place]), place));
        kept.truncate(options.max_size.unwrap_or(usize::MAX));

        let specials = SPECIALS.map(str::to_owned);
        let tokens: Vec<String> =
            specials.into_iter().chain(kept.into_iter().map(|(token, _)| token)).collect();
        Self::unchecked(tokens)
    }

    /// Creates a vocabulary from a list of tokens in id order, special tokens first.
    ///
    /// [`Vocabulary::tokens`] returns such a list.
    ///
    /// # Errors
    ///
    /// [`Error::MissingSpecial`] if the list does not start with [`SPECIALS`];
    /// [`Error::DuplicateToken`] if a token after them occurs twice.
    pub fn from_tokens(tokens: Vec<String>) -> Result<Self> {
        for (id, special) in SPECIALS.into_iter().enumerate() {
            let found = tokens.get(id);
            if found.is_none_or(|found| found != special) {
                let found =
                    found.map_or_else(|| "nothing".to_owned(), |found| format!("'{found}'"));
                return Err(Error::MissingSpecial { id, found });
            }
        }
        let mut ids = HashMap::with_capacity(tokens.len());
        for (id, token) in numbered(&tokens) {
            if let Some(first) = ids.insert(token.to_owned(), id) {
                return Err(Error::DuplicateToken { token: token.to_owned(), first, second: id });
            }
        }
        Ok(Self { tokens, ids })
    }

    /// Creates a vocabulary from a list that is known to be valid.
    pub(crate) fn unchecked(tokens: Vec<String>) -> Self {
        let ids = numbered(&tokens).map(|(id, token)| (token.to_owned(), id)).collect();
        Self { tokens, ids }
    }

    /// Returns the tokens as a JSON list in id order, special tokens first.
    ///
    /// ```
    /// use tokenizer::{Vocabulary, VocabularyOptions};
    ///
    /// let vocabulary = Vocabulary::build([["a", "b"]], &VocabularyOptions::default());
    /// assert_eq!(vocabulary.to_json(), r#"["<pad>","<unk>","<s>","</s>","a","b"]"#);
    /// assert_eq!(Vocabulary::from_json(&vocabulary.to_json())?, vocabulary);
    /// # Ok::<(), tokenizer::Error>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::Value::from(self.tokens.clone()).to_string()
    }

    /// Creates a vocabulary from a JSON list of tokens.
    ///
    /// # Errors
    ///
    /// [`Error::VocabularyJson`], also for the errors of [`Vocabulary::from_tokens`].
    pub fn from_json(json: &str) -> Result<Self> {
        Ok(serde_json::from_str(json)?)
    }

    /// Returns the tokens one per line, in id order, special tokens first.
    ///
    /// # Errors
    ///
    /// [`Error::VocabularyLine`] if a token contains a line break.
    ///
    /// ```
    /// use tokenizer::{Vocabulary, VocabularyOptions};
    ///
    /// let vocabulary = Vocabulary::build([["a", "b"]], &VocabularyOptions::default());
    /// assert_eq!(vocabulary.to_text()?, "<pad>\n<unk>\n<s>\n</s>\na\nb\n");
    /// assert_eq!(Vocabulary::from_text("a\nb\n")?, vocabulary);
    /// # Ok::<(), tokenizer::Error>(())
    /// ```
    pub fn to_text(&self) -> Result<String> {
        let mut text = String::new();
        for (at, token) in self.tokens.iter().enumerate() {
            if token.contains(['\n', '\r']) {
                let what = format!(
                    "the token {token:?} contains a line break, which a text file cannot hold; use \
                     JSON"
                );
                return Err(Error::VocabularyLine { line: at + 1, what });
            }
            text.push_str(token);
            text.push('\n');
        }
        Ok(text)
    }

    /// Creates a vocabulary from tokens, one per line, in id order. The special tokens are the first
    /// four lines, or are left out and added.
    ///
    /// # Errors
    ///
    /// [`Error::VocabularyLine`] if a token occurs twice.
    pub fn from_text(text: &str) -> Result<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let has_specials = lines.starts_with(&SPECIALS);
        let added = if has_specials { 0 } else { SPECIALS.len() };
        let specials = SPECIALS.into_iter().take(added);
        let tokens = specials.chain(lines).map(str::to_owned).collect();
        Self::from_tokens(tokens).map_err(|error| match error {
            Error::DuplicateToken { token, first, second } => {
                let line = |id: u32| id as usize + 1 - added;
                let what = format!("{token:?} stands on line {} already", line(first));
                Error::VocabularyLine { line: line(second), what }
            }
            other => other,
        })
    }

    /// Returns the number of ids, special ids included; this is one more than the highest id.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // never empty: the special tokens are always there
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Returns all tokens in id order, special tokens first.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// Returns the id of a token of a text, or [`UNK`] if the token is not in the vocabulary.
    ///
    /// Special ids are constants and are never looked up: `<s>` in a text is not [`SOS`].
    #[must_use]
    pub fn id(&self, token: &str) -> u32 {
        self.ids.get(token).copied().unwrap_or(UNK)
    }

    /// Returns the token with an id, or [`None`] if the id is out of range.
    #[must_use]
    pub fn token(&self, id: u32) -> Option<&str> {
        self.tokens.get(usize::try_from(id).ok()?).map(String::as_str)
    }

    /// Returns `true` if the id is [`PAD`], [`UNK`], [`SOS`] or [`EOS`].
    #[must_use]
    pub const fn is_special(id: u32) -> bool {
        id <= EOS
    }

    /// Returns one id per token. The caller adds [`SOS`] and [`EOS`].
    #[must_use]
    pub fn encode(&self, tokens: &[impl AsRef<str>]) -> Vec<u32> {
        tokens.iter().map(|token| self.id(token.as_ref())).collect()
    }

    /// Returns one token per id. A special id yields its name; an id that is out of range yields
    /// `<unk>`.
    #[must_use]
    pub fn decode(&self, ids: &[u32]) -> Vec<String> {
        ids.iter().map(|&id| self.token(id).unwrap_or(SPECIALS[1]).to_owned()).collect()
    }

    /// Counts the tokens of tokenised sentences that are not in the vocabulary.
    pub fn unknown_rate<S, T>(&self, sentences: impl IntoIterator<Item = S>) -> UnknownRate
    where
        S: IntoIterator<Item = T>,
        T: AsRef<str>,
    {
        let mut rate = UnknownRate::default();
        for token in sentences.into_iter().flatten() {
            rate.total += 1;
            rate.unknown += usize::from(!self.ids.contains_key(token.as_ref()));
        }
        rate
    }
}

/// Pairs each token of the text with its id.
fn numbered(tokens: &[String]) -> impl Iterator<Item = (u32, &str)> {
    (0..).zip(tokens).skip(SPECIALS.len()).map(|(id, token)| (id, token.as_str()))
}

impl TryFrom<Vec<String>> for Vocabulary {
    type Error = Error;

    fn try_from(tokens: Vec<String>) -> Result<Self> {
        Self::from_tokens(tokens)
    }
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Self {
        vocabulary.tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(text: &str, min_count: usize, max_size: Option<usize>) -> Vec<String> {
        let lines = text.lines().map(str::split_whitespace);
        let all = Vocabulary::build(lines, &VocabularyOptions { min_count, max_size });
        all.tokens()[SPECIALS.len()..].to_vec()
    }

    #[test]
    fn frequent_tokens_come_first_and_ties_in_order() {
        let text = "d c b a\nb a\na e";
        assert_eq!(build(text, 1, None), ["a", "b", "d", "c", "e"]);
        assert_eq!(build(text, 0, None), ["a", "b", "d", "c", "e"]);
        assert_eq!(build(text, 2, None), ["a", "b"]);
        assert_eq!(build(text, 1, Some(3)), ["a", "b", "d"]);
        assert_eq!(build(text, 2, Some(3)), ["a", "b"]);
        assert_eq!(build(text, 1, Some(0)), [""; 0]);
        assert_eq!(build("", 1, None), [""; 0]);
    }

    #[test]
    fn special_names_in_a_text_are_plain_tokens() {
        let sentence = ["<s>", "</s>", "<pad>", "<unk>", "<s>"];
        let all = Vocabulary::build([sentence], &VocabularyOptions::default());
        assert_eq!(all.len(), 8);
        assert_eq!(all.encode(&sentence), [4, 5, 6, 7, 4]);
        assert_eq!(all.decode(&all.encode(&sentence)), sentence);
        assert!(all.encode(&sentence).into_iter().all(|id| !Vocabulary::is_special(id)));
        assert_eq!(Vocabulary::from_tokens(all.tokens().to_vec()).unwrap(), all);

        let none = Vocabulary::build([["a"]], &VocabularyOptions::default());
        assert_eq!(none.encode(&sentence), [UNK; 5]);
        assert_eq!(none.unknown_rate([sentence]), UnknownRate { unknown: 5, total: 5 });
    }

    #[test]
    fn ids_and_tokens() {
        let all = Vocabulary::build([["b", "a", "b"]], &VocabularyOptions::default());
        assert_eq!([PAD, UNK, SOS, EOS].map(|id| all.token(id)), SPECIALS.map(Some));
        assert_eq!((all.id("b"), all.id("a"), all.id("c")), (4, 5, UNK));
        assert_eq!(all.token(6), None);
        assert_eq!(all.token(u32::MAX), None);
        assert_eq!(all.decode(&[SOS, 5, 99, EOS]), ["<s>", "a", "<unk>", "</s>"]);
    }

    #[test]
    fn the_unknown_rate_of_nothing_is_zero() {
        let all = Vocabulary::build([["a"]], &VocabularyOptions::default());
        assert_eq!(all.unknown_rate(Vec::<Vec<String>>::new()).rate().to_bits(), 0);
        let rate = all.unknown_rate([vec!["a", "b"], vec![], vec!["a", "a"]]);
        assert_eq!(rate.to_string(), "1 of 4 tokens unknown (25.00%)");
    }

    #[test]
    fn a_vocabulary_is_one_token_per_line() {
        let all = Vocabulary::build([["b", "", "<s>", "\u{2028}"]], &VocabularyOptions::default());
        let text = all.to_text().unwrap();
        assert_eq!(text, "<pad>\n<unk>\n<s>\n</s>\nb\n\n<s>\n\u{2028}\n");
        assert_eq!(Vocabulary::from_text(&text).unwrap(), all);
        assert_eq!(Vocabulary::from_text(&text.replace('\n', "\r\n")).unwrap(), all);
        assert_eq!(Vocabulary::from_text("b\n\n<s>\n\u{2028}").unwrap(), all);
        let twice = Vocabulary::from_text("a\nb\na\n").unwrap_err().to_string();
        assert_eq!(twice, "line 3 of the vocabulary: \"a\" stands on line 1 already");
        let newline = Vocabulary::build([["\n"]], &VocabularyOptions::default());
        let error = newline.to_text().unwrap_err().to_string();
        assert!(error.starts_with("line 5 of the vocabulary: the token \"\\n\""), "{error}");
        assert_eq!(Vocabulary::from_json(&newline.to_json()).unwrap(), newline);
        let error = Vocabulary::from_json("[1]").unwrap_err().to_string();
        assert!(error.starts_with("the vocabulary is no JSON list of names"), "{error}");
    }

    #[test]
    fn a_vocabulary_survives_serde_and_refuses_nonsense() {
        let all = Vocabulary::build([["b", "", " ", "\"", "b"]], &VocabularyOptions::default());
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(json, r#"["<pad>","<unk>","<s>","</s>","b",""," ","\""]"#);
        let read: Vocabulary = serde_json::from_str(&json).unwrap();
        assert_eq!(read, all);
        assert_eq!(read.id("\""), 7);

        let cases = [
            ("[]", "has nothing at id 0"),
            (r#"["<pad>","<unk>","<s>"]"#, "has nothing at id 3"),
            (r#"["<pad>","<s>","</s>","<unk>"]"#, "has '<s>' at id 1"),
            (
                r#"["<pad>","<unk>","<s>","</s>","a","b","a"]"#,
                "'a' stands twice in the vocabulary, at ids 4 and 6",
            ),
        ];
        for (json, expected) in cases {
            let message = serde_json::from_str::<Vocabulary>(json).unwrap_err().to_string();
            assert!(message.contains(expected), "{json}: {message}");
        }
        let options: VocabularyOptions = serde_json::from_str(r#"{"max_size":5}"#).unwrap();
        assert_eq!(options, VocabularyOptions { min_count: 1, max_size: Some(5) });
    }
}
