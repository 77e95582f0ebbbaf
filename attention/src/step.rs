//! One query as one operation: scores, masked softmax, context, and the way back.

use std::sync::Arc;

use tensor::simd::dispatch;
use tensor::{Backward, Op, ParamId, Result, Tape, Tensor, Var};

use crate::attention::{Attended, Memory};
use crate::{additive, general, weigh};

/// The score's side of a step, its query already projected.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Score {
    /// v^T tanh(query + key) + b_v
    Additive { query: Var, v: ParamId, b_v: Option<ParamId> },
    /// query^T key
    Dot { query: Var },
}

/// Shapes of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) time: usize,
    pub(crate) batch: usize,
    /// Width of a key.
    pub(crate) keys: usize,
    /// Width of a value.
    pub(crate) values: usize,
}

pub(crate) fn attend(tape: &mut Tape<'_>, score: Score, memory: &Memory, n: Sizes) -> Attended {
    let mut weights = Tensor::scratch([n.batch, n.time]);
    let mut context = Tensor::scratch([n.batch, n.values]);
    let lengths = &memory.lengths;
    let keys = tape.value(memory.keys).data();
    match score {
        Score::Additive { query, v, b_v } => {
            let bias = b_v.and_then(|b| tape.params().get(b).data().first().copied());
            dispatch(additive::cpu::Scores {
                n,
                lengths,
                query: tape.value(query).data(),
                keys,
                v: tape.params().get(v).data(),
                bias: bias.unwrap_or(0.0),
                scores: weights.data_mut(),
            });
        }
        Score::Dot { query } => dispatch(general::cpu::Scores {
            n,
            lengths,
            query: tape.value(query).data(),
            keys,
            scores: weights.data_mut(),
        }),
    }
    dispatch(weigh::Forward {
        n,
        lengths,
        weights: weights.data_mut(),
        values: tape.value(memory.values).data(),
        context: context.data_mut(),
    });
    let found = Attended { context: tape.output(context), weights: tape.output(weights) };
    if tape.is_recording() {
        tape.record(Attend {
            score,
            values: memory.values,
            keys: memory.keys,
            lengths: Arc::clone(lengths),
            n,
            found,
        });
    }
    found
}

struct Attend {
    score: Score,
    values: Var,
    keys: Var,
    lengths: Arc<[usize]>,
    n: Sizes,
    found: Attended,
}

impl Op for Attend {
    fn name(&self) -> &'static str {
        match self.score {
            Score::Additive { .. } => "attention additive",
            Score::Dot { .. } => "attention dot",
        }
    }

    fn backward(self: Box<Self>, back: &mut Backward<'_>) -> Result<()> {
        let d_context = back.take(self.found.context);
        let d_weights = back.take(self.found.weights);
        if d_context.is_none() && d_weights.is_none() {
            return Ok(());
        }
        let n = self.n;
        let weights = back.value(self.found.weights).clone();
        // Gradients of the weights, then of the scores, in one place.
        let mut d_scores = d_weights.unwrap_or_else(|| Tensor::zeros(weights.shape()));
        if let Some(d_context) = d_context {
            let values = back.value(self.values).clone();
            let d_values = back.grad_mut(self.values);
            dispatch(weigh::BackContext {
                n,
                lengths: &self.lengths,
                weights: weights.data(),
                values: values.data(),
                d_context: d_context.data(),
                d_values,
                d_weights: d_scores.data_mut(),
            });
        }
        weigh::back_softmax(weights.data(), d_scores.data_mut(), n.time);
        let keys = back.value(self.keys).clone();
        match self.score {
            Score::Additive { query, v, b_v } => {
                let (q, weight) = (back.value(query).clone(), back.param(v).clone());
                let mut d_query = Tensor::zeros([n.batch, n.keys]);
                let mut d_v = Tensor::zeros([n.keys]);
                dispatch(additive::cpu::Back {
                    n,
                    lengths: &self.lengths,
                    query: q.data(),
                    keys: keys.data(),
                    v: weight.data(),
                    d_scores: d_scores.data(),
                    d_query: d_query.data_mut(),
                    d_keys: back.grad_mut(self.keys),
                    d_v: d_v.data_mut(),
                });
                if let Some(b) = b_v {
                    // Softmax ignores what is added to every score: exactly zero, where a sum of
                    // the scores' gradients would be the noise of rounding.
                    back.gradients.add(b, Tensor::scalar(0.0));
                }
                back.gradients.add(v, d_v);
                back.add(query, d_query)
            }
            Score::Dot { query } => {
                let q = back.value(query).clone();
                let mut d_query = Tensor::zeros([n.batch, n.keys]);
                dispatch(general::cpu::Back {
                    n,
                    lengths: &self.lengths,
                    query: q.data(),
                    keys: keys.data(),
                    d_scores: d_scores.data(),
                    d_query: d_query.data_mut(),
                    d_keys: back.grad_mut(self.keys),
                });
                back.add(query, d_query)
            }
        }
    }
}
