//! Adam and AdamW.

use serde::{Deserialize, Serialize};

use super::pass::UpdateRule;
use super::sgd::decayed;
use crate::simd::Simd;

/// Adam: steps scaled by running estimates of the gradient's first and second moments.
///
/// g = grad + λ θ; m = β1 m + (1 - β1) g; v = β2 v + (1 - β2) g^2;
/// θ = θ - η / (1 - β1^t) · m / (sqrt(v) / sqrt(1 - β2^t) + ε)
///
/// Kingma and Ba 2015, algorithm 1; λ is a plain L2 penalty, which the paper does not have. t
/// counts the steps at which the parameter had a gradient.
///
/// | value | shape | default |
/// |---|---|---|
/// | η, the learning rate | scalar, given at each step | |
/// | β1, β2: `beta1`, `beta2` | scalars | 0.9, 0.999 |
/// | ε, `eps` | scalar | 1e-8 |
/// | λ, `weight_decay` | scalar | 0 |
/// | m, slot `exp_avg` | the parameter's | 0 |
/// | v, slot `exp_avg_sq` | the parameter's | 0 |
///
/// Errors: [`super::Optimizer::new`] refuses a β outside \[0, 1), a negative ε or λ.
///
/// PyTorch: `torch.optim.Adam(params, lr, betas, eps, weight_decay)`.
///
/// ```
/// use tensor::optim::{Adam, OptimizerConfig};
///
/// let config = OptimizerConfig::Adam(Adam { beta2: 0.98, ..Adam::default() });
/// assert_eq!(config.name(), "adam");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// β1, the share of the first moment that is kept.
    pub beta1: f64,
    /// β2, the share of the second moment that is kept.
    pub beta2: f64,
    /// ε, added to the corrected root of the second moment.
    pub eps: f64,
    /// λ, the weight of the L2 penalty λ/2 |θ|^2.
    pub weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
    }
}

/// AdamW: [`Adam`] with a weight decay that bypasses the moments.
///
/// θ = θ - η λ θ; m = β1 m + (1 - β1) grad; v = β2 v + (1 - β2) grad^2;
/// θ = θ - η / (1 - β1^t) · m / (sqrt(v) / sqrt(1 - β2^t) + ε)
///
/// Loshchilov and Hutter 2019, algorithm 2, with the decay scaled by the learning rate.
///
/// | value | shape | default |
/// |---|---|---|
/// | η, the learning rate | scalar, given at each step | |
/// | β1, β2: `beta1`, `beta2` | scalars | 0.9, 0.999 |
/// | ε, `eps` | scalar | 1e-8 |
/// | λ, `weight_decay` | scalar | 0.01 |
/// | m, slot `exp_avg` | the parameter's | 0 |
/// | v, slot `exp_avg_sq` | the parameter's | 0 |
///
/// Errors: [`super::Optimizer::new`] refuses a β outside \[0, 1), a negative ε or λ.
///
/// PyTorch: `torch.optim.AdamW(params, lr, betas, eps, weight_decay)`.
///
/// ```
/// use tensor::optim::{AdamW, OptimizerConfig};
///
/// assert_eq!(OptimizerConfig::by_name("adamw")?, OptimizerConfig::AdamW(AdamW::default()));
/// assert_eq!(AdamW::default().weight_decay, 0.01);
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// β1, the share of the first moment that is kept.
    pub beta1: f64,
    /// β2, the share of the second moment that is kept.
    pub beta2: f64,
    /// ε, added to the corrected root of the second moment.
    pub eps: f64,
    /// λ: each step subtracts the share η λ of the value.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01 }
    }
}

impl AdamW {
    pub(super) fn rule(&self, rate: f64, step: u64) -> Moments {
        let Self { beta1, beta2, eps, weight_decay } = *self;
        let adam = Adam { beta1, beta2, eps, weight_decay: 0.0 };
        Moments { keep: (1.0 - rate * weight_decay) as f32, ..adam.rule(rate, step) }
    }
}

impl Adam {
    /// The corrections of step `step` (counted from 1) are computed in f64.
    pub(super) fn rule(&self, rate: f64, step: u64) -> Moments {
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        Moments {
            keep: 1.0,
            decay: self.weight_decay as f32,
            first: (1.0 - self.beta1) as f32,
            beta2: self.beta2 as f32,
            second: (1.0 - self.beta2) as f32,
            rate: (rate / correction(self.beta1)) as f32,
            root: (1.0 / correction(self.beta2).sqrt()) as f32,
            eps: self.eps as f32,
        }
    }
}

/// The constants of Adam and AdamW at one step, as the vector code needs them.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// 1 - η λ of AdamW.
    keep: f32,
    /// λ of Adam.
    decay: f32,
    /// 1 - β1
    first: f32,
    beta2: f32,
    /// 1 - β2
    second: f32,
    /// η / (1 - β1^t)
    rate: f32,
    /// 1 / sqrt(1 - β2^t)
    root: f32,
    eps: f32,
}

impl UpdateRule<2> for Moments {
    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, [m, v]: &mut [S::V; 2]) -> S::V {
        let p = s.mul(p, s.splat(self.keep));
        let g = decayed(s, self.decay, p, g);
        *m = s.fma(s.splat(self.first), s.sub(g, *m), *m);
        *v = s.fma(s.mul(s.splat(self.second), g), g, s.mul(s.splat(self.beta2), *v));
        let denominator = s.fma(s.sqrt(*v), s.splat(self.root), s.splat(self.eps));
        s.sub(p, s.div(s.mul(s.splat(self.rate), *m), denominator))
    }
}
