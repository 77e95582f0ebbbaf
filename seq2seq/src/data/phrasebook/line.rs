//! Sentences while they are being written: words with tags, and French euphony.
//!
//! The two sides are written independently, each in its own order. A *tag* names a place in the
//! sentence's structure (the object's noun, the negation, ...): it is unique among the English
//! words that can be linked, and every French word carries the tag of the word it stands for.

use super::pair::Pair;

/// A place in the structure; `Tag::MAX` marks an English word that nothing stands for.
pub(super) type Tag = u16;

/// The English side.
#[derive(Debug, Default)]
pub(super) struct English {
    words: Vec<(&'static str, Tag)>,
}

/// The French side.
#[derive(Debug, Default)]
pub(super) struct French {
    words: Vec<Word>,
}

#[derive(Debug, Clone, Copy)]
struct Word {
    text: &'static str,
    tag: Tag,
    /// What replaces it before a vowel; empty for nothing.
    before_vowel: &'static str,
    /// A definite article, which contracts with `à` and `de`.
    article: bool,
}

impl English {
    pub(super) fn push(&mut self, text: &'static str, tag: Tag) {
        self.words.push((text, tag));
    }

    /// All words under one tag; links go to the first.
    pub(super) fn push_all(&mut self, words: &[&'static str], tag: Tag) {
        self.words.extend(words.iter().map(|word| (*word, tag)));
    }

    /// Consecutive tags from `base`.
    pub(super) fn push_row(&mut self, words: &[&'static str], base: Tag) {
        self.words.extend(words.iter().zip(base..).map(|(word, tag)| (*word, tag)));
    }

    fn tokens(&self) -> Vec<&'static str> {
        let mut tokens: Vec<&'static str> = Vec::with_capacity(self.words.len());
        for (text, _) in self.words.iter().rev() {
            let vowel =
                tokens.last().is_some_and(|next| next.starts_with(['a', 'e', 'i', 'o', 'u']));
            tokens.push(if *text == "a" && vowel { "an" } else { text });
        }
        tokens.reverse();
        tokens
    }
}

impl French {
    /// A word; the small words that elide and `ce`, `ma`, `sa` mind what follows.
    pub(super) fn push(&mut self, text: &'static str, tag: Tag) {
        self.push_before_vowel(text, small(text), tag);
    }

    /// A word with its form before a vowel.
    pub(super) fn push_before_vowel(&mut self, text: &'static str, form: &'static str, tag: Tag) {
        self.words.push(Word { text, tag, before_vowel: form, article: false });
    }

    /// A definite article.
    pub(super) fn push_article(&mut self, text: &'static str, tag: Tag) {
        self.words.push(Word { text, tag, before_vowel: small(text), article: true });
    }

    /// The words as they are said one after another: elided, then contracted.
    fn tokens(&self) -> Vec<(&'static str, Tag)> {
        let mut tokens: Vec<(&'static str, Tag)> = Vec::with_capacity(self.words.len());
        let mut contractible = false;
        for word in self.words.iter().rev() {
            let next = tokens.last().map(|(text, _)| *text).unwrap_or_default();
            let mut text = word.text;
            if !word.before_vowel.is_empty() && opens_with_vowel(next) {
                text = word.before_vowel;
            }
            let contracted = match (text, next) {
                ("de", "le") => "du",
                ("de", "les") => "des",
                ("à", "le") => "au",
                ("à", "les") => "aux",
                _ => "",
            };
            if contractible && !contracted.is_empty() {
                tokens.pop();
                text = contracted;
            }
            tokens.push((text, word.tag));
            contractible = word.article;
        }
        tokens.reverse();
        tokens
    }
}

/// The form of a small word before a vowel; empty where it has none.
fn small(text: &str) -> &'static str {
    match text {
        "je" => "j'",
        "me" => "m'",
        "se" => "s'",
        "le" | "la" => "l'",
        "ne" => "n'",
        "de" => "d'",
        "que" => "qu'",
        "ce" => "cet",
        "ma" => "mon",
        "sa" => "son",
        _ => "",
    }
}

/// Whether a French word begins with a vowel sound: every *h* here is mute, and of the numerals
/// *huit* alone resists.
fn opens_with_vowel(word: &str) -> bool {
    word == "y" || (word.starts_with(VOWELS) && word != "huit")
}

const VOWELS: [char; 13] = ['a', 'e', 'i', 'o', 'u', 'h', 'à', 'â', 'é', 'è', 'ê', 'î', 'œ'];

/// The fewest and most words a side may have.
pub(super) const LENGTHS: std::ops::RangeInclusive<usize> = 3..=14;

/// The finished pair, unless a side is too short or long or a French word lacks its English one.
pub(super) fn finish(english: &English, french: &French) -> Option<Pair> {
    let source = english.tokens();
    let target = french.tokens();
    if !LENGTHS.contains(&source.len()) || !LENGTHS.contains(&target.len()) {
        return None;
    }
    let mut links = Vec::with_capacity(target.len());
    for (place, (_, tag)) in target.iter().enumerate() {
        let from = english.words.iter().position(|(_, other)| other == tag)?;
        links.push((from, place));
    }
    links.sort_unstable();
    let target: Vec<&str> = target.iter().map(|(text, _)| *text).collect();
    Some(Pair { source: source.join(" "), target: target.join(" "), links })
}
