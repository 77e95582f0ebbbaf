//! Adadelta.

use serde::{Deserialize, Serialize};

use super::pass::UpdateRule;
use super::sgd::decayed;
use crate::simd::Simd;

/// Adadelta: steps in the units of the parameter, without a learning rate to tune.
///
/// g = grad + λ θ; v = ρ v + (1 - ρ) g^2; Δ = sqrt(u + ε) / sqrt(v + ε) · g;
/// u = ρ u + (1 - ρ) Δ^2; θ = θ - η Δ
///
/// Zeiler 2012, algorithm 1 (equations 8, 9 and 14), with a learning rate η: 1 is the paper's.
///
/// | value | shape | default |
/// |---|---|---|
/// | η, the learning rate | scalar, given at each step | (PyTorch's is 1) |
/// | ρ, `rho` | scalar | 0.9 |
/// | ε, `eps` | scalar | 1e-6 |
/// | λ, `weight_decay` | scalar | 0 |
/// | v, slot `square_avg` | the parameter's | 0 |
/// | u, slot `acc_delta` | the parameter's | 0 |
///
/// The paper's and Bahdanau et al. 2014's ρ is 0.95.
///
/// Errors: [`super::Optimizer::new`] refuses a ρ outside \[0, 1\], a negative ε or λ.
///
/// PyTorch: `torch.optim.Adadelta(params, lr, rho, eps, weight_decay)`.
///
/// ```
/// use tensor::optim::{Adadelta, OptimizerConfig};
///
/// let bahdanau = OptimizerConfig::Adadelta(Adadelta { rho: 0.95, ..Adadelta::default() });
/// assert_eq!(bahdanau.name(), "adadelta");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adadelta {
    /// ρ, the share of both averages that is kept.
    pub rho: f64,
    /// ε, added under both roots.
    pub eps: f64,
    /// λ, the weight of the L2 penalty λ/2 |θ|^2.
    pub weight_decay: f64,
}

impl Default for Adadelta {
    fn default() -> Self {
        Self { rho: 0.9, eps: 1e-6, weight_decay: 0.0 }
    }
}

impl Adadelta {
    pub(super) fn rule(&self, rate: f64) -> Deltas {
        Deltas {
            rate: rate as f32,
            rho: self.rho as f32,
            fresh: (1.0 - self.rho) as f32,
            eps: self.eps as f32,
            decay: self.weight_decay as f32,
        }
    }
}

/// The constants of Adadelta as the vector code needs them.
#[derive(Clone, Copy)]
pub(super) struct Deltas {
    rate: f32,
    rho: f32,
    /// 1 - ρ
    fresh: f32,
    eps: f32,
    decay: f32,
}

// At g = 0 the value does not change, but both averages shrink, so no row can be skipped.
impl UpdateRule<2> for Deltas {
    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, [v, u]: &mut [S::V; 2]) -> S::V {
        let (rho, fresh, eps) = (s.splat(self.rho), s.splat(self.fresh), s.splat(self.eps));
        let g = decayed(s, self.decay, p, g);
        *v = s.fma(s.mul(fresh, g), g, s.mul(rho, *v));
        let delta = s.div(s.sqrt(s.add(*u, eps)), s.sqrt(s.add(*v, eps)));
        let delta = s.mul(delta, g);
        *u = s.fma(s.mul(fresh, delta), delta, s.mul(rho, *u));
        s.fma(s.splat(-self.rate), delta, p)
    }
}
