//! The learning rate schedule, and the comparison of validations.

use crate::config::{Config, EarlyStoppingMetric, RateSchedule};
use crate::event::Best;
use crate::score::Metrics;

/// A learning rate schedule, a function of the run's progress alone.
///
/// The rate at step s in epoch e (both from 1) after `r` reductions:
///
/// | schedule | rate |
/// |---|---|
/// | constant | start |
/// | luong | start 0.5^max(0, e - 5) (Luong et al. 2015, section 4.1) |
/// | luong_dropout | start 0.5^max(0, e - 8) (the same, for models with dropout) |
/// | plateau | start factor^r |
/// | inverse_sqrt | start min(s / warmup, sqrt(warmup / s)) |
/// | exponential | start factor^(e - 1) |
///
/// `inverse_sqrt` is equation 3 of Vaswani et al. 2017, d^-0.5 min(s^-0.5, s warmup^-1.5), with its
/// peak start = (d warmup)^-0.5.
///
/// PyTorch: `ReduceLROnPlateau` (whose `patience` is one less), `ExponentialLR` stepped once per
/// epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningRate {
    /// The schedule.
    pub schedule: RateSchedule,
    /// Initial rate; the peak rate of `inverse_sqrt`.
    pub start: f32,
    /// Factor by which `plateau` and `exponential` multiply the rate.
    pub factor: f32,
    /// Steps in which the rate of `inverse_sqrt` rises.
    pub warmup: u64,
}

impl LearningRate {
    /// Creates the schedule that a configuration describes.
    pub fn new(config: &Config) -> Self {
        Self {
            schedule: config.learning_rate_schedule,
            start: config.learning_rate,
            factor: config.learning_rate_factor,
            warmup: config.learning_rate_warmup.max(1),
        }
    }

    /// Returns the rate after `step` steps in epoch `epoch` (both from 0) and `reductions`
    /// reductions.
    pub fn at(&self, step: u64, epoch: u64, reductions: u64) -> f32 {
        let factor = f64::from(self.factor);
        let share = match self.schedule {
            RateSchedule::Constant => return self.start,
            RateSchedule::Luong => 0.5_f64.powf(epoch.saturating_sub(4) as f64),
            RateSchedule::LuongDropout => 0.5_f64.powf(epoch.saturating_sub(7) as f64),
            RateSchedule::Plateau => factor.powf(reductions as f64),
            RateSchedule::Exponential => factor.powf(epoch as f64),
            RateSchedule::InverseSqrt => {
                let (s, warmup) = ((step + 1) as f64, self.warmup as f64);
                (s / warmup).min((warmup / s).sqrt())
            }
        };
        (f64::from(self.start) * share) as f32
    }
}

/// Returns `true` if a validation is better than the best so far. Without BLEU, losses are
/// compared.
pub(super) fn is_better(metric: EarlyStoppingMetric, new: &Metrics, best: &Best) -> bool {
    match (metric, new.bleu) {
        (EarlyStoppingMetric::Bleu, Some(bleu)) => {
            let before = best.bleu.unwrap_or(0.0);
            bleu > before || (bleu == before && new.loss < best.loss)
        }
        (EarlyStoppingMetric::Bleu, None) | (EarlyStoppingMetric::Loss, _) => new.loss < best.loss,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(changes: &[(&str, &str)]) -> LearningRate {
        let mut config = Config { learning_rate: 1.0, ..Config::default() };
        changes.iter().for_each(|(key, value)| config.set(key, value).unwrap());
        LearningRate::new(&config)
    }

    #[test]
    fn rates_follow_their_schedules() {
        let named = |name: &str| rate(&[("learning_rate_schedule", name)]);
        let epochs = |name: &str| (0..12).map(|e| named(name).at(7, e, 3)).collect::<Vec<_>>();
        assert_eq!(epochs("constant"), [1.0; 12]);
        let halves = |n: i32| 0.5_f32.powi(n);
        let luong: Vec<f32> = (1..=12).map(|e| halves((e - 5).max(0))).collect();
        assert_eq!(epochs("luong"), luong);
        let dropout: Vec<f32> = (1..=12).map(|e| halves((e - 8).max(0))).collect();
        assert_eq!(epochs("luong_dropout"), dropout);
        assert_eq!(epochs("exponential"), (0..12).map(halves).collect::<Vec<_>>());
        assert_eq!(epochs("plateau"), [0.125; 12]);
        let noam = named("inverse_sqrt");
        for step in [1_u64, 10, 999, 1_000, 1_001, 4_000, 1_000_000] {
            // Equation 3, with d = 512 and the peak taken out.
            let (s, w, d) = (step as f64, 1_000.0_f64, 512.0_f64);
            let equation = d.powf(-0.5) * s.powf(-0.5).min(s * w.powf(-1.5));
            let want = equation / (d * w).powf(-0.5);
            assert!((f64::from(noam.at(step - 1, 0, 0)) - want).abs() < 1e-6, "{step}");
        }
    }

    #[test]
    fn validations_are_compared_by_the_metric_asked_for() {
        let v = |bleu, loss| Metrics { loss, bleu, ..Metrics::default() };
        let best = Best { step: 0, bleu: Some(10.0), loss: 2.0 };
        for (bleu, loss, by_bleu, by_loss) in [
            (11.0, 3.0, true, false),
            (9.0, 1.0, false, true),
            (10.0, 1.0, true, true),
            (10.0, 2.0, false, false),
            (f64::NAN, f64::NAN, false, false),
        ] {
            let new = v(Some(bleu), loss);
            assert_eq!(is_better(EarlyStoppingMetric::Bleu, &new, &best), by_bleu, "{new:?}");
            assert_eq!(is_better(EarlyStoppingMetric::Loss, &new, &best), by_loss, "{new:?}");
        }
        let best = Best { bleu: None, ..best };
        for (loss, better) in [(1.0, true), (2.0, false), (3.0, false)] {
            let new = v(None, loss);
            for metric in [EarlyStoppingMetric::Bleu, EarlyStoppingMetric::Loss] {
                assert_eq!(is_better(metric, &new, &best), better, "{new:?}");
            }
        }
    }
}
