//! Drawing classes from a softmax.

/// How a class is drawn: from softmax(logits / temperature), restricted to some classes by `top_k`,
/// then by `top_p`, then by `min_p`, in this order, as in transformers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Divisor of the logits: values below 1 give more probable classes, 0 always the most probable
    /// one.
    pub temperature: f32,
    /// Draw from this many most probable classes (Fan et al. 2018, section 5.4); 0 for all.
    pub top_k: usize,
    /// Draw from the fewest most probable classes whose probabilities sum to at least this (nucleus
    /// sampling, Holtzman et al. 2020, section 3.1); 1 for all.
    pub top_p: f64,
    /// Draw from the classes whose probability is at least this share of the largest one (Nguyen et
    /// al. 2024, arXiv:2407.01082); 0 for all.
    pub min_p: f64,
}

impl Default for Sampling {
    /// All classes, at temperature 1.
    fn default() -> Self {
        Self { temperature: 1.0, top_k: 0, top_p: 1.0, min_p: 0.0 }
    }
}

/// Returns the class that a number u in \[0, 1) selects:
///
/// the first c with Σ_{k ≤ c} w_k > u Σ w, w_k = exp(logit_k / temperature) of the classes that are
/// left, 0 of the others
///
/// `excluded` classes are left out before anything else; ids beyond the row have no effect. `None` if
/// every logit is excluded or NaN.
///
/// PyTorch: `torch.multinomial(torch.softmax(logits / temperature, -1), 1)`, without restrictions.
///
/// ```
/// use tensor::ops;
///
/// // Probabilities 1/4, 1/4, 1/2.
/// let logits = [0.0, 0.0, 2f32.ln()];
/// let drawn = |uniform, excluded: &[u32]| {
///     ops::sample(&logits, ops::Sampling::default(), excluded, uniform)
/// };
/// assert_eq!((drawn(0.1, &[]), drawn(0.3, &[]), drawn(0.9, &[])), (Some(0), Some(1), Some(2)));
/// assert_eq!(drawn(0.1, &[0]), Some(1));
/// ```
pub fn sample(logits: &[f32], how: Sampling, excluded: &[u32], uniform: f64) -> Option<u32> {
    let mut allowed = logits.to_vec();
    for &id in excluded {
        if let Some(logit) = allowed.get_mut(id as usize) {
            *logit = f32::NAN;
        }
    }
    let mut best: Option<(usize, f32)> = None;
    for (class, &logit) in allowed.iter().enumerate() {
        let is_larger = best.is_none_or(|(_, most)| logit > most);
        if is_larger && !logit.is_nan() {
            best = Some((class, logit));
        }
    }
    let (best, most) = best?;
    if how.temperature <= 0.0 {
        return Some(best as u32);
    }
    let weight = |&logit: &f32| {
        let scaled = f64::from(logit - most) / f64::from(how.temperature);
        if logit.is_nan() { 0.0 } else { scaled.exp() }
    };
    let mut weights: Vec<f64> = allowed.iter().map(weight).collect();
    restrict(how, &mut weights);
    let mut left = uniform * weights.iter().sum::<f64>();
    for (class, weight) in weights.into_iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return Some(class as u32);
        }
    }
    Some(best as u32)
}

/// Sets the weights of classes that are not drawn to 0. The largest weight is 1.
fn restrict(how: Sampling, weights: &mut [f64]) {
    if how.top_k > 0 || how.top_p < 1.0 {
        let mut order: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
        order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
        let mut kept = if how.top_k > 0 { how.top_k.min(order.len()) } else { order.len() };
        if how.top_p < 1.0 {
            let total: f64 = order[..kept].iter().map(|&i| weights[i]).sum();
            let mut sum = 0.0;
            let reaches = |&i: &usize| {
                sum += weights[i];
                sum >= how.top_p * total
            };
            kept = order[..kept].iter().position(reaches).map_or(kept, |last| last + 1);
        }
        order[kept..].iter().for_each(|&i| weights[i] = 0.0);
    }
    if how.min_p > 0.0 {
        weights.iter_mut().filter(|w| **w < how.min_p).for_each(|w| *w = 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::PhiloxStream;

    /// Shares of the classes among many draws.
    fn shares(options: Sampling, logits: &[f32], excluded: &[u32]) -> Vec<f64> {
        let mut counts = vec![0.0; logits.len()];
        let draw = PhiloxStream::new(1, 0, 0);
        for i in 0..20_000 {
            let uniform = f64::from(draw.uniform(i));
            let id = sample(logits, options, excluded, uniform).unwrap();
            counts[id as usize] += 1.0 / 20_000.0;
        }
        counts
    }

    #[test]
    fn classes_are_drawn_as_often_as_they_are_probable() {
        let logits = [9.0, 9.0, 9.0, 0.0, 1.0, 2.0];
        for (temperature, from) in [(1.0, 3), (0.5, 3), (2.0, 4)] {
            let excluded: Vec<u32> = (0..from as u32).collect();
            let options = Sampling { temperature, ..Sampling::default() };
            let found = shares(options, &logits, &excluded);
            let weights: Vec<f64> =
                (from..6).map(|i| f64::from(logits[i] / temperature).exp()).collect();
            let total: f64 = weights.iter().sum();
            assert_eq!(found[..from], vec![0.0; from]);
            for (i, weight) in weights.iter().enumerate() {
                let found = found[from + i];
                assert!((found - weight / total).abs() < 0.015, "{temperature}: {found}");
            }
        }
        let options = Sampling { temperature: 0.0, ..Sampling::default() };
        assert!(shares(options, &logits, &[0, 1, 2])[5] > 0.999);
        assert_eq!(sample(&[f32::NAN, 1.0], options, &[1, 7], 0.5), None);
    }

    #[test]
    fn classes_are_restricted_as_their_definitions_say() {
        // Probabilities 0.5, 0.25, 0.15, 0.1.
        let logits = [0.5_f32.ln(), 0.25_f32.ln(), 0.15_f32.ln(), 0.1_f32.ln()];
        let none = Sampling::default();
        for (options, want) in [
            (none, [0.5, 0.25, 0.15, 0.1]),
            (Sampling { top_k: 2, ..none }, [0.667, 0.333, 0.0, 0.0]),
            (Sampling { top_k: 9, ..none }, [0.5, 0.25, 0.15, 0.1]),
            (Sampling { top_p: 0.7, ..none }, [0.667, 0.333, 0.0, 0.0]),
            (Sampling { top_p: 0.8, ..none }, [0.556, 0.278, 0.167, 0.0]),
            (Sampling { top_p: 0.0, ..none }, [1.0, 0.0, 0.0, 0.0]),
            (Sampling { min_p: 0.4, ..none }, [0.667, 0.333, 0.0, 0.0]),
            (Sampling { min_p: 0.29, ..none }, [0.556, 0.278, 0.167, 0.0]),
            // Of the three that top_k leaves, the first two have 0.83 of the probability.
            (Sampling { top_k: 3, top_p: 0.82, ..none }, [0.667, 0.333, 0.0, 0.0]),
        ] {
            let found = shares(options, &logits, &[]);
            for (found, want) in found.iter().zip(want) {
                assert!((found - want).abs() < 0.015, "{options:?}: {found} {want}");
            }
        }
    }
}
