//! All kinds of attention in plain loops, for any float type: one query and one sentence at a time.

use std::ops::Range;

use num_traits::Float;

use crate::multi_head::reference as heads;
pub use crate::plain::Weights;
use crate::plain::{affine, affine_back, get};
use crate::{AttentionConfig, AttentionKind, QueryPosition, additive, cosine, dot, local};

/// The output of [`attend`], or its gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<F> {
    /// The context.
    pub context: Vec<F>,
    /// One weight per position of the sentence; for `multi_head` the mean over the heads.
    pub weights: Vec<F>,
    /// The weights of each head of `multi_head`, one head after the other; empty for other kinds.
    pub heads: Vec<F>,
}

/// Returns the gradient of a parameter for accumulation, zeros at first.
fn sum<'a, F: Float>(dw: &'a mut Weights<F>, w: &Weights<F>, name: &str) -> &'a mut [F] {
    dw.entry(name.into()).or_insert_with(|| vec![F::zero(); get(w, name).len()])
}

fn add<F: Float>(to: &mut [F], from: &[F]) {
    to.iter_mut().zip(from).for_each(|(a, &b)| *a = *a + b);
}

/// Returns 1 / sqrt(width).
fn scale<F: Float>(width: usize) -> F {
    F::one() / F::from(width).unwrap_or_else(F::one).sqrt()
}

/// Returns the scores of all positions for a kind without a window.
fn scores<F: Float>(
    config: &AttentionConfig,
    kind: AttentionKind,
    w: &Weights<F>,
    q: &[F],
    memory: &[Vec<F>],
) -> Vec<F> {
    let each = |score: &dyn Fn(&[F]) -> F| memory.iter().map(|m| score(m)).collect();
    let factor = scale(config.query);
    match kind {
        AttentionKind::Additive | AttentionKind::AdditiveBias => {
            let projected = affine(get(w, "w_query"), q, get(w, "b_query"));
            let b = get(w, "b_v").first().copied().unwrap_or_else(F::zero);
            let key = |m: &[F]| affine(get(w, "w_memory"), m, get(w, "b_memory"));
            each(&|m| additive::reference::score(&projected, &key(m), get(w, "v"), b))
        }
        AttentionKind::Concat => each(&|m| {
            let inner = affine(get(w, "w"), &[q, m].concat(), &[]);
            inner.iter().zip(get(w, "v")).fold(F::zero(), |s, (x, &v)| s + v * x.tanh())
        }),
        AttentionKind::Dot => each(&|m| dot::reference::score(q, m, F::one())),
        AttentionKind::ScaledDot => each(&|m| dot::reference::score(q, m, factor)),
        AttentionKind::General | AttentionKind::ScaledGeneral => {
            let factor = if kind == AttentionKind::General { F::one() } else { factor };
            each(&|m| dot::reference::score(q, &affine(get(w, "w"), m, &[]), factor))
        }
        AttentionKind::Cosine => {
            let q = cosine::reference::unit(q);
            each(&|m| dot::reference::score(&q, &cosine::reference::unit(m), F::one()))
        }
        AttentionKind::Location => {
            let mut table = affine(get(w, "w"), q, &[]);
            table.resize(memory.len(), F::zero());
            table
        }
        AttentionKind::LocalM | AttentionKind::LocalP | AttentionKind::MultiHead => Vec::new(),
    }
}

