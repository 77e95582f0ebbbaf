//! The decoder: embedding, attention, recurrence, readout, in either order.

use attention::{Attention, AttentionConfig, Kind, Memory, Place};
use rnn::{Rnn, State, StepInput};
use tensor::{List, ParamId, Params, Tape, Tensor, Var, ops};

use super::encoder::{Encoded, Encoder};
use super::recurrent;
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
    attention: Option<Attention>,
    /// The memory holds sources from their end.
    reversed: bool,
    combine: Option<ParamId>,
    output: (ParamId, ParamId),
    bridge: Bridge,
    wiring: Wiring,
    feeding: bool,
    /// Width of an embedding, E; of a state, H; of a context, C: a memory entry's, if attention does
    /// not make another of it.
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
    pub layers: List<State>,
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
    /// Attention weights, \[B, S\], where there is attention.
    pub(super) weights: Option<Var>,
}

/// What a decoder knows of a batch of sources.
#[derive(Debug, Clone)]
pub(super) enum Source<'d> {
    /// All of their states, to look at.
    Memory(Memory, &'d Attention),
    /// The last state of each direction, side by side, \[B, D H\]: the bottleneck.
    Last(Var),
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
        let attends = config.attention.kind().map(|kind| attention_config(config, kind, k));
        let context = attends.as_ref().map_or(h * encoder.directions(), AttentionConfig::context);
        let mut add = |params: &mut Params, name: &str, shape: &[usize]| {
            let name = format!("decoder.{name}");
            let value = make(&name, shape.into());
            params.add(name, value)
        };
        let embedding = add(params, "embedding.weight", &[vocabulary, e])?;
        let combine = match config.readout {
            Readout::TanhContext => Some(add(params, "combine.weight", &[h, context + h])?),
            Readout::Linear => None,
        };
        let output = (
            add(params, "output.weight", &[vocabulary, h])?,
            add(params, "output.bias", &[vocabulary])?,
        );
        let bridge = match config.decoder_init {
            DecoderInit::Zeros => Bridge::Zeros,
            DecoderInit::Copy => Bridge::Copy,
            DecoderInit::LinearTanh => {
                let ends = h * encoder.directions();
                let mut layers = Vec::new();
                for l in 0..config.layers {
                    let mut map = |which: &str| -> Result<(ParamId, ParamId)> {
                        let name = format!("bridge.{which}_l{l}");
                        let w = add(params, &format!("{name}.weight"), &[h, ends])?;
                        Ok((w, add(params, &format!("{name}.bias"), &[h])?))
                    };
                    let has_c = rnn::Cell::from(config.cell).has_cell_state();
                    let h = map("h")?;
                    layers.push(Linear { h, c: if has_c { Some(map("c")?) } else { None } });
                }
                Bridge::Linear(layers)
            }
        };
        let extra = match config.wiring {
            Wiring::AttendThenRecur => context,
            Wiring::RecurThenAttend if config.input_feeding => h,
            Wiring::RecurThenAttend => 0,
        };
        let (layers, options) = recurrent(config, e + extra);
        let rnn = Rnn::with_options(params, "decoder.rnn.", layers, options, make)?;
        let attention = match attends {
            Some(attends) => Some(Attention::new(params, "decoder.attention.", attends, make)?),
            None => None,
        };
        Ok(Self {
            embedding,
            rnn,
            attention,
            reversed: config.reverse_source,
            combine,
            output,
            bridge,
            wiring: config.wiring,
            feeding: config.input_feeding,
            widths: (e, h, context),
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
    ) -> Result<(Source<'_>, DecoderState)> {
        let source = match &self.attention {
            Some(attention) => {
                let memory = attention.memory(tape, encoded.states, &encoded.lengths)?;
                Source::Memory(memory, attention)
            }
            None => {
                let last = encoded.last.len() - directions..;
                let ends: List<Var> = encoded.last[last].iter().map(|state| state.h).collect();
                Source::Last(side_by_side(tape, &ends)?)
            }
        };
        let batch = encoded.lengths.len();
        let layers = match &self.bridge {
            Bridge::Zeros => self.rnn.zero_state(tape, batch),
            Bridge::Copy => encoded.last.iter().step_by(directions).copied().collect(),
            Bridge::Linear(maps) => {
                let mut layers = List::with_capacity(maps.len());
                for (map, last) in maps.iter().zip(encoded.last.chunks(directions)) {
                    let hs: List<Var> = last.iter().map(|s| s.h).collect();
                    let h = self.bridge(tape, &hs, map.h)?;
                    let c = match map.c {
                        Some(c) => {
                            let cs: List<Var> = last.iter().filter_map(|s| s.c).collect();
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
        Ok((source, DecoderState { layers, top, feed }))
    }

    fn bridge(&self, tape: &mut Tape<'_>, last: &[Var], (w, b): (ParamId, ParamId)) -> Result<Var> {
        let joined = side_by_side(tape, last)?;
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

    /// True where the decoder looks at the source with an attention.
    pub(crate) fn attends(&self) -> bool {
        self.attention.is_some()
    }

    /// What a query \[B, H\] finds in the source: the context, and the weights of an attention.
    fn look(
        &self,
        tape: &mut Tape<'_>,
        query: Var,
        source: &Source<'_>,
        time: usize,
    ) -> Result<(Var, Option<Var>)> {
        match source {
            Source::Memory(memory, attention) => {
                let place = Place { time, reversed: self.reversed };
                let found = attention.attend(tape, query, memory, place)?;
                Ok((found.context, Some(found.weights)))
            }
            Source::Last(last) => Ok((*last, None)),
        }
    }

    /// One step from an embedding's share \[B, G H\].
    pub(super) fn step(
        &self,
        tape: &mut Tape<'_>,
        projected: Var,
        source: &Source<'_>,
        before: &DecoderState,
        time: usize,
    ) -> Result<Step> {
        let (e, h, c) = self.widths;
        let mut input = StepInput { projected: Some(projected), parts: List::new() };
        let mut found = None;
        match self.wiring {
            Wiring::AttendThenRecur => {
                let asked = self.look(tape, before.top, source, time)?;
                input.parts.push((asked.0, e..e + c));
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
        let (context, weights) = match found {
            Some(found) => found,
            None => self.look(tape, dropped, source, time)?,
        };
        let readout = match self.combine {
            Some(w) => {
                let joined = ops::concat(tape, &[context, dropped])?;
                let combined = ops::linear(tape, joined, w, None)?;
                ops::tanh(tape, combined)
            }
            None => dropped,
        };
        let feed = self.feeding.then_some(readout);
        // The next query is the state itself, as its recurrence has it: undropped.
        let state = DecoderState { layers, top: state, feed };
        Ok(Step { state, readout, weights })
    }

    /// Logits of readouts, \[..., V\].
    pub(super) fn logits(&self, tape: &mut Tape<'_>, readouts: Var) -> Result<Var> {
        Ok(ops::linear(tape, readouts, self.output.0, Some(self.output.1))?)
    }
}

/// One value, or several as one, side by side.
fn side_by_side(tape: &mut Tape<'_>, parts: &[Var]) -> Result<Var> {
    Ok(if let [one] = parts { *one } else { ops::concat(tape, parts)? })
}

/// What a configuration says of an attention over a memory of width `k`.
fn attention_config(config: &Config, kind: Kind, k: usize) -> AttentionConfig {
    let h = config.hidden;
    let base = AttentionConfig::new(kind, h, k);
    AttentionConfig {
        width: if config.attention_width == 0 { h } else { config.attention_width },
        positions: config.attention_positions,
        window: config.attention_window,
        score: config.attention_score.kind().unwrap_or(base.score),
        renormalize: config.attention_renormalize,
        heads: config.attention_heads,
        ..base
    }
}
