//! Masked softmax and the weighted sum, shared by all kinds of attention.

use tensor::kernels::{add_scaled_with, dot_with};
use tensor::simd::{Kernel, Simd, math};

use crate::mask::MaskSpan;
use crate::memory::{Sizes, prefetch_next};

/// Replaces scores by weights in place: softmax within the span, exactly zero outside it.
pub(crate) struct Softmax<'a> {
    pub(crate) time: usize,
    pub(crate) spans: &'a [MaskSpan],
    pub(crate) scores: &'a mut [f32],
}

impl Kernel for Softmax<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (row, span) in self.scores.chunks_exact_mut(self.time.max(1)).zip(self.spans) {
            row[..span.from].fill(0.0);
            row[span.to..].fill(0.0);
            let row = span.of_mut(row);
            let mut largest = f32::NEG_INFINITY;
            for &x in row.iter() {
                largest = largest.max(x);
            }
            let largest = s.splat(largest);
            for part in row.chunks_mut(S::LANES) {
                let v = math::exp(s, s.sub(s.load(part), largest));
                s.store(part, v);
            }
            let mut total = 0.0;
            for &x in row.iter() {
                total += x;
            }
            let scale = s.splat(1.0 / total);
            for part in row.chunks_mut(S::LANES) {
                let v = s.mul(s.load(part), scale);
                s.store(part, v);
            }
        }
    }
}

/// Computes the weighted sum of the values.
pub(crate) struct Context<'a> {
    pub(crate) n: Sizes,
    pub(crate) spans: &'a [MaskSpan],
    pub(crate) weights: &'a [f32],
    pub(crate) values: &'a [f32],
    pub(crate) context: &'a mut [f32],
}

impl Kernel for Context<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Sizes { time, batch, values: width, .. } = self.n;
        for ((r, span), context) in
            self.spans.iter().enumerate().zip(self.context.chunks_exact_mut(width))
        {
            context.fill(0.0);
            for t in span.from..span.to {
                let value = &self.values[(t * batch + r % batch) * width..][..width];
                prefetch_next(s, value, batch * width);
                add_scaled_with(s, context, self.weights[r * time + t], value);
            }
        }
    }
}

/// Backward pass of the weighted sum: dv_s += a_s dc, da_s += dc . v_s.
pub(crate) struct BackContext<'a> {
    pub(crate) n: Sizes,
    pub(crate) spans: &'a [MaskSpan],
    pub(crate) weights: &'a [f32],
    pub(crate) values: &'a [f32],
    pub(crate) d_context: &'a [f32],
    pub(crate) d_values: Option<&'a mut [f32]>,
    pub(crate) d_weights: &'a mut [f32],
}

impl Kernel for BackContext<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let Sizes { time, batch, values: width, .. } = self.n;
        for (r, span) in self.spans.iter().enumerate() {
            let b = r % batch;
            let d = &self.d_context[r * width..][..width];
            for t in span.from..span.to {
                let at = (t * batch + b) * width;
                let value = &self.values[at..][..width];
                prefetch_next(s, value, batch * width);
                self.d_weights[r * time + t] += dot_with(s, d, value);
                if let Some(d_values) = &mut self.d_values {
                    let d_value = &mut d_values[at..][..width];
                    prefetch_next(s, d_value, batch * width);
                    add_scaled_with(s, d_value, self.weights[r * time + t], d);
                }
            }
        }
    }
}

/// Backward pass of the softmax, in place: de = a (da - sum a da). Zero where a is zero.
pub(crate) fn back_softmax(weights: &[f32], d: &mut [f32], time: usize) {
    for (a, d) in weights.chunks_exact(time.max(1)).zip(d.chunks_exact_mut(time.max(1))) {
        let mean: f32 = a.iter().zip(d.iter()).map(|(a, d)| a * d).sum();
        d.iter_mut().zip(a).for_each(|(d, a)| *d = a * (*d - mean));
    }
}
