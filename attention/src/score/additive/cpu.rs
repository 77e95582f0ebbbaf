//! The vectorised score: one pass over each key.

use tensor::simd::{Kernel, Simd, math};

use crate::mask::MaskSpan;
use crate::memory::{Sizes, prefetch_next};

pub(crate) struct Scores<'a> {
    pub(crate) n: Sizes,
    pub(crate) spans: &'a [MaskSpan],
    pub(crate) query: &'a [f32],
    pub(crate) keys: &'a [f32],
    pub(crate) v: &'a [f32],
    pub(crate) bias: f32,
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
                prefetch_next(s, key, batch * width);
                let mut sum = s.splat(0.0);
                for j in (0..width).step_by(S::LANES) {
                    let y = math::tanh(s, s.add(s.load(&q[j..]), s.load(&key[j..])));
                    sum = s.fma(y, s.load(&self.v[j..]), sum);
                }
                self.scores[r * time + t] = s.sum(sum) + self.bias;
            }
        }
    }
}

pub(crate) struct Back<'a> {
    pub(crate) n: Sizes,
    pub(crate) spans: &'a [MaskSpan],
    pub(crate) query: &'a [f32],
    pub(crate) keys: &'a [f32],
    pub(crate) v: &'a [f32],
    pub(crate) d_scores: &'a [f32],
    pub(crate) d_query: &'a mut [f32],
    pub(crate) d_keys: Option<&'a mut [f32]>,
    pub(crate) d_v: &'a mut [f32],
}

impl Kernel for Back<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let Sizes { time, batch, keys: width, .. } = self.n;
        let one = s.splat(1.0);
        for (r, span) in self.spans.iter().enumerate() {
            let b = r % batch;
            let q = &self.query[r * width..][..width];
            let d_query = &mut self.d_query[r * width..][..width];
            for t in span.from..span.to {
                let at = (t * batch + b) * width;
                let key = &self.keys[at..][..width];
                let d = s.splat(self.d_scores[r * time + t]);
                prefetch_next(s, key, batch * width);
                if let Some(d_keys) = &self.d_keys {
                    prefetch_next(s, &d_keys[at..][..width], batch * width);
                }
                for j in (0..width).step_by(S::LANES) {
                    let y = math::tanh(s, s.add(s.load(&q[j..]), s.load(&key[j..])));
                    let dv = s.fma(d, y, s.load(&self.d_v[j..]));
                    s.store(&mut self.d_v[j..], dv);
                    let slope = s.sub(one, s.mul(y, y));
                    let inner = s.mul(s.mul(d, s.load(&self.v[j..])), slope);
                    let dq = s.add(s.load(&d_query[j..]), inner);
                    s.store(&mut d_query[j..], dq);
                    if let Some(d_keys) = &mut self.d_keys {
                        let d_key = &mut d_keys[at + j..at + width];
                        let dk = s.add(s.load(d_key), inner);
                        s.store(d_key, dk);
                    }
                }
            }
        }
    }
}
