//! A whole recurrent network in plain loops, for any float: one example at a time.
//!
//! This code is slow and shares nothing with the kernels. The tests compare the kernels with it,
//! and it shows the equations as loops.

use std::ops::Range;

use num_traits::Float;
use tensor::ops::layer_norm::reference as layer_norm;

use crate::cell::Cell;
use crate::{elman, gru, lstm};

/// The weights of one layer and direction in PyTorch's layout, or their gradients.
#[derive(Debug, Clone)]
pub struct Weights<F> {
    /// \[G H, I\]
    pub w_ih: Vec<F>,
    /// \[G H, H\]
    pub w_hh: Vec<F>,
    /// \[G H\]
    pub b_ih: Vec<F>,
    /// \[G H\]
    pub b_hh: Vec<F>,
    /// \[P H\], empty if the cell has no peepholes.
    pub peephole: Vec<F>,
    /// \[G H\], empty if the products are not normalised.
    pub gain_ih: Vec<F>,
    /// \[G H\], empty if the products are not normalised.
    pub gain_hh: Vec<F>,
}

/// Empty weights, so that a struct literal has to list only the weights that a cell has.
impl<F> Default for Weights<F> {
    fn default() -> Self {
        Self {
            w_ih: Vec::new(),
            w_hh: Vec::new(),
            b_ih: Vec::new(),
            b_hh: Vec::new(),
            peephole: Vec::new(),
            gain_ih: Vec::new(),
            gain_hh: Vec::new(),
        }
    }
}

impl<F: Float> Weights<F> {
    /// Returns zeros of the same shapes, for accumulating gradients.
    pub fn zeros_like(&self) -> Self {
        let zeros = |x: &[F]| vec![F::zero(); x.len()];
        Self {
            w_ih: zeros(&self.w_ih),
            w_hh: zeros(&self.w_hh),
            b_ih: zeros(&self.b_ih),
            b_hh: zeros(&self.b_hh),
            peephole: zeros(&self.peephole),
            gain_ih: zeros(&self.gain_ih),
            gain_hh: zeros(&self.gain_hh),
        }
    }
}

/// Computes W x + b.
pub fn affine<F: Float>(w: &[F], x: &[F], b: &[F]) -> Vec<F> {
    let row = |r: &[F]| r.iter().zip(x).fold(F::zero(), |s, (&w, &x)| s + w * x);
    w.chunks_exact(x.len()).map(row).zip(b).map(|(y, &b)| y + b).collect()
}

/// Computes dW += dy x^T and db += dy. Returns W^T dy.
pub fn affine_back<F: Float>(w: &[F], x: &[F], dy: &[F], dw: &mut [F], db: &mut [F]) -> Vec<F> {
    let n = x.len();
    let mut dx = vec![F::zero(); n];
    for (o, &d) in dy.iter().enumerate() {
        db[o] = db[o] + d;
        for j in 0..n {
            dw[o * n + j] = dw[o * n + j] + d * x[j];
            dx[j] = dx[j] + d * w[o * n + j];
        }
    }
    dx
}

/// The state of one example.
#[derive(Debug, Clone)]
pub struct State<F> {
    /// Hidden state, H.
    pub h: Vec<F>,
    /// Cell state, H; used only by the LSTMs.
    pub c: Vec<F>,
}

/// The product of some gates' weights with `x`: W x + b, or LN(W x) if there is a gain.
#[derive(Debug, Clone)]
struct Product<F> {
    gates: Range<usize>,
    x: Vec<F>,
    raw: Vec<F>,
}

impl<F: Float> Product<F> {
    fn new(gates: Range<usize>, w: &[F], n: usize, x: &[F]) -> Self {
        let k = x.len();
        let w = &w[gates.start * n * k..gates.end * n * k];
        let raw = affine(w, x, &vec![F::zero(); gates.len() * n]);
        Self { gates, x: x.to_vec(), raw }
    }

    /// Returns the ranges that are normalised together: in the weights, and in the product.
    fn groups(&self, cell: Cell, n: usize) -> Vec<(Range<usize>, Range<usize>)> {
        let first = self.gates.start;
        let here = cell.norm_groups().iter().filter(|g| self.gates.contains(&g.start));
        here.map(|g| (g.start * n..g.end * n, (g.start - first) * n..(g.end - first) * n)).collect()
    }

