//! The decoder: embedding, attention, recurrence, readout, in either order.

mod bridge;
mod observe;
mod parts;
mod readout;
mod state;

use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
use rnn::{Rnn, State, StepInput};
use tensor::{ParamId, Params, PooledVec, Tape, Tensor, Var, ops};

use self::bridge::Bridge;
pub(crate) use self::observe::{ObservedStep, StepChanges};
use self::parts::side_by_side;
use self::readout::{Readout, Seen};
pub use self::state::DecoderState;
pub(crate) use self::state::Source;
use super::encoder::{Encoded, Encoder};
use super::{dropout_output, recurrent, set_dropout};
use crate::Result;
use crate::config::{Config, Wiring};
use tensor::init::InitFn;

/// The decoder of a translator.
///
/// Attend, then recur (Bahdanau et al. 2014, section 3.1; the PyTorch tutorial):
///
/// - c_t = attend(s_{t-1}, memory)
/// - s_t = cell(\[e_t; c_t\], s_{t-1})
///
/// Recur, then attend (Luong et al. 2015, section 3.1), with f_t = h~_{t-1} if input feeding is on
/// (section 3.3):
///
/// - s_t = cell(\[e_t; f_t\], s_{t-1})
/// - c_t = attend(s_t, memory)
///
/// The key `readout` selects the input of the output layer (h~_t in place of s_t, or another):
///
/// | readout | input of the output layer | source |
/// |---|---|---|
/// | `linear` | s_t | the tutorials |
/// | `tanh_context` | tanh(W \[c_t; s_t\]) | Luong et al. 2015, equation 5 |
/// | `maxout` | max of each two neighbours of U s + V E y_{t-1} + C c_t, s being s_t or s_{t-1} | Bahdanau et al. 2014, appendix A.2.2 |
/// | `residual_norm` | LayerNorm(s_t + c_t) | the TensorFlow tutorial with Keras layers |
///
/// The key `decoder_init` selects s_0 of each layer, and the first cell state in the same way if
/// the cell has one:
///
/// | decoder_init | first state | source |
/// |---|---|---|
/// | `zeros` | 0 | Keras's decoder |
/// | `copy` | the encoder's last forward state | Sutskever et al. 2014, Luong et al. 2015 |
/// | `linear` | W \[h_S forward; h_1 backward\] + b | a map between unlike widths |
/// | `linear_tanh` | its tanh | |
/// | `backward_tanh` | tanh(W h_1 backward + b) | Bahdanau et al. 2014, appendix A.2.2 |
///
/// Without attention, c_t is the encoder's last state at every step (Cho et al. 2014). Products
/// that do not depend on the previous step (the embeddings' share of the recurrence's input
/// product, the memory's keys, the output layer) are computed once for all steps.
#[derive(Debug, Clone)]
pub struct Decoder {
    embedding: ParamId,
    rnn: Rnn,
    attention: Option<Attention>,
    /// Whether the memory holds the sources in reverse order.
    reversed: bool,
    bridge: Bridge,
    pub(crate) readout: Readout,
    wiring: Wiring,
    feeding: bool,
    widths: Widths,
    /// Whether the context precedes the embedding in the recurrence's input.
    context_first: bool,
    /// Whether the recurrence starts from zeros at every step, without the previous state.
    resets_state: bool,
    dropout: f32,
    dropout_output: f32,
}

#[derive(Debug, Clone, Copy)]
struct Widths {
    /// Width of an embedding, E.
    embedding: usize,
    /// Width of a context: that of a memory entry, unless attention changes it.
    context: usize,
    /// Width of the readout, which input feeding feeds back.
    feed: usize,
}

/// Products of the embeddings that do not depend on the previous step: \[T, B, ...\] for all steps,
/// \[B, ...\] for one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Projected {
    /// Share of the recurrence's input product.
    recurrence: Var,
    /// Share of the readout, if it reads the embedding.
    readout: Option<Var>,
}

impl Projected {
    /// Returns the products of one step.
    pub(crate) fn at(self, tape: &mut Tape<'_>, time: usize) -> Self {
        Self {
            recurrence: tape.index(self.recurrence, time),
            readout: self.readout.map(|r| tape.index(r, time)),
        }
    }
}

/// Result of one step.
#[derive(Debug, Clone)]
pub(crate) struct DecoderStep {
    pub(crate) state: DecoderState,
    /// Input of the output layer, \[B, H\].
    pub(crate) readout: Var,
    /// Attention weights, \[B, S\]; `None` without attention.
    pub(crate) weights: Option<Var>,
    /// Attention weights of each head, \[B, h, S\]; `None` for an attention without heads.
    pub(crate) heads: Option<Var>,
}

