//! The gating, vectorised: one pass over activations, cell state and state.
//!
//! One kernel covers the whole family. Its four switches are compile-time constants, so that a
//! feature that a variant does not have costs nothing:
//!
//! | switch | on | off |
//! |---|---|---|
//! | `INPUT` | an input gate | i = 1 - f |
//! | `FORGET` | a forget gate | f = 1 |
//! | `PEEP` | the gates see the cell state | they do not |
//! | `SQUASH` | the squashing functions of 1997 | tanh |

use tensor::simd::{Kernel, Simd, math};

use crate::gating::{self, block, row, row_mut, set_block};

/// Returns the indices of f, g, o among the blocks; i, if there is one, is the first.
const fn places(input: bool, forget: bool) -> [usize; 3] {
    let f = input as usize;
    let g = f + forget as usize;
    [f, g, g + 1]
}

/// Returns block `k` of the sums, with its bias.
#[inline(always)]
fn sum<S: Simd>(s: S, gates: &[f32], bias: &[f32], n: usize, k: usize, j: usize) -> S::V {
    let x = block(s, gates, n, k, j);
    if bias.is_empty() { x } else { s.add(x, block(s, bias, n, k, j)) }
}

/// Computes tanh x; 4 sigmoid(x) - 2 = 2 tanh(x / 2) if `SQUASH`.
#[inline(always)]
fn squash_input<S: Simd, const SQUASH: bool>(s: S, x: S::V) -> S::V {
    if SQUASH {
        let t = math::tanh(s, s.mul(x, s.splat(0.5)));
        s.add(t, t)
    } else {
        math::tanh(s, x)
    }
}

/// Computes tanh c; 2 sigmoid(c) - 1 = tanh(c / 2) if `SQUASH`.
#[inline(always)]
fn squash_output<S: Simd, const SQUASH: bool>(s: S, c: S::V) -> S::V {
    if SQUASH { math::tanh(s, s.mul(c, s.splat(0.5))) } else { math::tanh(s, c) }
}

pub(crate) struct LstmForward<
    'a,
    const INPUT: bool,
    const FORGET: bool,
    const PEEP: bool,
    const SQUASH: bool,
>(pub(crate) gating::GatingForward<'a>);

impl<const INPUT: bool, const FORGET: bool, const PEEP: bool, const SQUASH: bool> Kernel
    for LstmForward<'_, INPUT, FORGET, PEEP, SQUASH>
{
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let gating::GatingForward {
            width: n,
            active,
            gates,
            bias,
            peephole,
            h_prev,
            c_prev,
            h,
            c,
            ..
        } = self.0;
        let [at_f, at_g, at_o] = places(INPUT, FORGET);
        let one = s.splat(1.0);
        for b in 0..h.len() / n {
            let (h, c) = (row_mut(h, n, b), row_mut(c, n, b));
            let c_prev = row(c_prev, n, b);
            if !active.row(b) {
                h.copy_from_slice(row(h_prev, n, b));
                c.copy_from_slice(c_prev);
                continue;
            }
            let gates = row_mut(gates, (at_o + 1) * n, b);
            for j in (0..n).step_by(S::LANES) {
                let before = s.load(&c_prev[j..]);
                let mut f = one;
                if FORGET {
                    let mut x = sum(s, gates, bias, n, at_f, j);
                    if PEEP {
                        x = s.fma(block(s, peephole, n, at_f, j), before, x);
                    }
                    f = math::sigmoid(s, x);
                    set_block(s, gates, n, at_f, j, f);
                }
                let mut i = s.sub(one, f);
                if INPUT {
                    let mut x = sum(s, gates, bias, n, 0, j);
                    if PEEP {
                        x = s.fma(block(s, peephole, n, 0, j), before, x);
                    }
                    i = math::sigmoid(s, x);
                    set_block(s, gates, n, 0, j, i);
                }
                let g = squash_input::<S, SQUASH>(s, sum(s, gates, bias, n, at_g, j));
                set_block(s, gates, n, at_g, j, g);
                let input = s.mul(i, g);
                let new = if FORGET { s.fma(f, before, input) } else { s.add(before, input) };
                let mut x = sum(s, gates, bias, n, at_o, j);
                if PEEP {
                    x = s.fma(block(s, peephole, n, at_g, j), new, x);
                }
                let o = math::sigmoid(s, x);
                set_block(s, gates, n, at_o, j, o);
                s.store(&mut c[j..], new);
                s.store(&mut h[j..], s.mul(o, squash_output::<S, SQUASH>(s, new)));
            }
        }
    }
}

