//! All scores of output texts against references.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::bleu::{BleuCounts, BleuOptions};
use super::chrf::ChrfCounts;
use super::exact::is_equal_in_words;
use super::ter::TerCounts;
use super::whitespace::words;

/// The scores of output texts against references.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TextScores {
    /// BLEU, 0 to 100: [`corpus_bleu`](super::corpus_bleu).
    pub bleu: f64,
    /// chrF, 0 to 100: [`ChrfCounts`].
    pub chrf: f64,
    /// chrF++, 0 to 100: [`ChrfCounts`].
    pub chrf_pp: f64,
    /// Translation edit rate, from 0: [`TerCounts`].
    pub ter: f64,
    /// Share of outputs that equal their reference pair by pair, apart from the amount of white
    /// space, 0 to 1.
    pub exact_match: f64,
    /// Words of the outputs per word of the references, both as BLEU splits them; 0 if the
    /// references have none.
    pub length_ratio: f64,
    /// Share of output words, separated by white space, that repeat the word before them, 0 to 1:
    /// rep/l of Welleck et al. 2020, "Neural Text Generation with Unlikelihood Training", with
    /// l = 1, of whole outputs in place of single predictions.
    pub repetition_rate: f64,
}

/// The counts from which [`TextScores`] are computed, accumulated pair by pair. Counts of the same
/// options can be added.
///
/// ```
/// use seq2seq::score::{BleuOptions, TextCounts};
///
/// let mut counts = TextCounts::new(BleuOptions::default());
/// counts.add("the cat cat sat", "the cat sat");
/// counts.add("yes .", "yes .");
/// let scores = counts.scores();
/// assert_eq!(scores.exact_match, 0.5);
/// assert_eq!(scores.repetition_rate, 1.0 / 6.0);
/// assert_eq!(scores.length_ratio, 6.0 / 5.0);
/// assert_eq!(scores.ter, 20.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextCounts {
    bleu: BleuCounts,
    chrf: ChrfCounts,
    ter: TerCounts,
    lowercase: bool,
    pairs: u64,
    equal: u64,
    words: u64,
    repeated: u64,
}

impl AddAssign<&Self> for TextCounts {
    fn add_assign(&mut self, other: &Self) {
        self.bleu += &other.bleu;
        self.chrf += &other.chrf;
        self.ter += &other.ter;
        self.pairs += other.pairs;
        self.equal += other.equal;
        self.words += other.words;
        self.repeated += other.repeated;
    }
}

impl TextCounts {
    /// Returns the counts of no pair. Letter case is that of `options` for BLEU and chrF; TER
    /// ignores it, and exact match does not.
    pub fn new(options: BleuOptions) -> Self {
        Self {
            bleu: BleuCounts::new(options),
            chrf: ChrfCounts::default(),
            ter: TerCounts::default(),
            lowercase: options.lowercase,
            pairs: 0,
            equal: 0,
            words: 0,
            repeated: 0,
        }
    }

    /// Adds a pair.
    pub fn add(&mut self, hypothesis: &str, reference: &str) {
        self.bleu.add(hypothesis, reference);
        if self.lowercase {
            self.chrf.add(&hypothesis.to_lowercase(), &reference.to_lowercase());
        } else {
            self.chrf.add(hypothesis, reference);
        }
        self.ter.add(hypothesis, reference);
        self.pairs += 1;
        self.equal += u64::from(is_equal_in_words(hypothesis, reference));
        let mut before = None;
        for word in words(hypothesis) {
            self.words += 1;
            self.repeated += u64::from(before == Some(word));
            before = Some(word);
        }
    }

    /// Returns the number of pairs.
    pub const fn pairs(&self) -> u64 {
        self.pairs
    }

    /// Returns the scores of all pairs so far.
    pub fn scores(&self) -> TextScores {
        let bleu = self.bleu.bleu();
        let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
        TextScores {
            bleu: bleu.score,
            chrf: self.chrf.chrf(),
            chrf_pp: self.chrf.chrf_pp(),
            ter: self.ter.ter(),
            exact_match: share(self.equal, self.pairs),
            length_ratio: bleu.length_ratio(),
            repetition_rate: share(self.repeated, self.words),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn scores_are_within_their_ranges(a in "[ab. \u{3000}日é1]{0,40}", b in "[ab. 日é1]{0,40}") {
            let of = |hypothesis: &str, reference: &str| {
                let mut counts = TextCounts::new(BleuOptions::default());
                counts.add(hypothesis, reference);
                counts.scores()
            };
            let scores = of(&a, &b);
            for score in [scores.bleu, scores.chrf, scores.chrf_pp] {
                prop_assert!((0.0..=100.0 + 1e-9).contains(&score), "{scores:?}");
            }
            prop_assert!(scores.ter >= 0.0 && scores.ter.is_finite() && scores.repetition_rate < 1.0);
            let same = of(&a, &a);
            prop_assert_eq!((same.exact_match, same.ter), (1.0, 0.0));
            let is_blank = words(&a).next().is_none();
            prop_assert!(is_blank || (same.chrf_pp - 100.0).abs() < 1e-9, "{same:?}");
        }
    }

    #[test]
    fn sums_of_counts_are_the_counts_of_all_pairs() {
        let pairs = [("a b c d e", "a b c d f"), ("", "x"), ("The THE end", "the end"), ("", "")];
        for lowercase in [false, true] {
            let options = BleuOptions { lowercase, ..BleuOptions::default() };
            let (mut all, mut sum) = (TextCounts::new(options), TextCounts::new(options));
            for (hypothesis, reference) in pairs {
                all.add(hypothesis, reference);
                let mut one = TextCounts::new(options);
                one.add(hypothesis, reference);
                sum += &one;
            }
            assert_eq!(all, sum);
            assert_eq!(all.scores().exact_match, 0.25);
        }
        assert_eq!(TextCounts::new(BleuOptions::default()).scores(), TextScores::default());
    }

    #[test]
    fn letter_case_is_ignored_where_it_should_be() {
        let score = |lowercase| {
            let mut counts = TextCounts::new(BleuOptions { lowercase, ..BleuOptions::default() });
            counts.add("THE CAT SAT DOWN", "the cat sat down");
            counts.scores()
        };
        let (mixed, lower) = (score(false), score(true));
        assert_eq!((mixed.bleu, mixed.chrf, mixed.ter), (0.0, 0.0, 0.0));
        assert!(lower.bleu > 99.9 && lower.chrf > 99.9 && lower.exact_match == 0.0, "{lower:?}");
    }
}
