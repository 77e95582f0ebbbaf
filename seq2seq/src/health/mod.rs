//! Health checks of a run, with advice in words.
//!
//! Each check is a function of metrics that a run computes anyway, and returns a sentence if they
//! cross a threshold. Its advice names the run's own cell and settings ([`HealthSettings`]).
//! [`Health`] runs the checks during training and reports a finding once, until a later check of the
//! same kind passes.
//!
//! | check | sentence if |
//! |---|---|
//! | `unknown_words`, `unknown_in_text` | at least [`UNKNOWN`] of the words of one side are unknown |
//! | [`same_output`] | all samples, of different sources, have one output |
//! | [`still_attention`] | weights are near uniform, or always on one position |
//! | [`gradient_norms`] | norms have vanished, stay far above the clip, or jump without one |
//! | [`gradient_flow`] | a state's gradient vanishes or explodes through time |
//! | [`divergence`] | the training loss rises far above its lowest mean |
//! | [`overfitting`] | the held-out loss is far above the training loss, or rises |

mod gradients;
mod losses;
mod outputs;
mod settings;
mod unknown;

use std::collections::VecDeque;

pub use gradients::{CLIPPED, DEAD, GROWN, LEAP, VANISHED, gradient_flow, gradient_norms};
pub use losses::{APART, GAP, HeldOut, RISE, RISEN, WORSE, divergence, overfitting};
pub use outputs::{UNIFORM, same_output, still_attention};
pub use settings::HealthSettings;
pub use unknown::UNKNOWN;
pub(crate) use unknown::{unknown, unknown_in_text, unknown_of_text, unknown_words};

use crate::event::{FlowSeries, Samples, TrainStep};

/// Steps before which outputs, attention, gradients and losses are not reported: every network
/// begins with the same output for all sources and near-uniform attention.
pub const EARLY: u64 = 300;
/// Number of steps whose gradient norms and losses are checked together.
pub const WINDOW: usize = 100;

/// The checks of [`Health`], by their index in `told`.
#[derive(Clone, Copy)]
enum Check {
    Output,
    Attention,
    Norms,
    Flow,
    Validation,
    Divergence,
    Overfitting,
}

/// Runs the checks during training.
#[derive(Debug, Clone)]
pub struct Health {
    settings: HealthSettings,
    norms: VecDeque<f64>,
    losses: VecDeque<f64>,
    /// The lowest mean training loss, or the first loss before there is one.
    lowest: Option<f64>,
    best: Option<HeldOut>,
    told: [bool; 7],
}

impl Health {
    /// Creates the checks of a run with these settings.
    pub fn new(settings: HealthSettings) -> Self {
        Self {
            settings,
            norms: VecDeque::with_capacity(WINDOW),
            losses: VecDeque::with_capacity(WINDOW),
            lowest: None,
            best: None,
            told: [false; 7],
        }
    }

    /// Takes other settings, which the user changed.
    pub fn set_settings(&mut self, settings: HealthSettings) {
        self.settings = settings;
    }

    /// Adds a step's loss and gradient norm before clipping, and checks the last ones.
    pub fn step(&mut self, step: &TrainStep) -> Vec<String> {
        self.settings.learning_rate = step.learning_rate;
        for (values, value) in
            [(&mut self.norms, step.gradient_norm), (&mut self.losses, step.loss)]
        {
            if values.len() == WINDOW {
                values.pop_front();
            }
            values.push_back(value);
        }
        self.lowest.get_or_insert(step.loss);
        if self.norms.len() < WINDOW || !step.step.is_multiple_of(WINDOW as u64) {
            return Vec::new();
        }
        let (mean, lowest) = (self.mean_loss(), self.lowest.unwrap_or(step.loss));
        self.lowest = Some(mean.min(lowest));
        if step.step < EARLY {
            return Vec::new();
        }
        let found = gradient_norms(self.norms.make_contiguous(), &self.settings);
        let norms = self.unreported(Check::Norms, found);
        let found = divergence(mean, lowest, &self.settings);
        let losses = self.unreported(Check::Divergence, found);
        norms.into_iter().chain(losses).collect()
    }

