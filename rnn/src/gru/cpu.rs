//! The gating, vectorised: one pass over activations and state.

use tensor::simd::{Kernel, Simd, math};

use crate::cell::{self, blocks, row, row_mut, set_blocks};

pub(crate) struct Forward<'a>(pub(crate) cell::Forward<'a>);

impl Kernel for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let cell::Forward { width: n, active, gates, hidden, h_prev, h, .. } = self.0;
        for b in 0..h.len() / n {
            let (h, h_prev) = (row_mut(h, n, b), row(h_prev, n, b));
            if !active.row(b) {
                h.copy_from_slice(h_prev);
                continue;
            }
            let (gates, hidden) = (row_mut(gates, 3 * n, b), row(hidden, 3 * n, b));
            for j in (0..n).step_by(S::LANES) {
                let [a_r, a_z, a_n] = blocks(s, gates, n, j);
                let [b_r, b_z, b_n] = blocks(s, hidden, n, j);
                let r = math::sigmoid(s, s.add(a_r, b_r));
                let z = math::sigmoid(s, s.add(a_z, b_z));
                let new = math::tanh(s, s.fma(r, b_n, a_n));
                set_blocks(s, gates, n, j, [r, z, new]);
                // (1 - z) n + z h
                s.store(&mut h[j..], s.fma(z, s.sub(s.load(&h_prev[j..]), new), new));
            }
        }
    }
}

pub(crate) struct Backward<'a>(pub(crate) cell::Backward<'a>);

impl Kernel for Backward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let cell::Backward { width: n, active, gates, hidden, h_prev, dh, .. } = self.0;
        let one = s.splat(1.0);
        for b in 0..dh.len() / n {
            let (gates, hidden) = (row_mut(gates, 3 * n, b), row_mut(hidden, 3 * n, b));
            if !active.row(b) {
                gates.fill(0.0);
                hidden.fill(0.0);
                continue;
            }
            let (dh, h_prev) = (row_mut(dh, n, b), row(h_prev, n, b));
            for j in (0..n).step_by(S::LANES) {
                let [r, z, new] = blocks(s, gates, n, j);
                let (d, b_n) = (s.load(&dh[j..]), s.load(&hidden[2 * n + j..]));
                let slope = s.sub(one, s.mul(new, new));
                let dn = s.mul(s.mul(d, s.sub(one, z)), slope);
                let dr = s.mul(s.mul(dn, b_n), s.mul(r, s.sub(one, r)));
                let away = s.sub(s.load(&h_prev[j..]), new);
                let dz = s.mul(s.mul(d, away), s.mul(z, s.sub(one, z)));
                set_blocks(s, gates, n, j, [dr, dz, dn]);
                set_blocks(s, hidden, n, j, [dr, dz, s.mul(dn, r)]);
                s.store(&mut dh[j..], s.mul(d, z));
            }
        }
    }
}
