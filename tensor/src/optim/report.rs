//! The inputs and the report of a step.

use crate::cpu::pooled_vec::PooledVec;
use crate::error::Result;
use crate::gradients::Norms;
use crate::opencl::Pending;
use crate::tensor::DeferredScalar;

/// The settings of a step, and what it reports.
///
/// ```
/// use tensor::optim::Update;
///
/// let update = Update { limit: Some(1.0), ..Update::new(1e-3) };
/// assert!(update.learning_rate == 1e-3 && !update.ratios);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Update<'a> {
    /// Global gradient norm to clip at, if any.
    pub limit: Option<f32>,
    /// The learning rate.
    pub learning_rate: f32,
    /// Whether to report each parameter's ratio of update to value.
    pub ratios: bool,
    /// Losses and counts to report. The step is taken only if all of them are finite.
    pub metrics: &'a [DeferredScalar],
}

impl Update<'_> {
    /// Returns the settings of a step with this learning rate, without clipping, ratios and metrics.
    pub fn new(learning_rate: f32) -> Self {
        Self { limit: None, learning_rate, ratios: false, metrics: &[] }
    }
}

/// The measurements of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The values of [`Update::metrics`].
    pub metrics: PooledVec<f64>,
    /// Norms of the gradients.
    pub norms: Norms,
    /// Update over value of each parameter, if requested and if the step was taken.
    pub ratios: Option<Vec<f64>>,
    /// False if a norm or a metric was not finite; nothing was changed then.
    pub updated: bool,
}

/// The measurements of a step, which may still be on a device.
#[must_use = "a step that was refused is known only when its report is read"]
pub struct Report(Source);

enum Source {
    Host(Measured),
    Device { pending: Pending, live: Vec<bool>, limit: Option<f32>, ratios: bool, metrics: usize },
}

impl Report {
    pub(super) fn on_host(measured: Measured) -> Self {
        Self(Source::Host(measured))
    }

    pub(super) fn on_device(pending: Pending, live: Vec<bool>, how: &Update<'_>) -> Self {
        let (limit, ratios, metrics) = (how.limit, how.ratios, how.metrics.len());
        Self(Source::Device { pending, live, limit, ratios, metrics })
    }

    /// Returns true if [`Report::read`] will not wait.
    pub fn is_ready(&self) -> bool {
        match &self.0 {
            Source::Host(_) => true,
            Source::Device { pending, .. } => pending.is_ready(),
        }
    }

    /// Returns the measurements; if a device refused the step, also which parameters had a
    /// gradient. Waits for a device.
    pub(super) fn wait(self) -> Result<(Measured, Option<Vec<bool>>)> {
        let (pending, live, limit, ratios, metrics) = match self.0 {
            Source::Host(measured) => return Ok((measured, None)),
            Source::Device { pending, live, limit, ratios, metrics } => {
                (pending, live, limit, ratios, metrics)
            }
        };
        // The order: squared gradient norms, factor, whether the step was taken, metrics, and with
        // ratios the squared norms of changes and of values.
        let numbers = pending.wait()?;
        let to_f64 = |range: &[f32]| range.iter().map(|&v| f64::from(v)).collect::<PooledVec<_>>();
        let n = live.len();
        let (squares, rest) = numbers.split_at(n.min(numbers.len()));
        let (control, rest) = rest.split_at(2.min(rest.len()));
        let (found, rest) = rest.split_at(metrics.min(rest.len()));
        let updated = control.last().is_some_and(|&v| v != 0.0);
        let mut norms = Norms::new(to_f64(squares).into_iter().map(f64::sqrt).collect(), limit);
        if let Some(&factor) = control.first() {
            norms.factor = factor;
        }
        let ratios = (ratios && updated).then(|| {
            let (changes, values) = rest.split_at(n.min(rest.len()));
            let pairs = changes.iter().zip(values);
            let ratio = |(change, value): (&f32, &f32)| match *value > 0.0 {
                true => (f64::from(*change) / f64::from(*value)).sqrt(),
                false => 0.0,
            };
            pairs.map(ratio).collect()
        });
        let measured = Measured { metrics: to_f64(found), norms, ratios, updated };
        Ok((measured, (!updated).then_some(live)))
    }
}
