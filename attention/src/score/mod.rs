//! The scores: projections of memory and query, forward and backward passes.

pub mod additive;
pub mod concat;
pub mod cosine;
pub mod dot;
pub mod general;
pub mod location;

use std::ops::Range;

use tensor::simd::dispatch;
use tensor::{Backward, ParamId, Shape, Tape, Tensor, Var, ops};

use crate::config::{AttentionConfig, AttentionKind};
use crate::error::Result;
use crate::mask::MaskSpan;
use crate::memory::Sizes;

/// A function that adds a parameter to the store.
pub(crate) type Add<'a> = dyn FnMut(&str, Shape) -> Result<ParamId> + 'a;

/// A linear map by a range of columns of a weight.
#[derive(Debug, Clone)]
pub(crate) struct Map {
    w: ParamId,
    columns: Range<usize>,
    b: Option<ParamId>,
}

impl Map {
    fn of(&self, tape: &mut Tape<'_>, x: Var) -> Result<Var> {
        Ok(ops::linear_columns(tape, x, self.w, self.columns.clone(), self.b)?)
    }
}

/// A score with its parameters; every kind uses one of three forms.
#[derive(Debug, Clone)]
pub(crate) enum Scorer {
    /// `additive`, `additive_bias`, `concat`
    Additive { query: Map, memory: Map, v: ParamId, b_v: Option<ParamId> },
    /// `dot`, `general`, `cosine`, scaled or not, and the heads of `multi_head`
    Dot { w: Option<ParamId>, scale: f32, unit: bool },
    /// `location`
    Table { w: ParamId },
}

impl Scorer {
    /// Adds the parameters of the score for a configuration that was checked.
    pub(crate) fn new(config: &AttentionConfig, add: &mut Add<'_>) -> Result<Self> {
        let &AttentionConfig { query: q, memory: k, width: a, .. } = config;
        let dot = |w, width: Option<usize>, unit| {
            let scale = width.map_or(1.0, |width| 1.0 / (width as f32).sqrt());
            Self::Dot { w, scale, unit }
        };
        Ok(match config.scored_by() {
            kind @ (AttentionKind::Additive | AttentionKind::AdditiveBias) => {
                let w_query = add("w_query", [a, q].into())?;
                let w_memory = add("w_memory", [a, k].into())?;
                let v = add("v", [a].into())?;
                let mut bias = |name: &str, width: usize| match kind {
                    AttentionKind::AdditiveBias => add(name, [width].into()).map(Some),
                    _ => Ok(None),
                };
                let (b_query, b_memory) = (bias("b_query", a)?, bias("b_memory", a)?);
                Self::Additive {
                    query: Map { w: w_query, columns: 0..q, b: b_query },
                    memory: Map { w: w_memory, columns: 0..k, b: b_memory },
                    v,
                    b_v: bias("b_v", 1)?,
                }
            }
            AttentionKind::Concat => {
                let w = add("w", [a, q + k].into())?;
                Self::Additive {
                    query: Map { w, columns: 0..q, b: None },
                    memory: Map { w, columns: q..q + k, b: None },
                    v: add("v", [a].into())?,
                    b_v: None,
                }
            }
            AttentionKind::General => dot(Some(add("w", [q, k].into())?), None, false),
            AttentionKind::ScaledGeneral => dot(Some(add("w", [q, k].into())?), Some(q), false),
            AttentionKind::ScaledDot => dot(None, Some(q), false),
            AttentionKind::Cosine => dot(None, None, true),
            AttentionKind::MultiHead => dot(None, Some(config.head_widths().0), false),
            AttentionKind::Location => Self::Table { w: add("w", [config.positions, q].into())? },
            // `scored_by` never returns the last two: the configuration was checked.
            AttentionKind::Dot | AttentionKind::LocalM | AttentionKind::LocalP => {
                dot(None, None, false)
            }
        })
    }

    /// Projects the memory to keys, once per sentence.
    pub(crate) fn keys(&self, tape: &mut Tape<'_>, memory: Var) -> Result<Var> {
        match self {
            Self::Additive { memory: map, .. } => map.of(tape, memory),
            Self::Dot { w: Some(w), .. } => Ok(ops::linear(tape, memory, *w, None)?),
            Self::Dot { unit: true, .. } => Ok(cosine::unit(tape, memory)?),
            Self::Dot { .. } | Self::Table { .. } => Ok(memory),
        }
    }

