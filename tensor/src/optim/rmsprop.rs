//! RMSprop.

use serde::{Deserialize, Serialize};

use super::pass::UpdateRule;
use super::sgd::decayed;
use crate::simd::Simd;

/// RMSprop: the gradient divided by a running root mean square of itself.
///
/// g = grad + λ θ; v = α v + (1 - α) g^2; θ = θ - η g / (sqrt(v) + ε)
///
/// Tieleman and Hinton 2012, lecture 6e, slide 29. With momentum μ: b = μ b + g / (sqrt(v) + ε);
/// θ = θ - η b. `centered` subtracts the square of a running mean a = α a + (1 - α) g from v under
/// the root (Graves 2013, equations 38 to 40, except for the position of ε). A difference that
/// rounding
/// has made negative counts as 0, where PyTorch's root gives NaN.
///
/// | value | shape | default |
/// |---|---|---|
/// | η, the learning rate | scalar, given at each step | |
/// | α, `alpha` | scalar | 0.99 |
/// | ε, `eps` | scalar | 1e-8 |
/// | λ, `weight_decay` | scalar | 0 |
/// | μ, `momentum` | scalar | 0 |
/// | `centered` | | false |
/// | v, slot `square_avg` | the parameter's | 0 |
/// | b, slot `momentum_buffer`, where μ > 0 | the parameter's | 0 |
/// | a, slot `grad_avg`, where centred | the parameter's | 0 |
///
/// Errors: [`super::Optimizer::new`] refuses any of them negative, or α above 1.
///
/// PyTorch: `torch.optim.RMSprop(params, lr, alpha, eps, weight_decay, momentum, centered)`.
///
/// ```
/// use tensor::optim::{OptimizerConfig, RmsProp};
///
/// let graves = RmsProp { alpha: 0.95, momentum: 0.9, eps: 1e-4, centered: true, ..RmsProp::default() };
/// assert_eq!(OptimizerConfig::RmsProp(graves).name(), "rmsprop");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmsProp {
    /// α, the share of the averages that is kept.
    pub alpha: f64,
    /// ε, added to the root.
    pub eps: f64,
    /// λ, the weight of the L2 penalty λ/2 |θ|^2.
    pub weight_decay: f64,
    /// μ, the share of the momentum buffer that is kept.
    pub momentum: f64,
    /// Divides by the standard deviation instead of the root mean square.
    pub centered: bool,
}

impl Default for RmsProp {
    fn default() -> Self {
        Self { alpha: 0.99, eps: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false }
    }
}

impl RmsProp {
    /// Returns the rule with or without momentum, centred or not; the caller selects the variant
    /// that matches its slots.
    pub(super) fn rule<const MOMENTUM: bool, const CENTERED: bool>(
        &self,
        rate: f64,
    ) -> Roots<MOMENTUM, CENTERED> {
        Roots {
            rate: rate as f32,
            alpha: self.alpha as f32,
            fresh: (1.0 - self.alpha) as f32,
            eps: self.eps as f32,
            decay: self.weight_decay as f32,
            momentum: self.momentum as f32,
        }
    }
}

/// The constants of RMSprop as the vector code needs them.
#[derive(Clone, Copy)]
pub(super) struct Roots<const MOMENTUM: bool, const CENTERED: bool> {
    rate: f32,
    alpha: f32,
    /// 1 - α
    fresh: f32,
    eps: f32,
    decay: f32,
    momentum: f32,
}

impl<const MOMENTUM: bool, const CENTERED: bool> Roots<MOMENTUM, CENTERED> {
    #[inline(always)]
    fn vectors<S: Simd>(
        &self,
        s: S,
        (p, g): (S::V, S::V),
        v: &mut S::V,
        buffer: Option<&mut S::V>,
        mean: Option<&mut S::V>,
    ) -> S::V {
        let fresh = s.splat(self.fresh);
        let g = decayed(s, self.decay, p, g);
        *v = s.fma(s.mul(fresh, g), g, s.mul(s.splat(self.alpha), *v));
        let mut square = *v;
        if let Some(mean) = mean {
            *mean = s.fma(fresh, s.sub(g, *mean), *mean);
            // The operand order of `max` lets NaN through.
            square = s.max(s.splat(0.0), s.sub(*v, s.mul(*mean, *mean)));
        }
        let denominator = s.add(s.sqrt(square), s.splat(self.eps));
        match buffer {
            Some(buffer) => {
                *buffer = s.fma(s.splat(self.momentum), *buffer, s.div(g, denominator));
                s.fma(s.splat(-self.rate), *buffer, p)
            }
            None => s.sub(p, s.div(s.mul(s.splat(self.rate), g), denominator)),
        }
    }
}

// At g = 0 the value is unchanged without momentum, but v shrinks, so no row can be skipped.
impl UpdateRule<1> for Roots<false, false> {
    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, [v]: &mut [S::V; 1]) -> S::V {
        self.vectors(s, (p, g), v, None, None)
    }
}

impl UpdateRule<2> for Roots<true, false> {
    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, [v, buffer]: &mut [S::V; 2]) -> S::V {
        self.vectors(s, (p, g), v, Some(buffer), None)
    }
}

impl UpdateRule<2> for Roots<false, true> {
    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, [v, mean]: &mut [S::V; 2]) -> S::V {
        self.vectors(s, (p, g), v, None, Some(mean))
    }
}

impl UpdateRule<3> for Roots<true, true> {
    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, [v, buffer, mean]: &mut [S::V; 3]) -> S::V {
        self.vectors(s, (p, g), v, Some(buffer), Some(mean))
    }
}