    fn value(&self, cell: Cell, n: usize, gain: &[F], bias: &[F]) -> Vec<F> {
        if gain.is_empty() {
            return self
                .raw
                .iter()
                .zip(&bias[self.gates.start * n..])
                .map(|(&y, &b)| y + b)
                .collect();
        }
        let norm = |(all, here): (Range<usize>, Range<usize>)| {
            layer_norm::forward(&self.raw[here], &gain[all.clone()], &bias[all], eps())
        };
        self.groups(cell, n).into_iter().flat_map(norm).collect()
    }

    /// Returns the gradient of x, given the gradient `d` of the value. Accumulates the gradients of
    /// the weights, the gain and the bias.
    fn back(
        &self,
        (cell, n): (Cell, usize),
        (w, gain): (&[F], &[F]),
        d: &[F],
        (dw, d_gain, db): (&mut [F], &mut [F], &mut [F]),
    ) -> Vec<F> {
        let rows = self.gates.start * n..self.gates.end * n;
        let k = self.x.len();
        let at = rows.start * k..rows.end * k;
        if gain.is_empty() {
            return affine_back(&w[at.clone()], &self.x, d, &mut dw[at], &mut db[rows]);
        }
        let mut d_raw = Vec::new();
        for (all, here) in self.groups(cell, n) {
            let gain = &gain[all.clone()];
            let (dx, dg, d_bias) =
                layer_norm::backward(&self.raw[here.clone()], gain, &d[here], eps());
            d_raw.extend(dx);
            d_gain[all.clone()].iter_mut().zip(dg).for_each(|(a, b)| *a = *a + b);
            db[all].iter_mut().zip(d_bias).for_each(|(a, b)| *a = *a + b);
        }
        let mut unused = vec![F::zero(); d_raw.len()];
        affine_back(&w[at.clone()], &self.x, &d_raw, &mut dw[at], &mut unused)
    }
}

fn eps<F: Float>() -> F {
    F::from(1e-5).unwrap_or_else(F::epsilon)
}

/// The values that one step saves for the backward pass.
#[derive(Debug, Clone)]
pub struct SavedActivations<F> {
    input: Product<F>,
    /// One product, or two if the second multiplies the state that the first's gates have reset.
    products: Vec<Product<F>>,
    before: State<F>,
    hidden: Vec<F>,
    gates: Vec<F>,
    after: State<F>,
}

/// Computes one step of one example.
pub fn step<F: Float>(
    cell: Cell,
    w: &Weights<F>,
    x: &[F],
    before: &State<F>,
) -> (State<F>, SavedActivations<F>) {
    let n = before.h.len();
    let input = Product::new(0..cell.gates(), &w.w_ih, n, x);
    let a = input.value(cell, n, &w.gain_ih, &w.b_ih);
    let first = Product::new(cell.products()[0].clone(), &w.w_hh, n, &before.h);
    let b = first.value(cell, n, &w.gain_hh, &w.b_hh);
    let mut products = vec![first];
    let (after, gates) = match cell {
        Cell::RnnTanh | Cell::RnnRelu => {
            let h = elman::reference::forward(cell == Cell::RnnRelu, &a, &b);
            (State { h, c: before.c.clone() }, Vec::new())
        }
        Cell::Gru => {
            let s = gru::reference::forward(&a, &b, &before.h);
            (State { h: s.h, c: before.c.clone() }, s.gates)
        }
        Cell::GruResetBefore => {
            let gates = gru::reference::reset(&a, &b, n);
            let reset: Vec<F> = gates.iter().zip(&before.h).map(|(&r, &h)| r * h).collect();
            let second = Product::new(2..3, &w.w_hh, n, &reset);
            let b = second.value(cell, n, &w.gain_hh, &w.b_hh);
            products.push(second);
            let s = gru::reference::forward_before(gates, &a[2 * n..], &b, &before.h);
            (State { h: s.h, c: before.c.clone() }, s.gates)
        }
        _ => {
            let s = lstm::reference::forward(cell, &a, &b, &w.peephole, &before.c);
            (State { h: s.h, c: s.c }, s.gates)
        }
    };
    let (before, hidden) = (before.clone(), b);
    let kept = SavedActivations { input, products, before, hidden, gates, after: after.clone() };
    (after, kept)
}

