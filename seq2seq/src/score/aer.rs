//! Word alignments from attention, and their error rate.

use std::collections::BTreeSet;

use super::links::GoldLinks;

/// Returns the links that attention weights imply: each target word is linked to the source word
/// with the largest weight, and to the first of several with equal weight.
///
/// `weights` has a row per target token and a column per source token, in the order of the tokens.
/// Rows and columns beyond them (those of the end token) are ignored, and so are tokens without a
/// letter or digit (punctuation) on either side: a target word is linked to the best source *word*,
/// even if a comma or the end of the sentence has more weight. Links are (source, target).
///
/// ```
/// let weights = [vec![0.1, 0.2, 0.7], vec![0.6, 0.3, 0.1], vec![0.0, 0.0, 1.0]];
/// let links = seq2seq::score::links_of_attention(&weights, &["no", "dogs", "!"], &["chiens", "non"]);
/// assert_eq!(links, [(1, 0), (0, 1)]);
/// ```
pub fn links_of_attention<S: AsRef<str>, T: AsRef<str>>(
    weights: &[Vec<f32>],
    source: &[S],
    target: &[T],
) -> Vec<(usize, usize)> {
    let best = |row: &[f32]| {
        let mut best: Option<(usize, f32)> = None;
        for (j, (&weight, token)) in row.iter().zip(source).enumerate() {
            let better = best.is_none_or(|(_, most)| weight > most);
            if is_word(token.as_ref()) && !weight.is_nan() && better {
                best = Some((j, weight));
            }
        }
        best.map(|(j, _)| j)
    };
    let rows = weights.iter().zip(target).enumerate();
    rows.filter(|(_, (_, token))| is_word(token.as_ref()))
        .filter_map(|(i, (row, _))| Some((best(row)?, i)))
        .collect()
}

/// Returns true for tokens that contain a letter or a digit.
pub(super) fn is_word(token: &str) -> bool {
    token.contains(char::is_alphanumeric)
}

/// Alignment error rate over a corpus.
///
/// AER = 1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|) (Och and Ney 2003, "A Systematic Comparison of
/// Various Statistical Alignment Models", section 5), where A are the links found, S the sure and
/// P the possible gold links (the sure ones are possible too), each summed over the corpus. With
/// gold links of one kind it is 1 minus their F1.
///
/// ```
/// use seq2seq::score::AlignmentErrors;
///
/// let mut errors = AlignmentErrors::default();
/// errors.add(&[(0, 0), (1, 1), (1, 2)], &[(0, 0)], &[(1, 1)]);
/// assert_eq!(errors.rate(), Some(0.25));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlignmentErrors {
    found: u64,
    sure: u64,
    found_sure: u64,
    found_possible: u64,
}

impl AlignmentErrors {
    /// Adds a sentence pair: the links found, and its sure and possible gold links.
    pub fn add(
        &mut self,
        found: &[(usize, usize)],
        sure: &[(usize, usize)],
        possible: &[(usize, usize)],
    ) {
        let found: BTreeSet<_> = found.iter().collect();
        let sure: BTreeSet<_> = sure.iter().collect();
        let possible: BTreeSet<_> = possible.iter().chain(sure.iter().copied()).collect();
        self.found += found.len() as u64;
        self.sure += sure.len() as u64;
        self.found_sure += found.intersection(&sure).count() as u64;
        self.found_possible += found.intersection(&possible).count() as u64;
    }

    /// Adds a sentence pair aligned by attention, as in [`links_of_attention`]; gold links of
    /// punctuation are ignored too.
    pub fn add_attention<S: AsRef<str>, T: AsRef<str>>(
        &mut self,
        weights: &[Vec<f32>],
        source: &[S],
        target: &[T],
        gold: &GoldLinks,
    ) {
        let is_word = |&(i, j): &(usize, usize)| {
            source.get(i).is_some_and(|token| is_word(token.as_ref()))
                && target.get(j).is_some_and(|token| is_word(token.as_ref()))
        };
        let of_words = |links: &[_]| links.iter().copied().filter(is_word).collect::<Vec<_>>();
        let (sure, possible) = (of_words(&gold.sure), of_words(&gold.possible));
        self.add(&links_of_attention(weights, source, target), &sure, &possible);
    }

