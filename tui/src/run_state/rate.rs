//! Steps per second over the last minute, excluding the first, slow steps.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Number of first steps that are not counted: they fill caches and pools.
const WARM_UP_STEPS: u64 = 10;
/// Training seconds that must be measured before a rate is returned.
const LEAST_SECONDS: f64 = 0.5;
/// The window, in training seconds.
const WINDOW_SECONDS: f64 = 60.0;
/// Seconds between two stored points.
const GRAIN_SECONDS: f64 = 0.5;

/// If a step takes more than this many times the mean, and longer than [`SUSPENDED_SECONDS`], the
/// process was suspended during it.
const SUSPENDED_STEPS: f64 = 20.0;
/// See [`SUSPENDED_STEPS`].
const SUSPENDED_SECONDS: f64 = 5.0;

/// A window of (step, seconds) points.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Rate {
    first_step: Option<u64>,
    points: VecDeque<(u64, f64)>,
    newest: Option<(u64, f64)>,
}

impl Rate {
    /// Records that `step` steps were complete after `seconds`.
    pub fn push(&mut self, step: u64, seconds: f64) {
        let first = *self.first_step.get_or_insert(step);
        if step < first.saturating_add(WARM_UP_STEPS) || !seconds.is_finite() {
            return;
        }
        if let (Some((last, then)), Some(rate)) = (self.newest, self.steps_per_second()) {
            let each = (seconds - then) / step.saturating_sub(last).max(1) as f64;
            if each > SUSPENDED_SECONDS && each * rate > SUSPENDED_STEPS {
                self.points.clear();
            }
        }
        self.newest = Some((step, seconds));
        if self.points.back().is_none_or(|(_, last)| seconds - last >= GRAIN_SECONDS) {
            self.points.push_back((step, seconds));
        }
        while self.points.len() > 2
            && self.points.front().is_some_and(|(_, first)| seconds - first > WINDOW_SECONDS)
        {
            self.points.pop_front();
        }
    }

    /// Returns the steps per second, once enough of them were measured.
    pub fn steps_per_second(&self) -> Option<f64> {
        let (first, newest) = (self.points.front()?, self.newest?);
        let seconds = newest.1 - first.1;
        let steps = newest.0.saturating_sub(first.0) as f64;
        (seconds >= LEAST_SECONDS && steps > 0.0).then(|| steps / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_first_steps_do_not_count() {
        let mut rate = Rate::default();
        let mut seconds = 0.0;
        for step in 1..=400 {
            seconds += if step <= 10 { 5.0 } else { 0.01 };
            rate.push(step, seconds);
        }
        assert!((rate.steps_per_second().unwrap() - 100.0).abs() < 1e-6);
    }

    #[test]
    fn a_suspended_minute_does_not_count() {
        let mut rate = Rate::default();
        for step in 1..=1000 {
            rate.push(step, step as f64 * 0.01 + if step > 500 { 60.0 } else { 0.0 });
        }
        assert!((rate.steps_per_second().unwrap() - 100.0).abs() < 1e-6);
    }

    #[test]
    fn the_window_moves_and_stays_small() {
        let mut rate = Rate::default();
        for step in 1..=100_000u64 {
            let seconds = if step < 50_000 { 0.1 } else { 0.05 };
            let time = step.min(50_000) as f64 * 0.1 + step.saturating_sub(50_000) as f64 * seconds;
            rate.push(step, time);
        }
        assert!((rate.steps_per_second().unwrap() - 20.0).abs() < 1e-3);
        assert!(rate.points.len() < 200);
    }
}
