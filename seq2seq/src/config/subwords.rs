//! Checks of the keys of subword units.

use tokenizer::{BYTE_PIECES, SubwordKind};

use super::enums::{TaskKind, TextUnit};
use super::keys::Config;

/// The number of pieces that are learnt if no number is given.
const PIECES: usize = 8000;

/// One side of the text, and the keys that describe it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextSide<'a> {
    /// `source` or `target`.
    pub(crate) name: &'static str,
    pub(crate) unit: TextUnit,
    /// The file of the subword model, empty if it is learnt.
    pub(crate) tokenizer: &'a str,
    max_vocabulary: usize,
}

impl TextSide<'_> {
    /// Returns the number of pieces to learn.
    pub(crate) fn pieces(&self) -> usize {
        if self.max_vocabulary == 0 { PIECES } else { self.max_vocabulary }
    }

    fn problems(&self) -> Vec<String> {
        let Self { name, unit, tokenizer, max_vocabulary } = *self;
        let mut problems = Vec::new();
        if !tokenizer.is_empty() && unit.subwords().is_none() {
            problems.push(format!(
                "{name}_tokenizer = {tokenizer}: {name}_unit = {unit} does not use it; set \
                 {name}_unit = bpe or unigram, whichever the file holds"
            ));
        }
        let is_learnt = unit.subwords().is_some() && tokenizer.is_empty();
        if is_learnt && max_vocabulary > 0 && max_vocabulary < BYTE_PIECES {
            problems.push(format!(
                "max_{name}_vocabulary = {max_vocabulary}: each of the {BYTE_PIECES} bytes is a piece \
                 of {name}_unit = {unit}; set {BYTE_PIECES} or more"
            ));
        }
        problems
    }
}

impl Config {
    /// Returns source and target; for a language model the target alone.
    pub(crate) fn text_sides(&self) -> Vec<TextSide<'_>> {
        let source = TextSide {
            name: "source",
            unit: self.source_unit,
            tokenizer: &self.source_tokenizer,
            max_vocabulary: self.max_source_vocabulary,
        };
        let target = TextSide {
            name: "target",
            unit: self.target_unit,
            tokenizer: &self.target_tokenizer,
            max_vocabulary: self.max_target_vocabulary,
        };
        match self.task {
            TaskKind::Translation => vec![source, target],
            TaskKind::LanguageLines | TaskKind::LanguageStream => vec![target],
            TaskKind::Sequence => Vec::new(),
        }
    }

    /// Returns the problems of keys of subword units.
    pub(super) fn subwords(&self) -> Vec<String> {
        let sides = self.text_sides();
        let mut problems: Vec<String> = sides.iter().flat_map(TextSide::problems).collect();
        if self.tied.source() && self.source_tokenizer != self.target_tokenizer {
            problems.push(format!(
                "tied = {}: both sides share a vocabulary; set tokenizer = {} or {} for both",
                self.tied, self.source_tokenizer, self.target_tokenizer
            ));
        }
        if self.bpe_dropout > 0.0 && self.task != TaskKind::Sequence {
            let other =
                sides.iter().find(|side| side.unit.subwords() == Some(SubwordKind::Unigram));
            if let Some(side) = other {
                problems.push(format!(
                    "bpe_dropout = {}: {}_unit = unigram has no merges to leave out; set \
                     bpe_dropout = 0 or unit = bpe",
                    self.bpe_dropout, side.name
                ));
            } else if !sides.iter().any(|side| side.unit.subwords() == Some(SubwordKind::Bpe)) {
                problems.push(format!(
                    "bpe_dropout = {}: it leaves out merges of bpe; set unit = bpe or bpe_dropout = 0",
                    self.bpe_dropout
                ));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_do_not_fit_are_refused_with_what_does() {
        for (set, expected) in [
            (&[("tokenizer", "t.json")][..], "source_tokenizer = t.json: source_unit = words does"),
            (&[("unit", "bpe"), ("vocabulary", "255")], "set 256 or more"),
            (
                &[("unit", "bpe"), ("tied", "source_target"), ("source_tokenizer", "t.json")],
                "tied = source_target: both sides share a vocabulary; set tokenizer = t.json",
            ),
            (&[("bpe_dropout", "0.1")], "set unit = bpe or bpe_dropout = 0"),
            (
                &[("bpe_dropout", "0.1"), ("unit", "bpe"), ("target_unit", "unigram")],
                "bpe_dropout = 0.1: target_unit = unigram has no merges",
            ),
        ] {
            let mut config = Config::default();
            set.iter().for_each(|(key, value)| config.set(key, value).unwrap());
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn subword_keys_that_fit_are_accepted() {
        let mut config = Config::default();
        for (key, value) in [("unit", "bpe"), ("target_unit", "characters"), ("bpe_dropout", "0.1")]
        {
            config.set(key, value).unwrap();
        }
        config.validate().unwrap();
        assert_eq!(config.text_sides()[0].pieces(), 8000);
        config.set("vocabulary", "500").unwrap();
        assert_eq!(
            config.text_sides().iter().map(TextSide::pieces).collect::<Vec<_>>(),
            [500, 500]
        );
        assert_eq!(config.show("vocabulary").as_deref(), Some("500"));
    }
}
