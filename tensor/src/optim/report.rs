//! What a step is requested, and what it tells afterwards.

use crate::cpu::pooled_vec::PooledVec;
use crate::error::Result;
use crate::gradients::Norms;
use crate::opencl::Pending;
use crate::tensor::DeferredScalar;

/// How [`Optimizer::update`](super::Optimizer::update) steps, and what it reports besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Update<'a> {
    /// Global gradient norm to clip at, if any.
    pub limit: Option<f32>,
    /// The learning rate.
    pub learning_rate: f32,
    /// Report each parameter's ratio of update to value.
    pub ratios: bool,
    /// Numbers to report, without which being finite no step is taken: losses, counts.
    pub metrics: &'a [DeferredScalar],
}

/// What a step measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// [`Update::metrics`].
    pub metrics: PooledVec<f64>,
    /// Norms of the gradients.
    pub norms: Norms,
    /// Update over value of each parameter, where requested and a step was taken.
    pub ratios: Option<Vec<f64>>,
    /// False where norm or metrics were not finite, so that nothing was changed.
    pub updated: bool,
}

/// What a step measured, perhaps still on its way from a device.
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

    /// True where [`Report::read`] need not wait.
    pub fn is_ready(&self) -> bool {
        match &self.0 {
            Source::Host(_) => true,
            Source::Device { pending, .. } => pending.is_ready(),
        }
    }

    /// What was measured, and, of a step that a device refused, which parameters had a gradient;
    /// waits for a device.
    pub(super) fn wait(self) -> Result<(Measured, Option<Vec<bool>>)> {
        let (pending, live, limit, ratios, metrics) = match self.0 {
            Source::Host(measured) => return Ok((measured, None)),
            Source::Device { pending, live, limit, ratios, metrics } => {
                (pending, live, limit, ratios, metrics)
            }
        };
        // Squares of gradients' norms, factor, whether it stepped, metrics, and for ratios squares
        // of changes and of values.
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
