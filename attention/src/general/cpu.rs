//! The score, vectorised.

use tensor::kernels::{add_scaled_with, dot_with};
use tensor::simd::{Kernel, Simd};

use crate::step::Sizes;

pub(crate) struct Scores<'a> {
    pub(crate) n: Sizes,
    pub(crate) lengths: &'a [usize],
    pub(crate) query: &'a [f32],
    pub(crate) keys: &'a [f32],
    pub(crate) scores: &'a mut [f32],
}

impl Kernel for Scores<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Sizes { time, batch, keys: width, .. } = self.n;
        for b in 0..batch {
            let q = &self.query[b * width..][..width];
            for t in 0..self.lengths[b] {
                let key = &self.keys[(t * batch + b) * width..][..width];
                self.scores[b * time + t] = dot_with(s, q, key);
            }
        }
    }
}

pub(crate) struct Back<'a> {
    pub(crate) n: Sizes,
    pub(crate) lengths: &'a [usize],
    pub(crate) query: &'a [f32],
    pub(crate) keys: &'a [f32],
    pub(crate) d_scores: &'a [f32],
    pub(crate) d_query: &'a mut [f32],
    pub(crate) d_keys: Option<&'a mut [f32]>,
}

impl Kernel for Back<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let Sizes { time, batch, keys: width, .. } = self.n;
        for b in 0..batch {
            let q = &self.query[b * width..][..width];
            let d_query = &mut self.d_query[b * width..][..width];
            for t in 0..self.lengths[b] {
                let at = (t * batch + b) * width;
                let d = self.d_scores[b * time + t];
                add_scaled_with(s, d_query, d, &self.keys[at..][..width]);
                if let Some(d_keys) = &mut self.d_keys {
                    add_scaled_with(s, &mut d_keys[at..][..width], d, q);
                }
            }
        }
    }
}
