//! Greedy decoding of one sentence with every value of every step.

use rnn::{Gate, LayerActivations, StepActivations};
use tensor::{Params, Tape, Tensor, Threads, Var, ops};
use tokenizer::{EOS, SOS};

use super::changes::Changes;
use crate::data::{Batch, Example, Text};
use crate::decode::{Constraints, Decoded};
use crate::inspection::{Choice, InspectRequest, LayerTrace, StateTrace, TraceStep};
use crate::model::{EncoderDecoder, NEVER_SAID, ObservedStep, StepChanges, check_cancelled};
use crate::{Error, Result};

/// A network that decodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decoding<'a> {
    pub(super) network: &'a EncoderDecoder,
    pub(super) params: &'a Params,
    pub(super) text: &'a Text,
    pub(super) constraints: Constraints,
    pub(super) threads: &'a Threads,
}

/// The steps of an output.
#[derive(Debug, Clone, Default)]
pub(super) struct Raw {
    pub(super) steps: Vec<TraceStep>,
    /// The activations of all layers and directions.
    pub(super) layers: Vec<LayerTrace>,
    /// Attention is in the order of reading.
    pub(super) decoded: Decoded,
}

impl Decoding<'_> {
    /// Decodes source ids with EOS. A blank source has no steps.
    pub(super) fn run(
        &self,
        source: &[u32],
        request: &InspectRequest,
        changes: &Changes,
    ) -> Result<Raw> {
        let vocabulary = self.text.target_vocabulary.len();
        if let Some(id) = request.prefix.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(Error::BadValue {
                key: "prefix".into(),
                value: id.to_string(),
                allowed: format!("ids of the target vocabulary, 0 to {}", vocabulary - 1),
            });
        }
        if source.len() < 2 {
            return Ok(Raw::default());
        }
        let (encoder, decoder) = (&self.network.encoder, &self.network.decoder);
        let example = Example { source: source.to_vec(), target: Vec::new() };
        let batch = Batch::new([&example]);
        let mut tape = Tape::inference(self.params).with_threads(self.threads);
        let edit = &mut |site, value| changes.edit(false, site, value);
        let (encoded, read) = encoder.observe(&mut tape, &batch, edit)?;
        let (memory, mut state) = decoder.start(&mut tape, &encoded, encoder.directions())?;
        let default = || self.network.output_limit(source.len());
        let mut limit = self.constraints.limit(source.len(), default);
        if !request.prefix.is_empty() {
            limit = limit.max(request.prefix.len() + 1);
        }
        let mut raw = Raw::default();
        let mut written: Vec<Vec<StepActivations>> = Vec::new();
        let mut fed = SOS;
        for time in 0..limit {
            check_cancelled(self.threads)?;
            let projected = decoder.project(&mut tape, &[fed], [1, 1])?;
            let projected = projected.at(&mut tape, 0);
            let edit = &mut |site, value| changes.edit(true, site, value);
            let step_changes = StepChanges { weights: changes.weights(time), edit };
            let observed =
                decoder.observe(&mut tape, projected, &memory, &state, time, step_changes)?;
            let logits = decoder.readout.output.logits(&mut tape, observed.step.readout)?;
            let logits = tape.take_value(logits);
            let step = self.step(&tape, &observed, &logits, request, time)?;
            if let Some(weights) = observed.step.weights {
                raw.decoded.attention.push(tape.value(weights).data().to_vec());
            }
            fed = step.chosen.id;
            raw.decoded.ids.push(fed);
            raw.decoded.logprob += step.chosen.logprob;
            raw.decoded.token_logprobs.push(step.chosen.logprob as f32);
            raw.steps.push(step);
            written.push(observed.layers);
            state = observed.step.state;
            if fed == EOS {
                break;
            }
        }
        raw.layers = self.layers(read, written);
        Ok(raw)
    }

    /// Returns the values of a step, and the token that is taken.
    fn step(
        &self,
        tape: &Tape<'_>,
        observed: &ObservedStep,
        logits: &Tensor,
        request: &InspectRequest,
        time: usize,
    ) -> Result<TraceStep> {
        let choice = |id: u32, logprob: f64| Choice {
            id,
            token: self.text.target_words(&[id]).swap_remove(0),
            logprob,
        };
        let forced = request.prefix.get(time).copied();
        let chosen = match forced {
            Some(id) => choice(id, ops::log_probabilities(logits, &[id])?[0]),
            None => {
                let (id, logprob) = ops::argmax_except(logits, &self.constraints.excluded())?[0];
                choice(id, f64::from(logprob))
            }
        };
        let likeliest = ops::top_k(logits, request.top, &NEVER_SAID)?.swap_remove(0);
        let vector = |v: Var| tape.value(v).data().to_vec();
        let in_order = |rows: &[f32], width: usize| -> Vec<Vec<f32>> {
            rows.chunks_exact(width.max(1)).map(|row| self.text.in_order(row.to_vec())).collect()
        };
        let weights = observed.step.weights.map(vector).unwrap_or_default();
        let positions = weights.len();
        let heads = observed.step.heads.map(vector).unwrap_or_default();
        let states = observed.layers.iter().map(state).collect();
        Ok(TraceStep {
            chosen,
            is_forced: forced.is_some(),
            likeliest: likeliest.into_iter().map(|(id, p)| choice(id, f64::from(p))).collect(),
            query: if positions > 0 { vector(observed.query) } else { Vec::new() },
            scores: in_order(&observed.scores, positions),
            heads: in_order(&heads, positions),
            weights: self.text.in_order(weights),
            context: vector(observed.context),
            states,
        })
    }

    /// Returns the activations of the encoder's layers in the sentence's own order, and of the
    /// decoder's.
    fn layers(
        &self,
        read: Vec<LayerActivations>,
        written: Vec<Vec<StepActivations>>,
    ) -> Vec<LayerTrace> {
        let mut layers = Vec::new();
        let cell = self.network.encoder.rnn().config().cell;
        for LayerActivations { name, steps } in read {
            layers.push(LayerTrace::new(name, cell, self.text.in_order(steps)));
        }
        let decoder = self.network.decoder.rnn();
        let mut of_layers: Vec<Vec<StepActivations>> =
            decoder.layer_names().map(|_| Vec::new()).collect();
        for step in written {
            for (layer, activations) in of_layers.iter_mut().zip(step) {
                layer.push(activations);
            }
        }
        for (name, steps) in decoder.layer_names().zip(of_layers) {
            layers.push(LayerTrace::new(name.to_owned(), decoder.config().cell, steps));
        }
        layers
    }
}

/// Returns the state after a step. It is that of the activations, since a decoder that starts from
/// zeros at every step does not carry it.
fn state(layer: &StepActivations) -> StateTrace {
    let of = |wanted: Gate| {
        let found = layer.iter().find(|(gate, _)| *gate == wanted);
        found.map(|(_, values)| values.clone()).unwrap_or_default()
    };
    StateTrace { h: of(Gate::Hidden), c: of(Gate::CellState) }
}
