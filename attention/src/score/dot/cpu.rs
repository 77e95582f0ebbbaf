//! The vectorised score.

use tensor::kernels::{add_scaled_with, dot_with};
use tensor::simd::{Kernel, Simd};

use crate::mask::MaskSpan;
use crate::memory::Sizes;

pub(crate) struct Scores<'a> {
    pub(crate) n: Sizes,
    pub(crate) spans: &'a [MaskSpan],
    pub(crate) query: &'a [f32],
    pub(crate) keys: &'a [f32],
    pub(crate) scale: f32,
    pub(crate) scores: &'a mut [f32],
}

impl Kernel for Scores<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Sizes { time, batch, keys: width, .. } = self.n;
        for (r, span) in self.spans.iter().enumerate() {
            let b = r % batch;
            let q = &self.query[r * width..][..width];
            for t in span.from..span.to {
                let key = &self.keys[(t * batch + b) * width..][..width];
                self.scores[r * time + t] = self.scale * dot_with(s, q, key);
            }
        }
    }
}

pub(crate) struct Back<'a> {
    pub(crate) n: Sizes,
    pub(crate) spans: &'a [MaskSpan],
    pub(crate) query: &'a [f32],
    pub(crate) keys: &'a [f32],
    pub(crate) scale: f32,
    pub(crate) d_scores: &'a [f32],
    pub(crate) d_query: &'a mut [f32],
    pub(crate) d_keys: Option<&'a mut [f32]>,
}

impl Kernel for Back<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let Sizes { time, batch, keys: width, .. } = self.n;
        for (r, span) in self.spans.iter().enumerate() {
            let b = r % batch;
            let q = &self.query[r * width..][..width];
            let d_query = &mut self.d_query[r * width..][..width];
            for t in span.from..span.to {
                let at = (t * batch + b) * width;
                let d = self.scale * self.d_scores[r * time + t];
                add_scaled_with(s, d_query, d, &self.keys[at..][..width]);
                if let Some(d_keys) = &mut self.d_keys {
                    add_scaled_with(s, &mut d_keys[at..][..width], d, q);
                }
            }
        }
    }
}