/// What a query finds in the source.
#[derive(Debug, Clone, Copy)]
struct Found {
    context: Var,
    weights: Option<Var>,
    heads: Option<Var>,
}

/// The two parts of a step whose order the wiring decides.
trait StepParts {
    /// Attends to the source with a query \[B, H\].
    fn look(
        &mut self,
        tape: &mut Tape<'_>,
        query: Var,
        source: &Source<'_>,
        time: usize,
    ) -> Result<Found>;

    /// Runs the recurrence. Returns the last layer's output and the new states.
    fn recur(
        &mut self,
        tape: &mut Tape<'_>,
        input: &StepInput,
        before: &[State],
        time: usize,
    ) -> Result<(Var, PooledVec<State>)>;
}

/// The parts of training and decoding.
struct Plain<'d>(&'d Decoder);

impl StepParts for Plain<'_> {
    fn look(
        &mut self,
        tape: &mut Tape<'_>,
        query: Var,
        source: &Source<'_>,
        time: usize,
    ) -> Result<Found> {
        self.0.look(tape, query, source, time)
    }

    fn recur(
        &mut self,
        tape: &mut Tape<'_>,
        input: &StepInput,
        before: &[State],
        time: usize,
    ) -> Result<(Var, PooledVec<State>)> {
        Ok(self.0.rnn.step(tape, input, before, time)?)
    }
}

impl Decoder {
    pub(super) fn new(
        params: &mut Params,
        config: &Config,
        vocabulary: usize,
        encoder: &Encoder,
        make: &mut InitFn<'_>,
    ) -> Result<Self> {
        let (e, k) = (config.embedding, encoder.width());
        let attends = config.attention.map(|kind| attention_config(config, kind, k));
        let context =
            attends.as_ref().map_or(config.hidden * encoder.directions(), AttentionConfig::context);
        let mut add = |params: &mut Params, name: &str, shape: &[usize]| {
            Ok(params.add_initialized(format!("decoder.{name}"), shape, make)?)
        };
        let embedding = if config.tied.source() {
            encoder.embedding()
        } else {
            add(params, "embedding.weight", &[vocabulary, e])?
        };
        let tied = config.tied.output().then_some(embedding);
        let readout = Readout::new(params, config, context, vocabulary, tied, &mut add)?;
        let bridge = Bridge::new(params, config, encoder.directions(), &mut add)?;
        let extra = match config.wiring {
            Wiring::AttendThenRecur => context,
            Wiring::RecurThenAttend if config.input_feeding => config.readout_width(),
            Wiring::RecurThenAttend => 0,
        };
        let (layers, options) = recurrent(config, e + extra);
        let rnn = Rnn::with_init(params, "decoder.rnn.", layers, options, make)?;
        let attention = match attends {
            Some(attends) => {
                Some(Attention::with_init(params, "decoder.attention.", attends, make)?)
            }
            None => None,
        };
        Ok(Self {
            embedding,
            rnn,
            attention,
            reversed: config.reverse_source,
            bridge,
            readout,
            wiring: config.wiring,
            feeding: config.input_feeding,
            widths: Widths { embedding: e, context, feed: config.readout_width() },
            context_first: config.context_first,
            resets_state: config.reset_decoder_state,
            dropout: config.dropout,
            dropout_output: dropout_output(config),
        })
    }

    /// Takes the dropout of a configuration.
    pub(super) fn configure(&mut self, config: &Config) -> Result<()> {
        (self.dropout, self.dropout_output) = (config.dropout, dropout_output(config));
        set_dropout(&mut self.rnn, config)
    }

