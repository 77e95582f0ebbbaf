//! The mean of the newest losses.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Maximum number of values of the mean.
const MOST: u64 = 50;
/// The mean is taken over the newest one of this many steps.
const SHARE: u64 = 10;

/// The mean of the newest `min(50, step / 10)` finite values, at least of one.
///
/// The mean of a window of n values is the value of the curve n / 2 steps earlier, at the window's
/// centre. An exponential mean with a decay of 0.98 lags by 50 steps, which is most of the curve
/// while the loss still falls fast.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct WindowMean {
    values: VecDeque<(u64, f64)>,
}

impl WindowMean {
    /// Adds the value of a step; one that is not finite is ignored.
    pub fn push(&mut self, step: u64, value: f64) {
        if value.is_finite() {
            self.values.push_back((step, value));
        }
        let most = (step / SHARE).clamp(1, MOST);
        while self.values.len() as u64 > most {
            self.values.pop_front();
        }
    }

    /// Returns the mean, or `None` before the first finite value.
    pub fn value(&self) -> Option<f64> {
        let sum: f64 = self.values.iter().map(|(_, value)| value).sum();
        (!self.values.is_empty()).then(|| sum / self.values.len() as f64)
    }

    /// Returns the step at the centre of the window.
    pub fn centre(&self) -> Option<f64> {
        let (first, last) = (self.values.front()?.0, self.values.back()?.0);
        Some(f64::midpoint(first as f64, last as f64))
    }

    /// Removes the values after a step, which a resumed run repeats.
    pub fn rewind(&mut self, step: u64) {
        self.values.retain(|(at, _)| *at <= step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays_constant_and_other_values_are_ignored() {
        let mut mean = WindowMean::default();
        assert_eq!((mean.value(), mean.centre()), (None, None));
        for step in 1..1000 {
            mean.push(step, if step % 7 == 0 { f64::NAN } else { 0.5 });
            assert_eq!(mean.value(), Some(0.5));
        }
    }

    /// The losses of the default run fall from 6 to 0.5 in 436 steps.
    #[test]
    fn the_mean_follows_a_loss_that_falls() {
        let loss = |step: f64| 6.0 * (-step / 170.0).exp();
        let mut mean = WindowMean::default();
        for step in 1..=436_u64 {
            mean.push(step, loss(step as f64));
        }
        let (centre, value) = (mean.centre().unwrap(), mean.value().unwrap());
        assert!((centre - 415.0).abs() < 1e-9, "{centre}");
        assert!((value / loss(centre) - 1.0).abs() < 0.01, "{value}");
        assert!(value < 1.15 * loss(436.0), "{value}");
        mean.rewind(430);
        assert!((mean.centre().unwrap() - 412.0).abs() < 1e-9);
    }
}
