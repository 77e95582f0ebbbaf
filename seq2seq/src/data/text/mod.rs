//! Conversion between text and ids for both languages.

mod remarks;

use tokenizer::{
    EOS, PAD, Recipe, SOS, Subwords, Tokenizer, UNK, Unit, Vocabulary, VocabularyOptions,
};

use super::batch::Example;
use super::corpus::{Corpus, Pair};
use super::subwords::{BpeDropout, SubwordModels, replace_pieces, tokenizers};
use super::token_words::TokenWords;
use crate::Result;
use crate::config::Config;

/// The tokenizers and vocabularies of both languages.
#[derive(Debug, Clone)]
pub struct Text {
    source: Tokenizer,
    target: Tokenizer,
    reverse: bool,
    /// The source vocabulary.
    pub source_vocabulary: Vocabulary,
    /// The target vocabulary.
    pub target_vocabulary: Vocabulary,
}

impl Text {
    /// Creates the configured tokenizers, and builds vocabularies from training pairs; those of
    /// subword models are the models' own.
    ///
    /// # Errors
    /// A subword unit without its model.
    pub fn build(config: &Config, models: &SubwordModels, corpus: &Corpus) -> Result<Self> {
        let (source, target) = tokenizers(config, models)?;
        let build = |tokens: Vec<Vec<String>>, max: usize| {
            let max_size = (max > 0).then_some(max);
            Vocabulary::build(&tokens, &VocabularyOptions { min_count: config.min_count, max_size })
        };
        let pairs = &corpus.pairs;
        let sources = || pairs.iter().map(|p| source.tokenize(&p.source));
        let targets = || pairs.iter().map(|p| target.tokenize(&p.target));
        let own = |tokenizer: &Tokenizer| tokenizer.subwords().map(Subwords::vocabulary);
        let (source_vocabulary, target_vocabulary) = if config.tied.source() {
            let build =
                || build(sources().chain(targets()).collect(), config.max_source_vocabulary);
            let both = own(&source).unwrap_or_else(build);
            (both.clone(), both)
        } else {
            let of_source = || build(sources().collect(), config.max_source_vocabulary);
            let of_target = || build(targets().collect(), config.max_target_vocabulary);
            (own(&source).unwrap_or_else(of_source), own(&target).unwrap_or_else(of_target))
        };
        let reverse = config.reverse_source;
        Ok(Self { reverse, source_vocabulary, target_vocabulary, source, target })
    }

    /// Creates the configured tokenizers, with stored vocabularies.
    ///
    /// # Errors
    /// A subword unit without its model.
    pub fn restore(
        config: &Config,
        models: &SubwordModels,
        source: Vocabulary,
        target: Vocabulary,
    ) -> Result<Self> {
        let (source_tokenizer, target_tokenizer) = tokenizers(config, models)?;
        Ok(Self {
            source: source_tokenizer,
            target: target_tokenizer,
            reverse: config.reverse_source,
            source_vocabulary: source,
            target_vocabulary: target,
        })
    }

