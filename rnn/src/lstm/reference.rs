//! The gating in plain loops, for any float.

use num_traits::Float;

use crate::cell::Cell;
use crate::gate::Gate;

fn sigmoid<F: Float>(x: F) -> F {
    F::one() / (F::one() + (-x).exp())
}

/// The result of one step.
#[derive(Debug, Clone)]
pub struct LstmStep<F> {
    /// Activations i, f, g, o: always all four, even if the cell has fewer gates.
    pub gates: Vec<F>,
    /// The new cell state.
    pub c: Vec<F>,
    /// The new state.
    pub h: Vec<F>,
}

/// Returns the indices of the blocks of i, f, g, o in the cell's weights.
fn places(cell: Cell) -> [Option<usize>; 4] {
    match cell {
        Cell::Lstm1997 | Cell::Lstm1997Squash => [Some(0), None, Some(1), Some(2)],
        Cell::LstmCoupled => [None, Some(0), Some(1), Some(2)],
        _ => [0, 1, 2, 3].map(Some),
    }
}

/// Returns block `k` of the peephole weights at unit `j`; zero if there are none.
fn peep<F: Float>(peephole: &[F], n: usize, k: usize, j: usize) -> F {
    peephole.get(k * n + j).copied().unwrap_or_else(F::zero)
}

/// Computes one step from the input product `a`, the hidden product `b` and the previous cell
/// state.
/// `peephole` is empty for cells without peepholes.
pub fn forward<F: Float>(
    cell: Cell,
    a: &[F],
    b: &[F],
    peephole: &[F],
    c_prev: &[F],
) -> LstmStep<F> {
    forward_with(cell, (a, b), peephole, c_prev, &mut |_, _, value| value)
}

/// Computes one step like [`forward`]; each gate and state of each unit is replaced by the result of
/// `edit` before it is used.
pub fn forward_with<F: Float>(
    cell: Cell,
    (a, b): (&[F], &[F]),
    peephole: &[F],
    c_prev: &[F],
    edit: &mut dyn FnMut(Gate, usize, F) -> F,
) -> LstmStep<F> {
    let n = c_prev.len();
    let (one, two) = (F::one(), F::one() + F::one());
    let squashed = cell == Cell::Lstm1997Squash;
    let [at_i, at_f, at_g, at_o] = places(cell);
    let mut step = LstmStep { gates: vec![F::zero(); 4 * n], c: Vec::new(), h: Vec::new() };
    for (j, &before) in c_prev.iter().enumerate() {
        let pre = |k: usize| a[k * n + j] + b[k * n + j];
        let seen = |k: usize, c: F| peep(peephole, n, k, j) * c;
        let f = at_f.map_or(one, |k| edit(Gate::Forget, j, sigmoid(pre(k) + seen(1, before))));
        let i = at_i.map_or(one - f, |k| edit(Gate::Input, j, sigmoid(pre(k) + seen(0, before))));
        let g = at_g.map_or(F::zero(), pre);
        let g = if squashed { (two + two) * sigmoid(g) - two } else { g.tanh() };
        let g = edit(Gate::Candidate, j, g);
        let c = edit(Gate::CellState, j, f * before + i * g);
        let o = at_o.map_or(one, |k| edit(Gate::Output, j, sigmoid(pre(k) + seen(2, c))));
        for (k, v) in [i, f, g, o].into_iter().enumerate() {
            step.gates[k * n + j] = v;
        }
        step.c.push(c);
        let h = o * if squashed { two * sigmoid(c) - one } else { c.tanh() };
        step.h.push(edit(Gate::Hidden, j, h));
    }
    step
}

/// Returns the gradient of either product and of the previous cell state. Adds the gradient of the
/// peephole weights to `d_peephole`.
pub fn backward<F: Float>(
    cell: Cell,
    step: &LstmStep<F>,
    peephole: &[F],
    c_prev: &[F],
    dh: &[F],
    dc: &[F],
    d_peephole: &mut [F],
) -> (Vec<F>, Vec<F>) {
    let n = c_prev.len();
    let (one, two) = (F::one(), F::one() + F::one());
    let squashed = cell == Cell::Lstm1997Squash;
    let at = places(cell);
    let (mut d, mut dc_prev) = (vec![F::zero(); cell.gates() * n], Vec::with_capacity(n));
    for j in 0..n {
        let [i, f, g, o] = [0, 1, 2, 3].map(|k| step.gates[k * n + j]);
        let (before, after) = (c_prev[j], step.c[j]);
        let (t, slope_out, slope_in) = if squashed {
            let (s, u) = (sigmoid(after), (g + two) / (two + two));
            (two * s - one, two * s * (one - s), (two + two) * u * (one - u))
        } else {
            (after.tanh(), one - after.tanh() * after.tanh(), one - g * g)
        };
        let d_out = dh[j] * t * o * (one - o);
        let d_cell = dc[j] + dh[j] * o * slope_out + d_out * peep(peephole, n, 2, j);
        // With coupled gates, f multiplies the old cell state and 1 - f multiplies the candidate.
        let (di, kept) = match at[0] {
            Some(_) => (d_cell * g * i * (one - i), before),
            None => (F::zero(), before - g),
        };
        let df = at[1].map_or(F::zero(), |_| d_cell * kept * f * (one - f));
        let dg = d_cell * i * slope_in;
        for (place, v) in at.into_iter().zip([di, df, dg, d_out]) {
            if let Some(k) = place {
                d[k * n + j] = v;
            }
        }
        let mut d_before = d_cell * f;
        if !peephole.is_empty() {
            d_before = d_before + di * peep(peephole, n, 0, j) + df * peep(peephole, n, 1, j);
            for (k, v) in [di * before, df * before, d_out * after].into_iter().enumerate() {
                d_peephole[k * n + j] = d_peephole[k * n + j] + v;
            }
        }
        dc_prev.push(d_before);
    }
    (d, dc_prev)
}