/// Backward pass of [`scores`]: adds to the gradients of query, memory and weights.
fn scores_back<F: Float>(
    config: &AttentionConfig,
    kind: AttentionKind,
    w: &Weights<F>,
    (q, memory): (&[F], &[Vec<F>]),
    d: &[F],
    (dq, dm): (&mut [F], &mut [Vec<F>]),
    dw: &mut Weights<F>,
) {
    let factor = match kind {
        AttentionKind::ScaledDot | AttentionKind::ScaledGeneral => scale(config.query),
        _ => F::one(),
    };
    if kind == AttentionKind::Location {
        let mut d = d.to_vec();
        d.resize(config.positions, F::zero());
        let back = affine_back(get(w, "w"), q, &d, sum(dw, w, "w"), &mut []);
        return add(dq, &back);
    }
    for ((m, dm), &d) in memory.iter().zip(dm).zip(d) {
        match kind {
            AttentionKind::Additive | AttentionKind::AdditiveBias => {
                let projected = affine(get(w, "w_query"), q, get(w, "b_query"));
                let key = affine(get(w, "w_memory"), m, get(w, "b_memory"));
                let (inner, dv) = additive::reference::score_back(&projected, &key, get(w, "v"), d);
                add(sum(dw, w, "v"), &dv);
                add(sum(dw, w, "b_v"), &[d]);
                add(sum(dw, w, "b_query"), &inner);
                add(sum(dw, w, "b_memory"), &inner);
                let to = sum(dw, w, "w_query");
                add(dq, &affine_back(get(w, "w_query"), q, &inner, to, &mut []));
                let to = sum(dw, w, "w_memory");
                add(dm, &affine_back(get(w, "w_memory"), m, &inner, to, &mut []));
            }
            AttentionKind::Concat => {
                let joined = [q, m].concat();
                let inner = affine(get(w, "w"), &joined, &[]);
                let slope = |x: F| F::one() - x.tanh() * x.tanh();
                let v = get(w, "v");
                let dv: Vec<F> = inner.iter().map(|x| d * x.tanh()).collect();
                let d: Vec<F> = inner.iter().zip(v).map(|(&x, &v)| d * v * slope(x)).collect();
                add(sum(dw, w, "v"), &dv);
                let back = affine_back(get(w, "w"), &joined, &d, sum(dw, w, "w"), &mut []);
                add(dq, &back[..q.len()]);
                add(dm, &back[q.len()..]);
            }
            AttentionKind::General | AttentionKind::ScaledGeneral => {
                let key = affine(get(w, "w"), m, &[]);
                let (d_query, d_key) = dot::reference::score_back(q, &key, factor, d);
                add(dq, &d_query);
                add(dm, &affine_back(get(w, "w"), m, &d_key, sum(dw, w, "w"), &mut []));
            }
            AttentionKind::Cosine => {
                let (a, b) = (cosine::reference::unit(q), cosine::reference::unit(m));
                let (da, db) = dot::reference::score_back(&a, &b, factor, d);
                add(dq, &cosine::reference::unit_back(q, &da));
                add(dm, &cosine::reference::unit_back(m, &db));
            }
            _ => {
                let (d_query, d_key) = dot::reference::score_back(q, m, factor, d);
                add(dq, &d_query);
                add(dm, &d_key);
            }
        }
    }
}

/// Returns the softmax within a range, and zeros elsewhere.
fn softmax<F: Float>(scores: &[F], seen: &Range<usize>) -> Vec<F> {
    let largest = scores[seen.clone()].iter().fold(F::neg_infinity(), |a, &b| a.max(b));
    let mut weights = vec![F::zero(); scores.len()];
    for s in seen.clone() {
        weights[s] = (scores[s] - largest).exp();
    }
    let total = weights.iter().fold(F::zero(), |a, &b| a + b);
    seen.clone().for_each(|s| weights[s] = weights[s] / total);
    weights
}

/// Returns the gradients of the scores for those of a softmax.
fn softmax_back<F: Float>(a: &[F], da: &[F]) -> Vec<F> {
    let mean = a.iter().zip(da).fold(F::zero(), |s, (&a, &d)| s + a * d);
    a.iter().zip(da).map(|(&a, &d)| a * (d - mean)).collect()
}

/// A softmax over the unmasked positions, and the weights after the Gaussian.
struct WindowedWeights<F> {
    softmax: Vec<F>,
    /// The Gaussian and its derivative with respect to the centre; ones and zeros without one.
    gaussian: Vec<(F, F)>,
    /// The sum by which the weights are divided to renormalise them; one without renormalisation.
    total: F,
    weights: Vec<F>,
}

fn attention_weights<F: Float>(
    config: &AttentionConfig,
    w: &Weights<F>,
    q: &[F],
    memory: &[Vec<F>],
    place: QueryPosition,
) -> WindowedWeights<F> {
    let (n, kind) = (memory.len(), config.kind);
    // Maps position s to entry i of the memory, which may be reversed.
    let at = |s: usize| if place.reversed { n - 1 - s } else { s };
    let mut gaussian = vec![(F::one(), F::zero()); n];
    let mut seen = 0..n;
    match kind {
        AttentionKind::Location => seen = 0..n.min(config.positions),
        AttentionKind::LocalM => {
            let centre = F::from(place.time.min(n.saturating_sub(1))).unwrap_or_else(F::zero);
            seen = local::reference::window(centre, n, config.window);
        }
        AttentionKind::LocalP => {
            let h = affine(get(w, "w_p"), q, &[]);
            let centre = local::reference::centre(&h, get(w, "v_p"), n);
            seen = local::reference::window(centre, n, config.window);
            for s in 0..n {
                gaussian[at(s)] = local::reference::gaussian(s, centre, config.window);
            }
        }
        _ => {}
    }
    if matches!(kind, AttentionKind::LocalM | AttentionKind::LocalP) && place.reversed {
        seen = n - seen.end..n - seen.start;
    }
    let softmax = softmax(&scores(config, config.scored_by(), w, q, memory), &seen);
    let bent: Vec<F> = softmax.iter().zip(&gaussian).map(|(&a, g)| a * g.0).collect();
    let divided = kind == AttentionKind::LocalP && config.renormalize && n > 0;
    let total = if divided { bent.iter().fold(F::zero(), |s, &a| s + a) } else { F::one() };
    let weights = bent.iter().map(|&a| a / total).collect();
    WindowedWeights { softmax, gaussian, total, weights }
}

