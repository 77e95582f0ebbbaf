//! The gating, vectorised: one pass over activations and state.

use tensor::simd::{Kernel, Simd, math};

use crate::gating::{self, Active, block, blocks, row, row_mut, set_block, set_blocks};

pub(crate) struct GruForward<'a>(pub(crate) gating::GatingForward<'a>);

impl Kernel for GruForward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let gating::GatingForward { width: n, active, gates, hidden, h_prev, h, .. } = self.0;
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

pub(crate) struct GruBackward<'a>(pub(crate) gating::GatingBackward<'a>);

impl Kernel for GruBackward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let gating::GatingBackward { width: n, active, gates, hidden, h_prev, dh, .. } = self.0;
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

/// First half of a step that resets before the product: r and z from their sums, and r h.
pub(crate) struct Reset<'a> {
    pub(crate) width: usize,
    pub(crate) active: Active<'a>,
    /// \[B, 3 H\]: the sums of r and z on entry; the activations on return.
    pub(crate) gates: &'a mut [f32],
    /// \[3 H\], or empty.
    pub(crate) bias: &'a [f32],
    /// \[B, H\]: the state before.
    pub(crate) state: &'a [f32],
    /// \[B, H\]: r h; zero in rows past their sequence's end.
    pub(crate) reset: &'a mut [f32],
}

impl Kernel for Reset<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { width: n, active, gates, bias, state, reset } = self;
        for b in 0..reset.len() / n {
            let (gates, reset) = (row_mut(gates, 3 * n, b), row_mut(reset, n, b));
            if !active.row(b) {
                reset.fill(0.0);
                continue;
            }
            let state = row(state, n, b);
            for j in (0..n).step_by(S::LANES) {
                let mut x: [S::V; 2] = blocks(s, gates, n, j);
                if !bias.is_empty() {
                    let bias: [S::V; 2] = blocks(s, bias, n, j);
                    for (x, bias) in x.iter_mut().zip(bias) {
                        *x = s.add(*x, bias);
                    }
                }
                let (r, z) = (math::sigmoid(s, x[0]), math::sigmoid(s, x[1]));
                set_blocks(s, gates, n, j, [r, z]);
                s.store(&mut reset[j..], s.mul(r, s.load(&state[j..])));
            }
        }
    }
}

/// Second half of a step that resets before the product: n from its sum, and the new state.
pub(crate) struct GruForwardBefore<'a>(pub(crate) gating::GatingForward<'a>);

impl Kernel for GruForwardBefore<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let gating::GatingForward { width: n, active, gates, bias, h_prev, h, .. } = self.0;
        for b in 0..h.len() / n {
            let (h, h_prev) = (row_mut(h, n, b), row(h_prev, n, b));
            if !active.row(b) {
                h.copy_from_slice(h_prev);
                continue;
            }
            let gates = row_mut(gates, 3 * n, b);
            for j in (0..n).step_by(S::LANES) {
                let (z, mut x) = (block(s, gates, n, 1, j), block(s, gates, n, 2, j));
                if !bias.is_empty() {
                    x = s.add(x, block(s, bias, n, 2, j));
                }
                let new = math::tanh(s, x);
                set_block(s, gates, n, 2, j, new);
                // (1 - z) n + z h
                s.store(&mut h[j..], s.fma(z, s.sub(s.load(&h_prev[j..]), new), new));
            }
        }
    }
}

/// The backward pass through the second half; the block of r still holds r.
pub(crate) struct GruBackwardBefore<'a>(pub(crate) gating::GatingBackward<'a>);

impl Kernel for GruBackwardBefore<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let gating::GatingBackward { width: n, active, gates, h_prev, dh, .. } = self.0;
        let one = s.splat(1.0);
        for b in 0..dh.len() / n {
            let gates = row_mut(gates, 3 * n, b);
            if !active.row(b) {
                gates.fill(0.0);
                continue;
            }
            let (dh, h_prev) = (row_mut(dh, n, b), row(h_prev, n, b));
            for j in (0..n).step_by(S::LANES) {
                let (z, new) = (block(s, gates, n, 1, j), block(s, gates, n, 2, j));
                let d = s.load(&dh[j..]);
                let slope = s.sub(one, s.mul(new, new));
                let dn = s.mul(s.mul(d, s.sub(one, z)), slope);
                let away = s.sub(s.load(&h_prev[j..]), new);
                let dz = s.mul(s.mul(d, away), s.mul(z, s.sub(one, z)));
                set_block(s, gates, n, 1, j, dz);
                set_block(s, gates, n, 2, j, dn);
                s.store(&mut dh[j..], s.mul(d, z));
            }
        }
    }
}

/// The backward pass through r h; the gradient of r's sum replaces r.
pub(crate) struct ResetBack<'a> {
    pub(crate) width: usize,
    pub(crate) active: Active<'a>,
    /// \[B, 3 H\]
    pub(crate) gates: &'a mut [f32],
    /// \[B, H\]: the state before.
    pub(crate) state: &'a [f32],
    /// \[B, H\]: the gradient of r h.
    pub(crate) d_reset: &'a [f32],
    /// \[B, H\]: the gradient of the state before, accumulated.
    pub(crate) d_state: &'a mut [f32],
}

impl Kernel for ResetBack<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { width: n, active, gates, state, d_reset, d_state } = self;
        let one = s.splat(1.0);
        for b in 0..d_state.len() / n {
            if !active.row(b) {
                continue;
            }
            let (gates, d_state) = (row_mut(gates, 3 * n, b), row_mut(d_state, n, b));
            let (state, d_reset) = (row(state, n, b), row(d_reset, n, b));
            for j in (0..n).step_by(S::LANES) {
                let (r, d) = (block(s, gates, n, 0, j), s.load(&d_reset[j..]));
                let dr = s.mul(s.mul(d, s.load(&state[j..])), s.mul(r, s.sub(one, r)));
                set_block(s, gates, n, 0, j, dr);
                let sum = s.fma(d, r, s.load(&d_state[j..]));
                s.store(&mut d_state[j..], sum);
            }
        }
    }
}
