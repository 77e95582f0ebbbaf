//! Adagrad.

use serde::{Deserialize, Serialize};

use super::pass::UpdateRule;
use super::sgd::decayed;
use crate::simd::Simd;

/// Adagrad: steps that shrink with the sum of all squared gradients so far.
///
/// g = grad + λ θ; s = s + g^2; θ = θ - η / (1 + (t - 1) κ) · g / (sqrt(s) + ε)
///
/// Duchi, Hazan and Singer 2011, figure 1 (diagonal matrices), ε outside the root.
///
/// | value | shape | default |
/// |---|---|---|
/// | η, the learning rate | scalar, given at each step | |
/// | κ, `lr_decay` | scalar | 0 |
/// | ε, `eps` | scalar | 1e-10 |
/// | λ, `weight_decay` | scalar | 0 |
/// | s, slot `sum` | the parameter's | `initial_accumulator_value`, 0 |
///
/// Errors: [`super::Optimizer::new`] refuses any of them negative.
///
/// PyTorch: `torch.optim.Adagrad(params, lr, lr_decay, weight_decay, initial_accumulator_value,
/// eps)`.
///
/// ```
/// use tensor::optim::{Adagrad, OptimizerConfig};
///
/// let config = OptimizerConfig::by_name("adagrad")?;
/// assert_eq!(config, OptimizerConfig::Adagrad(Adagrad::default()));
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adagrad {
    /// ε, added to the root.
    pub eps: f64,
    /// λ, the weight of the L2 penalty λ/2 |θ|^2.
    pub weight_decay: f64,
    /// κ: step t has the learning rate η / (1 + (t - 1) κ).
    pub lr_decay: f64,
    /// The initial value of the sums.
    pub initial_accumulator_value: f64,
}

impl Default for Adagrad {
    fn default() -> Self {
        Self { eps: 1e-10, weight_decay: 0.0, lr_decay: 0.0, initial_accumulator_value: 0.0 }
    }
}

impl Adagrad {
    pub(super) fn rule(&self, rate: f64, step: u64) -> Squares {
        Squares {
            rate: (rate / (1.0 + (step as f64 - 1.0) * self.lr_decay)) as f32,
            eps: self.eps as f32,
            decay: self.weight_decay as f32,
        }
    }
}

/// The constants of Adagrad at one step, as the vector code needs them.
#[derive(Clone, Copy)]
pub(super) struct Squares {
    rate: f32,
    eps: f32,
    decay: f32,
}

impl UpdateRule<1> for Squares {
    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, [sum]: &mut [S::V; 1]) -> S::V {
        let g = decayed(s, self.decay, p, g);
        *sum = s.fma(g, g, *sum);
        let denominator = s.add(s.sqrt(*sum), s.splat(self.eps));
        s.sub(p, s.div(s.mul(s.splat(self.rate), g), denominator))
    }

    fn rests_at_zero(&self) -> bool {
        // Adding 0 leaves the sum, and p changes by 0 / (sqrt(sum) + ε), which is 0 unless both are
        // 0.
        self.decay == 0.0 && self.eps > 0.0
    }
}
