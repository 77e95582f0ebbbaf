//! Debiased exponential moving average.

use serde::{Deserialize, Serialize};

/// Decay factor of the smoothed speed per step.
pub const SMOOTHING: f64 = 0.98;

/// A debiased exponential moving average over finite values.
///
/// `s_n = f s_(n-1) + (1 - f) x_n` from `s_0 = 0`, divided by `1 - f^n`: the average of a constant
/// is that constant from the first value on. Values that are not finite are ignored.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Smoother {
    factor: f64,
    sum: f64,
    weight: f64,
}

impl Default for Smoother {
    fn default() -> Self {
        Self::new(SMOOTHING)
    }
}

impl Smoother {
    /// Creates a smoother with the decay factor `factor`, from 0 up to but excluding 1.
    pub fn new(factor: f64) -> Self {
        Self { factor: factor.clamp(0.0, 0.9999), sum: 0.0, weight: 0.0 }
    }

    /// Adds a value and returns the average, or `None` before the first finite value.
    pub fn push(&mut self, value: f64) -> Option<f64> {
        if value.is_finite() {
            self.sum = self.factor * self.sum + (1.0 - self.factor) * value;
            self.weight = self.factor * self.weight + (1.0 - self.factor);
        }
        self.value()
    }

    /// Returns the average, or `None` before the first finite value.
    pub fn value(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays_constant() {
        let mut smoother = Smoother::default();
        assert_eq!(smoother.value(), None);
        for _ in 0..1000 {
            let value = smoother.push(0.7).unwrap();
            assert!((value - 0.7).abs() < 1e-12, "{value}");
        }
    }

    #[test]
    fn what_is_not_finite_changes_nothing() {
        let mut smoother = Smoother::new(0.5);
        smoother.push(f64::NAN);
        assert_eq!(smoother.value(), None);
        smoother.push(1.0);
        smoother.push(3.0);
        let before = smoother.value();
        smoother.push(f64::INFINITY);
        assert_eq!(smoother.value(), before);
        assert!((before.unwrap() - 7.0 / 3.0).abs() < 1e-12);
    }
}
