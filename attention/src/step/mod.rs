//! Attention as one operation: scores, masked softmax, Gaussian and context, forward and backward.

mod input;
mod opencl;

use tensor::simd::dispatch;
use tensor::{Backward, Op, PooledVec, Result, Shape, Tape, Tensor, Var};

use input::Attend;
pub(crate) use input::{AttentionInput, DeviceMask};

use crate::mask::MaskSpan;
use crate::softmax;

/// Returns (context, weights) with the given shapes.
pub(crate) fn attend(
    tape: &mut Tape<'_>,
    input: AttentionInput,
    context: Shape,
    weights: Shape,
) -> Result<(Var, Var)> {
    if let (Some(device), Some(device_mask)) = (tape.opencl(), &input.device_mask) {
        let found = opencl::forward(device, tape, &input, device_mask, context, weights)?;
        let (context, weights) = (tape.output(found.context), tape.output(found.weights));
        tape.record(Attend { input, softmax: found.softmax, context, weights });
        return Ok((context, weights));
    }
    let (mut context, mut weights) = (Tensor::uninit(context), Tensor::uninit(weights));
    let AttentionInput { score, spans, gaussian, keys, values, n, .. } = &input;
    score.forward(tape, *keys, spans, *n, weights.data_mut());
    dispatch(softmax::Softmax { time: n.time, spans, scores: weights.data_mut() });
    let mut softmax = None;
    if let Some(gaussian) = gaussian {
        softmax = tape.is_recording().then(|| weights.copy()).transpose()?;
        let centres = tape.value(gaussian.centres).data();
        gaussian.forward(n.time, spans, centres, weights.data_mut());
    }
    dispatch(softmax::Context {
        n: *n,
        spans,
        weights: weights.data(),
        values: tape.value(*values).data(),
        context: context.data_mut(),
    });
    let (context, weights) = (tape.output(context), tape.output(weights));
    if tape.is_recording() {
        tape.record(Attend { input, softmax, context, weights });
    }
    Ok((context, weights))
}

/// Computes the forward pass of one query on the host. Returns the context, the weights, and the
/// scores before the softmax; `replaced` takes the place of the weights of every head.
pub(crate) fn observe(
    tape: &mut Tape<'_>,
    input: &AttentionInput,
    context: Shape,
    weights: Shape,
    replaced: Option<&[f32]>,
) -> Result<(Var, Var, Vec<f32>)> {
    let AttentionInput { score, spans, gaussian, keys, values, n, .. } = input;
    let (mut context, mut weights) =
        (Tensor::uninit(context), Tensor::full(weights, f32::NEG_INFINITY));
    score.forward(tape, *keys, spans, *n, weights.data_mut());
    let scores = weights.data().to_vec();
    // Replaced weights reach every position, whatever the mask is.
    let whole = MaskSpan { from: 0, to: n.time };
    let whole: PooledVec<MaskSpan> = spans.iter().map(|_| whole).collect();
    let mut seen = spans;
    match replaced {
        Some(replaced) => {
            seen = &whole;
            let rows = weights.data_mut().chunks_exact_mut(n.time.max(1));
            rows.for_each(|row| row.copy_from_slice(replaced));
        }
        None => {
            dispatch(softmax::Softmax { time: n.time, spans, scores: weights.data_mut() });
            if let Some(gaussian) = gaussian {
                let centres = tape.value(gaussian.centres).data();
                gaussian.forward(n.time, spans, centres, weights.data_mut());
            }
        }
    }
    dispatch(softmax::Context {
        n: *n,
        spans: seen,
        weights: weights.data(),
        values: tape.value(*values).data(),
        context: context.data_mut(),
    });
    Ok((tape.output(context), tape.output(weights), scores))
}

impl Op for Attend {
    fn name(&self) -> &'static str {
        self.input.score.name()
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let d_context = back.take(self.context);
        let d_weights = back.take(self.weights);
        if d_context.is_none() && d_weights.is_none() {
            return Ok(());
        }
        let AttentionInput { score, spans, gaussian, keys, values, n, .. } = &self.input;
        if let (Some(device), Some(device_mask)) = (back.opencl(), &self.input.device_mask) {
            return opencl::backward(device, back, &self, device_mask, d_context, d_weights);
        }
        let weights = back.value(self.weights).clone();
        // One buffer holds the gradients of the weights, then of the softmax, then of the scores.
        let mut d_scores = d_weights.unwrap_or_else(|| Tensor::zeros(weights.shape()));
        if let Some(d_context) = d_context {
            let value = back.value(*values).clone();
            dispatch(softmax::BackContext {
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
        if let Some(gaussian) = gaussian {
            let centres = back.value(gaussian.centres).clone();
            let mut d_centres = Tensor::uninit(centres.shape());
            gaussian.backward(
                n.time,
                spans,
                centres.data(),
                softmax.data(),
                d_scores.data_mut(),
                d_centres.data_mut(),
            );
            back.add(gaussian.centres, d_centres)?;
        }
        softmax::back_softmax(softmax.data(), d_scores.data_mut(), n.time);
        score.backward(back, *keys, spans, *n, &d_scores)
    }
}
