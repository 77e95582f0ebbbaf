//! The decoder: embedding, attention, recurrence, readout, in either order.

use attention::{Attention, AttentionConfig, Memory, Place};
use rnn::{Rnn, State, StepInput};
use tensor::{ParamId, Params, Tape, Tensor, Var, ops};

use super::encoder::{Encoded, Encoder};
use super::translator::Make;
use crate::Result;
use crate::config::{Config, DecoderInit, Readout, Wiring};

/// The decoder of a translator.
///
/// Attend, then recur (Bahdanau et al. 2014, section 3.1; the PyTorch tutorial):
///
/// - c_t = attend(s_{t-1}, memory)
/// - s_t = cell(\[e_t; c_t\], s_{t-1})
///
/// Recur, then attend (Luong et al. 2015, section 3.1), with f_t = h~_{t-1} where input feeding is
/// on (section 3.3):
///
/// - s_t = cell(\[e_t; f_t\], s_{t-1})
/// - c_t = attend(s_t, memory)
/// - h~_t = tanh(W_c \[c_t; s_t\]) (equation 5)
///
/// The output layer sees s_t, or h~_t. What does not depend on the step before (the embeddings'
/// share of the recurrence's input product, the memory's keys, the output layer) is one product
/// for all steps.
#[derive(Debug, Clone)]
pub struct Decoder {
    embedding: ParamId,
    rnn: Rnn,
    attention: Attention,
    combine: Option<ParamId>,
    output: (ParamId, ParamId),
    bridge: Bridge,
    wiring: Wiring,
    feeding: bool,
    /// Width of an embedding, E; of a state, H; of a memory entry, K.
    widths: (usize, usize, usize),
    dropout: f32,
    dropout_output: f32,
}

/// Where the first state comes from.
#[derive(Debug, Clone)]
enum Bridge {
    Zeros,
    Copy,
    /// For each layer the map of the hidden state and, of an LSTM, of the cell state.
    Linear(Vec<Linear>),
}

#[derive(Debug, Clone, Copy)]
struct Linear {
    h: (ParamId, ParamId),
    c: Option<(ParamId, ParamId)>,
}

/// What a decoder carries from step to step.
#[derive(Debug, Clone)]
pub struct DecoderState {
    /// States of the recurrent layers.
    pub layers: Vec<State>,
    /// What the last layer says, as attention asks with it: \[B, H\].
    top: Var,
    /// The attentional vector of the step before.
    feed: Option<Var>,
}

/// What one step gives.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) state: DecoderState,
    /// What the output layer sees, \[B, H\].
    pub(super) readout: Var,
    /// Attention weights, \[B, S\].
    pub(super) weights: Var,
}

impl Decoder {
    pub(super) fn new(
        params: &mut Params,
        config: &Config,
        vocabulary: usize,
        encoder: &Encoder,
        make: &mut Make<'_>,
    ) -> Result<Self> {
        let (e, h, k) = (config.embedding, config.hidden, encoder.width());
        let mut add = |params: &mut Params, name: &str, shape: &[usize]| {
            let name = format!("decoder.{name}");
            let value = make(&name, shape.into());
            params.add(name, value)
        };
        let embedding = add(params, "embedding.weight", &[vocabulary, e])?;
        let combines =
            config.wiring == Wiring::RecurThenAttend || config.readout == Readout::TanhContext;
        let combine =
            if combines { Some(add(params, "combine.weight", &[h, k + h])?) } else { None };
        let output = (
            add(params, "output.weight", &[vocabulary, h])?,
            add(params, "output.bias", &[vocabulary])?,
        );
        let bridge = match config.decoder_init {
            DecoderInit::Zeros => Bridge::Zeros,
            DecoderInit::Copy => Bridge::Copy,
            DecoderInit::LinearTanh => {
                let mut layers = Vec::new();
                for l in 0..config.layers {
                    let mut map = |which: &str| -> Result<(ParamId, ParamId)> {
                        let name = format!("bridge.{which}_l{l}");
                        let w = add(params, &format!("{name}.weight"), &[h, k])?;
                        Ok((w, add(params, &format!("{name}.bias"), &[h])?))
                    };
                    let has_c = config.cell == crate::config::Cell::Lstm;
                    let h = map("h")?;
                    layers.push(Linear { h, c: if has_c { Some(map("c")?) } else { None } });
                }
                Bridge::Linear(layers)
            }
        };
        let extra = match config.wiring {
            Wiring::AttendThenRecur => k,
            Wiring::RecurThenAttend if config.input_feeding => h,
            Wiring::RecurThenAttend => 0,
        };
        let rnn = Rnn::new(
            params,
            "decoder.rnn.",
            rnn::RnnConfig {
                cell: config.cell.into(),
                input: e + extra,
                hidden: h,
                layers: config.layers,
                bidirectional: false,
                dropout: config.dropout,
                bias: true,
            },
            make,
        )?;
        let width = if config.attention_width == 0 { h } else { config.attention_width };
        let kind = config.attention.into();
        let attention = Attention::new(
            params,
            "decoder.attention.",
            AttentionConfig { width, ..AttentionConfig::new(kind, h, k) },
            make,
        )?;
        Ok(Self {
            embedding,
            rnn,
            attention,
            combine,
            output,
            bridge,
            wiring: config.wiring,
            feeding: config.input_feeding,
            widths: (e, h, k),
            dropout: config.dropout,
            dropout_output: if config.dropout_output { config.dropout } else { 0.0 },
        })
    }

