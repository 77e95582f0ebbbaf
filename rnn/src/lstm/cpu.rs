//! The gating, vectorised: one pass over activations, cell state and state.

use tensor::simd::{Kernel, Simd, math};

use crate::cell::{self, row, row_mut};

pub(crate) struct Forward<'a>(pub(crate) cell::Forward<'a>);

impl Kernel for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let cell::Forward { width: n, active, gates, bias, h_prev, c_prev, h, c, .. } = self.0;
        for b in 0..h.len() / n {
            let (h, c) = (row_mut(h, n, b), row_mut(c, n, b));
            let c_prev = row(c_prev, n, b);
            if !active.row(b) {
                h.copy_from_slice(row(h_prev, n, b));
                c.copy_from_slice(c_prev);
                continue;
            }
            let gates = row_mut(gates, 4 * n, b);
            for j in (0..n).step_by(S::LANES) {
                let part = |k: usize| k * n + j..(k + 1) * n;
                let mut x = [0, 1, 2, 3].map(|k| s.load(&gates[part(k)]));
                if !bias.is_empty() {
                    for (k, x) in x.iter_mut().enumerate() {
                        *x = s.add(*x, s.load(&bias[part(k)]));
                    }
                }
                let (i, f) = (math::sigmoid(s, x[0]), math::sigmoid(s, x[1]));
                let (g, o) = (math::tanh(s, x[2]), math::sigmoid(s, x[3]));
                let new = s.fma(f, s.load(&c_prev[j..]), s.mul(i, g));
                for (k, v) in [i, f, g, o].into_iter().enumerate() {
                    s.store(&mut gates[part(k)], v);
                }
                s.store(&mut c[j..], new);
                s.store(&mut h[j..], s.mul(o, math::tanh(s, new)));
            }
        }
    }
}

pub(crate) struct Backward<'a>(pub(crate) cell::Backward<'a>);

impl Kernel for Backward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let cell::Backward { width: n, active, gates, c_prev, c, dh, dc, .. } = self.0;
        let (zero, one) = (s.splat(0.0), s.splat(1.0));
        for b in 0..dh.len() / n {
            let gates = row_mut(gates, 4 * n, b);
            if !active.row(b) {
                gates.fill(0.0);
                continue;
            }
            let (dh, dc) = (row_mut(dh, n, b), row_mut(dc, n, b));
            let (c, c_prev) = (row(c, n, b), row(c_prev, n, b));
            for j in (0..n).step_by(S::LANES) {
                let part = |k: usize| k * n + j..(k + 1) * n;
                let [i, f, g, o] = [0, 1, 2, 3].map(|k| s.load(&gates[part(k)]));
                let (d, t) = (s.load(&dh[j..]), math::tanh(s, s.load(&c[j..])));
                let through = s.mul(s.mul(d, o), s.sub(one, s.mul(t, t)));
                let d_cell = s.add(s.load(&dc[j..]), through);
                let slope = |y: S::V| s.mul(y, s.sub(one, y));
                let di = s.mul(s.mul(d_cell, g), slope(i));
                let df = s.mul(s.mul(d_cell, s.load(&c_prev[j..])), slope(f));
                let dg = s.mul(s.mul(d_cell, i), s.sub(one, s.mul(g, g)));
                let d_out = s.mul(s.mul(d, t), slope(o));
                for (k, v) in [di, df, dg, d_out].into_iter().enumerate() {
                    s.store(&mut gates[part(k)], v);
                }
                s.store(&mut dc[j..], s.mul(d_cell, f));
                s.store(&mut dh[j..], zero);
            }
        }
    }
}
