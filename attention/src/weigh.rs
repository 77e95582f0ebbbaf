//! Masked softmax and the weighted sum: what every attention shares.

use tensor::kernels::{add_scaled_with, dot_with};
use tensor::simd::{Kernel, Simd};

use crate::step::Sizes;

/// Turns scores into weights and sums up the values.
pub(crate) struct Forward<'a> {
    pub(crate) n: Sizes,
    pub(crate) lengths: &'a [usize],
    /// \[B, S\]: scores; weights afterwards.
    pub(crate) weights: &'a mut [f32],
    pub(crate) values: &'a [f32],
    pub(crate) context: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Sizes { time, batch, values: width, .. } = self.n;
        let rows = self.weights.chunks_exact_mut(time.max(1));
        for ((b, row), context) in rows.enumerate().zip(self.context.chunks_exact_mut(width)) {
            let (real, padding) = row.split_at_mut(self.lengths[b]);
            softmax(real);
            padding.fill(0.0);
            context.fill(0.0);
            for (t, &a) in real.iter().enumerate() {
                let value = &self.values[(t * batch + b) * width..][..width];
                add_scaled_with(s, context, a, value);
            }
        }
    }
}

/// Softmax over a few scores, in place.
#[inline(always)]
fn softmax(row: &mut [f32]) {
    let largest = row.iter().fold(f32::NEG_INFINITY, |m, &x| m.max(x));
    let mut total = 0.0;
    for x in row.iter_mut() {
        *x = (*x - largest).exp();
        total += *x;
    }
    let scale = 1.0 / total;
    row.iter_mut().for_each(|x| *x *= scale);
}

/// The way back through the weighted sum: dv_s += a_s dc, da_s += dc . v_s.
pub(crate) struct BackContext<'a> {
    pub(crate) n: Sizes,
    pub(crate) lengths: &'a [usize],
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
        for b in 0..batch {
            let d = &self.d_context[b * width..][..width];
            for t in 0..self.lengths[b] {
                let at = (t * batch + b) * width;
                self.d_weights[b * time + t] += dot_with(s, d, &self.values[at..][..width]);
                if let Some(d_values) = &mut self.d_values {
                    let a = self.weights[b * time + t];
                    add_scaled_with(s, &mut d_values[at..][..width], a, d);
                }
            }
        }
    }
}

/// The way back through softmax, in place: de = a (da - sum a da). Zero where a is zero.
pub(crate) fn back_softmax(weights: &[f32], d: &mut [f32], time: usize) {
    for (a, d) in weights.chunks_exact(time.max(1)).zip(d.chunks_exact_mut(time.max(1))) {
        let mean: f32 = a.iter().zip(d.iter()).map(|(a, d)| a * d).sum();
        d.iter_mut().zip(a).for_each(|(d, a)| *d = a * (*d - mean));
    }
}
