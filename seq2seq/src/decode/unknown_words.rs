//! Unknown words in outputs.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use tokenizer::read::{ReadOptions, TextFile};
use tokenizer::{EOS, UNK};

use super::constraints::Constraints;
use super::decoded::Decoded;
use crate::config::UnknownWords;
use crate::data::Text;
use crate::{Error, Result};

/// Translations of single words, for words that are not in a model's vocabulary.
///
/// The file has one entry per line: a source word, a tab, and its translation, which may have
/// several words. Blank lines are ignored. Of two entries for the same word, the first one holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WordDictionary {
    entries: HashMap<String, String>,
}

impl WordDictionary {
    /// Reads a dictionary.
    ///
    /// # Errors
    /// A file that cannot be read; a line without exactly one tab, or with an empty column.
    pub fn read(path: &Path) -> Result<Self> {
        let text = TextFile::open(path, ReadOptions::ANY)?;
        let mut entries = HashMap::new();
        for (at, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
            let [word, translation] = columns[..] else {
                return Err(wrong_line(path, at, &format!("{} columns", columns.len())));
            };
            if word.is_empty() || translation.is_empty() {
                return Err(wrong_line(path, at, "an empty column"));
            }
            entries.entry(word.to_owned()).or_insert_with(|| translation.to_owned());
        }
        Ok(Self { entries })
    }

    /// Returns the number of words.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns true if there is no word.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the translation of the first of `forms` that is a word of the dictionary.
    fn translation<'a>(&self, forms: impl IntoIterator<Item = &'a str>) -> Option<&str> {
        forms.into_iter().find_map(|form| self.entries.get(form)).map(String::as_str)
    }
}

fn wrong_line(path: &Path, at: usize, found: &str) -> Error {
    let what = format!(
        "{}, line {}: {found}; a dictionary has a source word, a tab and its translation in each line",
        path.display(),
        at + 1
    );
    Error::NothingTrained { what }
}

/// What becomes of unknown words in outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWordOptions {
    /// The treatment.
    pub words: UnknownWords,
    /// Translations that take precedence over the source word, for [`UnknownWords::Replace`].
    pub dictionary: Option<Arc<WordDictionary>>,
}

impl From<UnknownWords> for UnknownWordOptions {
    fn from(words: UnknownWords) -> Self {
        Self { words, dictionary: None }
    }
}

impl UnknownWordOptions {
    /// Returns the constraints of a search. Without attention, a word cannot be replaced.
    pub(crate) fn constrain(&self, constraints: Constraints, attends: bool) -> Constraints {
        let forbid_unknown = match self.words {
            UnknownWords::Keep => false,
            UnknownWords::Forbid => true,
            UnknownWords::Replace => !attends,
        };
        Constraints { forbid_unknown, ..constraints }
    }

    /// Returns the target tokens of an output, without EOS, and the number of those that were
    /// replaced. The output begins with the tokens of `prefix`.
    ///
    /// An unknown token is replaced by the source token with the largest attention weight, or by
    /// its translation in the dictionary (Luong et al. 2015, section 4.1; Jean et al. 2015, section
    /// 3.3). The end token of the source is not a candidate.
    pub(crate) fn tokens(
        &self,
        text: &Text,
        line: &str,
        prefix: &[String],
        decoded: &Decoded,
    ) -> (Vec<String>, usize) {
        let mut tokens = text.target_tokens(&decoded.ids);
        for (token, given) in tokens.iter_mut().zip(prefix) {
            token.clone_from(given);
        }
        let ids = decoded.ids.iter().take_while(|&&id| id != EOS).enumerate().skip(prefix.len());
        let unknown: Vec<usize> = ids.filter(|(_, id)| **id == UNK).map(|(at, _)| at).collect();
        if self.words != UnknownWords::Replace || unknown.is_empty() {
            return (tokens, 0);
        }
        let source = text.written_source(line);
        let mut replaced = 0;
        for at in unknown {
            let Some(row) = decoded.attention.get(at) else { continue };
            let row = text.attention_in_order(row.clone());
            // The first one among equal weights.
            let words = row.iter().take(source.len()).enumerate();
            let best = words.fold(None, |best: Option<(usize, f32)>, (s, &weight)| match best {
                Some((_, most)) if most >= weight => best,
                _ => Some((s, weight)),
            });
            let Some((s, _)) = best else { continue };
            let (word, normalized) = (&source[s], text.normalize_source(&source[s]));
            let dictionary = self.dictionary.as_deref();
            let translation = dictionary.and_then(|d| d.translation([word, &*normalized]));
            tokens[at] = translation.unwrap_or(word).to_owned();
            replaced += 1;
        }
        (tokens, replaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::data::{Corpus, Pair, SubwordModels};

    fn text(reverse: &str) -> Text {
        let mut config = Config::default();
        for (key, value) in [("target_recipe", "words"), ("reverse_source", reverse)] {
            config.set(key, value).unwrap();
        }
        let pair = Pair { source: "a b c".into(), target: "x y z".into(), links: None };
        Text::build(&config, &SubwordModels::default(), &Corpus { pairs: vec![pair] }).unwrap()
    }

    #[test]
    fn the_source_word_with_the_largest_weight_is_copied_or_translated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.tsv");
        std::fs::write(&path, "berlin\tBerolina\n\nc\tTSE TSE\nc\tother\n").unwrap();
        let dictionary = Arc::new(WordDictionary::read(&path).unwrap());
        assert_eq!((dictionary.len(), dictionary.is_empty()), (2, false));
        for (reverse, attention) in [
            ("false", [[0.1, 0.2, 0.3, 0.4], [0.0, 0.9, 0.1, 0.0]]),
            ("true", [[0.3, 0.2, 0.1, 0.4], [0.1, 0.9, 0.0, 0.0]]),
        ] {
            let text = text(reverse);
            let decoded = Decoded {
                ids: vec![UNK, UNK, EOS],
                attention: attention.map(Vec::from).into(),
                ..Decoded::default()
            };
            let line = "a Berlin c";
            let mut options = UnknownWordOptions::from(UnknownWords::Replace);
            assert_eq!(
                options.tokens(&text, line, &[], &decoded),
                (vec!["c".into(), "Berlin".into()], 2)
            );
            options.dictionary = Some(dictionary.clone());
            let (tokens, _) = options.tokens(&text, line, &[], &decoded);
            assert_eq!(tokens, ["TSE TSE", "Berolina"]);
            let (tokens, replaced) = options.tokens(&text, line, &["Q".into()], &decoded);
            assert_eq!((tokens, replaced), (vec!["Q".into(), "Berolina".into()], 1));
            let keep = UnknownWordOptions::from(UnknownWords::Keep);
            assert_eq!(keep.tokens(&text, line, &[], &decoded).0, ["<unk>", "<unk>"]);
        }
        assert!(
            !UnknownWordOptions::from(UnknownWords::Replace)
                .constrain(Constraints::default(), true)
                .forbid_unknown
        );
        assert!(
            UnknownWordOptions::from(UnknownWords::Replace)
                .constrain(Constraints::default(), false)
                .forbid_unknown
        );
    }

    #[test]
    fn a_wrong_line_of_a_dictionary_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.tsv");
        for (text, found) in [
            ("a\tb\nc\n", "line 2: 1 columns"),
            ("a\tb\tc\n", "line 1: 3 columns"),
            ("a\t \n", "line 1: an empty column"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = WordDictionary::read(&path).unwrap_err().to_string();
            assert!(error.contains(found) && error.contains("words.tsv"), "{error}");
        }
    }
}
