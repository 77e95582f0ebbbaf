//! Translation edit rate.

mod beam;
mod edits;
mod shift;

use std::collections::HashMap;
use std::ops::AddAssign;

use super::signature::signature;
use super::whitespace::words;
use edits::edits;

/// The counts from which the translation edit rate is computed, accumulated pair by pair. They can
/// be added.
///
/// TER = edits / words of the reference, times 100 (Snover et al. 2006, "A Study of Translation Edit
/// Rate with Targeted Human Annotation"). An edit inserts, deletes or replaces one word, or moves
/// a sequence of words to another place. The moves are found by the greedy search of Tercom, with
/// its limits, and the other edits by an edit distance whose search is limited to a beam around the
/// diagonal. Words are separated by white space, after conversion to lower case; punctuation is
/// neither separated nor removed.
///
/// Equal to sacreBLEU's `corpus_ter(hypotheses, [references])`.
///
/// ```
/// use seq2seq::score::TerCounts;
///
/// let mut counts = TerCounts::default();
/// // Two words are moved and one is deleted.
/// counts.add("on the mat sat the cat today", "The cat sat on the mat");
/// assert_eq!(counts.edits(), 3);
/// assert_eq!(counts.ter(), 50.0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TerCounts {
    edits: u64,
    reference_length: u64,
}

impl AddAssign<&Self> for TerCounts {
    fn add_assign(&mut self, other: &Self) {
        self.edits += other.edits;
        self.reference_length += other.reference_length;
    }
}

impl TerCounts {
    /// Adds a pair.
    pub fn add(&mut self, hypothesis: &str, reference: &str) {
        let (hypothesis, reference) = (hypothesis.to_lowercase(), reference.to_lowercase());
        let mut ids = HashMap::new();
        let mut numbered = |text| -> Vec<u32> {
            let number = |word| {
                let next = ids.len() as u32;
                *ids.entry(word).or_insert(next)
            };
            words(text).map(number).collect()
        };
        let (hypothesis, reference) = (numbered(&hypothesis), numbered(&reference));
        self.edits += u64::from(edits(&hypothesis, &reference));
        self.reference_length += reference.len() as u64;
    }

    /// Returns the number of edits.
    pub const fn edits(&self) -> u64 {
        self.edits
    }

    /// Returns the rate of all pairs so far, from 0; 100 if there are edits and the references have
    /// no words.
    pub fn ter(&self) -> f64 {
        match (self.edits, self.reference_length) {
            (0, 0) => 0.0,
            (_, 0) => 100.0,
            (edits, length) => 100.0 * edits as f64 / length as f64,
        }
    }
}

/// Returns the settings of the translation edit rate in the form of sacreBLEU's signatures.
pub fn ter_signature() -> String {
    signature("case:lc|tok:tercom|norm:no|punct:yes|asian:no")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(hypothesis: &str, reference: &str) -> (u64, f64) {
        let mut counts = TerCounts::default();
        counts.add(hypothesis, reference);
        (counts.edits(), counts.ter())
    }

    #[test]
    fn edits_of_small_texts() {
        assert_eq!(score("", ""), (0, 0.0));
        assert_eq!(score("a b", ""), (2, 100.0));
        assert_eq!(score("", "a b"), (2, 100.0));
        assert_eq!(score("A  b\tc", "a B C"), (0, 0.0));
        assert_eq!(score("a x c", "a b c").0, 1);
        // One move of two words, in place of four replacements or two insertions and two deletions.
        assert_eq!(score("c d a b", "a b c d").0, 1);
        assert_eq!(score("a b c d e f", "f"), (5, 500.0));
        assert_eq!(TerCounts::default().ter(), 0.0);
    }

    #[test]
    fn the_signature_is_that_of_sacrebleu() {
        let expected = "nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:seq2seq-";
        assert!(ter_signature().starts_with(expected));
    }
}
