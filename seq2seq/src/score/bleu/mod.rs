//! BLEU scores.

mod intl;
mod mteval;
mod options;
mod rewrite;

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::AddAssign;

pub use intl::intl_words;
pub use mteval::mteval_words;
pub use options::{BleuOptions, BleuSmoothing, BleuTokenizer};

/// Maximum n-gram length.
pub(crate) const ORDER: usize = 4;

/// BLEU of a corpus, with its components.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bleu {
    /// The score, 0 to 100.
    pub score: f64,
    /// The n-gram precisions for n = 1 to 4, 0 to 100, smoothed.
    pub precisions: [f64; ORDER],
    /// The brevity penalty, 0 to 1.
    pub brevity_penalty: f64,
    /// Number of words in the hypotheses.
    pub hypothesis_length: u64,
    /// Number of words in the references.
    pub reference_length: u64,
}

impl Bleu {
    /// Returns the words of the hypotheses per word of the references; 0 if these have none.
    pub fn length_ratio(&self) -> f64 {
        match self.reference_length {
            0 => 0.0,
            length => self.hypothesis_length as f64 / length as f64,
        }
    }
}

/// Computes BLEU of a corpus of (hypothesis, reference) pairs, each split into words at white
/// space: [`corpus_bleu`] with [`BleuOptions::WHITE_SPACE`].
///
/// Equal to sacreBLEU's `corpus_bleu(hypotheses, [references], tokenize="none")`.
///
/// ```
/// let bleu = seq2seq::score::bleu([("the cat sat on the mat", "the cat sat on a mat")]);
/// assert!((bleu.score - 53.7284965911771).abs() < 1e-9);
/// ```
pub fn bleu<H: AsRef<str>, R: AsRef<str>>(pairs: impl IntoIterator<Item = (H, R)>) -> Bleu {
    corpus_bleu(BleuOptions::WHITE_SPACE, pairs)
}

/// Computes BLEU of a corpus of (hypothesis, reference) pairs of ordinary text, each split into
/// words by [`mteval_words`]: [`corpus_bleu`] with the default options.
///
/// Equal to sacreBLEU's `corpus_bleu(hypotheses, [references])`.
///
/// ```
/// let bleu = seq2seq::score::bleu_13a([("The cat sat on the mat.", "The cat sat  on a mat.")]);
/// assert!((bleu.score - 48.892302243490086).abs() < 1e-9);
/// ```
pub fn bleu_13a<H: AsRef<str>, R: AsRef<str>>(pairs: impl IntoIterator<Item = (H, R)>) -> Bleu {
    corpus_bleu(BleuOptions::default(), pairs)
}

/// Computes BLEU of a corpus of (hypothesis, reference) pairs.
///
/// BLEU = bp · exp(¼ Σₙ ln pₙ), bp = min(1, exp(1 - r/h)) (Papineni et al. 2002, section 2.3).
/// n-gram counts are clipped per sentence and summed over sentences. The precision pₙ of an order
/// without a match is that of [`BleuSmoothing`]. The score is 0 if nothing matches at all, or if no
/// sentence is long enough for an n-gram of every order and none is added.
///
/// Equal to sacreBLEU's `corpus_bleu(hypotheses, [references], smooth_method=..., tokenize=...,
/// lowercase=...)`. For a corpus without a sentence, where sacreBLEU fails, the score is 0.
///
/// ```
/// use seq2seq::score::{BleuOptions, BleuSmoothing, BleuTokenizer, corpus_bleu};
///
/// let options = BleuOptions {
///     tokenizer: BleuTokenizer::International,
///     smoothing: BleuSmoothing::Floor,
///     lowercase: true,
/// };
/// let bleu = corpus_bleu(options, [("The cat sat on the mat.", "a cat is on the mat .")]);
/// assert!((bleu.score - 43.47208719449914).abs() < 1e-9);
/// ```
pub fn corpus_bleu<H: AsRef<str>, R: AsRef<str>>(
    options: BleuOptions,
    pairs: impl IntoIterator<Item = (H, R)>,
) -> Bleu {
    let mut counts = BleuCounts::new(options);
    for (hypothesis, reference) in pairs {
        counts.add(hypothesis.as_ref(), reference.as_ref());
    }
    counts.bleu()
}

/// The counts from which BLEU is computed, accumulated pair by pair. Counts of the same options can
/// be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BleuCounts {
    options: BleuOptions,
    /// n-grams that also occur in the reference, by order.
    matches: [u64; ORDER],
    /// n-grams, by order.
    totals: [u64; ORDER],
    hypothesis_length: u64,
    reference_length: u64,
}

