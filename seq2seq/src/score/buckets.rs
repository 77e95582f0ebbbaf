//! Scores by the length of the source.

use serde::{Deserialize, Serialize};

use super::text::TextCounts;

/// The largest number of source words of each bucket but the last, which has no limit.
const LIMITS: [u64; 7] = [0, 5, 10, 15, 20, 30, 50];

/// The scores of the sentences whose source has a number of words in a range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LengthBucket {
    /// The smallest number of source words, separated by white space.
    pub from: u64,
    /// The largest; absent if there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// Sentences.
    pub sentences: u64,
    /// BLEU, 0 to 100.
    pub bleu: f64,
    /// chrF, 0 to 100.
    pub chrf: f64,
    /// Share of outputs that equal their reference, 0 to 1.
    pub exact_match: f64,
    /// Words of the outputs per word of the references.
    pub length_ratio: f64,
}

impl LengthBucket {
    /// Divides sentences, given as the number of source words and the counts of each, into buckets:
    /// 0, 1-5, 6-10, 11-15, 16-20, 21-30, 31-50, and from 51 words on. Empty ones are left out.
    ///
    /// ```
    /// use seq2seq::score::{BleuOptions, LengthBucket, TextCounts};
    ///
    /// let mut counts = TextCounts::new(BleuOptions::default());
    /// counts.add("a", "a");
    /// let buckets = LengthBucket::divide([(7, counts), (3, counts), (4, counts)]);
    /// let found: Vec<_> = buckets.iter().map(|b| (b.range(), b.sentences)).collect();
    /// assert_eq!(found, [("1-5".to_owned(), 2), ("6-10".to_owned(), 1)]);
    /// ```
    pub fn divide(sentences: impl IntoIterator<Item = (u64, TextCounts)>) -> Vec<Self> {
        let mut sums: [Option<TextCounts>; LIMITS.len() + 1] = [None; LIMITS.len() + 1];
        for (length, counts) in sentences {
            let sum = &mut sums[LIMITS.partition_point(|&limit| limit < length)];
            match sum {
                Some(sum) => *sum += &counts,
                None => *sum = Some(counts),
            }
        }
        let bucket = |(i, sum): (usize, Option<TextCounts>)| {
            let counts = sum?;
            let scores = counts.scores();
            let from = i.checked_sub(1).map_or(0, |before| LIMITS[before] + 1);
            Some(Self {
                from,
                to: LIMITS.get(i).copied(),
                sentences: counts.pairs(),
                bleu: scores.bleu,
                chrf: scores.chrf,
                exact_match: scores.exact_match,
                length_ratio: scores.length_ratio,
            })
        };
        sums.into_iter().enumerate().filter_map(bucket).collect()
    }

    /// Returns the range of lengths for display: `0`, `1-5`, `51+`.
    pub fn range(&self) -> String {
        match self.to {
            Some(to) if to == self.from => to.to_string(),
            Some(to) => format!("{}-{to}", self.from),
            None => format!("{}+", self.from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::bleu::BleuOptions;

    #[test]
    fn every_length_has_its_bucket() {
        let counts = |length: u64| {
            let mut counts = TextCounts::new(BleuOptions::default());
            counts.add("a", if length < 10 { "a" } else { "b" });
            (length, counts)
        };
        let buckets = LengthBucket::divide((0..100).map(counts));
        let ranges: Vec<String> = buckets.iter().map(LengthBucket::range).collect();
        assert_eq!(ranges, ["0", "1-5", "6-10", "11-15", "16-20", "21-30", "31-50", "51+"]);
        let sizes: Vec<u64> = buckets.iter().map(|b| b.sentences).collect();
        assert_eq!(sizes, [1, 5, 5, 5, 5, 10, 20, 49]);
        assert_eq!((buckets[1].exact_match, buckets[2].exact_match), (1.0, 0.8));
        assert!(LengthBucket::divide([]).is_empty());
    }
}