/// Runs the backward pass through [`step`]. Returns the gradients of the input and of the previous
/// state; adds the gradients of the weights to `dw`.
pub fn step_back<F: Float>(
    cell: Cell,
    w: &Weights<F>,
    kept: &SavedActivations<F>,
    d: &State<F>,
    dw: &mut Weights<F>,
) -> (Vec<F>, State<F>) {
    let n = kept.after.h.len();
    let zeros = vec![F::zero(); n];
    // The gradient that reaches the previous state through the reset.
    let mut through = zeros.clone();
    let (da, db, direct, dc) = match cell {
        Cell::RnnTanh | Cell::RnnRelu => {
            let da = elman::reference::backward(cell == Cell::RnnRelu, &kept.after.h, &d.h);
            (da.clone(), da, zeros.clone(), zeros)
        }
        Cell::Gru => {
            let s = gru::reference::GruStep { gates: kept.gates.clone(), h: kept.after.h.clone() };
            let (da, db, direct) = gru::reference::backward(&s, &kept.hidden, &kept.before.h, &d.h);
            (da, db, direct, zeros)
        }
        Cell::GruResetBefore => {
            let s = gru::reference::GruStep { gates: kept.gates.clone(), h: kept.after.h.clone() };
            let (dz, dn, direct) = gru::reference::backward_before(&s, &kept.before.h, &d.h);
            let into = (&mut dw.w_hh[..], &mut dw.gain_hh[..], &mut dw.b_hh[..]);
            let d_reset = kept.products[1].back((cell, n), (&w.w_hh, &w.gain_hh), &dn, into);
            let mut dr = Vec::new();
            for (j, &d) in d_reset.iter().enumerate() {
                let r = kept.gates[j];
                dr.push(d * kept.before.h[j] * r * (F::one() - r));
                through[j] = d * r;
            }
            let first = [dr, dz].concat();
            ([first.clone(), dn].concat(), first, direct, zeros)
        }
        _ => {
            let s = lstm::reference::LstmStep {
                gates: kept.gates.clone(),
                c: kept.after.c.clone(),
                h: kept.after.h.clone(),
            };
            let (da, dc) = lstm::reference::backward(
                cell,
                &s,
                &w.peephole,
                &kept.before.c,
                &d.h,
                &d.c,
                &mut dw.peephole,
            );
            (da.clone(), da, zeros, dc)
        }
    };
    let into = (&mut dw.w_ih[..], &mut dw.gain_ih[..], &mut dw.b_ih[..]);
    let dx = kept.input.back((cell, n), (&w.w_ih, &w.gain_ih), &da, into);
    let into = (&mut dw.w_hh[..], &mut dw.gain_hh[..], &mut dw.b_hh[..]);
    let first = kept.products[0].back((cell, n), (&w.w_hh, &w.gain_hh), &db, into);
    let h = direct.iter().zip(&through).zip(&first).map(|((&a, &b), &c)| a + b + c).collect();
    (dx, State { h, c: dc })
}

/// Runs one direction over a sequence. Returns the states over time, in the order of the input, the
/// final state, and the values saved for the backward pass.
pub fn layer<F: Float>(
    cell: Cell,
    w: &Weights<F>,
    xs: &[Vec<F>],
    start: &State<F>,
    reverse: bool,
) -> (Vec<Vec<F>>, State<F>, Vec<SavedActivations<F>>) {
    let mut state = start.clone();
    let mut kept = Vec::with_capacity(xs.len());
    let mut ys = vec![Vec::new(); xs.len()];
    let mut order: Vec<usize> = (0..xs.len()).collect();
    if reverse {
        order.reverse();
    }
    for t in order {
        let (after, keep) = step(cell, w, &xs[t], &state);
        ys[t].clone_from(&after.h);
        state = after;
        kept.push(keep);
    }
    (ys, state, kept)
}

/// Runs the backward pass through [`layer`]. Returns the gradients of the inputs and of the initial
/// state.
pub fn layer_back<F: Float>(
    cell: Cell,
    w: &Weights<F>,
    kept: &[SavedActivations<F>],
    dys: &[Vec<F>],
    d_end: &State<F>,
    reverse: bool,
    dw: &mut Weights<F>,
) -> (Vec<Vec<F>>, State<F>) {
    let mut d = d_end.clone();
    let mut dxs = vec![Vec::new(); dys.len()];
    for (i, kept) in kept.iter().enumerate().rev() {
        let t = if reverse { dys.len() - 1 - i } else { i };
        d.h.iter_mut().zip(&dys[t]).for_each(|(d, &y)| *d = *d + y);
        let (dx, before) = step_back(cell, w, kept, &d, dw);
        dxs[t] = dx;
        d = before;
    }
    (dxs, d)
}
