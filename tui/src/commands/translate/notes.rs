//! What is told on stderr when all lines are translated.

use std::collections::BTreeMap;

use seq2seq::{PairScore, Translation, Translator};

use crate::format::{count, several};
use crate::output;

/// Counts of lines for the notes on stderr.
#[derive(Default)]
pub(super) struct Told {
    lines: u64,
    truncated: u64,
    emptied: u64,
    replaced: Tokens,
    unknown_in_prefix: Tokens,
    unknown_in_target: Tokens,
    /// Number of JSON lines whose field of this name was replaced.
    replaced_fields: BTreeMap<String, u64>,
}

/// A number of tokens, and of the lines that have some of them.
#[derive(Default)]
struct Tokens {
    lines: u64,
    tokens: u64,
}

impl Tokens {
    fn add(&mut self, tokens: usize) {
        self.lines += u64::from(tokens > 0);
        self.tokens += tokens as u64;
    }
}

impl Told {
    /// Returns the number of lines so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Counts a translation, with the score of the target that was given.
    pub(super) fn count(&mut self, translation: &Translation, score: Option<&PairScore>) {
        self.lines += 1;
        self.truncated += u64::from(translation.truncated);
        let is_emptied =
            translation.source_tokens.is_empty() && !translation.source.trim().is_empty();
        self.emptied += u64::from(is_emptied);
        self.replaced.add(translation.replaced);
        self.unknown_in_prefix.add(translation.unknown_prefix);
        self.unknown_in_target.add(score.map_or(0, |score| score.unknown_target));
    }

    /// Counts the fields of a JSON line that were replaced.
    pub(super) fn count_replaced_fields(&mut self, names: &[String]) {
        for name in names {
            *self.replaced_fields.entry(name.clone()).or_default() += 1;
        }
    }

    /// Prints the notes.
    pub(super) fn say(&self, translator: &Translator) {
        self.notes(&translator.limit_in_words()).iter().for_each(|note| output::note(note));
    }

    fn notes(&self, limit: &str) -> Vec<String> {
        let lines = several(self.lines, "line");
        let mut notes = Vec::new();
        if self.truncated > 0 {
            notes.push(format!(
                "{} of {lines} cut at {limit}, before the end token; --max-length N cuts elsewhere",
                count(self.truncated),
            ));
        }
        if self.emptied > 0 {
            notes.push(format!(
                "{} of {lines} empty after the run's source_recipe, which keeps none of their \
                 characters: they were translated into empty lines",
                count(self.emptied)
            ));
        }
        let mut of_tokens = |found: &Tokens, what: &str, so: &str| {
            if found.tokens > 0 {
                let tokens = several(found.tokens, what);
                notes.push(format!("{} of {lines} with {tokens} {so}", count(found.lines)));
            }
        };
        of_tokens(
            &self.replaced,
            "unknown word",
            "in the translation, replaced by source words or their entries in the dictionary",
        );
        of_tokens(
            &self.unknown_in_prefix,
            "token",
            "in the prefix that the model does not know and reads as <unk>; they are printed as given",
        );
        of_tokens(
            &self.unknown_in_target,
            "token",
            "unknown to the model in the given target: the number is that of <unk> in its place",
        );
        for (name, lines_with) in &self.replaced_fields {
            notes.push(format!(
                "{} of {lines} with a field {name:?}, in whose place the output has its own field of \
                 this name; rename it in the input to keep it",
                count(*lines_with)
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_does_not_show_is_counted() {
        let mut told = Told::default();
        told.count(&Translation::default(), None);
        assert!(told.notes("max_length = 4").is_empty());
        let cut = Translation {
            truncated: true,
            replaced: 2,
            unknown_prefix: 1,
            ..Translation::default()
        };
        told.count(&cut, None);
        told.count(&Translation { source: "\u{ad}".into(), ..Translation::default() }, None);
        told.count_replaced_fields(&["score".into()]);
        assert_eq!(told.lines(), 3);
        let notes = told.notes("max_length = 4");
        for (note, words) in notes.iter().zip([
            "1 of 3 lines cut at max_length = 4",
            "1 of 3 lines empty after",
            "1 of 3 lines with 2 unknown words in the translation, replaced",
            "1 of 3 lines with 1 token in the prefix",
            "1 of 3 lines with a field \"score\"",
        ]) {
            assert!(note.starts_with(words), "{note}");
        }
        assert_eq!(notes.len(), 5, "{notes:?}");
    }
}
