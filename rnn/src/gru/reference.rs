//! The gating in plain loops, for any float.

use num_traits::Float;

fn sigmoid<F: Float>(x: F) -> F {
    F::one() / (F::one() + (-x).exp())
}

/// The result of one step.
#[derive(Debug, Clone)]
pub struct GruStep<F> {
    /// Activations r, z, n.
    pub gates: Vec<F>,
    /// The new state.
    pub h: Vec<F>,
}

/// Computes one step from the input product `a`, the hidden product `b` and the previous state.
pub fn forward<F: Float>(a: &[F], b: &[F], h_prev: &[F]) -> GruStep<F> {
    let n = h_prev.len();
    let mut step = GruStep { gates: vec![F::zero(); 3 * n], h: Vec::with_capacity(n) };
    for j in 0..n {
        let r = sigmoid(a[j] + b[j]);
        let z = sigmoid(a[n + j] + b[n + j]);
        let candidate = (a[2 * n + j] + r * b[2 * n + j]).tanh();
        for (k, v) in [r, z, candidate].into_iter().enumerate() {
            step.gates[k * n + j] = v;
        }
        step.h.push((F::one() - z) * candidate + z * h_prev[j]);
    }
    step
}

/// Computes r and z from their sums, for the cell that resets before the product.
pub fn reset<F: Float>(a: &[F], b: &[F], n: usize) -> Vec<F> {
    (0..2 * n).map(|k| sigmoid(a[k] + b[k])).collect()
}

/// Computes the candidate and the new state from r and z, for the cell that resets before the
/// product. `a` and `b` are the candidate's two products.
pub fn forward_before<F: Float>(mut gates: Vec<F>, a: &[F], b: &[F], h_prev: &[F]) -> GruStep<F> {
    let n = h_prev.len();
    let mut h = Vec::with_capacity(n);
    for j in 0..n {
        let (z, candidate) = (gates[n + j], (a[j] + b[j]).tanh());
        gates.push(candidate);
        h.push((F::one() - z) * candidate + z * h_prev[j]);
    }
    GruStep { gates, h }
}

/// Returns the gradients of the sums of z and n, and the part of the previous state's gradient that
/// does not pass through a product.
pub fn backward_before<F: Float>(
    step: &GruStep<F>,
    h_prev: &[F],
    dh: &[F],
) -> (Vec<F>, Vec<F>, Vec<F>) {
    let n = h_prev.len();
    let one = F::one();
    let (mut dz, mut dn, mut direct) = (Vec::new(), Vec::new(), Vec::new());
    for j in 0..n {
        let (z, candidate) = (step.gates[n + j], step.gates[2 * n + j]);
        dz.push(dh[j] * (h_prev[j] - candidate) * z * (one - z));
        dn.push(dh[j] * (one - z) * (one - candidate * candidate));
        direct.push(dh[j] * z);
    }
    (dz, dn, direct)
}

/// Returns the gradients of the input product and of the hidden product, and the part of the
/// previous state's gradient that does not pass through a product.
pub fn backward<F: Float>(
    step: &GruStep<F>,
    b: &[F],
    h_prev: &[F],
    dh: &[F],
) -> (Vec<F>, Vec<F>, Vec<F>) {
    let n = h_prev.len();
    let one = F::one();
    let (mut da, mut db) = (vec![F::zero(); 3 * n], vec![F::zero(); 3 * n]);
    let mut direct = Vec::with_capacity(n);
    for j in 0..n {
        let [r, z, candidate] = [0, 1, 2].map(|k| step.gates[k * n + j]);
        let dn = dh[j] * (one - z) * (one - candidate * candidate);
        let dr = dn * b[2 * n + j] * r * (one - r);
        let dz = dh[j] * (h_prev[j] - candidate) * z * (one - z);
        for (k, (x, y)) in [(dr, dr), (dz, dz), (dn, dn * r)].into_iter().enumerate() {
            da[k * n + j] = x;
            db[k * n + j] = y;
        }
        direct.push(dh[j] * z);
    }
    (da, db, direct)
}