    fn mean_loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }

    /// Checks the gradient flow through time.
    pub fn flow(&mut self, step: u64, series: &[FlowSeries]) -> Option<String> {
        let found = (step >= EARLY).then(|| gradient_flow(series, &self.settings)).flatten();
        self.unreported(Check::Flow, found)
    }

    /// Checks samples.
    pub fn samples(&mut self, samples: &Samples) -> Vec<String> {
        if samples.step < EARLY {
            return Vec::new();
        }
        let output = self.unreported(Check::Output, same_output(&samples.samples));
        let attention = self.unreported(Check::Attention, still_attention(&samples.samples));
        output.into_iter().chain(attention).collect()
    }

    /// Checks the loss of a validation, and reports the model's remark about it.
    pub fn validation(&mut self, step: u64, loss: f64, remark: Option<String>) -> Vec<String> {
        let remark = self.unreported(Check::Validation, remark);
        let found = (step >= EARLY && !self.losses.is_empty())
            .then(|| overfitting(self.mean_loss(), loss, self.best, &self.settings))
            .flatten();
        if loss.is_finite() && self.best.is_none_or(|best| loss < best.loss) {
            self.best = Some(HeldOut { step, loss });
        }
        let overfits = self.unreported(Check::Overfitting, found);
        remark.into_iter().chain(overfits).collect()
    }

    /// Returns a finding if the previous check of this kind found nothing.
    fn unreported(&mut self, check: Check, found: Option<String>) -> Option<String> {
        let told = std::mem::replace(&mut self.told[check as usize], found.is_some());
        found.filter(|_| !told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Sample;

    fn step(step: u64, loss: f64, gradient_norm: f64) -> TrainStep {
        TrainStep {
            step,
            epoch: 1,
            loss,
            learning_rate: 0.5,
            gradient_norm,
            clipped_norm: 1.0,
            tokens: 1,
            tokens_per_second: 1.0,
            seconds: 1.0,
            parameters: Vec::new(),
        }
    }

    #[test]
    fn a_thing_is_told_once_until_it_was_otherwise() {
        let mut health = Health::new(HealthSettings::default());
        let mut told = Vec::new();
        for at in 1..=1_200 {
            // Far above the clip, then normal for a while, then far above it again.
            let norm = if (500..800).contains(&at) { 1.0 } else { 50.0 };
            told.extend(health.step(&step(at, 1.0, norm)).iter().map(|_| at));
        }
        assert_eq!(told, [300, 900]);
        let sample = |source: &str| Sample {
            source: vec![source.into()],
            output: vec!["x".into()],
            ..Sample::default()
        };
        let same = |step| Samples { step, samples: vec![sample("a"), sample("b")] };
        assert!(health.samples(&same(EARLY - 1)).is_empty());
        assert_eq!(health.samples(&same(EARLY)).len(), 1);
        assert!(health.samples(&same(EARLY + 1)).is_empty());
    }

    #[test]
    fn losses_that_rise_or_part_are_told_with_the_current_rate() {
        let mut health = Health::new(HealthSettings::default());
        let mut told = Vec::new();
        for at in 1..=600 {
            let loss = if at <= 300 { 2.0 } else { 6.0 };
            told.extend(health.step(&step(at, loss, 1.0)).into_iter().map(|text| (at, text)));
        }
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].0 == 400 && told[0].1.contains("now 0.5"), "{told:?}");
        // A loss that is above the first one from the start is reported, too.
        let mut health = Health::new(HealthSettings::default());
        let rises = |at: u64| if at == 1 { 5.0 } else { 20.0 };
        assert_eq!((1..=400).flat_map(|at| health.step(&step(at, rises(at), 1.0))).count(), 1);

        let mut health = Health::new(HealthSettings::default());
        (1..=400).for_each(|at| drop(health.step(&step(at, 0.1, 1.0))));
        assert!(health.validation(EARLY - 1, 2.0, None).is_empty());
        assert!(health.validation(400, 0.15, None).is_empty());
        assert_eq!(health.validation(500, 2.5, Some("cut".into())).len(), 2);
        assert!(health.validation(600, 2.6, Some("cut".into())).is_empty());
    }
}
