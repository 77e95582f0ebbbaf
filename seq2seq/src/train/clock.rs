//! Times of the last checkpoint, samples and validation, and whether they are due again.

use std::time::{Duration, Instant};

use super::settings::Settings;
use crate::run::Progress;

/// Number of samples in a run after which they become rarer.
const SAMPLES: f64 = 200.0;
/// Number of times that something is logged at its interval, before that doubles.
const DENSE: u64 = 1000;

/// Times of the last checkpoint, samples and validation.
#[derive(Debug)]
pub(super) struct Clock {
    /// When the last checkpoint was saved.
    saved: Instant,
    /// When samples were last shown.
    sampled: Option<Instant>,
    /// Whether the last validation was not followed by samples, since older ones were recent.
    pub(super) skipped_samples: bool,
    /// The step of the last validation.
    pub(super) validated_at: Option<u64>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { saved: Instant::now(), sampled: None, skipped_samples: false, validated_at: None }
    }

    pub(super) fn saved(&mut self) {
        self.saved = Instant::now();
    }

    pub(super) fn sampled(&mut self) {
        self.sampled = Some(Instant::now());
        self.skipped_samples = false;
    }

    pub(super) fn checkpoint_is_due(&self, settings: &Settings) -> bool {
        self.saved.elapsed() >= Duration::from_secs_f64(settings.checkpoint_seconds)
    }

    /// Returns true if samples are due after so many seconds of training. The longer a run, the rarer
    /// they are, since one set takes as much of its log as some hundred steps.
    pub(super) fn samples_are_due(&self, settings: &Settings, seconds: f64) -> bool {
        let every = settings.sample_every_seconds;
        every > 0.0 && self.waited(every.max(sample_interval(seconds)))
    }

    /// Returns true if samples may follow a validation that was due, after so many seconds of
    /// training: a long run with short epochs would have more of them than a log should hold.
    pub(super) fn samples_may_follow(&self, seconds: f64) -> bool {
        self.waited(sample_interval(seconds))
    }

    fn waited(&self, seconds: f64) -> bool {
        self.sampled.is_none_or(|t| t.elapsed() >= Duration::from_secs_f64(seconds))
    }
}

/// Returns the seconds between two sets of samples, at least, after so many seconds of training.
pub(super) fn sample_interval(seconds: f64) -> f64 {
    seconds / SAMPLES
}

/// Returns true if something that is logged every few steps, 0 for never, is due at a step. After
/// [`DENSE`] times, the interval doubles whenever the number of steps does, so that a long run is logged
/// in about as many places as a short one. It depends only on the step.
pub(super) fn log_is_due(every: u64, step: u64) -> bool {
    let spread = step.div_ceil(every.saturating_mul(DENSE).max(1)).max(1).next_power_of_two();
    every > 0 && step.is_multiple_of(every.saturating_mul(spread))
}

/// Returns `true` if a validation is due after step `at` of the `steps` of an epoch, that is, if
/// the number of validations due so far increases. It depends only on the position in training.
pub(super) fn validation_is_due(
    settings: &Settings,
    progress: &Progress,
    at: usize,
    steps: usize,
) -> bool {
    let every = settings.validate_every_epochs;
    let before = progress.epoch as f64;
    let due = |done| ((before + done as f64 / steps as f64) / every + 1e-9).floor();
    every > 0.0 && due(at + 1) > due(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_is_logged_in_few_places() {
        let places = |every, steps| (0..steps).filter(|&step| log_is_due(every, step)).count();
        assert_eq!(places(10, 10_000), 1000);
        // Half of the steps of each doubling.
        assert_eq!(places(10, 20_001), 1501);
        assert!(places(10, 1_000_000) < 5_000);
        assert_eq!(places(0, 100), 0);
        assert_eq!(places(1, 1000), 1000);
        let spread: Vec<u64> = (40_001..40_400).filter(|&step| log_is_due(10, step)).collect();
        assert_eq!(spread, [40_080, 40_160, 40_240, 40_320]);
    }
}
