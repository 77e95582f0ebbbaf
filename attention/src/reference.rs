//! Any attention of the family in plain loops, for any float: one example at a time.

use num_traits::Float;

use crate::Kind;
use crate::{additive, general};

/// The weights of an attention, or their gradients; unused ones are empty.
#[derive(Debug, Clone, Default)]
pub struct Weights<F> {
    /// \[A, Q\]
    pub w_query: Vec<F>,
    /// \[A, K\]
    pub w_memory: Vec<F>,
    /// \[A\]
    pub v: Vec<F>,
    /// \[A\], zeros without biases.
    pub b_query: Vec<F>,
    /// \[A\], zeros without biases.
    pub b_memory: Vec<F>,
    /// \[1\], zero without biases.
    pub b_v: Vec<F>,
    /// \[Q, K\]
    pub w: Vec<F>,
}

fn affine<F: Float>(w: &[F], x: &[F], b: &[F]) -> Vec<F> {
    let row = |r: &[F]| r.iter().zip(x).fold(F::zero(), |s, (&w, &x)| s + w * x);
    let rows = w.chunks_exact(x.len()).map(row);
    rows.enumerate().map(|(i, y)| y + b.get(i).copied().unwrap_or_else(F::zero)).collect()
}

fn affine_back<F: Float>(w: &[F], x: &[F], dy: &[F], dw: &mut [F], db: &mut [F]) -> Vec<F> {
    let n = x.len();
    let mut dx = vec![F::zero(); n];
    for (o, &d) in dy.iter().enumerate() {
        if let Some(b) = db.get_mut(o) {
            *b = *b + d;
        }
        for j in 0..n {
            dw[o * n + j] = dw[o * n + j] + d * x[j];
            dx[j] = dx[j] + d * w[o * n + j];
        }
    }
    dx
}

/// What a query finds: (context, weights). `memory` holds the positions within the sentence.
pub fn attend<F: Float>(
    kind: Kind,
    w: &Weights<F>,
    query: &[F],
    memory: &[Vec<F>],
) -> (Vec<F>, Vec<F>) {
    let q = projected(kind, w, query);
    let scores: Vec<F> = memory.iter().map(|m| score(kind, w, &q, &key(kind, w, m))).collect();
    let largest = scores.iter().fold(F::neg_infinity(), |a, &b| a.max(b));
    let powers: Vec<F> = scores.iter().map(|&e| (e - largest).exp()).collect();
    let total = powers.iter().fold(F::zero(), |a, &b| a + b);
    let weights: Vec<F> = powers.iter().map(|&p| p / total).collect();
    let mut context = vec![F::zero(); memory.first().map_or(0, Vec::len)];
    for (m, &a) in memory.iter().zip(&weights) {
        context.iter_mut().zip(m).for_each(|(c, &m)| *c = *c + a * m);
    }
    (context, weights)
}

fn projected<F: Float>(kind: Kind, w: &Weights<F>, query: &[F]) -> Vec<F> {
    match kind {
        Kind::General => query.to_vec(),
        Kind::Additive | Kind::AdditiveBias => affine(&w.w_query, query, &w.b_query),
    }
}

fn key<F: Float>(kind: Kind, w: &Weights<F>, m: &[F]) -> Vec<F> {
    match kind {
        Kind::General => affine(&w.w, m, &[]),
        Kind::Additive | Kind::AdditiveBias => affine(&w.w_memory, m, &w.b_memory),
    }
}

fn score<F: Float>(kind: Kind, w: &Weights<F>, q: &[F], k: &[F]) -> F {
    match kind {
        Kind::General => general::reference::score(q, k),
        Kind::Additive | Kind::AdditiveBias => {
            let b = w.b_v.first().copied().unwrap_or_else(F::zero);
            additive::reference::score(q, k, &w.v, b)
        }
    }
}

/// The way back: gradients of (query, memory); those of the weights are added to `dw`.
pub fn attend_back<F: Float>(
    kind: Kind,
    w: &Weights<F>,
    query: &[F],
    memory: &[Vec<F>],
    d_context: &[F],
    d_weights: &[F],
    dw: &mut Weights<F>,
) -> (Vec<F>, Vec<Vec<F>>) {
    let (_, a) = attend(kind, w, query, memory);
    let dot = |x: &[F], y: &[F]| x.iter().zip(y).fold(F::zero(), |s, (&x, &y)| s + x * y);
    let da: Vec<F> = memory.iter().zip(d_weights).map(|(m, &d)| d + dot(d_context, m)).collect();
    let mean = dot(&a, &da);
    let q = projected(kind, w, query);
    let mut dq = vec![F::zero(); q.len()];
    let mut d_memory = Vec::with_capacity(memory.len());
    for (s, m) in memory.iter().enumerate() {
        let de = a[s] * (da[s] - mean);
        let k = key(kind, w, m);
        let (d_query, d_key) = match kind {
            Kind::General => general::reference::score_back(&q, &k, de),
            Kind::Additive | Kind::AdditiveBias => {
                let (inner, dv) = additive::reference::score_back(&q, &k, &w.v, de);
                dw.v.iter_mut().zip(dv).for_each(|(a, b)| *a = *a + b);
                dw.b_v.iter_mut().for_each(|b| *b = *b + de);
                (inner.clone(), inner)
            }
        };
        dq.iter_mut().zip(d_query).for_each(|(a, b)| *a = *a + b);
        let mut dm = match kind {
            Kind::General => affine_back(&w.w, m, &d_key, &mut dw.w, &mut []),
            Kind::Additive | Kind::AdditiveBias => {
                affine_back(&w.w_memory, m, &d_key, &mut dw.w_memory, &mut dw.b_memory)
            }
        };
        dm.iter_mut().zip(d_context).for_each(|(x, &d)| *x = *x + a[s] * d);
        d_memory.push(dm);
    }
    let d_query = match kind {
        Kind::General => dq,
        Kind::Additive | Kind::AdditiveBias => {
            affine_back(&w.w_query, query, &dq, &mut dw.w_query, &mut dw.b_query)
        }
    };
    (d_query, d_memory)
}