impl AddAssign<&Self> for BleuCounts {
    fn add_assign(&mut self, other: &Self) {
        for (count, more) in self.matches.iter_mut().zip(other.matches) {
            *count += more;
        }
        for (count, more) in self.totals.iter_mut().zip(other.totals) {
            *count += more;
        }
        self.hypothesis_length += other.hypothesis_length;
        self.reference_length += other.reference_length;
    }
}

impl BleuCounts {
    /// Returns the counts of no pair.
    pub const fn new(options: BleuOptions) -> Self {
        let (matches, totals) = ([0; ORDER], [0; ORDER]);
        Self { options, matches, totals, hypothesis_length: 0, reference_length: 0 }
    }

    /// Adds a pair.
    pub fn add(&mut self, hypothesis: &str, reference: &str) {
        self.add_words(&self.options.words(hypothesis), &self.options.words(reference));
    }

    fn add_words<W: Eq + Hash>(&mut self, hypothesis: &[W], reference: &[W]) {
        self.hypothesis_length += hypothesis.len() as u64;
        self.reference_length += reference.len() as u64;
        let by_order = self.matches.iter_mut().zip(&mut self.totals);
        for (n, (matches, total)) in (1..).zip(by_order) {
            let mut left: HashMap<&[W], u64> = HashMap::new();
            for gram in reference.windows(n) {
                *left.entry(gram).or_default() += 1;
            }
            for gram in hypothesis.windows(n) {
                *total += 1;
                if let Some(count) = left.get_mut(gram).filter(|count| **count > 0) {
                    *count -= 1;
                    *matches += 1;
                }
            }
        }
    }

    /// Returns the score of all pairs so far.
    pub fn bleu(&self) -> Bleu {
        let (hypothesis, reference) = (self.hypothesis_length as f64, self.reference_length as f64);
        let brevity_penalty = if self.hypothesis_length >= self.reference_length {
            1.0
        } else if self.hypothesis_length == 0 {
            0.0
        } else {
            (1.0 - reference / hypothesis).exp()
        };
        let mut precisions = [0.0; ORDER];
        let mut score = 0.0;
        if self.matches.iter().any(|&count| count > 0) {
            precisions = self.precisions();
            // ln 0 is minus infinity, and exp of that is 0.
            let mean = precisions.iter().map(|p: &f64| p.ln()).sum::<f64>() / ORDER as f64;
            score = brevity_penalty * mean.exp();
        }
        Bleu {
            score,
            precisions,
            brevity_penalty,
            hypothesis_length: self.hypothesis_length,
            reference_length: self.reference_length,
        }
    }

    /// Returns the smoothed precisions; 0 from the first order on of which there is no n-gram.
    fn precisions(&self) -> [f64; ORDER] {
        let smoothing = self.options.smoothing;
        let mut precisions = [0.0; ORDER];
        let mut halved = 1.0;
        for (n, precision) in precisions.iter_mut().enumerate() {
            let added = if smoothing == BleuSmoothing::AddK && n > 0 { 1.0 } else { 0.0 };
            let (matches, total) = (self.matches[n] as f64 + added, self.totals[n] as f64 + added);
            if total == 0.0 {
                break;
            }
            *precision = match smoothing {
                _ if matches > 0.0 => 100.0 * matches / total,
                BleuSmoothing::None | BleuSmoothing::AddK => 0.0,
                BleuSmoothing::Floor => 100.0 * 0.1 / total,
                BleuSmoothing::Exp => {
                    halved *= 2.0;
                    100.0 / (halved * total)
                }
            };
        }
        precisions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corpora_without_anything_score_zero() {
        assert_eq!(bleu::<&str, &str>([]).score, 0.0);
        assert_eq!(bleu([("", "")]).score, 0.0);
        assert_eq!(bleu([("a", "")]).score, 0.0);
        let none = bleu([("", "a b")]);
        assert_eq!((none.score, none.brevity_penalty, none.reference_length), (0.0, 0.0, 2));
        // Three words contain no four-gram.
        assert_eq!(bleu([("a b c", "a b c")]).score, 0.0);
        assert!((bleu([("a b c d", "a b c d")]).score - 100.0).abs() < 1e-9);
    }

    #[test]
    fn the_parts_are_there() {
        let bleu = bleu([("a b c d x", "a b c d e f g")]);
        assert_eq!(bleu.precisions, [80.0, 75.0, 200.0 / 3.0, 50.0]);
        assert_eq!((bleu.hypothesis_length, bleu.reference_length), (5, 7));
        assert_eq!(bleu.brevity_penalty, (1.0_f64 - 7.0 / 5.0).exp());
    }
}
