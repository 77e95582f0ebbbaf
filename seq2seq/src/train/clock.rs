//! Times of the last checkpoint, samples and validation, and whether they are due again.

use std::time::{Duration, Instant};

use super::settings::Settings;
use crate::run::Progress;

/// Times of the last checkpoint, samples and validation.
#[derive(Debug)]
pub(super) struct Clock {
    /// When the last checkpoint was saved.
    saved: Instant,
    /// When samples were last shown.
    sampled: Option<Instant>,
    /// The step of the last validation.
    pub(super) validated_at: Option<u64>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { saved: Instant::now(), sampled: None, validated_at: None }
    }

    pub(super) fn saved(&mut self) {
        self.saved = Instant::now();
    }

    pub(super) fn sampled(&mut self) {
        self.sampled = Some(Instant::now());
    }

    pub(super) fn checkpoint_is_due(&self, settings: &Settings) -> bool {
        self.saved.elapsed() >= Duration::from_secs_f64(settings.checkpoint_seconds)
    }

    pub(super) fn samples_are_due(&self, settings: &Settings) -> bool {
        let every = settings.sample_every_seconds;
        let waited = |t: Instant| t.elapsed() >= Duration::from_secs_f64(every);
        every > 0.0 && self.sampled.is_none_or(waited)
    }
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