pub(crate) struct LstmBackward<
    'a,
    const INPUT: bool,
    const FORGET: bool,
    const PEEP: bool,
    const SQUASH: bool,
>(pub(crate) gating::GatingBackward<'a>);

impl<const INPUT: bool, const FORGET: bool, const PEEP: bool, const SQUASH: bool> Kernel
    for LstmBackward<'_, INPUT, FORGET, PEEP, SQUASH>
{
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let gating::GatingBackward { width: n, active, gates, c_prev, c, dh, dc, .. } = self.0;
        let (peephole, d_peephole) = (self.0.peephole, self.0.d_peephole);
        let [at_f, at_g, at_o] = places(INPUT, FORGET);
        let (zero, one) = (s.splat(0.0), s.splat(1.0));
        let (half, quarter) = (s.splat(0.5), s.splat(0.25));
        for b in 0..dh.len() / n {
            let gates = row_mut(gates, (at_o + 1) * n, b);
            if !active.row(b) {
                gates.fill(0.0);
                continue;
            }
            let (dh, dc) = (row_mut(dh, n, b), row_mut(dc, n, b));
            let (c, c_prev) = (row(c, n, b), row(c_prev, n, b));
            for j in (0..n).step_by(S::LANES) {
                let f = if FORGET { block(s, gates, n, at_f, j) } else { one };
                let i = if INPUT { block(s, gates, n, 0, j) } else { s.sub(one, f) };
                let (g, o) = (block(s, gates, n, at_g, j), block(s, gates, n, at_o, j));
                let (before, after) = (s.load(&c_prev[j..]), s.load(&c[j..]));
                let (d, t) = (s.load(&dh[j..]), squash_output::<S, SQUASH>(s, after));

                let d_out = s.mul(s.mul(d, t), s.mul(o, s.sub(one, o)));
                set_block(s, gates, n, at_o, j, d_out);
                let mut slope = s.sub(one, s.mul(t, t));
                if SQUASH {
                    slope = s.mul(slope, half);
                }
                let mut d_cell = s.add(s.load(&dc[j..]), s.mul(s.mul(d, o), slope));
                if PEEP {
                    d_cell = s.fma(d_out, block(s, peephole, n, at_g, j), d_cell);
                    let sum = s.fma(d_out, after, block(s, d_peephole, n, at_g, j));
                    set_block(s, d_peephole, n, at_g, j, sum);
                }

                let mut square = s.mul(g, g);
                if SQUASH {
                    square = s.mul(square, quarter);
                }
                set_block(s, gates, n, at_g, j, s.mul(s.mul(d_cell, i), s.sub(one, square)));
                let mut d_before = if FORGET { s.mul(d_cell, f) } else { d_cell };
                if INPUT {
                    let di = s.mul(s.mul(d_cell, g), s.mul(i, s.sub(one, i)));
                    set_block(s, gates, n, 0, j, di);
                    if PEEP {
                        d_before = s.fma(di, block(s, peephole, n, 0, j), d_before);
                        let sum = s.fma(di, before, block(s, d_peephole, n, 0, j));
                        set_block(s, d_peephole, n, 0, j, sum);
                    }
                }
                if FORGET {
                    let kept = if INPUT { before } else { s.sub(before, g) };
                    let df = s.mul(s.mul(d_cell, kept), s.mul(f, s.sub(one, f)));
                    set_block(s, gates, n, at_f, j, df);
                    if PEEP {
                        d_before = s.fma(df, block(s, peephole, n, at_f, j), d_before);
                        let sum = s.fma(df, before, block(s, d_peephole, n, at_f, j));
                        set_block(s, d_peephole, n, at_f, j, sum);
                    }
                }
                s.store(&mut dc[j..], d_before);
                s.store(&mut dh[j..], zero);
            }
        }
    }
}
