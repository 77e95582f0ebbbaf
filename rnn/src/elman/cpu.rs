//! The gating, vectorised.

use tensor::simd::{Kernel, Simd, math};

use crate::gating::{self, row, row_mut};

/// Computes tanh if `TANH`, else max(0, x).
pub(crate) struct ElmanForward<'a, const TANH: bool>(pub(crate) gating::GatingForward<'a>);

impl<const TANH: bool> Kernel for ElmanForward<'_, TANH> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let gating::GatingForward { width, active, gates, bias, h_prev, h, .. } = self.0;
        let zero = s.splat(0.0);
        for b in 0..h.len() / width {
            let (g, h) = (row_mut(gates, width, b), row_mut(h, width, b));
            if !active.row(b) {
                h.copy_from_slice(row(h_prev, width, b));
                continue;
            }
            for j in (0..width).step_by(S::LANES) {
                let mut x = s.load(&g[j..]);
                if !bias.is_empty() {
                    x = s.add(x, s.load(&bias[j..]));
                }
                let y = if TANH { math::tanh(s, x) } else { s.max(x, zero) };
                s.store(&mut g[j..], y);
                s.store(&mut h[j..], y);
            }
        }
    }
}

pub(crate) struct ElmanBackward<'a, const TANH: bool>(pub(crate) gating::GatingBackward<'a>);

impl<const TANH: bool> Kernel for ElmanBackward<'_, TANH> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let gating::GatingBackward { width, active, gates, dh, .. } = self.0;
        let (zero, one) = (s.splat(0.0), s.splat(1.0));
        for b in 0..dh.len() / width {
            let (g, dh) = (row_mut(gates, width, b), row_mut(dh, width, b));
            if !active.row(b) {
                g.fill(0.0);
                continue;
            }
            for j in (0..width).step_by(S::LANES) {
                let (y, d) = (s.load(&g[j..]), s.load(&dh[j..]));
                let slope =
                    if TANH { s.sub(one, s.mul(y, y)) } else { s.select_lt(zero, y, one, zero) };
                s.store(&mut g[j..], s.mul(d, slope));
                s.store(&mut dh[j..], zero);
            }
        }
    }
}