/// Returns sum_s a_s m_s.
fn context<F: Float>(a: &[F], values: &[&[F]], width: usize) -> Vec<F> {
    let mut context = vec![F::zero(); width];
    for (m, &a) in values.iter().zip(a) {
        context.iter_mut().zip(*m).for_each(|(c, &m)| *c = *c + a * m);
    }
    context
}

/// Computes context and weights of a query. `memory` holds the positions within the sentence.
pub fn attend<F: Float>(
    config: &AttentionConfig,
    w: &Weights<F>,
    query: &[F],
    memory: &[Vec<F>],
    place: QueryPosition,
) -> Found<F> {
    if config.kind == AttentionKind::MultiHead {
        let split = Split::new(config, w, query, memory, place);
        let (context, n) = (split.contexts(memory.len()), memory.len());
        let mut context = affine(get(w, "out_proj.weight"), &context, get(w, "out_proj.bias"));
        if n == 0 {
            context.fill(F::zero());
        }
        let mut weights = vec![F::zero(); n];
        let share = F::one() / F::from(config.heads).unwrap_or_else(F::one);
        for (i, &a) in split.weights.iter().enumerate() {
            weights[i % n] = weights[i % n] + a * share;
        }
        return Found { context, weights, heads: split.weights };
    }
    let weights = attention_weights(config, w, query, memory, place).weights;
    let values: Vec<&[F]> = memory.iter().map(Vec::as_slice).collect();
    Found { context: context(&weights, &values, config.memory), weights, heads: Vec::new() }
}

/// The heads of `multi_head` for one query.
struct Split<F> {
    query: Vec<F>,
    keys: Vec<Vec<F>>,
    values: Vec<Vec<F>>,
    /// \[h, n\]
    weights: Vec<F>,
    /// h, d_k, d_v
    widths: (usize, usize, usize),
}

impl<F: Float> Split<F> {
    fn new(
        config: &AttentionConfig,
        w: &Weights<F>,
        query: &[F],
        memory: &[Vec<F>],
        place: QueryPosition,
    ) -> Self {
        let n = memory.len();
        let (dk, dv) = config.head_widths();
        let query = heads::map(config, w, 0, query);
        let of = |i| memory.iter().map(|m| heads::map(config, w, i, m)).collect::<Vec<_>>();
        let (keys, values) = (of(1), of(2));
        let seen = 0..if config.causal { n.min(place.time + 1) } else { n };
        let mut weights = Vec::new();
        for j in 0..config.heads {
            let part = j * dk..(j + 1) * dk;
            let score = |k: &Vec<F>| {
                dot::reference::score(&query[part.clone()], &k[part.clone()], scale(dk))
            };
            weights.extend(softmax(&keys.iter().map(score).collect::<Vec<F>>(), &seen));
        }
        Self { query, keys, values, weights, widths: (config.heads, dk, dv) }
    }

    /// Returns the contexts of all heads, concatenated.
    fn contexts(&self, n: usize) -> Vec<F> {
        let (count, _, dv) = self.widths;
        let head = |j: usize| {
            let values: Vec<&[F]> = self.values.iter().map(|v| &v[j * dv..(j + 1) * dv]).collect();
            context(&self.weights[j * n..(j + 1) * n], &values, dv)
        };
        (0..count).flat_map(head).collect()
    }
}

