//! Cross-entropy in plain loops, for any float.

use num_traits::Float;

/// Returns the log-softmax of a row.
pub fn log_softmax<F: Float>(row: &[F]) -> Vec<F> {
    let largest = row.iter().fold(F::neg_infinity(), |m, &v| m.max(v));
    let total = row.iter().fold(F::zero(), |s, &v| s + (v - largest).exp());
    row.iter().map(|&v| v - largest - total.ln()).collect()
}

/// Returns the sum over rows, without weight; rows of class `ignore` add nothing.
pub fn forward<F: Float>(logits: &[F], targets: &[u32], ignore: Option<u32>, smoothing: F) -> F {
    let classes = logits.len() / targets.len();
    let share = smoothing / F::from(classes).unwrap_or_else(F::one);
    let mut loss = F::zero();
    for (row, &t) in logits.chunks_exact(classes).zip(targets) {
        if ignore != Some(t) {
            let logp = log_softmax(row);
            loss = loss - (F::one() - smoothing) * logp[t as usize];
            loss = loss - share * logp.iter().fold(F::zero(), |s, &v| s + v);
        }
    }
    loss
}

/// Returns the gradient of [`forward`] with respect to the logits.
pub fn backward<F: Float>(
    logits: &[F],
    targets: &[u32],
    ignore: Option<u32>,
    smoothing: F,
) -> Vec<F> {
    let classes = logits.len() / targets.len();
    let share = smoothing / F::from(classes).unwrap_or_else(F::one);
    let mut d = Vec::with_capacity(logits.len());
    for (row, &t) in logits.chunks_exact(classes).zip(targets) {
        if ignore == Some(t) {
            d.extend(std::iter::repeat_n(F::zero(), classes));
            continue;
        }
        for (v, logp) in log_softmax(row).into_iter().enumerate() {
            let onehot = if v == t as usize { F::one() - smoothing } else { F::zero() };
            d.push(logp.exp() - onehot - share);
        }
    }
    d
}
