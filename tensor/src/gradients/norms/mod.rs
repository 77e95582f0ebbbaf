//! Norms of gradients.

pub(crate) mod opencl;

use crate::cpu::pooled_vec::PooledVec;

/// Norms of a gradient, before and after clipping.
#[derive(Debug, Clone, PartialEq)]
pub struct Norms {
    /// L2 norm over all parameters, before clipping.
    pub total: f64,
    /// The same after clipping.
    pub clipped: f64,
    /// L2 norm of each parameter's gradient, before clipping.
    pub each: PooledVec<f64>,
    /// The factor by which an optimizer must multiply the gradients: 1 if nothing was clipped.
    pub factor: f32,
}

impl Norms {
    pub(crate) fn new(each: PooledVec<f64>, limit: Option<f32>) -> Self {
        let total = each.iter().map(|n| n * n).sum::<f64>().sqrt();
        let factor = limit.map_or(1.0, |limit| (f64::from(limit) / (total + 1e-6)).min(1.0));
        // A total that is not finite clips nothing, so that the step is refused and the error stays
        // visible.
        let factor = if total.is_finite() { factor } else { 1.0 };
        Self { total, clipped: total * factor, each, factor: factor as f32 }
    }
}
