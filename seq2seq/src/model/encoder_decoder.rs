//! The encoder-decoder with attention.

use tensor::init::InitFn;
use tensor::{Params, PooledVec, Tape, Var, ops};
use tokenizer::PAD;

use super::decoder::{Decoder, DecoderState, Source};
use super::encoder::Encoder;
use super::first_values::{count_parameters, with_first_values};
use super::forcing::{Forcing, ScheduledSampling};
use crate::config::{Config, LossNorm};
use crate::data::{Batch, Example};
use crate::model::{BatchLoss, BatchShape, Model, NEVER_SAID};
use crate::{Error, Result};

/// Assumed length of the longest training target of a network whose training data is not known.
const UNKNOWN_LONGEST: usize = 30;

/// An encoder-decoder with attention, as described by a [`Config`].
///
/// It maps token ids to logits and does not process text.
#[derive(Debug, Clone)]
pub struct EncoderDecoder {
    /// The encoder.
    pub encoder: Encoder,
    /// The decoder.
    pub decoder: Decoder,
    loss: Loss,
    max_length: usize,
    longest_target: usize,
}

#[derive(Debug, Clone, Copy)]
struct Loss {
    norm: LossNorm,
    count_padding: bool,
    smoothing: f32,
    forcing: Forcing,
}

impl Loss {
    fn new(config: &Config) -> Self {
        Self {
            norm: config.loss_norm,
            count_padding: config.count_padding,
            smoothing: config.label_smoothing,
            forcing: Forcing::new(config),
        }
    }
}

/// Output of the decoder when it is fed the reference.
#[derive(Debug, Clone)]
pub struct TeacherForced {
    /// \[T, B, V\]
    pub logits: Var,
    /// Attention weights of each step, \[B, S\]; empty for a network without attention.
    pub weights: PooledVec<Var>,
}

impl EncoderDecoder {
    /// Adds the network's parameters to `params`, initialised from the seed's `init` stream.
    ///
    /// # Errors
    /// A configuration with a width of zero.
    pub fn new(
        params: &mut Params,
        config: &Config,
        source_vocabulary: usize,
        target_vocabulary: usize,
        seed: u64,
    ) -> Result<Self> {
        if config.tied.source() && source_vocabulary != target_vocabulary {
            let problems = vec![format!(
                "tied = {}: the vocabularies have {source_vocabulary} and {target_vocabulary} \
                 entries; they have to be one",
                config.tied
            )];
            return Err(Error::Configuration { problems });
        }
        let vocabularies = (source_vocabulary, target_vocabulary);
        let build =
            |params: &mut Params, make: &mut InitFn<'_>| layers(params, config, vocabularies, make);
        let (encoder, decoder) = with_first_values(params, config, seed, build)?;
        let loss = Loss::new(config);
        let (max_length, longest_target) = (config.max_length, UNKNOWN_LONGEST);
        Ok(Self { encoder, decoder, loss, max_length, longest_target })
    }

    /// Returns the number of scalars in the network's parameters.
    pub(crate) fn count(config: &Config, source: usize, target: usize) -> Result<u64> {
        count_parameters(|params, make| layers(params, config, (source, target), make))
    }

    /// Sets the length of the longest training target in tokens, EOS included, if it is known.
    #[must_use]
    pub fn with_longest_target(self, longest: Option<usize>) -> Self {
        Self { longest_target: longest.unwrap_or(UNKNOWN_LONGEST), ..self }
    }

    /// Returns the maximum length of a greedy output for a source of `source` tokens, EOS included
    /// in both: the key `max_length` or, if that is 0, twice the longest training target or twice
    /// the source, whichever is longer.
    pub fn output_limit(&self, source: usize) -> usize {
        match self.max_length {
            0 => source.max(self.longest_target).saturating_mul(2),
            limit => limit,
        }
    }

    /// Describes the key `max_length` in words, including the meaning of 0.
    pub(crate) fn limit_in_words(&self) -> String {
        match self.max_length {
            0 => format!(
                "max_length = 0, which is twice the longest training target ({} tokens) or twice \
                 the source where that is longer",
                self.longest_target
            ),
            limit => format!("max_length = {limit}"),
        }
    }

    /// Runs the decoder with teacher forcing: each position is fed the previous reference token.
    ///
    /// # Errors
    /// Ids outside the vocabularies.
    pub fn forced(&self, tape: &mut Tape<'_>, batch: &Batch) -> Result<TeacherForced> {
        let (readouts, weights) = self.readouts(tape, batch)?;
        Ok(TeacherForced { logits: self.decoder.readout.output.logits(tape, readouts)?, weights })
    }

    /// Runs the decoder over the length of the reference, fed its own most probable token at each step
    /// in place of the reference token.
    ///
    /// # Errors
    /// Ids outside the vocabularies.
    pub fn free_running(&self, tape: &mut Tape<'_>, batch: &Batch) -> Result<TeacherForced> {
        self.sampled(tape, batch, &ScheduledSampling::never())
    }

