//! Filters for training pairs, with counts of the pairs that each filter removes.

use tokenizer::Tokenizer;

use super::corpus::{Corpus, Pair, hash};
use super::split::Seen;
use super::subwords::word_tokenizers;
use crate::Error;
use crate::config::Config;

/// Number of pairs, or lines, that each filter removed; each is counted for the first filter that
/// applies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// Number of pairs or lines read.
    pub(crate) read: usize,
    empty: usize,
    source_emptied: usize,
    target_emptied: usize,
    other_start: usize,
    long_source: usize,
    long_target: usize,
}

impl Dropped {
    /// Returns the number of removed pairs or lines.
    fn total(&self) -> usize {
        self.empty
            + self.source_emptied
            + self.target_emptied
            + self.other_start
            + self.long_source
            + self.long_target
    }

    /// Lists the filters that removed something, with their keys and values.
    fn reasons(&self, config: &Config) -> String {
        let prefixes = || {
            let first: Vec<&str> =
                config.target_prefixes.iter().take(3).map(String::as_str).collect();
            let more = config.target_prefixes.len().saturating_sub(first.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{first:?}{more}")
        };
        let all = [
            (self.empty, "empty, on one side or both".to_owned()),
            (self.source_emptied, format!("emptied by source_recipe = {}", config.source_recipe)),
            (self.target_emptied, format!("emptied by target_recipe = {}", config.target_recipe)),
            (self.other_start, format!("not beginning with target_prefixes = {}", prefixes())),
            (
                self.long_source,
                format!("longer than max_source_words = {}", config.max_source_words),
            ),
            (
                self.long_target,
                format!("longer than max_target_words = {}", config.max_target_words),
            ),
        ];
        let some = all.into_iter().filter(|(count, _)| *count > 0);
        some.map(|(count, why)| format!("{count} {why}")).collect::<Vec<_>>().join(", ")
    }

    /// Returns a warning if something was removed; `what` names the items.
    pub(crate) fn warning(&self, config: &Config, what: &str, use_: &str) -> Option<String> {
        let total = self.total();
        (total > 0).then(|| {
            format!("{total} of {} {what} are not {use_}: {}", self.read, self.reasons(config))
        })
    }

    /// Returns the error for an empty result.
    pub(crate) fn nothing_left(&self, config: &Config, data: &str, what: &str) -> Error {
        let what = if self.read == 0 {
            format!("corpus {data}: it holds no {what}, so there is nothing to train on")
        } else {
            format!(
                "corpus {data}: none of its {} {what} is left to train on: {}",
                self.read,
                self.reasons(config)
            )
        };
        Error::NothingTrained { what }
    }
}

/// Keeps the pairs that the configuration trains on: not longer than its limits, target with a
/// required prefix, neither side empty. Returns each remaining pair in the form that the model
/// reads.
pub(crate) fn filter(config: &Config, corpus: &mut Corpus) -> (Dropped, Vec<Seen>) {
    let (source, target) = word_tokenizers(config);
    let mut dropped = Dropped { read: corpus.pairs.len(), ..Dropped::default() };
    let mut seen = Vec::with_capacity(corpus.pairs.len());
    let over = |tokens: &[String], limit: usize| limit > 0 && tokens.len() > limit;
    corpus.pairs.retain(|pair| {
        let (s, t) = (source.tokenize(&pair.source), target.tokenize(&pair.target));
        let prefixes = &config.target_prefixes;
        let begins = || {
            let normal = target.normalize(&pair.target);
            prefixes.is_empty() || prefixes.iter().any(|x| normal.starts_with(x.as_str()))
        };
        let count = if pair.source.trim().is_empty() || pair.target.trim().is_empty() {
            &mut dropped.empty
        } else if s.is_empty() {
            &mut dropped.source_emptied
        } else if t.is_empty() {
            &mut dropped.target_emptied
        } else if !begins() {
            &mut dropped.other_start
        } else if over(&s, config.max_source_words) {
            &mut dropped.long_source
        } else if over(&t, config.max_target_words) {
            &mut dropped.long_target
        } else {
            seen.push(Seen { source: hash(&s.join(" ")), target: hash(&t.join(" ")) });
            return true;
        };
        *count += 1;
        false
    });
    (dropped, seen)
}

/// Returns the pairs in the form that the model reads.
pub(crate) fn seen(config: &Config, pairs: &[Pair]) -> Vec<Seen> {
    let (source, target) = word_tokenizers(config);
    let side = |tokenizer: &Tokenizer, text: &str| hash(&tokenizer.tokenize(text).join(" "));
    let pair =
        |p: &Pair| Seen { source: side(&source, &p.source), target: side(&target, &p.target) };
    pairs.iter().map(pair).collect()
}

/// Filters the lines of a language model, which has only a target.
pub(crate) fn filter_lines(config: &Config, lines: &mut Vec<String>) -> (Dropped, Vec<Seen>) {
    let (_, tokenizer) = word_tokenizers(config);
    let mut dropped = Dropped { read: lines.len(), ..Dropped::default() };
    let mut seen = Vec::with_capacity(lines.len());
    let limit = config.max_target_words;
    lines.retain(|line| {
        let tokens = tokenizer.tokenize(line);
        let count = if line.trim().is_empty() {
            &mut dropped.empty
        } else if tokens.is_empty() {
            &mut dropped.target_emptied
        } else if limit > 0 && tokens.len() > limit {
            &mut dropped.long_target
        } else {
            let hash = hash(&tokens.join(" "));
            seen.push(Seen { source: hash, target: hash });
            return true;
        };
        *count += 1;
        false
    });
    (dropped, seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_counts_what_it_takes_away() {
        let mut config = Config::preset("pytorch-tutorial").unwrap();
        config.max_source_words = 3;
        config.max_target_words = 4;
        let pairs = [
            ("je suis la", "i am here"),
            ("", "i am here"),
            ("je suis", " "),
            ("кот", "i am here"),
            ("je suis", "кот"),
            ("tu es", "who are you"),
            ("je suis la bas encore", "i am there"),
            ("je suis", "i am here again today"),
        ];
        let pair = |(source, target): (&str, &str)| Pair {
            source: source.into(),
            target: target.into(),
            links: None,
        };
        let mut corpus = Corpus { pairs: pairs.into_iter().map(pair).collect() };
        let (dropped, seen) = filter(&config, &mut corpus);
        assert_eq!((corpus.pairs.len(), seen.len(), dropped.read), (1, 1, 8));
        let text = dropped.warning(&config, "pairs", "trained on").unwrap();
        assert!(text.starts_with("7 of 8 pairs are not trained on: 2 empty"), "{text}");
        for why in [
            "1 emptied by source_recipe = tutorial",
            "1 emptied by target_recipe = tutorial",
            "1 not beginning with target_prefixes = [",
            "1 longer than max_source_words = 3",
            "1 longer than max_target_words = 4",
        ] {
            assert!(text.contains(why), "{text}");
        }
        let error = dropped.nothing_left(&config, "a.tsv", "pairs").to_string();
        assert!(error.contains("a.tsv: none of its 8 pairs is left to train on: 2 empty"));
    }
}
