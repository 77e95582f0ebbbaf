//! Queries as one operation: scores, masked softmax, Gaussian, context, and the way back.

mod opencl;

use tensor::opencl::{Ids, OpenCl};
use tensor::simd::{Simd, dispatch};
use tensor::{Backward, List, Op, Result, Shape, Tape, Tensor, Var};

use crate::local::Bell;
use crate::score::Score;
use crate::span::{Rule, Span};
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

/// The sentences' lengths on a device.
#[derive(Clone)]
pub(crate) struct Lengths(pub(crate) Ids);

impl Lengths {
    pub(crate) fn new(device: &OpenCl, lengths: &[usize]) -> Result<Self> {
        let lengths: Vec<u32> = lengths.iter().map(|&n| n as u32).collect();
        Ok(Self(device.ids(&lengths)?))
    }
}

impl std::fmt::Debug for Lengths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lengths of {} sentences on a device", self.0.len())
    }
}

/// What a device needs to find the spans by itself.
#[derive(Debug, Clone)]
pub(crate) struct There {
    pub(crate) lengths: Lengths,
    pub(crate) rule: Rule,
    /// Entries of a sentence.
    pub(crate) heads: usize,
}

/// What queries are asked, each within its span.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) score: Score,
    /// None on a device, which has `there` instead.
    pub(crate) spans: List<Span>,
    pub(crate) there: Option<There>,
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
) -> Result<(Var, Var)> {
    if let (Some(device), Some(there)) = (tape.opencl(), &asked.there) {
        let found = opencl::forward(device, tape, &asked, there, context, weights)?;
        let (context, weights) = (tape.output(found.context), tape.output(found.weights));
        tape.record(Attend { asked, softmax: found.softmax, context, weights });
        return Ok((context, weights));
    }
    let (mut context, mut weights) = (Tensor::scratch(context), Tensor::scratch(weights));
    let Asked { score, spans, bell, keys, values, n, .. } = &asked;
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
    Ok((context, weights))
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
        let Asked { score, spans, bell, keys, values, n, .. } = &self.asked;
        if let (Some(device), Some(there)) = (back.opencl(), &self.asked.there) {
            return opencl::backward(device, back, &self, there, d_context, d_weights);
        }
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
