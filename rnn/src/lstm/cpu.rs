//! The gating, vectorised: one pass over activations, cell state and state.

use tensor::simd::{Kernel, Simd, math};

use crate::cell::{self, blocks, row, row_mut, set_blocks};

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
                let mut x: [S::V; 4] = blocks(s, gates, n, j);
                if !bias.is_empty() {
                    let bias: [S::V; 4] = blocks(s, bias, n, j);
                    for (x, bias) in x.iter_mut().zip(bias) {
                        *x = s.add(*x, bias);
                    }
                }
                let (i, f) = (math::sigmoid(s, x[0]), math::sigmoid(s, x[1]));
                let (g, o) = (math::tanh(s, x[2]), math::sigmoid(s, x[3]));
                let new = s.fma(f, s.load(&c_prev[j..]), s.mul(i, g));
                set_blocks(s, gates, n, j, [i, f, g, o]);
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
                let [i, f, g, o] = blocks(s, gates, n, j);
                let (d, t) = (s.load(&dh[j..]), math::tanh(s, s.load(&c[j..])));
                let through = s.mul(s.mul(d, o), s.sub(one, s.mul(t, t)));
                let d_cell = s.add(s.load(&dc[j..]), through);
                let di = s.mul(s.mul(d_cell, g), s.mul(i, s.sub(one, i)));
                let df = s.mul(s.mul(d_cell, s.load(&c_prev[j..])), s.mul(f, s.sub(one, f)));
                let dg = s.mul(s.mul(d_cell, i), s.sub(one, s.mul(g, g)));
                let d_out = s.mul(s.mul(d, t), s.mul(o, s.sub(one, o)));
                set_blocks(s, gates, n, j, [di, df, dg, d_out]);
                s.store(&mut dc[j..], s.mul(d_cell, f));
                s.store(&mut dh[j..], zero);
            }
        }
    }
}