    /// The memory and the first state for an encoded batch.
    pub(super) fn start(
        &self,
        tape: &mut Tape<'_>,
        encoded: &Encoded,
        directions: usize,
    ) -> Result<(Memory, DecoderState)> {
        let memory = self.attention.memory(tape, encoded.states, &encoded.lengths)?;
        let batch = encoded.lengths.len();
        let layers = match &self.bridge {
            Bridge::Zeros => self.rnn.zero_state(tape, batch),
            Bridge::Copy => encoded.last.iter().step_by(directions).copied().collect(),
            Bridge::Linear(maps) => {
                let mut layers = Vec::with_capacity(maps.len());
                for (map, last) in maps.iter().zip(encoded.last.chunks(directions)) {
                    let hs: Vec<Var> = last.iter().map(|s| s.h).collect();
                    let h = self.bridge(tape, &hs, map.h)?;
                    let c = match map.c {
                        Some(c) => {
                            let cs: Vec<Var> = last.iter().filter_map(|s| s.c).collect();
                            Some(self.bridge(tape, &cs, c)?)
                        }
                        None => None,
                    };
                    layers.push(State { h, c });
                }
                layers
            }
        };
        let zeros = || Tensor::zeros([batch, self.widths.1]);
        let top = match layers.last() {
            Some(last) => last.h,
            None => tape.constant(zeros()),
        };
        let feed = self.feeding.then(|| tape.constant(zeros()));
        Ok((memory, DecoderState { layers, top, feed }))
    }

    fn bridge(&self, tape: &mut Tape<'_>, last: &[Var], (w, b): (ParamId, ParamId)) -> Result<Var> {
        let joined = if let [one] = last { *one } else { ops::concat(tape, last)? };
        let mapped = ops::linear(tape, joined, w, Some(b))?;
        Ok(ops::tanh(tape, mapped))
    }

    /// The embeddings' share of the recurrence's input product for some ids, \[T, B, G H\].
    pub(super) fn project(
        &self,
        tape: &mut Tape<'_>,
        ids: &[u32],
        shape: [usize; 2],
    ) -> Result<Var> {
        let embedded = ops::embedding(tape, ids, shape, self.embedding, None)?;
        let embedded = ops::dropout(tape, embedded, self.dropout)?;
        Ok(self.rnn.project(tape, embedded, 0..self.widths.0)?)
    }

    /// One step from an embedding's share \[B, G H\].
    pub(super) fn step(
        &self,
        tape: &mut Tape<'_>,
        projected: Var,
        memory: &Memory,
        before: &DecoderState,
        time: usize,
    ) -> Result<Step> {
        let (e, h, k) = self.widths;
        let mut input = StepInput { projected: Some(projected), parts: Vec::new() };
        let mut found = None;
        match self.wiring {
            Wiring::AttendThenRecur => {
                let asked = self.attention.attend(tape, before.top, memory, Place::at(time))?;
                input.parts.push((asked.context, e..e + k));
                found = Some(asked);
            }
            Wiring::RecurThenAttend => {
                if let Some(feed) = before.feed {
                    input.parts.push((feed, e..e + h));
                }
            }
        }
        let (state, layers) = self.rnn.step(tape, &input, &before.layers, time)?;
        let dropped = ops::dropout(tape, state, self.dropout_output)?;
        let found = match found {
            Some(found) => found,
            None => self.attention.attend(tape, dropped, memory, Place::at(time))?,
        };
        let readout = match self.combine {
            Some(w) => {
                let joined = ops::concat(tape, &[found.context, dropped])?;
                let combined = ops::linear(tape, joined, w, None)?;
                ops::tanh(tape, combined)
            }
            None => dropped,
        };
        let feed = self.feeding.then_some(readout);
        // The next query is the state itself, as its recurrence has it: undropped.
        let state = DecoderState { layers, top: state, feed };
        Ok(Step { state, readout, weights: found.weights })
    }

    /// Logits of readouts, \[..., V\].
    pub(super) fn logits(&self, tape: &mut Tape<'_>, readouts: Var) -> Result<Var> {
        Ok(ops::linear(tape, readouts, self.output.0, Some(self.output.1))?)
    }
}
