//! The scale of the value axis of a plot.

use crate::ticks::{self, Tick};

/// The scale of the value axis, over the values or their logarithms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// Creates a scale that contains all values, with a margin; `None` if there is nothing to draw.
    pub(super) fn around(values: impl Iterator<Item = f64>, log: bool) -> Option<Self> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite() && (!log || *value > 0.0)) {
            let value = if log { value.log10() } else { value };
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            return None;
        }
        // A constant curve is drawn in the middle; others have a small margin at the edges.
        let span = high - low;
        let room = match span {
            span if span > 0.0 => span * 0.04,
            _ if log => 0.1,
            _ => (high.abs() * 0.1).max(1e-12),
        };
        let not_negative = !log && low >= 0.0;
        let low = if not_negative { (low - room).max(0.0) } else { low - room };
        Some(Self { low, high: high + room, log })
    }

    /// Creates a scale with the given ends.
    pub(super) fn fixed((low, high): (f64, f64), log: bool) -> Option<Self> {
        let (low, high) = if log { (low.log10(), high.log10()) } else { (low, high) };
        (low < high && (high - low).is_finite()).then_some(Self { low, high, log })
    }

    /// Returns the position of a value from 0 (bottom) to 1 (top).
    pub(super) fn share(self, value: f64) -> Option<f64> {
        let value = if self.log { value.log10() } else { value };
        let share = (value - self.low) / (self.high - self.low);
        share.is_finite().then(|| share.clamp(0.0, 1.0))
    }

    pub(super) fn ticks(self, most: usize) -> Vec<Tick> {
        if self.log {
            ticks::logarithmic(10f64.powf(self.low), 10f64.powf(self.high), most)
        } else {
            ticks::linear(self.low, self.high, most)
        }
    }
}
