//! The Gaussian around a centre: a layer between softmax and the weighted sum.

use tensor::{Lengths, Var};

use crate::mask::MaskSpan;

/// Multiplies weights by exp(-(s - p)^2 / (2 sigma^2)). A window has only a few positions, so plain
/// loops are fast enough.
#[derive(Debug, Clone)]
pub(crate) struct GaussianWindow {
    /// The centre p of each row.
    pub(crate) centres: Var,
    pub(crate) lengths: Lengths,
    pub(crate) sigma: f32,
    pub(crate) reversed: bool,
    pub(crate) renormalize: bool,
}

impl GaussianWindow {
    /// Returns the signed distance of entry `i` of row `r` from its centre, in positions.
    fn distance(&self, r: usize, i: usize, centre: f32) -> f32 {
        let length = self.lengths[r % self.lengths.len()];
        let position = if self.reversed { length - 1 - i } else { i };
        position as f32 - centre
    }

    fn factor(&self, distance: f32) -> f32 {
        (-distance * distance / (2.0 * self.sigma * self.sigma)).exp()
    }

    /// Computes the weights \[R, S\] in place from those of the softmax.
    pub(crate) fn forward(
        &self,
        time: usize,
        spans: &[MaskSpan],
        centres: &[f32],
        weights: &mut [f32],
    ) {
        for (r, (span, &centre)) in spans.iter().zip(centres).enumerate() {
            let row = &mut weights[r * time..][..time];
            let mut total = 0.0;
            for (i, a) in (span.from..span.to).zip(span.of_mut(row)) {
                *a *= self.factor(self.distance(r, i, centre));
                total += *a;
            }
            if self.renormalize {
                span.of_mut(row).iter_mut().for_each(|a| *a /= total);
            }
        }
    }

    /// Backward pass: computes the gradients of the softmax in place from those of the weights, and
    /// writes those of the centres to `d_centres`.
    pub(crate) fn backward(
        &self,
        time: usize,
        spans: &[MaskSpan],
        centres: &[f32],
        softmax: &[f32],
        d: &mut [f32],
        d_centres: &mut [f32],
    ) {
        for (r, (span, &centre)) in spans.iter().zip(centres).enumerate() {
            let (a, d) = (&softmax[r * time..][..time], &mut d[r * time..][..time]);
            let (mut total, mut along) = (0.0, 0.0);
            for i in span.from..span.to {
                let bent = a[i] * self.factor(self.distance(r, i, centre));
                total += bent;
                along += bent * d[i];
            }
            let (scale, mean) =
                if self.renormalize { (1.0 / total, along / total) } else { (1.0, 0.0) };
            d_centres[r] = 0.0;
            for i in span.from..span.to {
                let distance = self.distance(r, i, centre);
                let factor = self.factor(distance);
                d[i] = (d[i] - mean) * scale * factor;
                d_centres[r] += d[i] * a[i] * distance / (self.sigma * self.sigma);
            }
        }
    }
}
