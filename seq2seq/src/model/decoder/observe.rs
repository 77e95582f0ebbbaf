//! One step of the decoder for one sentence, with everything that it computes.

use rnn::{Rnn, Site, State, StepActivations, StepInput};
use tensor::{PooledVec, Tape, Var};

use super::{Decoder, DecoderState, DecoderStep, Found, Projected, Source, StepParts};
use crate::Result;

/// Changes to a step.
pub(crate) struct StepChanges<'a> {
    /// Attention weights in place of those that the query finds, one for each source position.
    pub(crate) weights: Option<&'a [f32]>,
    /// Returns the value of an activation in place of the computed one.
    pub(crate) edit: &'a mut dyn FnMut(Site, f32) -> f32,
}

/// A step with the values that [`Decoder::step`] does not return.
#[derive(Debug, Clone)]
pub(crate) struct ObservedStep {
    pub(crate) step: DecoderStep,
    /// The attention's query, \[1, H\].
    pub(crate) query: Var,
    /// \[1, K\]
    pub(crate) context: Var,
    /// The scores before the softmax, those of each head one after the other; empty without
    /// attention.
    pub(crate) scores: Vec<f32>,
    /// The activations of each layer.
    pub(crate) layers: Vec<StepActivations>,
}

impl Decoder {
    /// Returns the recurrent network.
    pub(crate) fn rnn(&self) -> &Rnn {
        &self.rnn
    }

    /// Runs one step of one sentence like [`Decoder::step`], with changes.
    ///
    /// # Errors
    /// More than one sentence, a tape of a device, weights that do not match the source.
    pub(crate) fn observe(
        &self,
        tape: &mut Tape<'_>,
        projected: Projected,
        source: &Source<'_>,
        before: &DecoderState,
        time: usize,
        changes: StepChanges<'_>,
    ) -> Result<ObservedStep> {
        let mut parts = Observed {
            decoder: self,
            changes,
            found: None,
            scores: Vec::new(),
            layers: Vec::new(),
        };
        let step = self.step_with(tape, projected, source, before, time, &mut parts)?;
        // Every step attends once; without attention the query is the state.
        let (query, context) = parts.found.unwrap_or((step.state.top, step.readout));
        Ok(ObservedStep { step, query, context, scores: parts.scores, layers: parts.layers })
    }
}

struct Observed<'d, 'a> {
    decoder: &'d Decoder,
    changes: StepChanges<'a>,
    /// Query and context.
    found: Option<(Var, Var)>,
    scores: Vec<f32>,
    layers: Vec<StepActivations>,
}

impl StepParts for Observed<'_, '_> {
    fn look(
        &mut self,
        tape: &mut Tape<'_>,
        query: Var,
        source: &Source<'_>,
        time: usize,
    ) -> Result<Found> {
        let found = match source {
            Source::Memory(memory, attention) => {
                let place = self.decoder.place(time);
                let observed =
                    attention.observe(tape, query, memory, place, self.changes.weights)?;
                self.scores = observed.scores;
                let output = observed.output;
                let (context, heads) = (output.context, output.heads);
                Found { context, weights: Some(output.weights), heads }
            }
            Source::Last(_) => self.decoder.look(tape, query, source, time)?,
        };
        self.found = Some((query, found.context));
        Ok(found)
    }

    fn recur(
        &mut self,
        tape: &mut Tape<'_>,
        input: &StepInput,
        before: &[State],
        time: usize,
    ) -> Result<(Var, PooledVec<State>)> {
        let edit = &mut *self.changes.edit;
        let (top, states, layers) =
            self.decoder.rnn.observe_step(tape, input, before, time, edit)?;
        self.layers = layers;
        Ok((top, states))
    }
}