    /// Describes the first difference from another text that matters to an ensemble; `None` if there
    /// is none. The order of the source does not matter.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        for (side, own, others) in
            [("source", &self.source, &other.source), ("target", &self.target, &other.target)]
        {
            let names = |of: &Tokenizer| (of.recipe(), of.unit_name());
            if names(own) != names(others) {
                return Some(format!(
                    "{side}_recipe = {}, {side}_unit = {}, but {} and {}",
                    others.recipe(),
                    others.unit_name(),
                    own.recipe(),
                    own.unit_name()
                ));
            }
            if own != others {
                return Some(format!("another tokenizer.json of the {side} than that"));
            }
        }
        for (side, own, others) in [
            ("source", &self.source_vocabulary, &other.source_vocabulary),
            ("target", &self.target_vocabulary, &other.target_vocabulary),
        ] {
            let (own, others) = (own.tokens(), others.tokens());
            if own.len() != others.len() {
                return Some(format!(
                    "the {side} vocabulary has {} entries, but {}",
                    others.len(),
                    own.len()
                ));
            }
            if let Some(at) = (0..own.len()).find(|&at| own[at] != others[at]) {
                return Some(format!(
                    "entry {at} of the {side} vocabulary is {:?}, but {:?}",
                    others[at], own[at]
                ));
            }
        }
        None
    }

    /// Returns a warning about vocabularies of a run that was begun before texts were normalised to
    /// NFC, if that makes a difference.
    pub(crate) fn remark_on_vocabularies(&self) -> Option<String> {
        let source = changed_by(&self.source, &self.source_vocabulary);
        remark_on(source.chain(changed_by(&self.target, &self.target_vocabulary)))
    }

    /// Returns true if sources are read from their last token on.
    pub(crate) fn reads_backwards(&self) -> bool {
        self.reverse
    }

    /// Returns the ids of a source line in reading order, EOS last; EOS alone for a blank line.
    pub fn encode_source(&self, line: &str) -> Vec<u32> {
        let mut ids = self.source_vocabulary.encode(&tokens(&self.source, line));
        if self.reverse {
            ids.reverse();
        }
        ids.push(EOS);
        ids
    }

    /// Returns the ids of a pair, EOS last on both sides.
    pub fn encode(&self, pair: &Pair) -> Example {
        let mut target = self.target_vocabulary.encode(&tokens(&self.target, &pair.target));
        target.push(EOS);
        Example { source: self.encode_source(&pair.source), target }
    }

    /// Returns the ids of pair `number` of the corpus in an epoch with BPE-dropout.
    pub(crate) fn encode_with_dropout(
        &self,
        pair: &Pair,
        dropout: BpeDropout,
        (epoch, number): (u64, usize),
    ) -> Example {
        let tokens = |tokenizer: &Tokenizer, line: &str, side: u32| match is_blank(tokenizer, line)
        {
            true => Vec::new(),
            false => dropout.tokens(tokenizer, line, (epoch, number, side)),
        };
        let mut source = self.source_vocabulary.encode(&tokens(&self.source, &pair.source, 0));
        if self.reverse {
            source.reverse();
        }
        source.push(EOS);
        let mut target = self.target_vocabulary.encode(&tokens(&self.target, &pair.target, 1));
        target.push(EOS);
        Example { source, target }
    }

    /// Returns true if a side is split into pieces of words.
    pub(crate) fn has_pieces(&self) -> bool {
        self.source.subwords().is_some() || self.target.subwords().is_some()
    }

    /// Returns the words that the tokens of a source line belong to, in the sentence's own order.
    pub(crate) fn token_words_of_source(&self, line: &str) -> TokenWords {
        TokenWords::new(&self.source, &tokens(&self.source, line))
    }

    /// Returns the words that the tokens of a target line belong to.
    pub(crate) fn token_words_of_target(&self, line: &str) -> TokenWords {
        TokenWords::new(&self.target, &tokens(&self.target, line))
    }

    /// Returns the words that target ids belong to, without EOS and the ids after it.
    pub(crate) fn token_words_of_ids(&self, ids: &[u32]) -> TokenWords {
        TokenWords::new(&self.target, &self.target_tokens(ids))
    }

    /// Returns the source words for display, in the sentence's own order, EOS last; nothing for a
    /// blank line, since it is not read.
    pub fn source_words(&self, line: &str) -> Vec<String> {
        let tokens = tokens(&self.source, line);
        let end = (!tokens.is_empty()).then(|| END.to_owned());
        tokens.iter().map(|t| self.source.display_token(t)).chain(end).collect()
    }

    /// Returns the positions, in the sentence's own order, of the source tokens that are not in the
    /// vocabulary.
    pub(crate) fn unknown_positions(&self, line: &str) -> Vec<usize> {
        let ids = self.source_vocabulary.encode(&tokens(&self.source, line));
        ids.iter().enumerate().filter(|(_, id)| **id == UNK).map(|(i, _)| i).collect()
    }

    /// Returns the source tokens as text, in the sentence's own order, without EOS: in the case of the
    /// line even if the source recipe is in lower case, unless lower case divides the line
    /// differently.
    pub(crate) fn written_source(&self, line: &str) -> Vec<String> {
        let read = tokens(&self.source, line);
        let written = match (self.source.recipe(), self.source.unit()) {
            (Recipe::WordsLower, Some(unit)) => tokens(&Tokenizer::new(Recipe::Words, unit), line),
            _ => Vec::new(),
        };
        let tokens = if written.len() == read.len() { written } else { read };
        tokens.iter().map(|token| self.source.display_token(token)).collect()
    }

    /// Returns the ids of the beginning of a target, without EOS.
    pub(crate) fn encode_prefix(&self, line: &str) -> Vec<u32> {
        self.target_vocabulary.encode(&tokens(&self.target, line))
    }

    /// Returns the target tokens of a line.
    pub(crate) fn tokenize_target(&self, line: &str) -> Vec<String> {
        tokens(&self.target, line)
    }

    /// Returns the target words of a line for display, without EOS. Unknown words are those of the
    /// line.
    pub(crate) fn words_of_target(&self, line: &str) -> Vec<String> {
        tokens(&self.target, line).iter().map(|token| self.target.display_token(token)).collect()
    }

    /// Returns a source word in the form in which the source recipe writes it.
    pub(crate) fn normalize_source(&self, word: &str) -> String {
        self.source.normalize(word)
    }

    /// Joins target tokens to text.
    pub(crate) fn join_target(&self, tokens: &[String]) -> String {
        self.target.detokenize(tokens)
    }

    /// Reorders attention over source positions into the sentence's own order.
    pub fn attention_in_order(&self, row: Vec<f32>) -> Vec<f32> {
        self.in_order(row)
    }

    /// Reorders values of source positions from the order of reading into the sentence's own order,
    /// or back.
    pub(crate) fn in_order<T>(&self, mut row: Vec<T>) -> Vec<T> {
        if self.reverse
            && let Some(n) = row.len().checked_sub(1)
        {
            row[..n].reverse();
        }
        row
    }

    /// Returns a source line with some tokens replaced, each by the tokens of a text; an empty text
    /// removes the token. The position after the last token stands for the end, where a text is
    /// added. `None` if a position is past it.
    pub(crate) fn replace_source(&self, line: &str, edits: &[(usize, &str)]) -> Option<String> {
        if let Some(model) = self.source.subwords() {
            return replace_pieces(model, &tokens(&self.source, line), edits);
        }
        let mut all: Vec<Vec<String>> =
            tokens(&self.source, line).into_iter().map(|token| vec![token]).collect();
        all.push(Vec::new());
        for &(position, text) in edits {
            *all.get_mut(position)? = tokens(&self.source, text);
        }
        Some(self.source.detokenize(&all.concat()))
    }

    /// Converts target ids to words for display, including EOS.
    pub fn target_words(&self, ids: &[u32]) -> Vec<String> {
        ids.iter()
            .map(|&id| match (id, self.target_vocabulary.token(id)) {
                (EOS, _) => END.into(),
                (_, Some(token)) => self.target.display_token(token),
                (_, None) => String::new(),
            })
            .collect()
    }

    /// Converts target ids to text, without EOS and the ids after it.
    pub fn detokenize(&self, ids: &[u32]) -> String {
        self.target.detokenize(&self.target_tokens(ids))
    }

    /// Returns the target tokens of ids, without EOS and the ids after it.
    pub(crate) fn target_tokens(&self, ids: &[u32]) -> Vec<String> {
        let ids = ids.iter().take_while(|&&id| id != EOS).filter(|&&id| id != PAD && id != SOS);
        let token = |&id: &u32| self.target_vocabulary.token(id).unwrap_or_default().to_string();
        ids.map(token).collect()
    }

    /// Joins target tokens by spaces, the form that `token_bleu` and `token_exact_match` compare.
    pub fn hypothesis(&self, tokens: &[String]) -> String {
        join(&self.target, tokens)
    }

    /// Converts a target line to the same form.
    pub fn reference(&self, line: &str) -> String {
        join(&self.target, &tokens(&self.target, line))
    }

    /// Counts the unknown tokens of an example from [`encode`](Self::encode), source and target.
    pub(crate) fn unknown(example: &Example) -> (usize, usize) {
        let count = |ids: &[u32]| ids.iter().filter(|&&id| id == UNK).count();
        (count(&example.source), count(&example.target))
    }

    /// Returns the shares of unknown words in a corpus, source and target.
    pub(crate) fn unknown_rates(&self, corpus: &Corpus) -> (f64, f64) {
        let pairs = &corpus.pairs;
        let sources: Vec<_> = pairs.iter().map(|p| self.source.tokenize(&p.source)).collect();
        let targets: Vec<_> = pairs.iter().map(|p| self.target.tokenize(&p.target)).collect();
        let source = self.source_vocabulary.unknown_rate(&sources);
        let target = self.target_vocabulary.unknown_rate(&targets);
        (source.rate(), target.rate())
    }
}

