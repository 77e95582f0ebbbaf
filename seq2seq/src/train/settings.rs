//! Settings of the training loop.

use super::schedule::LearningRate;
use crate::config::{BatchBy, Config, EarlyStoppingMetric};
use crate::data::Batching;
use crate::health::HealthSettings;

/// Settings of the training loop.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How an epoch is cut into batches.
    pub batching: Batching,
    /// Batches per step, at least 1.
    pub gradient_accumulation: u64,
    /// Learning rate schedule, used unless the user set another rate.
    pub learning_rate: LearningRate,
    /// Validations without a new best after which a plateau lowers the rate.
    pub patience: u64,
    /// Validations without a new best after which the run ends, if limited.
    pub stop_patience: Option<u64>,
    /// The metric that compares validations.
    pub early_stopping_metric: EarlyStoppingMetric,
    /// Global gradient norm to clip at, if any.
    pub clip: Option<f32>,
    /// The run's seed.
    pub seed: u64,
    /// The step at which the run ends.
    pub last_step: u64,
    /// Training seconds after which it ends, if limited.
    pub max_seconds: Option<f64>,
    /// Epochs between validations; 0 to validate only at the end.
    pub validate_every_epochs: f64,
    /// Seconds between samples; 0 for none.
    pub sample_every_seconds: f64,
    /// Seconds between checkpoints.
    pub checkpoint_seconds: f64,
    /// Checkpoints of validations that are kept, besides the best and the last.
    pub keep_checkpoints: usize,
    /// Steps between per-parameter metrics; 0 for none.
    pub metrics_every: u64,
    /// Steps between measurements of gradient flow; 0 for none.
    pub flow_every: u64,
    /// What the health checks need to know.
    pub health: HealthSettings,
}

impl Settings {
    /// Creates the configured settings, up to a last step and, if limited, a number of minutes.
    pub fn new(config: &Config, seed: u64, last_step: u64, max_minutes: Option<f64>) -> Self {
        Self {
            batching: Batching::new(config),
            gradient_accumulation: config.gradient_accumulation.max(1),
            learning_rate: LearningRate::new(config),
            patience: config.learning_rate_patience,
            stop_patience: (config.stop_patience > 0).then_some(config.stop_patience),
            early_stopping_metric: config.early_stopping_metric,
            clip: (config.clip_norm > 0.0).then_some(config.clip_norm),
            seed,
            last_step,
            max_seconds: max_minutes.map(|m| m * 60.0),
            validate_every_epochs: f64::from(config.validate_every_epochs),
            sample_every_seconds: config.sample_every_seconds,
            checkpoint_seconds: config.checkpoint_seconds,
            keep_checkpoints: config.keep_checkpoints,
            metrics_every: config.metrics_every,
            flow_every: config.flow_every,
            health: HealthSettings::new(config),
        }
    }
}

impl Batching {
    /// As configured.
    pub fn new(config: &Config) -> Self {
        match config.batch_by {
            BatchBy::Sentences => Self::Sentences(config.batch),
            BatchBy::Tokens => Self::Positions(config.batch),
        }
    }
}
