//! Stochastic gradient descent.

use serde::{Deserialize, Serialize};

use super::pass::UpdateRule;
use crate::simd::Simd;

/// Stochastic gradient descent, with classical momentum and weight decay.
///
/// g = grad + λ θ; b = μ b + g; θ = θ - η b
///
/// Robbins and Monro 1951, equation 6; momentum of Polyak 1964, equation 9, as in Sutskever et al.
/// 2013, equations 1 and 2, except that the learning rate η multiplies the buffer when it is used,
/// not the term added to it, so a change of η acts at once. μ = 0 needs no buffer.
///
/// | value | shape | default |
/// |---|---|---|
/// | η, the learning rate | scalar, given at each step | |
/// | μ, `momentum` | scalar | 0 |
/// | λ, `weight_decay` | scalar | 0 |
/// | b, slot `momentum_buffer` | the parameter's | 0 |
///
/// Errors: [`super::Optimizer::new`] refuses a negative μ or λ.
///
/// PyTorch: `torch.optim.SGD(params, lr, momentum, weight_decay=...)`, dampening 0, no Nesterov.
///
/// ```
/// use tensor::optim::{OptimizerConfig, Sgd};
///
/// let plain = OptimizerConfig::by_name("sgd")?;
/// assert_eq!(plain, OptimizerConfig::Sgd(Sgd { momentum: 0.0, weight_decay: 0.0 }));
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// μ, the share of the buffer that is kept.
    pub momentum: f64,
    /// λ, the weight of the L2 penalty λ/2 |θ|^2.
    pub weight_decay: f64,
}

/// Returns g + decay p, or g alone without decay.
#[inline(always)]
pub(super) fn decayed<S: Simd>(s: S, decay: f32, p: S::V, g: S::V) -> S::V {
    if decay == 0.0 { g } else { s.fma(s.splat(decay), p, g) }
}

/// Without momentum.
#[derive(Clone, Copy)]
pub(super) struct Plain {
    pub(super) rate: f32,
    pub(super) decay: f32,
}

impl UpdateRule<0> for Plain {
    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, _: &mut [S::V; 0]) -> S::V {
        s.fma(s.splat(-self.rate), decayed(s, self.decay, p, g), p)
    }

    fn rests_at_zero(&self) -> bool {
        // -η 0 is a zero whose sign changes no p, not even the sign of a zero.
        self.decay == 0.0
    }
}

/// With momentum.
#[derive(Clone, Copy)]
pub(super) struct Momentum {
    pub(super) rate: f32,
    pub(super) momentum: f32,
    pub(super) decay: f32,
}

impl UpdateRule<1> for Momentum {
    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, [buffer]: &mut [S::V; 1]) -> S::V {
        let g = decayed(s, self.decay, p, g);
        *buffer = s.fma(s.splat(self.momentum), *buffer, g);
        s.fma(s.splat(-self.rate), *buffer, p)
    }
}