    /// Runs the decoder with teacher forcing, and returns the inputs of the output layer, \[T, B, W\],
    /// and the attention weights of each step.
    pub(crate) fn readouts(
        &self,
        tape: &mut Tape<'_>,
        batch: &Batch,
    ) -> Result<(Var, PooledVec<Var>)> {
        let (source, mut state) = self.start(tape, batch)?;
        let (time, size) = (batch.target_time, batch.size);
        let projected = self.decoder.project(tape, &batch.target_in, [time, size])?;
        let mut readouts = PooledVec::with_capacity(time);
        let mut weights = PooledVec::with_capacity(time);
        for t in 0..time {
            let projected = projected.at(tape, t);
            let step = self.decoder.step(tape, projected, &source, &state, t)?;
            readouts.push(step.readout);
            weights.extend(step.weights);
            state = step.state;
        }
        Ok((ops::stack(tape, &readouts)?, weights))
    }

    /// Runs the decoder over the reference. A position for which `sampling` does not keep the
    /// reference is fed the decoder's own most probable token.
    fn sampled(
        &self,
        tape: &mut Tape<'_>,
        batch: &Batch,
        sampling: &ScheduledSampling,
    ) -> Result<TeacherForced> {
        let (source, mut state) = self.start(tape, batch)?;
        let (time, size) = (batch.target_time, batch.size);
        let mut weights = PooledVec::with_capacity(time);
        let mut logits: PooledVec<Var> = PooledVec::with_capacity(time);
        for t in 0..time {
            let mut fed = PooledVec::from(&batch.target_in[t * size..(t + 1) * size]);
            if let Some(&before) = logits.last() {
                // As in decoding, the network is never fed a token that it never outputs.
                let own = ops::argmax_except(tape.value(before), &NEVER_SAID)?;
                let part = tape.part(size);
                for (b, (fed, own)) in fed.iter_mut().zip(own).enumerate() {
                    if !sampling.keeps_reference(t * part.total + part.row(b)) {
                        *fed = own.0;
                    }
                }
            }
            let projected = self.decoder.project(tape, &fed, [1, size])?;
            let projected = projected.at(tape, 0);
            let step = self.decoder.step(tape, projected, &source, &state, t)?;
            logits.push(self.decoder.readout.output.logits(tape, step.readout)?);
            weights.extend(step.weights);
            state = step.state;
        }
        Ok(TeacherForced { logits: ops::stack(tape, &logits)?, weights })
    }

    /// Reads the sources of a batch.
    fn start(&self, tape: &mut Tape<'_>, batch: &Batch) -> Result<(Source<'_>, DecoderState)> {
        let encoded = self.encoder.forward(tape, batch)?;
        self.decoder.start(tape, &encoded, self.encoder.directions())
    }
}

/// Trains on sentence pairs as token ids, without text.
impl Model for EncoderDecoder {
    type Example = Example;

    fn configure(&mut self, config: &Config) -> Result<()> {
        self.encoder.configure(config)?;
        self.decoder.configure(config)?;
        (self.loss, self.max_length) = (Loss::new(config), config.max_length);
        Ok(())
    }

    fn sort_key(&self, example: &Example) -> usize {
        example.source.len()
    }

    fn num_positions(&self, example: &Example) -> usize {
        example.source.len().max(example.target.len())
    }

    fn loss_normalization(&self, batch: &[&Example]) -> BatchShape {
        let time = batch.iter().map(|e| e.target.len()).max().unwrap_or(0);
        let tokens: usize = batch.iter().map(|e| e.target.len()).sum();
        let positions = time * batch.len();
        let counted = if self.loss.count_padding { positions } else { tokens };
        let weight = self.loss.norm.weight(counted, batch.len(), positions);
        let source_time = batch.iter().map(|e| e.source.len()).max().unwrap_or(0);
        BatchShape { weight, source_time, time, tokens }
    }

    fn loss(
        &self,
        tape: &mut Tape<'_>,
        part: &[&Example],
        shape: &BatchShape,
    ) -> Result<BatchLoss> {
        let time = if self.loss.count_padding { shape.time } else { 0 };
        let source_time = if self.encoder.reads_padding() { shape.source_time } else { 0 };
        let batch = Batch::padded(part.iter().copied(), source_time, time);
        let sampling = match tape.step() {
            Some(step) => self.loss.forcing.sampling(step, || tape.next_stream()),
            None => None,
        };
        let how = ops::CrossEntropy {
            targets: &batch.target_out,
            ignore: (!self.loss.count_padding).then_some(PAD),
            smoothing: self.loss.smoothing,
            weight: shape.weight,
        };
        let found = match sampling {
            Some(sampling) => {
                let logits = self.sampled(tape, &batch, &sampling)?.logits;
                ops::cross_entropy(tape, logits, how)?
            }
            None => {
                let (readouts, _) = self.readouts(tape, &batch)?;
                self.decoder.readout.output.loss(tape, readouts, how)?
            }
        };
        Ok(found.into())
    }
}

fn layers(
    params: &mut Params,
    config: &Config,
    (source, target): (usize, usize),
    make: &mut InitFn<'_>,
) -> Result<(Encoder, Decoder)> {
    let encoder = Encoder::new(params, config, source, make)?;
    let decoder = Decoder::new(params, config, target, &encoder, make)?;
    Ok((encoder, decoder))
}
