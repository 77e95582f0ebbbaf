//! Queries as one operation: scores, masked softmax, Gaussian, context, and the way back.

use tensor::simd::{Simd, dispatch};
use tensor::{Backward, List, Op, Result, Shape, Tape, Tensor, Var};

use crate::local::Bell;
use crate::score::Score;
use crate::span::Span;
use crate::weigh;

/// Shapes of a memory. Row r of the queries asks its entry r % `batch`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Positions, S.
    pub(crate) time: usize,
    /// Entries of a position: B, or B h.
    pub(crate) batch: usize,
    /// Width of a key.
    pub(crate) keys: usize,
    /// Width of a value.
    pub(crate) values: usize,
}

/// Asks for the next position's row, `distance` elements on, while this one is worked on: positions
/// lie far apart, where the processor does not look ahead by itself.
#[inline(always)]
pub(crate) fn ask_ahead<S: Simd>(s: S, row: &[f32], distance: usize) {
    let next = row.as_ptr().wrapping_add(distance);
    for j in (0..row.len()).step_by(16) {
        s.prefetch(next.wrapping_add(j));
    }
}

/// What queries are asked, each within its span.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) score: Score,
    pub(crate) spans: List<Span>,
    pub(crate) bell: Option<Bell>,
    /// \[S, batch, keys\]
    pub(crate) keys: Var,
    /// \[S, batch, values\]
    pub(crate) values: Var,
    pub(crate) n: Sizes,
}

/// (context, weights) in these shapes.
pub(crate) fn attend(
    tape: &mut Tape<'_>,
    asked: Asked,
    context: Shape,
    weights: Shape,
) -> (Var, Var) {
    let (mut context, mut weights) = (Tensor::scratch(context), Tensor::scratch(weights));
    let Asked { score, spans, bell, keys, values, n } = &asked;
    score.forward(tape, *keys, spans, *n, weights.data_mut());
    dispatch(weigh::Softmax { time: n.time, spans, scores: weights.data_mut() });
    let mut softmax = None;
    if let Some(bell) = bell {
        softmax = tape.is_recording().then(|| weights.copy());
        let centres = tape.value(bell.centres).data();
        bell.forward(n.time, spans, centres, weights.data_mut());
    }
    dispatch(weigh::Context {
        n: *n,
        spans,
        weights: weights.data(),
        values: tape.value(*values).data(),
        context: context.data_mut(),
    });
    let (context, weights) = (tape.output(context), tape.output(weights));
    if tape.is_recording() {
        tape.record(Attend { asked, softmax, context, weights });
    }
    (context, weights)
}

struct Attend {
    asked: Asked,
    /// The weights before the Gaussian, where there is one.
    softmax: Option<Tensor>,
    context: Var,
    weights: Var,
}

impl Op for Attend {
    fn name(&self) -> &'static str {
        self.asked.score.name()
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let d_context = back.take(self.context);
        let d_weights = back.take(self.weights);
        if d_context.is_none() && d_weights.is_none() {
            return Ok(());
        }
        let Asked { score, spans, bell, keys, values, n } = &self.asked;
        let weights = back.value(self.weights).clone();
        // Gradients of the weights, then of the softmax, then of the scores, in one place.
        let mut d_scores = d_weights.unwrap_or_else(|| Tensor::zeros(weights.shape()));
        if let Some(d_context) = d_context {
            let value = back.value(*values).clone();
            dispatch(weigh::BackContext {
                n: *n,
                spans,
                weights: weights.data(),
                values: value.data(),
                d_context: d_context.data(),
                d_values: back.grad_mut(*values),
                d_weights: d_scores.data_mut(),
            });
        }
        let softmax = self.softmax.unwrap_or(weights);
        if let Some(bell) = bell {
            let centres = back.value(bell.centres).clone();
            let mut d_centres = Tensor::scratch(centres.shape());
            bell.backward(
                n.time,
                spans,
                centres.data(),
                softmax.data(),
                d_scores.data_mut(),
                d_centres.data_mut(),
            );
            back.add(bell.centres, d_centres)?;
        }
        weigh::back_softmax(softmax.data(), d_scores.data_mut(), n.time);
        score.backward(back, *keys, spans, *n, &d_scores)
    }
}
