//! The gating in plain loops, for any float.

use num_traits::Float;

use crate::gate::Gate;

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
    forward_with(a, b, h_prev, &mut |_, _, value| value)
}

/// Computes one step like [`forward`]; each gate and state of each unit is replaced by the result of
/// `edit` before it is used.
pub fn forward_with<F: Float>(
    a: &[F],
    b: &[F],
    h_prev: &[F],
    edit: &mut dyn FnMut(Gate, usize, F) -> F,
) -> GruStep<F> {
    let n = h_prev.len();
    let mut step = GruStep { gates: vec![F::zero(); 3 * n], h: Vec::with_capacity(n) };
    for j in 0..n {
        let r = edit(Gate::Reset, j, sigmoid(a[j] + b[j]));
        let z = edit(Gate::Update, j, sigmoid(a[n + j] + b[n + j]));
        let candidate = edit(Gate::New, j, (a[2 * n + j] + r * b[2 * n + j]).tanh());
        for (k, v) in [r, z, candidate].into_iter().enumerate() {
            step.gates[k * n + j] = v;
        }
        step.h.push(edit(Gate::Hidden, j, (F::one() - z) * candidate + z * h_prev[j]));
    }
    step
}

/// Computes r and z from their sums, for the cell that resets before the product.
pub fn reset<F: Float>(a: &[F], b: &[F], n: usize) -> Vec<F> {
    reset_with(a, b, n, &mut |_, _, value| value)
}

/// Computes r and z like [`reset`], each replaced by the result of `edit`.
pub fn reset_with<F: Float>(
    a: &[F],
    b: &[F],
    n: usize,
    edit: &mut dyn FnMut(Gate, usize, F) -> F,
) -> Vec<F> {
    let gate = |k: usize| if k < n { Gate::Reset } else { Gate::Update };
    (0..2 * n).map(|k| edit(gate(k), k % n, sigmoid(a[k] + b[k]))).collect()
}

/// Computes the candidate and the new state from r and z, for the cell that resets before the
/// product. `a` and `b` are the candidate's two products.
pub fn forward_before<F: Float>(gates: Vec<F>, a: &[F], b: &[F], h_prev: &[F]) -> GruStep<F> {
    forward_before_with(gates, (a, b), h_prev, &mut |_, _, value| value)
}

/// Computes the candidate and the new state like [`forward_before`], each replaced by the result of
/// `edit` before it is used.
pub fn forward_before_with<F: Float>(
    mut gates: Vec<F>,
    (a, b): (&[F], &[F]),
    h_prev: &[F],
    edit: &mut dyn FnMut(Gate, usize, F) -> F,
) -> GruStep<F> {
    let n = h_prev.len();
    let mut h = Vec::with_capacity(n);
    for j in 0..n {
        let (z, candidate) = (gates[n + j], edit(Gate::New, j, (a[j] + b[j]).tanh()));
        gates.push(candidate);
        h.push(edit(Gate::Hidden, j, (F::one() - z) * candidate + z * h_prev[j]));
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
