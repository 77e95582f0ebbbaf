//! Tokens to ids and back.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The id that fills a batch up: 0, so that a mask is `id != PAD`.
pub const PAD: u32 = 0;
/// The id of every token that the vocabulary does not hold.
pub const UNK: u32 = 1;
/// The id that starts a sentence.
pub const SOS: u32 = 2;
/// The id that ends a sentence.
pub const EOS: u32 = 3;
/// The names of the special ids, in their order.
pub const SPECIALS: [&str; 4] = ["<pad>", "<unk>", "<s>", "</s>"];

/// What [`Vocabulary::build`] keeps.
///
/// The default keeps every token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VocabularyOptions {
    /// A token that occurs less often is left out; 0 means the same as 1.
    pub min_count: usize,
    /// At most this many tokens are kept, the four special ones not counted.
    pub max_size: Option<usize>,
}

impl Default for VocabularyOptions {
    fn default() -> Self {
        Self { min_count: 1, max_size: None }
    }
}

/// How many tokens of a text a vocabulary does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownRate {
    /// Tokens that are read as [`UNK`].
    pub unknown: usize,
    /// All tokens.
    pub total: usize,
}

impl UnknownRate {
    /// The share of unknown tokens, from 0 to 1; 0 where there are no tokens.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn rate(&self) -> f64 {
        if self.total == 0 { 0.0 } else { self.unknown as f64 / self.total as f64 }
    }
}

/// For example `3 of 120 tokens unknown (2.50%)`.
impl fmt::Display for UnknownRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = 100.0 * self.rate();
        write!(f, "{} of {} tokens unknown ({percent:.2}%)", self.unknown, self.total)
    }
}

/// The tokens that a model knows, each with its id.
///
/// Ids 0 to 3 are [`PAD`], [`UNK`], [`SOS`] and [`EOS`]; the tokens of the text follow. A text
/// never yields a special id other than [`UNK`]: where it contains the token `<s>`, that is a token
/// like any other, with an id of its own from 4 on, even though both are printed alike.
///
/// With serde it is the list of its tokens; loading checks it as [`Vocabulary::from_tokens`] does.
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
    /// The ids of the text's tokens; the special ones are not in it.
    ids: HashMap<String, u32>,
}

impl Vocabulary {
    /// The vocabulary of tokenised sentences, the most frequent token first.
    ///
    /// Tokens that occur equally often come in the order in which they first occur.
    #[must_use]
    pub fn build<S, T>(sentences: impl IntoIterator<Item = S>, options: &VocabularyOptions) -> Self
    where
        S: IntoIterator<Item = T>,
        T: AsRef<str>,
    {
        // Token to (place in `counted`), and (token, count) in order of first occurrence.
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
        let ids = numbered(&tokens).map(|(id, token)| (token.to_owned(), id)).collect();
        Self { tokens, ids }
    }

    /// The vocabulary of a list as [`Vocabulary::tokens`] gives it, special tokens first.
    ///
    /// # Errors
    ///
    /// [`Error::MissingSpecial`] where the list does not start with [`SPECIALS`];
    /// [`Error::DuplicateToken`] where a token after them stands twice.
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

    /// How many ids there are, the special ones counted; one more than the highest id.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // never empty: the special tokens are always there
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Every token in the order of the ids, the special ones first.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The id of a token of a text; [`UNK`] where the vocabulary does not hold it.
    ///
    /// The special ids are constants, not looked up: `<s>` in a text is no [`SOS`].
    #[must_use]
    pub fn id(&self, token: &str) -> u32 {
        self.ids.get(token).copied().unwrap_or(UNK)
    }

    /// The token of an id; [`None`] for an id that the vocabulary does not have.
    #[must_use]
    pub fn token(&self, id: u32) -> Option<&str> {
        self.tokens.get(usize::try_from(id).ok()?).map(String::as_str)
    }

    /// Whether an id is [`PAD`], [`UNK`], [`SOS`] or [`EOS`].
    #[must_use]
    pub const fn is_special(id: u32) -> bool {
        id <= EOS
    }

    /// The ids of tokens, one each; [`SOS`] and [`EOS`] are the caller's to add.
    #[must_use]
    pub fn encode(&self, tokens: &[impl AsRef<str>]) -> Vec<u32> {
        tokens.iter().map(|token| self.id(token.as_ref())).collect()
    }

    /// The tokens of ids, one each: a special id gives its name, an id that the vocabulary does not
    /// have gives `<unk>`.
    #[must_use]
    pub fn decode(&self, ids: &[u32]) -> Vec<String> {
        ids.iter().map(|&id| self.token(id).unwrap_or(SPECIALS[1]).to_owned()).collect()
    }

    /// How many tokens of tokenised sentences the vocabulary does not hold.
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

/// The tokens of the text, each with its id.
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
