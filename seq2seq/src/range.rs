//! Ranges of numbers.

use std::fmt;

/// The range of numbers that a key accepts: a lower and an upper bound, each inclusive or
/// exclusive.
///
/// Every number that the user gives has a range, so that no size overflows, no duration is too long
/// for the clock, and every loop ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    low: f64,
    high: f64,
    includes_low: bool,
    includes_high: bool,
}

/// Ranges of numbers that are not keys.
impl Range {
    /// Number of threads.
    pub const THREADS: Self = Self::within(1.0, 1024.0);
    /// Minutes of training after which a run ends.
    pub const MINUTES: Self = Self::above(0.0, 1e9);
    /// Seconds for which a workload is measured.
    pub const SECONDS: Self = Self::above(0.0, 1e6);
    /// Number of texts that a language model generates.
    pub const TEXTS: Self = Self::within(1.0, 1e6);
    /// Number of tokens of a generated text.
    pub const TOKENS: Self = Self::within(1.0, 1e7);
    /// Target tokens after which a translation is cut.
    pub const MAX_LENGTH: Self = Self::within(1.0, 1e5);
    /// Hypotheses of a beam search.
    pub const BEAM: Self = Self::within(1.0, 1e3);
    /// Minimum length of a translation in tokens.
    pub const MIN_LENGTH: Self = Self::within(0.0, 1e5);
    /// Length of the n-grams that are not repeated.
    pub const NGRAM: Self = Self::within(0.0, 100.0);
    /// Number of most probable tokens that are drawn from.
    pub const TOP_K: Self = Self::within(0.0, 1e9);
    /// Number of alternatives at each position of a translation.
    pub const ALTERNATIVES: Self = Self::within(1.0, 1e3);
    /// Number of checkpoints that are averaged.
    pub const AVERAGED: Self = Self::within(1.0, 1e4);
    /// A probability.
    pub const PROBABILITY: Self = Self::within(0.0, 1.0);
    /// The weight of a network in an ensemble.
    pub const WEIGHT: Self = Self::above(0.0, 1e6);
    /// The weight of a coverage penalty.
    pub const COVERAGE: Self = Self::within(0.0, 1e3);
    /// A multiple of the beam or of a length.
    pub const PATIENCE: Self = Self::above(0.0, 1e3);
    /// Divisor of the logits.
    pub const TEMPERATURE: Self = Self::within(0.0, 1e3);
    /// Number of letters or steps of a generated sequence.
    pub const LENGTH: Self = Self::within(1.0, 2e3);
    /// A size of a workload.
    pub const SIZE: Self = Self::within(1.0, 1e6);
}

impl Range {
    /// Creates the range from `low` to `high`, both included.
    pub const fn within(low: f64, high: f64) -> Self {
        Self { low, high, includes_low: true, includes_high: true }
    }

    /// Creates the range from `low`, included, to `high`, excluded.
    pub const fn below(low: f64, high: f64) -> Self {
        Self { includes_high: false, ..Self::within(low, high) }
    }

    /// Creates the range from `low`, excluded, to `high`, included.
    pub const fn above(low: f64, high: f64) -> Self {
        Self { includes_low: false, ..Self::within(low, high) }
    }

    /// Creates the range from `low` to `high`, both excluded.
    pub const fn between(low: f64, high: f64) -> Self {
        Self { includes_high: false, ..Self::above(low, high) }
    }

    /// Parses an integer; `None` if the text is not an integer in the range.
    pub fn whole(&self, text: &str) -> Option<usize> {
        text.trim().parse().ok().filter(|&n: &usize| self.contains(n as f64))
    }

    /// Parses a number; `None` if the text is not a number in the range.
    pub fn number(&self, text: &str) -> Option<f64> {
        text.trim().parse().ok().filter(|&n| self.contains(n))
    }

    /// Returns `true` if the number is in the range; `false` for NaN.
    pub fn contains(&self, number: f64) -> bool {
        let high_enough = if self.includes_low { number >= self.low } else { number > self.low };
        let low_enough = if self.includes_high { number <= self.high } else { number < self.high };
        high_enough && low_enough
    }
}

/// Formats the range as in help and errors: `from 1 to 256`, `from 0 to below 1`, `above 0, to
/// 1000`.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, high, .. } = self;
        let high = if *high < 1e15 { high.to_string() } else { format!("{high:e}") };
        match (self.includes_low, self.includes_high) {
            (true, true) => write!(f, "from {low} to {high}"),
            (true, false) => write!(f, "from {low} to below {high}"),
            (false, true) => write!(f, "above {low}, to {high}"),
            (false, false) => write!(f, "above {low} and below {high}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_included_or_not() {
        for (range, inside, outside, words) in [
            (Range::within(1.0, 9.0), [1.0, 9.0], [0.9, 9.1], "from 1 to 9"),
            (Range::below(0.0, 1.0), [0.0, 0.9], [-0.1, 1.0], "from 0 to below 1"),
            (Range::above(0.0, 1e9), [1e-300, 1e9], [0.0, 1.1e9], "above 0, to 1000000000"),
            (Range::above(0.0, 1e38), [1e-300, 1e38], [0.0, 1.1e38], "above 0, to 1e38"),
            (Range::between(0.0, 1.0), [0.1, 0.9], [0.0, 1.0], "above 0 and below 1"),
        ] {
            assert!(inside.iter().all(|&x| range.contains(x)), "{range}");
            assert!(!outside.iter().any(|&x| range.contains(x)), "{range}");
            assert!(![f64::NAN, f64::INFINITY, -f64::INFINITY].iter().any(|&x| range.contains(x)));
            assert_eq!(range.to_string(), words);
        }
    }

    #[test]
    fn texts_mean_numbers_in_it_or_none() {
        let range = Range::within(1.0, 1024.0);
        assert_eq!((range.whole(" 7 "), range.number("1.5")), (Some(7), Some(1.5)));
        for text in ["0", "1025", "-1", "18446744073709551616", "x", "", "NaN", "inf"] {
            assert_eq!((range.whole(text), range.number(text)), (None, None), "{text}");
        }
    }
}
