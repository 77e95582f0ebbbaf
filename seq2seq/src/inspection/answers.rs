//! Answers about a run beside the inspection of one translation, as plain data: the maps of a
//! held-out sentence, the units that follow a word, the distribution of a parameter.

use rnn::Gate;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::event::Sample;
use crate::json_number;

/// The attention maps of a held-out sentence: the answer to
/// [`Command::HeldOut`](crate::Command::HeldOut).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldOutMaps {
    /// The number of the sentence, from 1.
    pub number: usize,
    /// Number of held-out sentences.
    pub count: usize,
    /// The greedy translation: the decoder is fed its own tokens.
    pub free: Sample,
    /// The reference: the decoder is fed its tokens.
    pub forced: Sample,
}

/// A question for units of a layer that follow words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitsRequest {
    /// The words, each of which counts: source words for a layer of the encoder; else words of the
    /// reference, which the decoder is fed.
    pub words: Vec<String>,
    /// The name of the layer and direction: `encoder.rnn.l0`.
    pub layer: String,
    /// The gate or state.
    pub gate: Gate,
}

/// How the units of a layer follow words, over held-out sentences: the answer to
/// [`Command::Units`](crate::Command::Units).
///
/// For unit u the Pearson correlation, over all positions of all sentences, of its value with an
/// indicator that is 1 from the first of the words on, in the order of reading, and 0 before it and
/// in sentences without it. A unit that carries the number of the subject is near 1 or -1 for the
/// words of one number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitCorrelations {
    /// The request.
    pub request: UnitsRequest,
    /// Number of sentences that were read.
    pub sentences: usize,
    /// Number of those with one of the words.
    pub with_word: usize,
    /// The correlation of each unit; 0 for a constant one.
    #[serde(with = "json_number::list")]
    pub correlations: Vec<f32>,
}

impl UnitCorrelations {
    /// Returns the units by the size of their correlation, the largest first.
    pub fn order(&self) -> Vec<usize> {
        let mut units: Vec<usize> = (0..self.correlations.len()).collect();
        let size = |unit: usize| self.correlations[unit].abs();
        units.sort_by(|&a, &b| size(b).total_cmp(&size(a)));
        units
    }
}

/// The distribution of a parameter's values and gradients: the answer to
/// [`Command::Histogram`](crate::Command::Histogram).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterHistogram {
    /// The parameter's name.
    pub name: String,
    /// The lengths of its dimensions.
    pub shape: Vec<usize>,
    /// Optimizer steps done.
    pub step: u64,
    /// Its values.
    pub values: Distribution,
    /// Its gradients, and what they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradients: Option<(GradientKind, Distribution)>,
}

/// What gradients are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GradientKind {
    /// Those of the loss of the run's first training examples, as many as a batch has, before
    /// clipping.
    Batch,
    /// The optimizer's running mean of gradients, in a checkpoint (`exp_avg` of Adam).
    Mean,
}

/// Number of bins of a [`Distribution`].
pub const BINS: usize = 48;

/// A histogram: equal bins from the least to the largest value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Distribution {
    /// The least finite value.
    #[serde(with = "json_number::one")]
    pub low: f64,
    /// The largest finite value.
    #[serde(with = "json_number::one")]
    pub high: f64,
    /// Number of values in each bin.
    pub counts: Vec<u64>,
    /// The mean of the finite values.
    #[serde(with = "json_number::one")]
    pub mean: f64,
    /// Their standard deviation.
    #[serde(with = "json_number::one")]
    pub deviation: f64,
    /// Number of values that are exactly 0.
    pub zeros: u64,
    /// Number of values that are not finite.
    pub not_finite: u64,
}

impl Distribution {
    /// Computes the histogram of values in [`BINS`] bins.
    ///
    /// NumPy: `numpy.histogram(values, bins=48)`.
    ///
    /// ```
    /// use seq2seq::inspection::Distribution;
    ///
    /// let found = Distribution::new(&[-1.0, 0.0, 0.0, 1.0, f32::NAN]);
    /// assert_eq!((found.low, found.high, found.zeros, found.not_finite), (-1.0, 1.0, 2, 1));
    /// assert_eq!((found.counts[0], found.counts[24], found.counts[47]), (1, 2, 1));
    /// assert_eq!(found.mean, 0.0);
    /// ```
    pub fn new(values: &[f32]) -> Self {
        let finite = || values.iter().filter(|x| x.is_finite()).map(|&x| f64::from(x));
        let count = finite().count();
        let (low, high) = finite()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        if count == 0 {
            let not_finite = values.len() as u64;
            return Self { counts: vec![0; BINS], not_finite, ..Self::default() };
        }
        let mut counts = vec![0; BINS];
        let scale = if high > low { BINS as f64 / (high - low) } else { 0.0 };
        for x in finite() {
            counts[(((x - low) * scale) as usize).min(BINS - 1)] += 1;
        }
        let mean = finite().sum::<f64>() / count as f64;
        let variance = finite().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
        Self {
            low,
            high,
            counts,
            mean,
            deviation: variance.sqrt(),
            zeros: values.iter().filter(|&&x| x == 0.0).count() as u64,
            not_finite: (values.len() - count) as u64,
        }
    }
}

/// Returns the error for a parameter that does not exist.
pub(crate) fn unknown_parameter<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    Error::BadValue {
        key: "parameter".into(),
        value: name.to_owned(),
        allowed: known.collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_those_of_numpy() {
        // numpy.histogram(numpy.arange(100) ** 2 / 100, bins=48)
        let values: Vec<f32> = (0..100_u8).map(|i| f32::from(i).powi(2) / 100.0).collect();
        let found = Distribution::new(&values);
        assert_eq!(found.counts[..6], [15, 6, 4, 4, 3, 4]);
        assert_eq!(found.counts.iter().sum::<u64>(), 100);
        assert!((found.mean - 32.835).abs() < 1e-4 && (found.deviation - 29.532_967).abs() < 1e-4);
        // All alike, none, and none that is finite.
        assert_eq!(Distribution::new(&[2.0; 7]).counts[0], 7);
        assert_eq!(Distribution::new(&[]).counts, [0; BINS]);
        let found = Distribution::new(&[f32::NAN, f32::INFINITY]);
        assert_eq!((found.not_finite, found.low, found.high), (2, 0.0, 0.0));
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Distribution>(&json).unwrap(), found);
    }
}