    /// Returns the source and the first state for an encoded batch.
    pub(crate) fn start(
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
                let ends: PooledVec<Var> = encoded.last[last].iter().map(|state| state.h).collect();
                Source::Last(side_by_side(tape, &ends)?)
            }
        };
        let batch = encoded.lengths.len();
        let mut layers = self.bridge.states(tape, &self.rnn, batch, &encoded.last, directions)?;
        let mut zeros = |width| tape.constant(Tensor::zeros([batch, width]));
        let top = layers.last().map_or_else(|| zeros(0), |last| last.h);
        let feed = self.feeding.then(|| zeros(self.widths.feed));
        if self.resets_state {
            layers = self.rnn.zero_state(tape, batch)?;
        }
        Ok((source, DecoderState { layers, top, feed }))
    }

    /// Embeds ids \[T, B\] and computes their [`Projected`] products.
    pub(crate) fn project(
        &self,
        tape: &mut Tape<'_>,
        ids: &[u32],
        shape: [usize; 2],
    ) -> Result<Projected> {
        let embedded = ops::embedding(tape, ids, shape, self.embedding, None)?;
        let embedded = ops::dropout(tape, embedded, self.dropout)?;
        let from = if self.context_first { self.widths.context } else { 0 };
        let columns = from..from + self.widths.embedding;
        Ok(Projected {
            recurrence: self.rnn.project(tape, embedded, columns)?,
            readout: self.readout.project(tape, embedded)?,
        })
    }

    /// Returns `true` if the decoder has attention.
    pub(crate) fn attends(&self) -> bool {
        self.attention.is_some()
    }

    /// Returns `true` if the attention has heads.
    pub(crate) fn has_heads(&self) -> bool {
        let kind = self.attention.as_ref().map(|attention| attention.config().kind);
        kind == Some(AttentionKind::MultiHead)
    }

    /// Returns `true` if the decoder attends to sources in reverse order.
    pub(crate) fn is_reversed(&self) -> bool {
        self.reversed
    }

    /// Returns the position of the query of a step.
    fn place(&self, time: usize) -> QueryPosition {
        // A reversed source still ends with the end token, so that token has position 0 and the
        // first word has position 1.
        QueryPosition { time: time + usize::from(self.reversed), reversed: self.reversed }
    }

    /// Attends to the source with a query \[B, H\].
    fn look(
        &self,
        tape: &mut Tape<'_>,
        query: Var,
        source: &Source<'_>,
        time: usize,
    ) -> Result<Found> {
        let last = |context| Found { context, weights: None, heads: None };
        match source {
            Source::Memory(memory, attention) => {
                let found = attention.attend(tape, query, memory, self.place(time))?;
                let (context, heads) = (found.context, found.heads);
                Ok(Found { context, weights: Some(found.weights), heads })
            }
            Source::Last(state) => {
                let (rows, sentences) = (tape.shape(query).rows(), tape.shape(*state).rows());
                if rows == sentences {
                    return Ok(last(*state));
                }
                // Several hypotheses of each sentence: row r belongs to sentence r mod B.
                let rows: PooledVec<usize> = (0..rows).map(|r| r % sentences.max(1)).collect();
                Ok(last(ops::index_select(tape, *state, &rows)?))
            }
        }
    }

    /// Runs one step on the products of an embedding.
    pub(crate) fn step(
        &self,
        tape: &mut Tape<'_>,
        projected: Projected,
        source: &Source<'_>,
        before: &DecoderState,
        time: usize,
    ) -> Result<DecoderStep> {
        self.step_with(tape, projected, source, before, time, &mut Plain(self))
    }

    /// Runs one step; `parts` computes the attention and the recurrence.
    fn step_with(
        &self,
        tape: &mut Tape<'_>,
        projected: Projected,
        source: &Source<'_>,
        before: &DecoderState,
        time: usize,
        parts: &mut impl StepParts,
    ) -> Result<DecoderStep> {
        let Widths { embedding: e, context: c, feed: f } = self.widths;
        let mut input =
            StepInput { projected: Some(projected.recurrence), parts: PooledVec::new() };
        let mut found = None;
        match self.wiring {
            Wiring::AttendThenRecur => {
                let attention = parts.look(tape, before.top, source, time)?;
                let from = if self.context_first { 0 } else { e };
                input.parts.push((attention.context, from..from + c));
                found = Some(attention);
            }
            Wiring::RecurThenAttend => {
                if let Some(feed) = before.feed {
                    input.parts.push((feed, e..e + f));
                }
            }
        }
        let (state, layers) = parts.recur(tape, &input, &before.layers, time)?;
        let dropped = ops::dropout(tape, state, self.dropout_output)?;
        let Found { context, weights, heads } = match found {
            Some(found) => found,
            None => parts.look(tape, dropped, source, time)?,
        };
        let seen =
            Seen { state: dropped, previous: before.top, context, projected: projected.readout };
        let readout = self.readout.read(tape, &seen)?;
        let feed = self.feeding.then_some(readout);
        // The next query is the state before dropout, as in the recurrence.
        let layers = if self.resets_state { before.layers.clone() } else { layers };
        let state = DecoderState { layers, top: state, feed };
        Ok(DecoderStep { state, readout, weights, heads })
    }
}

/// Returns the configured attention over a memory of width `k`.
fn attention_config(config: &Config, kind: AttentionKind, k: usize) -> AttentionConfig {
    let h = config.hidden;
    let base = AttentionConfig::new(kind, h, k);
    AttentionConfig {
        width: if config.attention_width == 0 { h } else { config.attention_width },
        positions: config.attention_positions,
        window: config.attention_window,
        score: config.attention_score,
        renormalize: config.attention_renormalize,
        heads: config.attention_heads,
        ..base
    }
}
