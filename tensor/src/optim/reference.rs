//! The optimizers in plain loops, for any float and dense gradients.

use num_traits::Float;

use super::OptimizerConfig;

/// One parameter's state: the slots in the order of [`super::State`], and the steps taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference<F> {
    config: OptimizerConfig,
    step: i32,
    slots: [Vec<F>; 3],
}

fn float<F: Float>(x: f64) -> F {
    F::from(x).unwrap_or_else(F::nan)
}

impl<F: Float> Reference<F> {
    /// Returns the state of a parameter of `len` elements before its first step.
    pub fn new(config: OptimizerConfig, len: usize) -> Self {
        let firsts = config.slots();
        let first = |k: usize| firsts.get(k).map_or(0.0, |s| f64::from(s.1));
        Self { config, step: 0, slots: [0, 1, 2].map(|k| vec![float(first(k)); len]) }
    }

    /// Returns the values of slot `slot`.
    pub fn slot(&self, slot: usize) -> &[F] {
        &self.slots[slot]
    }

    /// Performs one step with an already clipped gradient.
    pub fn step(&mut self, value: &mut [F], gradient: &[F], learning_rate: f64) {
        self.step += 1;
        let one = F::one();
        let t = self.step;
        let rate = float::<F>(learning_rate);
        let [a, b, c] = &mut self.slots;
        for (i, (p, &g)) in value.iter_mut().zip(gradient).enumerate() {
            let (a, b, c) = (&mut a[i], &mut b[i], &mut c[i]);
            match self.config {
                OptimizerConfig::Sgd(o) => {
                    *a = float::<F>(o.momentum) * *a + g + float::<F>(o.weight_decay) * *p;
                    *p = *p - rate * *a;
                }
                OptimizerConfig::Adam(o) => {
                    let g = g + float::<F>(o.weight_decay) * *p;
                    let (beta1, beta2) = (float::<F>(o.beta1), float::<F>(o.beta2));
                    *a = beta1 * *a + (one - beta1) * g;
                    *b = beta2 * *b + (one - beta2) * g * g;
                    let m = *a / (one - beta1.powi(t));
                    let v = *b / (one - beta2.powi(t));
                    *p = *p - rate * m / (v.sqrt() + float(o.eps));
                }
                OptimizerConfig::AdamW(o) => {
                    let (beta1, beta2) = (float::<F>(o.beta1), float::<F>(o.beta2));
                    *p = *p - rate * float(o.weight_decay) * *p;
                    *a = beta1 * *a + (one - beta1) * g;
                    *b = beta2 * *b + (one - beta2) * g * g;
                    let m = *a / (one - beta1.powi(t));
                    let v = *b / (one - beta2.powi(t));
                    *p = *p - rate * m / (v.sqrt() + float(o.eps));
                }
                OptimizerConfig::Adadelta(o) => {
                    let (rho, eps) = (float::<F>(o.rho), float::<F>(o.eps));
                    let g = g + float::<F>(o.weight_decay) * *p;
                    *a = rho * *a + (one - rho) * g * g;
                    let delta = (*b + eps).sqrt() / (*a + eps).sqrt() * g;
                    *b = rho * *b + (one - rho) * delta * delta;
                    *p = *p - rate * delta;
                }
                OptimizerConfig::Adagrad(o) => {
                    let g = g + float::<F>(o.weight_decay) * *p;
                    let rate = rate / (one + float::<F>(f64::from(t - 1) * o.lr_decay));
                    *a = *a + g * g;
                    *p = *p - rate * g / (a.sqrt() + float(o.eps));
                }
                OptimizerConfig::RmsProp(o) => {
                    let g = g + float::<F>(o.weight_decay) * *p;
                    let alpha = float::<F>(o.alpha);
                    *a = alpha * *a + (one - alpha) * g * g;
                    let mean = if o.momentum > 0.0 { &mut *c } else { &mut *b };
                    let mut square = *a;
                    if o.centered {
                        *mean = alpha * *mean + (one - alpha) * g;
                        square = (*a - *mean * *mean).max(F::zero());
                    }
                    let move_by = g / (square.sqrt() + float(o.eps));
                    if o.momentum > 0.0 {
                        *b = float::<F>(o.momentum) * *b + move_by;
                        *p = *p - rate * *b;
                    } else {
                        *p = *p - rate * move_by;
                    }
                }
            }
        }
    }
}
