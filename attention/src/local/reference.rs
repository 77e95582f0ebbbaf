//! Windows in plain loops, for any float type.

use std::ops::Range;

use num_traits::Float;

fn number<F: Float>(n: usize) -> F {
    F::from(n).unwrap_or_else(F::infinity)
}

/// Returns n sigmoid(v^T tanh(h)).
pub fn centre<F: Float>(h: &[F], v: &[F], n: usize) -> F {
    let x = h.iter().zip(v).fold(F::zero(), |s, (&h, &v)| s + h.tanh() * v);
    number::<F>(n) / (F::one() + (-x).exp())
}

/// Returns the gradients of (h, v) for a gradient `d` of the centre.
pub fn centre_back<F: Float>(h: &[F], v: &[F], n: usize, d: F) -> (Vec<F>, Vec<F>) {
    let y = centre(h, v, n) / number(n.max(1));
    let d = d * number(n) * y * (F::one() - y);
    let slope = |h: F| F::one() - h.tanh() * h.tanh();
    let dh = h.iter().zip(v).map(|(&h, &v)| d * v * slope(h)).collect();
    (dh, h.iter().map(|&h| d * h.tanh()).collect())
}

/// Returns the positions within `reach` of the floor of a centre, clipped to a sentence of `n`.
pub fn window<F: Float>(centre: F, n: usize, reach: usize) -> Range<usize> {
    let middle = centre.floor().to_usize().unwrap_or(0).min(n.saturating_sub(1));
    middle.saturating_sub(reach)..(middle + reach + 1).min(n)
}

/// Returns exp(-(s - p)^2 / (2 (D/2)^2)) and its derivative with respect to p.
pub fn gaussian<F: Float>(position: usize, centre: F, reach: usize) -> (F, F) {
    let two = F::one() + F::one();
    let sigma = number::<F>(reach) / two;
    let distance = number::<F>(position) - centre;
    let factor = (-distance * distance / (two * sigma * sigma)).exp();
    (factor, factor * distance / (sigma * sigma))
}
