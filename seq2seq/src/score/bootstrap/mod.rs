//! Confidence of scores, and of differences between them, by bootstrap resampling.

mod numpy;

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use numpy::NumpyRng;

/// Number of resamples, as in sacreBLEU.
pub const BOOTSTRAP_SAMPLES: usize = 1000;
/// Seed of the resampling, as in sacreBLEU.
pub const BOOTSTRAP_SEED: u64 = 12345;

/// The 95 % confidence interval of a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// The mean of the scores of the resamples.
    pub mean: f64,
    /// Half the distance between their 2.5th and their 97.5th percentile.
    pub half_width: f64,
}

/// A paired test of the difference between two outputs of the same sentences.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedTest {
    /// The score minus that of the baseline.
    pub difference: f64,
    /// How probable a difference as large is by chance, 0 to 1.
    pub p_value: f64,
}

/// Returns the scores of [`BOOTSTRAP_SAMPLES`] resamples of a corpus: each draws as many sentences
/// as there are, with replacement, and scores the sum of their counts. No sentences give no scores.
///
/// The sentences drawn are those of sacreBLEU 2, whose generator (NumPy's, with the seed
/// [`BOOTSTRAP_SEED`]) is reproduced here. Two corpora of as many sentences draw the same.
///
/// ```
/// use seq2seq::score::{Confidence, TerCounts, resampled};
///
/// let sentence = |hypothesis: &str, reference: &str| {
///     let mut counts = TerCounts::default();
///     counts.add(hypothesis, reference);
///     counts
/// };
/// let counts = [sentence("a b", "a b"), sentence("a", "a b"), sentence("b c d", "d e")];
/// let scores = resampled(&counts, TerCounts::ter);
/// let confidence = Confidence::of(&scores).ok_or("no sentence")?;
/// assert!((confidence.mean - 64.85).abs() < 1e-4);
/// assert!((confidence.half_width - 75.0).abs() < 1e-4);
/// # Ok::<(), &str>(())
/// ```
pub fn resampled<C, S>(counts: &[C], score: impl Fn(&C) -> S) -> Vec<S>
where
    C: Copy + for<'a> AddAssign<&'a C>,
{
    let Ok(n) = u32::try_from(counts.len()) else { return Vec::new() };
    let mut rng = NumpyRng::new(BOOTSTRAP_SEED);
    let mut draw = || counts.get(rng.below(n) as usize);
    let sample = |_| {
        let mut sum = *draw()?;
        for _ in 1..n {
            sum += draw()?;
        }
        Some(score(&sum))
    };
    (0..BOOTSTRAP_SAMPLES).map_while(sample).collect()
}

impl Confidence {
    /// Returns the interval of the scores of resamples; `None` if there are none.
    ///
    /// Equal to sacreBLEU's `estimate_ci`.
    pub fn of(scores: &[f64]) -> Option<Self> {
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        let outside = sorted.len() / 40;
        let (lower, upper) = (sorted.get(outside)?, sorted.get(sorted.len() - outside - 1)?);
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        Some(Self { mean, half_width: (upper - lower) / 2.0 })
    }
}

impl PairedTest {
    /// Tests the difference between the scores of a baseline and of another system, each with those
    /// of its resamples, by paired bootstrap resampling (Koehn 2004, "Statistical Significance Tests
    /// for Machine Translation Evaluation").
    ///
    /// p = (c + 1) / (n + 1), where c of n resamples have a difference whose distance from the mean
    /// difference is greater than the difference of the scores, as in sacreBLEU's `--paired-bs`.
    /// Unlike there, p is 1 if no resample differs at all, as for two equal outputs.
    pub fn of(baseline: (f64, &[f64]), system: (f64, &[f64])) -> Self {
        let pairs = || baseline.1.iter().zip(system.1);
        let differences: Vec<f64> = pairs().map(|(b, s)| (s - b).abs()).collect();
        let (difference, n) = (system.0 - baseline.0, differences.len() as f64);
        if differences.iter().all(|&d| d == 0.0) {
            return Self { difference, p_value: 1.0 };
        }
        let mean = differences.iter().sum::<f64>() / n;
        let larger = differences.iter().filter(|&d| d - mean > difference.abs()).count();
        Self { difference, p_value: (larger as f64 + 1.0) / (n + 1.0) }
    }

    /// Returns true if p < 0.05.
    pub fn is_significant(&self) -> bool {
        self.p_value < 0.05
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_few_scores() {
        assert_eq!(Confidence::of(&[]), None);
        let of = |scores: &[f64]| Confidence::of(scores).unwrap();
        assert_eq!(of(&[3.0]), Confidence { mean: 3.0, half_width: 0.0 });
        let scores: Vec<f64> = (0..1000).rev().map(f64::from).collect();
        assert_eq!(of(&scores), Confidence { mean: 499.5, half_width: 474.5 });
    }

    #[test]
    fn equal_outputs_do_not_differ() {
        let test = PairedTest::of((5.0, &[4.0, 6.0]), (5.0, &[4.0, 6.0]));
        assert_eq!(test, PairedTest { difference: 0.0, p_value: 1.0 });
        assert!(!test.is_significant());
        let none = PairedTest::of((5.0, &[]), (6.0, &[]));
        assert_eq!(none, PairedTest { difference: 1.0, p_value: 1.0 });
    }

    #[test]
    fn no_sentences_give_no_resamples() {
        #[derive(Clone, Copy)]
        struct One(u64);
        impl AddAssign<&One> for One {
            fn add_assign(&mut self, other: &One) {
                self.0 += other.0;
            }
        }
        assert!(resampled(&[], |one: &One| one.0).is_empty());
        assert_eq!(resampled(&[One(3)], |one| one.0), [3; BOOTSTRAP_SAMPLES]);
    }
}