/// The text that is shown for the end token.
pub(crate) const END: &str = "</s>";

/// Returns the tokens of a line; none if it is blank before or after its recipe is applied.
fn tokens(tokenizer: &Tokenizer, line: &str) -> Vec<String> {
    if is_blank(tokenizer, line) { Vec::new() } else { tokenizer.tokenize(line) }
}

fn is_blank(tokenizer: &Tokenizer, line: &str) -> bool {
    tokenizer.normalize(line).chars().all(char::is_whitespace)
}

/// Joins tokens by spaces. Pieces are joined to text first and count as the words of that text, so
/// that scores do not depend on how words are divided.
fn join(tokenizer: &Tokenizer, tokens: &[String]) -> String {
    if tokenizer.subwords().is_some() {
        let words = Tokenizer::new(tokenizer.recipe(), Unit::Words);
        return join(&words, &words.tokenize(&tokenizer.detokenize(tokens)));
    }
    let words: Vec<String> = tokens.iter().map(|t| tokenizer.display_token(t)).collect();
    words.join(" ")
}

/// Returns tokens of a vocabulary that its recipe no longer produces although it keeps all text.
fn changed_by<'a>(
    tokenizer: &'a Tokenizer,
    vocabulary: &'a Vocabulary,
) -> impl Iterator<Item = &'a str> {
    let words = vocabulary.tokens().iter().map(String::as_str);
    // The pieces of a subword model are no text of the recipe.
    let keeps_all = tokenizer.recipe().keeps_all() && tokenizer.subwords().is_none();
    words.filter(move |word| keeps_all && !word.is_ascii() && tokenizer.normalize(word) != **word)
}

