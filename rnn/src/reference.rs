//! A whole recurrent network in plain loops, for any float: one example at a time.
//!
//! Nothing here is fast or shared with the kernels. It is what the tests compare the kernels with,
//! and a place to read the equations as loops.

use num_traits::Float;

use crate::cell::Cell;
use crate::{elman, gru, lstm};

/// The weights of one layer and direction, PyTorch's layout; also their gradients.
#[derive(Debug, Clone, Default)]
pub struct Weights<F> {
    /// \[G H, I\]
    pub w_ih: Vec<F>,
    /// \[G H, H\]
    pub w_hh: Vec<F>,
    /// \[G H\]
    pub b_ih: Vec<F>,
    /// \[G H\]
    pub b_hh: Vec<F>,
    /// \[P H\], empty where the cell has no peepholes.
    pub peephole: Vec<F>,
}

impl<F: Float> Weights<F> {
    /// Zeros of the same shapes, to gather gradients in.
    pub fn zeros_like(&self) -> Self {
        let zeros = |x: &[F]| vec![F::zero(); x.len()];
        Self {
            w_ih: zeros(&self.w_ih),
            w_hh: zeros(&self.w_hh),
            b_ih: zeros(&self.b_ih),
            b_hh: zeros(&self.b_hh),
            peephole: zeros(&self.peephole),
        }
    }
}

/// W x + b
pub fn affine<F: Float>(w: &[F], x: &[F], b: &[F]) -> Vec<F> {
    let row = |r: &[F]| r.iter().zip(x).fold(F::zero(), |s, (&w, &x)| s + w * x);
    w.chunks_exact(x.len()).map(row).zip(b).map(|(y, &b)| y + b).collect()
}

/// dW += dy x^T, db += dy; gives W^T dy.
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
    /// Cell state, H; unused but by the LSTMs.
    pub c: Vec<F>,
}

/// What one step keeps for its way back.
#[derive(Debug, Clone)]
pub struct Kept<F> {
    x: Vec<F>,
    before: State<F>,
    hidden: Vec<F>,
    gates: Vec<F>,
    after: State<F>,
}

/// One step of one example.
pub fn step<F: Float>(
    cell: Cell,
    w: &Weights<F>,
    x: &[F],
    before: &State<F>,
) -> (State<F>, Kept<F>) {
    let a = affine(&w.w_ih, x, &w.b_ih);
    let b = affine(&w.w_hh, &before.h, &w.b_hh);
    let (after, gates) = match cell {
        Cell::RnnTanh | Cell::RnnRelu => {
            let h = elman::reference::forward(cell == Cell::RnnRelu, &a, &b);
            (State { h, c: before.c.clone() }, Vec::new())
        }
        Cell::Gru => {
            let s = gru::reference::forward(&a, &b, &before.h);
            (State { h: s.h, c: before.c.clone() }, s.gates)
        }
        _ => {
            let s = lstm::reference::forward(cell, &a, &b, &w.peephole, &before.c);
            (State { h: s.h, c: s.c }, s.gates)
        }
    };
    let kept =
        Kept { x: x.to_vec(), before: before.clone(), hidden: b, gates, after: after.clone() };
    (after, kept)
}

/// The way back: gradients of the input and of the state before; those of the weights are added.
pub fn step_back<F: Float>(
    cell: Cell,
    w: &Weights<F>,
    kept: &Kept<F>,
    d: &State<F>,
    dw: &mut Weights<F>,
) -> (Vec<F>, State<F>) {
    let zeros = vec![F::zero(); kept.after.h.len()];
    let (da, db, direct, dc) = match cell {
        Cell::RnnTanh | Cell::RnnRelu => {
            let da = elman::reference::backward(cell == Cell::RnnRelu, &kept.after.h, &d.h);
            (da.clone(), da, zeros.clone(), zeros)
        }
        Cell::Gru => {
            let s = gru::reference::Step { gates: kept.gates.clone(), h: kept.after.h.clone() };
            let (da, db, direct) = gru::reference::backward(&s, &kept.hidden, &kept.before.h, &d.h);
            (da, db, direct, zeros)
        }
        _ => {
            let s = lstm::reference::Step {
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
    let dx = affine_back(&w.w_ih, &kept.x, &da, &mut dw.w_ih, &mut dw.b_ih);
    let through = affine_back(&w.w_hh, &kept.before.h, &db, &mut dw.w_hh, &mut dw.b_hh);
    let h = direct.iter().zip(&through).map(|(&a, &b)| a + b).collect();
    (dx, State { h, c: dc })
}

/// One direction over a sequence: states over time, in the order of the input, and what the way
/// back needs.
pub fn layer<F: Float>(
    cell: Cell,
    w: &Weights<F>,
    xs: &[Vec<F>],
    start: &State<F>,
    reverse: bool,
) -> (Vec<Vec<F>>, State<F>, Vec<Kept<F>>) {
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

/// The way back through [`layer`]: gradients of the inputs and of the start.
pub fn layer_back<F: Float>(
    cell: Cell,
    w: &Weights<F>,
    kept: &[Kept<F>],
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
