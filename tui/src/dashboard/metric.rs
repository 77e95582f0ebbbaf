//! The metrics that the page of curves shows.

use super::history::{Curves, is_wide};
use super::series::Series;

/// A metric of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Metric {
    /// Loss of training and held-out examples.
    #[default]
    Loss,
    /// exp(loss).
    Perplexity,
    /// Global norm of the gradient, before and after clipping.
    GradientNorm,
    /// The learning rate.
    LearningRate,
    /// Target tokens per second.
    Speed,
    /// Share of held-out outputs that equal their reference.
    ExactMatch,
    /// Share of held-out tokens that equal the teacher-forced argmax.
    TokenAccuracy,
    /// BLEU of held-out outputs.
    Bleu,
    /// BLEU of their tokens.
    TokenBleu,
}

/// One curve of a metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct MetricCurve<'a> {
    /// The name in the legend.
    pub name: &'static str,
    /// The points.
    pub series: &'a Series,
    /// True if there is a point for each step; these curves are smoothed.
    pub dense: bool,
    /// Converts the values of the series; increasing.
    pub value: fn(f64) -> f64,
}

impl Metric {
    /// Every metric, in the order of the key.
    pub(super) const ALL: [Self; 9] = [
        Self::Loss,
        Self::Perplexity,
        Self::GradientNorm,
        Self::LearningRate,
        Self::Speed,
        Self::ExactMatch,
        Self::TokenAccuracy,
        Self::Bleu,
        Self::TokenBleu,
    ];

    /// Returns the name that is displayed.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Perplexity => "perplexity",
            Self::GradientNorm => "gradient norm",
            Self::LearningRate => "learning rate",
            Self::Speed => "tokens per second",
            Self::ExactMatch => "exact match",
            Self::TokenAccuracy => "token accuracy",
            Self::Bleu => "BLEU",
            Self::TokenBleu => "token BLEU",
        }
    }

    /// Returns the curves of the metric.
    pub(super) fn curves(self, curves: &Curves) -> Vec<MetricCurve<'_>> {
        let of = |name, series, dense, value| MetricCurve { name, series, dense, value };
        let same = |x: f64| x;
        match self {
            Self::Loss => vec![
                of("batch", &curves.loss, true, same),
                of("held out", &curves.valid, false, same),
            ],
            Self::Perplexity => vec![
                of("batch", &curves.loss, true, f64::exp),
                of("held out", &curves.valid, false, f64::exp),
            ],
            Self::GradientNorm => vec![
                of("before clipping", &curves.before, true, same),
                of("clipped", &curves.after, true, same),
            ],
            Self::LearningRate => vec![of("rate", &curves.learning_rate, true, same)],
            Self::Speed => vec![of("tokens/s", &curves.speed, true, same)],
            Self::ExactMatch => vec![of("held out", &curves.exact, false, same)],
            Self::TokenAccuracy => vec![of("held out", &curves.accuracy, false, same)],
            Self::Bleu => vec![of("held out", &curves.bleu, false, same)],
            Self::TokenBleu => vec![of("held out", &curves.token_bleu, false, same)],
        }
    }

    /// Returns true if there is something to show.
    pub(super) fn is_known(self, curves: &Curves) -> bool {
        self.curves(curves).iter().any(|curve| !curve.series.is_empty())
    }

    /// Returns true if the value axis is logarithmic unless the user chose another one.
    pub(super) fn is_logarithmic(self, curves: &Curves) -> bool {
        match self {
            Self::Loss => curves.loss_is_wide(),
            Self::Perplexity | Self::GradientNorm | Self::LearningRate => self
                .curves(curves)
                .iter()
                .any(|curve| is_wide(&curve.series.smoothed(100.0).map(|x| x, curve.value))),
            _ => false,
        }
    }

    /// Returns the metric that is `further` places along in the order of the key, among those that
    /// `is_known` accepts.
    pub(super) fn step(self, further: usize, is_known: impl Fn(Self) -> bool) -> Self {
        let place = Self::ALL.iter().position(|metric| *metric == self).unwrap_or(0);
        let order = (1..=Self::ALL.len()).map(|i| (place + i * further) % Self::ALL.len());
        order
            .filter_map(|place| Self::ALL.get(place).copied())
            .find(|metric| is_known(*metric))
            .unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_without_values_are_skipped() {
        let known = |metric| matches!(metric, Metric::Loss | Metric::Speed | Metric::Bleu);
        let next = |metric: Metric| metric.step(1, known);
        assert_eq!(next(Metric::Loss), Metric::Speed);
        assert_eq!(next(Metric::Bleu), Metric::Loss);
        assert_eq!(Metric::Loss.step(Metric::ALL.len() - 1, known), Metric::Bleu);
        assert_eq!(Metric::Loss.step(1, |_| false), Metric::Loss);
    }
}