fn remark_on<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<String> {
    let first = words.next()?;
    Some(format!(
        "{} words of the vocabulary, such as {first:?}, are not in NFC or hold characters that are \
         not seen: the run is of an older program, which did not bring text to NFC, and they are \
         read as unknown now; begin a new run on such text",
        words.count() + 1
    ))
}

/// Like [`Text::remark_on_vocabularies`], for the vocabulary of a language model.
pub(crate) fn remark_on_vocabulary(
    tokenizer: &Tokenizer,
    vocabulary: &Vocabulary,
) -> Option<String> {
    remark_on(changed_by(tokenizer, vocabulary))
}

#[cfg(test)]
mod tests {
    use tokenizer::VocabularyOptions;

    use super::*;

    #[test]
    fn unknown_source_words_are_found_in_the_order_of_the_sentence() {
        let of = |words: &[&str]| Vocabulary::build([words], &VocabularyOptions::default());
        let config = Config { reverse_source: true, ..Config::default() };
        let text =
            Text::restore(&config, &SubwordModels::default(), of(&["the", "car"]), of(&["la"]));
        let text = text.unwrap();
        assert_eq!(text.unknown_positions("the zebra car"), [1]);
        assert_eq!(text.unknown_positions("gnu the car"), [0]);
        assert!(text.unknown_positions("").is_empty());
    }

    #[cfg(feature = "subwords")]
    #[test]
    fn a_piece_is_replaced_within_its_word() {
        use tokenizer::{SubwordKind, SubwordOptions};
        let options = SubwordOptions { kind: SubwordKind::Bpe, pieces: 257, min_count: 1 };
        let model = Subwords::train(&["aa aa".to_owned()], &options).unwrap();
        let config = Config {
            source_unit: crate::config::TextUnit::Bpe,
            reverse_source: true,
            ..Config::default()
        };
        let models = SubwordModels { source: Some(model.clone()), target: None };
        let none = Vocabulary::build([["x"]], &VocabularyOptions::default());
        let text = Text::restore(&config, &models, model.vocabulary(), none).unwrap();
        let line = "aa ab";
        let pieces = text.source_words(line);
        assert_eq!(pieces, ["␣", "aa", "␣", "a", "b", "</s>"]);
        let replaced = |edits: &[(usize, &str)]| text.replace_source(line, edits);
        assert_eq!(replaced(&[]).as_deref(), Some("aa ab"));
        assert_eq!(replaced(&[(1, "né"), (4, "")]).as_deref(), Some("né a"));
        assert_eq!(replaced(&[(2, "x")]).as_deref(), Some("aa xab"));
        assert_eq!(replaced(&[(5, "end")]).as_deref(), Some("aa ab end"));
        assert_eq!(replaced(&[(6, "x")]), None);
        let words = text.token_words_of_source(line);
        assert_eq!((words.words.join("|"), words.of_tokens), ("aa|ab".into(), vec![0, 0, 1, 1, 1]));
        let ids = ["b", "a"].map(|piece| model.vocabulary().id(piece));
        assert_eq!(text.encode_source(line)[..2], ids, "reversed");
    }

    #[test]
    fn a_vocabulary_of_before_nfc_is_remarked_on() {
        let of = |words: &[&str]| Vocabulary::build([words], &VocabularyOptions::default());
        let remark = |source: &[&str], target: &[&str]| {
            let (config, none) = (Config::default(), SubwordModels::default());
            let text = Text::restore(&config, &none, of(source), of(target)).unwrap();
            text.remark_on_vocabularies()
        };
        assert_eq!(remark(&["clé", "a￭"], &["key", "é"]), None);
        let said = remark(&["cle\u{301}", "a"], &["key\u{200B}"]).unwrap();
        assert!(said.starts_with("2 words of the vocabulary, such as"), "{said}");
    }
}
