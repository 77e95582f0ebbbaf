//! The gating in plain loops, for any float.

use num_traits::Float;

fn sigmoid<F: Float>(x: F) -> F {
    F::one() / (F::one() + (-x).exp())
}

/// What one step gives.
#[derive(Debug, Clone)]
pub struct Step<F> {
    /// Activations i, f, g, o.
    pub gates: Vec<F>,
    /// The new cell state.
    pub c: Vec<F>,
    /// The new state.
    pub h: Vec<F>,
}

/// One step from both products, `a` and `b`, and the cell state before.
pub fn forward<F: Float>(a: &[F], b: &[F], c_prev: &[F]) -> Step<F> {
    let n = c_prev.len();
    let pre = |k: usize| a[k] + b[k];
    let mut step = Step { gates: vec![F::zero(); 4 * n], c: Vec::new(), h: Vec::new() };
    for (j, &before) in c_prev.iter().enumerate() {
        let (i, f) = (sigmoid(pre(j)), sigmoid(pre(n + j)));
        let (g, o) = (pre(2 * n + j).tanh(), sigmoid(pre(3 * n + j)));
        for (k, v) in [i, f, g, o].into_iter().enumerate() {
            step.gates[k * n + j] = v;
        }
        let c = f * before + i * g;
        step.c.push(c);
        step.h.push(o * c.tanh());
    }
    step
}

/// Gradients of either product and of the cell state before.
pub fn backward<F: Float>(step: &Step<F>, c_prev: &[F], dh: &[F], dc: &[F]) -> (Vec<F>, Vec<F>) {
    let n = c_prev.len();
    let one = F::one();
    let (mut d, mut dc_prev) = (vec![F::zero(); 4 * n], Vec::with_capacity(n));
    for j in 0..n {
        let [i, f, g, o] = [0, 1, 2, 3].map(|k| step.gates[k * n + j]);
        let t = step.c[j].tanh();
        let dc = dc[j] + dh[j] * o * (one - t * t);
        d[j] = dc * g * i * (one - i);
        d[n + j] = dc * c_prev[j] * f * (one - f);
        d[2 * n + j] = dc * i * (one - g * g);
        d[3 * n + j] = dh[j] * t * o * (one - o);
        dc_prev.push(dc * f);
    }
    (d, dc_prev)
}