    /// Projects the query, once per step.
    pub(crate) fn ask(&self, tape: &mut Tape<'_>, query: Var) -> Result<Score> {
        Ok(match self {
            Self::Additive { query: map, v, b_v, .. } => {
                Score::Additive { query: map.of(tape, query)?, v: *v, b_v: *b_v }
            }
            Self::Dot { scale, unit, .. } => {
                let query = if *unit { cosine::unit(tape, query)? } else { query };
                Score::Dot { query, scale: *scale }
            }
            Self::Table { w } => Score::Table { products: ops::linear(tape, query, *w, None)? },
        })
    }
}

/// A score with projected queries.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Score {
    /// v^T tanh(query + key) + b_v
    Additive { query: Var, v: ParamId, b_v: Option<ParamId> },
    /// scale query^T key
    Dot { query: Var, scale: f32 },
    /// products_s
    Table { products: Var },
}

impl Score {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Additive { .. } => "attention additive",
            Self::Dot { .. } => "attention dot",
            Self::Table { .. } => "attention location",
        }
    }

    /// Writes the scores \[R, S\] within the spans, and leaves all other elements unchanged.
    pub(crate) fn forward(
        self,
        tape: &Tape<'_>,
        keys: Var,
        spans: &[MaskSpan],
        n: Sizes,
        scores: &mut [f32],
    ) {
        let keys = tape.value(keys).data();
        match self {
            Self::Additive { query, v, b_v } => {
                let bias = b_v.and_then(|b| tape.params().get(b).data().first().copied());
                dispatch(additive::cpu::Scores {
                    n,
                    spans,
                    query: tape.value(query).data(),
                    keys,
                    v: tape.params().get(v).data(),
                    bias: bias.unwrap_or(0.0),
                    scores,
                });
            }
            Self::Dot { query, scale } => {
                let query = tape.value(query).data();
                dispatch(dot::cpu::Scores { n, spans, query, keys, scale, scores });
            }
            Self::Table { products } => {
                let products = tape.value(products);
                let positions = products.shape().width();
                location::scores(n.time, positions, spans, products.data(), scores);
            }
        }
    }

    /// Backpropagates the gradients of the scores \[R, S\].
    pub(crate) fn backward(
        self,
        back: &mut Backward<'_>,
        keys: Var,
        spans: &[MaskSpan],
        n: Sizes,
        d_scores: &Tensor,
    ) -> tensor::Result<()> {
        let d_scores = d_scores.data();
        let (query, d_query) = match self {
            Self::Additive { query, v, b_v } => {
                let (q, k) = (back.value(query).clone(), back.value(keys).clone());
                let weight = back.param(v).clone();
                let mut d_query = Tensor::zeros(q.shape());
                let mut d_v = Tensor::zeros([n.keys]);
                dispatch(additive::cpu::Back {
                    n,
                    spans,
                    query: q.data(),
                    keys: k.data(),
                    v: weight.data(),
                    d_scores,
                    d_query: d_query.data_mut(),
                    d_keys: back.grad_mut(keys),
                    d_v: d_v.data_mut(),
                });
                if let Some(b) = b_v {
                    // Softmax is invariant to a constant added to all scores, so the gradient is
                    // exactly zero; a sum of the scores' gradients would be rounding noise.
                    back.gradients.add(b, Tensor::scalar(0.0));
                }
                back.gradients.add(v, d_v);
                (query, d_query)
            }
            Self::Dot { query, scale } => {
                let (q, k) = (back.value(query).clone(), back.value(keys).clone());
                let mut d_query = Tensor::zeros(q.shape());
                dispatch(dot::cpu::Back {
                    n,
                    spans,
                    query: q.data(),
                    keys: k.data(),
                    scale,
                    d_scores,
                    d_query: d_query.data_mut(),
                    d_keys: back.grad_mut(keys),
                });
                (query, d_query)
            }
            Self::Table { products } => {
                let shape = back.value(products).shape();
                let mut d = Tensor::zeros(shape);
                location::scores_back(n.time, shape.width(), spans, d_scores, d.data_mut());
                (products, d)
            }
        };
        back.add(query, d_query)
    }
}