    /// Returns |A ∩ P| / |A|, the share of the links found that are sure or possible; `None` if there
    /// are none.
    pub fn precision(&self) -> Option<f64> {
        (self.found > 0).then(|| self.found_possible as f64 / self.found as f64)
    }

    /// Returns |A ∩ S| / |S|, the share of the sure links that were found; `None` if there are none.
    pub fn recall(&self) -> Option<f64> {
        (self.sure > 0).then(|| self.found_sure as f64 / self.sure as f64)
    }

    /// Returns the rate, 0 to 1; `None` if there are neither links found nor sure links.
    pub fn rate(&self) -> Option<f64> {
        let all = self.found + self.sure;
        (all > 0).then(|| 1.0 - (self.found_sure + self.found_possible) as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_linked_to_its_best_word() {
        let source = ["i", ",", "see", "."];
        let target = ["je", "vois", "!", "x"];
        let weights = [
            vec![0.3, 0.4, 0.1, 0.1, 0.9],
            vec![0.2, 0.1, 0.5, 0.1, 0.9],
            vec![1.0, 0.0, 0.0, 0.0, 0.0],
            vec![0.25, 0.25, 0.25, 0.25, 0.0],
            vec![0.0, 0.0, 0.0, 0.0, 1.0],
        ];
        // The fourth row has a tie: the first source word. The fifth is that of the end token.
        assert_eq!(links_of_attention(&weights, &source, &target), [(0, 0), (2, 1), (0, 3)]);
    }

    #[test]
    fn strange_rows_link_nothing() {
        let nan = f32::NAN;
        assert!(links_of_attention(&[vec![nan, nan]], &["a", "b"], &["c"]).is_empty());
        assert_eq!(links_of_attention(&[vec![nan, 0.0]], &["a", "b"], &["c"]), [(1, 0)]);
        assert!(links_of_attention(&[vec![0.5, 0.5]], &[",", "."], &["c"]).is_empty());
        assert!(links_of_attention(&[], &["a"], &["c"]).is_empty());
        assert!(links_of_attention::<&str, &str>(&[vec![1.0]], &[], &[]).is_empty());
    }

    #[test]
    fn the_rate_is_och_and_neys() {
        let mut errors = AlignmentErrors::default();
        assert_eq!(errors.rate(), None);
        // |A| = 3, |S| = 2, |A and S| = 1, |A and P| = 2 (P includes S).
        errors.add(&[(0, 0), (1, 1), (2, 2)], &[(0, 0), (3, 3)], &[(1, 1)]);
        assert_eq!(errors.rate(), Some(1.0 - 3.0 / 5.0));
        // Counts are summed over the corpus, not averaged; duplicate links count once.
        errors.add(&[(5, 5), (5, 5)], &[(5, 5), (5, 5)], &[(5, 5)]);
        assert_eq!(errors.rate(), Some(1.0 - 5.0 / 7.0));
    }

    #[test]
    fn gold_links_of_punctuation_do_not_count() {
        let mut errors = AlignmentErrors::default();
        let weights = [vec![0.9, 0.1], vec![0.1, 0.9]];
        let gold = GoldLinks::sure(vec![(0, 0), (1, 1), (9, 9)]);
        errors.add_attention(&weights, &["yes", "."], &["oui", "."], &gold);
        assert_eq!(errors.rate(), Some(0.0));
        // A link that is only possible is neither wrong nor needed.
        let mut errors = AlignmentErrors::default();
        let gold = GoldLinks { sure: vec![(0, 0)], possible: vec![(1, 1)] };
        errors.add_attention(&weights, &["yes", "sir"], &["oui", "monsieur"], &gold);
        assert_eq!(errors.rate(), Some(0.0));
        assert_eq!((errors.precision(), errors.recall()), (Some(1.0), Some(1.0)));
    }
}
