//! The settings of a run that checks compare with and that advice names.

use rnn::Cell;

use crate::config::{Config, TaskKind};

/// The settings of a run that checks compare with and that advice names.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthSettings {
    /// The recurrent cell.
    pub cell: Cell,
    /// Whether the decoder has attention; true for tasks without a decoder, which cannot have it.
    pub attention: bool,
    /// Global gradient norm to clip at, if any.
    pub clip: Option<f32>,
    /// The learning rate of the newest step.
    pub learning_rate: f64,
    /// Share of dropout.
    pub dropout: f32,
    /// The early stopping patience; 0 if it is off.
    pub stop_patience: u64,
}

impl HealthSettings {
    /// Returns the settings of a configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            cell: config.cell,
            attention: config.task != TaskKind::Translation || config.attention.is_some(),
            clip: (config.clip_norm > 0.0).then_some(config.clip_norm),
            learning_rate: f64::from(config.learning_rate),
            dropout: config.dropout,
            stop_patience: config.stop_patience,
        }
    }

    /// Returns true if the cell has gates, which keep the gradient from vanishing.
    pub fn is_gated(&self) -> bool {
        !matches!(self.cell, Cell::RnnTanh | Cell::RnnRelu)
    }

    /// Returns changes that let more of the gradient through time, for this cell and attention.
    pub(super) fn longer_memory(&self) -> String {
        let mut changes = Vec::new();
        match self.cell {
            Cell::Lstm | Cell::LstmPeephole => changes.push("forget_bias = 1".to_owned()),
            _ if self.is_gated() => {}
            cell => changes.push(format!("a gated cell (gru, lstm) in place of {cell}")),
        }
        if !self.attention {
            changes.push("attention = additive".to_owned());
        }
        changes.push("shorter sentences".to_owned());
        changes.join(", or ")
    }

    /// Returns the advice to set, or to lower, the clip.
    pub(super) fn tighter_clip(&self) -> String {
        match self.clip {
            None => "set clip_norm, 1 is a good first value".to_owned(),
            Some(clip) => format!("lower clip_norm, now {clip}"),
        }
    }

    /// Returns a learning rate in few digits.
    pub(super) fn rate(&self) -> String {
        // The rate is an f32 in the optimizer; its value as f64 would have many digits.
        #[allow(clippy::cast_possible_truncation)]
        let rate = self.learning_rate as f32;
        format!("{rate:?}")
    }
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self::new(&Config::default())
    }
}
