//! Character n-gram F-scores: chrF and chrF++.

use std::ops::AddAssign;

use super::signature::signature;
use super::whitespace::words;

/// Maximum length of character n-grams.
const CHARACTERS: usize = 6;
/// Maximum length of word n-grams, of chrF++.
const WORDS: usize = 2;
const ORDERS: usize = CHARACTERS + WORDS;
/// β², by which recall weighs more than precision.
const BETA_SQUARED: f64 = 4.0;

/// The n-grams of one order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Order {
    /// Those of the hypotheses, in sentences whose reference has any.
    hypothesis: u64,
    reference: u64,
    matches: u64,
}

/// The counts from which chrF and chrF++ are computed, accumulated pair by pair. Counts of the same
/// letter case can be added.
///
/// chrFβ = (1 + β²) · P · R / (β² · P + R), β = 2, times 100 (Popović 2015, "chrF: character n-gram
/// F-score for automatic MT evaluation", equation 1). P and R are the means of precision and recall
/// over the orders of which both sides have n-grams; counts are summed over the corpus. chrF has
/// the character n-grams of length 1 to 6 without white space; chrF++ has the word n-grams of
/// length 1 and 2, too (Popović 2017, "chrF++: words helping character n-grams"), where one ASCII
/// punctuation mark at the end of a word, or else at its beginning, is a word of its own.
///
/// Equal to sacreBLEU's `corpus_chrf(hypotheses, [references])` and `corpus_chrf(hypotheses,
/// [references], word_order=2)`.
///
/// ```
/// use seq2seq::score::ChrfCounts;
///
/// let mut counts = ChrfCounts::default();
/// counts.add("The cat sat on the mat.", "A cat is sitting on a mat.");
/// assert!((counts.chrf() - 20.275787650269713).abs() < 1e-9);
/// assert!((counts.chrf_pp() - 23.456067180149617).abs() < 1e-9);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChrfCounts {
    orders: [Order; ORDERS],
}

impl AddAssign<&Self> for ChrfCounts {
    fn add_assign(&mut self, other: &Self) {
        for (order, more) in self.orders.iter_mut().zip(&other.orders) {
            order.hypothesis += more.hypothesis;
            order.reference += more.reference;
            order.matches += more.matches;
        }
    }
}

impl ChrfCounts {
    /// Adds a pair.
    pub fn add(&mut self, hypothesis: &str, reference: &str) {
        let (characters, of_words) = self.orders.split_at_mut(CHARACTERS);
        let letters = |text| words(text).flat_map(str::chars).collect::<Vec<char>>();
        let (left, right) = (letters(hypothesis), letters(reference));
        for (n, order) in (1..).zip(characters) {
            order.add(packed(&left, n), packed(&right, n));
        }
        let (left, right) = (split_words(hypothesis), split_words(reference));
        for (n, order) in (1..).zip(of_words) {
            order.add(left.windows(n).collect(), right.windows(n).collect());
        }
    }

    /// Returns chrF of all pairs so far, 0 to 100.
    pub fn chrf(&self) -> f64 {
        f_score(&self.orders[..CHARACTERS])
    }

    /// Returns chrF++ of all pairs so far, 0 to 100.
    pub fn chrf_pp(&self) -> f64 {
        f_score(&self.orders)
    }
}

/// Returns the settings of chrF in the form of sacreBLEU's signatures; for chrF++ if
/// `with_words` is true. `lowercase` means that texts were converted to lower case before.
pub fn chrf_signature(with_words: bool, lowercase: bool) -> String {
    let (case, words) =
        (if lowercase { "lc" } else { "mixed" }, if with_words { WORDS } else { 0 });
    signature(&format!("case:{case}|eff:yes|nc:{CHARACTERS}|nw:{words}|space:no"))
}

impl Order {
    fn add<G: Ord>(&mut self, mut hypothesis: Vec<G>, mut reference: Vec<G>) {
        // sacreBLEU leaves out n-grams that no reference can match.
        if !reference.is_empty() {
            self.hypothesis += hypothesis.len() as u64;
        }
        self.reference += reference.len() as u64;
        hypothesis.sort_unstable();
        reference.sort_unstable();
        let (mut left, mut right) = (hypothesis.iter().peekable(), reference.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            match a.cmp(b) {
                std::cmp::Ordering::Less => drop(left.next()),
                std::cmp::Ordering::Greater => drop(right.next()),
                std::cmp::Ordering::Equal => {
                    self.matches += 1;
                    left.next();
                    right.next();
                }
            }
        }
    }
}

/// Returns the character n-grams, each in one number: a character has 21 bits.
fn packed(text: &[char], n: usize) -> Vec<u128> {
    let pack =
        |gram: &[char]| gram.iter().fold(0, |all, &c| (all << 21) | u128::from(u32::from(c)));
    text.windows(n).map(pack).collect()
}

/// Returns the words of chrF++.
fn split_words(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    for word in words(text) {
        let ends = (word.char_indices().next_back(), word.chars().nth(1));
        let (Some((last, end)), Some(_)) = ends else {
            all.push(word);
            continue;
        };
        if end.is_ascii_punctuation() {
            all.extend([&word[..last], &word[last..]]);
        } else if word.starts_with(|c: char| c.is_ascii_punctuation()) {
            all.extend([&word[..1], &word[1..]]);
        } else {
            all.push(word);
        }
    }
    all
}

fn f_score(orders: &[Order]) -> f64 {
    let counted = || orders.iter().filter(|o| o.hypothesis > 0 && o.reference > 0);
    let count = counted().count().max(1) as f64;
    let mean = |of: fn(&Order) -> u64| {
        counted().map(|o| o.matches as f64 / of(o) as f64).sum::<f64>() / count
    };
    let (precision, recall) = (mean(|o| o.hypothesis), mean(|o| o.reference));
    if precision + recall == 0.0 {
        return 0.0;
    }
    let factor = 1.0 + BETA_SQUARED;
    100.0 * factor * precision * recall / (BETA_SQUARED * precision + recall)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_is_split_off_once_at_the_end_or_else_at_the_beginning() {
        let text = "(hi) (hi ... . !a a! «é» it's é, ,é";
        let expected = "(hi|)|(|hi|..|.|.|!|a|a|!|«é»|it's|é|,|,|é";
        assert_eq!(split_words(text).join("|"), expected);
    }

    #[test]
    fn texts_without_anything_score_zero() {
        let score = |hypothesis: &str, reference: &str| {
            let mut counts = ChrfCounts::default();
            counts.add(hypothesis, reference);
            (counts.chrf(), counts.chrf_pp())
        };
        assert_eq!(score("", ""), (0.0, 0.0));
        assert_eq!(score("a", ""), (0.0, 0.0));
        assert_eq!(score("", "a"), (0.0, 0.0));
        assert_eq!(score("a", "a"), (100.0, 100.0));
        // White space does not count, except between the words of chrF++.
        assert_eq!(score("a b", "ab").0, 100.0);
        assert!(score("a b", "ab").1 < 80.0);
        assert_eq!(ChrfCounts::default().chrf(), 0.0);
    }

    #[test]
    fn signatures_are_those_of_sacrebleu() {
        let expected = "nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:";
        assert!(chrf_signature(true, false).starts_with(expected));
        let expected = "nrefs:1|case:lc|eff:yes|nc:6|nw:0|space:no|version:";
        assert!(chrf_signature(false, true).starts_with(expected));
    }
}