/// Backward pass of [`attend`]: returns the gradients of (query, memory) for those of the output,
/// and adds those of the weights to `dw`.
pub fn attend_back<F: Float>(
    config: &AttentionConfig,
    w: &Weights<F>,
    query: &[F],
    memory: &[Vec<F>],
    place: QueryPosition,
    d: &Found<F>,
    dw: &mut Weights<F>,
) -> (Vec<F>, Vec<Vec<F>>) {
    if config.kind == AttentionKind::MultiHead {
        return multi_head_back(config, w, query, memory, place, d, dw);
    }
    let n = memory.len();
    let WindowedWeights { softmax, gaussian, total, weights } =
        attention_weights(config, w, query, memory, place);
    let mut da: Vec<F> = memory
        .iter()
        .zip(&d.weights)
        .map(|(m, &dw)| dw + dot::reference::score(&d.context, m, F::one()))
        .collect();
    let mut d_memory: Vec<Vec<F>> =
        weights.iter().map(|&a| d.context.iter().map(|&d| a * d).collect()).collect();
    let mut d_query = vec![F::zero(); query.len()];
    if config.kind == AttentionKind::LocalP {
        let along = weights.iter().zip(&da).fold(F::zero(), |s, (&a, &d)| s + a * d);
        let mean = if config.renormalize { along } else { F::zero() };
        let mut d_centre = F::zero();
        for s in 0..n {
            let bent = (da[s] - mean) / total;
            d_centre = d_centre + bent * softmax[s] * gaussian[s].1;
            da[s] = bent * gaussian[s].0;
        }
        let h = affine(get(w, "w_p"), query, &[]);
        let (dh, dv) = local::reference::centre_back(&h, get(w, "v_p"), n, d_centre);
        add(sum(dw, w, "v_p"), &dv);
        d_query = affine_back(get(w, "w_p"), query, &dh, sum(dw, w, "w_p"), &mut []);
    }
    let de = softmax_back(&softmax, &da);
    let kind = config.scored_by();
    scores_back(config, kind, w, (query, memory), &de, (&mut d_query, &mut d_memory), dw);
    (d_query, d_memory)
}

fn multi_head_back<F: Float>(
    config: &AttentionConfig,
    w: &Weights<F>,
    query: &[F],
    memory: &[Vec<F>],
    place: QueryPosition,
    d: &Found<F>,
    dw: &mut Weights<F>,
) -> (Vec<F>, Vec<Vec<F>>) {
    let n = memory.len();
    let split = Split::new(config, w, query, memory, place);
    let (count, dk, dv) = split.widths;
    let share = F::one() / F::from(count).unwrap_or_else(F::one);
    let (mut dm, mut db) =
        (sum(dw, w, "out_proj.weight").to_vec(), sum(dw, w, "out_proj.bias").to_vec());
    let contexts = split.contexts(n);
    // An empty sentence has a context of zeros, whatever the parameters are.
    let d_context: Vec<F> =
        if n == 0 { vec![F::zero(); d.context.len()] } else { d.context.clone() };
    let d_contexts =
        affine_back(get(w, "out_proj.weight"), &contexts, &d_context, &mut dm, &mut db);
    dw.extend([("out_proj.weight".into(), dm), ("out_proj.bias".into(), db)]);
    let mut d_query = vec![F::zero(); count * dk];
    let mut d_keys = vec![vec![F::zero(); count * dk]; n];
    let mut d_values = vec![vec![F::zero(); count * dv]; n];
    for j in 0..count {
        let (k, v) = (j * dk..(j + 1) * dk, j * dv..(j + 1) * dv);
        let a = &split.weights[j * n..(j + 1) * n];
        let mut da = Vec::with_capacity(n);
        for s in 0..n {
            let d_context = &d_contexts[v.clone()];
            let of_context =
                dot::reference::score(d_context, &split.values[s][v.clone()], F::one());
            da.push(of_context + d.heads[j * n + s] + d.weights[s] * share);
            let dv: Vec<F> = d_context.iter().map(|&d| a[s] * d).collect();
            add(&mut d_values[s][v.clone()], &dv);
        }
        for (s, de) in softmax_back(a, &da).into_iter().enumerate() {
            let (q, key) = (&split.query[k.clone()], &split.keys[s][k.clone()]);
            let (dq, d_key) = dot::reference::score_back(q, key, scale(dk), de);
            add(&mut d_query[k.clone()], &dq);
            add(&mut d_keys[s][k.clone()], &d_key);
        }
    }
    let d_query = heads::map_back(config, w, 0, query, &d_query, dw);
    let back = |(m, (dk, dv)): (&Vec<F>, (Vec<F>, Vec<F>))| {
        let mut d = heads::map_back(config, w, 1, m, &dk, dw);
        add(&mut d, &heads::map_back(config, w, 2, m, &dv, dw));
        d
    };
    let d_memory = memory.iter().zip(d_keys.into_iter().zip(d_values)).map(back).collect();
    (d_query, d_memory)
}
