//! Networks that a [`Trainer`](crate::train::Trainer) can train.

mod decoder;
mod encoder;
mod encoder_decoder;
pub(crate) mod first_values;
mod forcing;
mod grouped;
mod language_network;

pub use decoder::{Decoder, DecoderState};
pub use encoder::{Encoded, Encoder};
pub use encoder_decoder::{EncoderDecoder, TeacherForced};
pub use forcing::Forcing;
pub(crate) use grouped::{Groups, check_cancelled};
pub use language_network::LanguageNetwork;

use tensor::init::Rng;
use tensor::{DeferredScalar, Params, Tape, Tensor, Threads, Var, ops};

use crate::Result;
use crate::config::Config;
use crate::data::Batching;
use crate::event::Sample;
use crate::score::Metrics;

/// The recurrent layers that a configuration describes, on inputs of some width, forwards only.
pub(crate) fn recurrent(config: &Config, input: usize) -> (rnn::RnnConfig, rnn::RnnOptions) {
    let layers = rnn::RnnConfig {
        layers: config.layers,
        dropout: config.dropout,
        ..rnn::RnnConfig::new(config.cell, input, config.hidden)
    };
    let options = rnn::RnnOptions {
        merge: config.merge,
        residual: config.residual,
        layer_norm: config.layer_norm,
        variational: config.variational_dropout,
        dropout_state: if config.variational_dropout { config.dropout } else { 0.0 },
        forget_bias: config.forget_bias,
    };
    (layers, options)
}

/// What no decoder is to say: padding, and the token that begins a target.
pub(crate) const NEVER_SAID: [u32; 2] = [tokenizer::PAD, tokenizer::SOS];

/// What a training loop needs to know of a network: how to compute the loss of some examples, and
/// how to watch it. The loop itself brings shuffling, threads, gradients, optimizer and files.
pub trait Model: Send + Sync {
    /// One training example.
    type Example: Send + Sync;

    /// The length by which examples are put together in batches.
    fn sort_key(&self, example: &Self::Example) -> usize;

    /// The positions that an example takes where batches are cut by positions.
    fn num_positions(&self, example: &Self::Example) -> usize {
        self.sort_key(example)
    }

    /// The batches of an epoch, as indices of examples, from their lengths and widths: by default
    /// shuffled, of like lengths.
    fn batches(
        &self,
        lengths: &[usize],
        widths: &[usize],
        batching: Batching,
        rng: &mut Rng,
    ) -> Vec<Vec<usize>> {
        batching.epoch(lengths, widths, rng)
    }

    /// What is carried from one batch to the next, for a checkpoint to keep; most models carry
    /// nothing.
    fn carried(&self) -> Vec<Tensor> {
        Vec::new()
    }

    /// Goes on with what [`carried`](Self::carried) gave.
    ///
    /// # Errors
    /// What another model carried.
    fn load_state(&self, carried: Vec<Tensor>) -> Result<()> {
        if carried.is_empty() {
            return Ok(());
        }
        Err(crate::Error::Other("the checkpoint carries a state that this model has not".into()))
    }

    /// What a batch's loss is divided by, and what every part of it must know.
    fn loss_normalization(&self, batch: &[&Self::Example]) -> BatchShape;

    /// The loss of a part of a batch on a tape, divided as [`BatchShape::weight`] says.
    ///
    /// # Errors
    /// Errors of operations.
    fn loss(
        &self,
        tape: &mut Tape<'_>,
        part: &[&Self::Example],
        shape: &BatchShape,
    ) -> Result<BatchLoss>;

    /// The metrics of the held-out examples, `None` where there are none.
    ///
    /// # Errors
    /// Errors of operations; [`Error::Cancelled`](crate::Error::Cancelled) soon after the threads
    /// were cancelled.
    fn validate(&self, params: &Params, threads: &Threads) -> Result<Option<Metrics>> {
        let _ = (params, threads);
        Ok(None)
    }

    /// What a person should know of a validation that was just made, if anything.
    fn remark(&self, metrics: &Metrics) -> Option<String> {
        let _ = metrics;
        None
    }

    /// What a person looks at: a few held-out examples with the network's answers; none of a network
    /// that has none.
    ///
    /// # Errors
    /// Errors of operations.
    fn samples(&self, params: &Params, threads: &Threads) -> Result<Vec<Sample>> {
        let _ = (params, threads);
        Ok(Vec::new())
    }

    /// The answer to a text that a person typed, if the network answers texts.
    ///
    /// # Errors
    /// Errors of operations.
    fn answer(&self, params: &Params, text: &str, threads: &Threads) -> Result<Option<Sample>> {
        let _ = (params, text, threads);
        Ok(None)
    }
}

/// What all parts of a batch share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchShape {
    /// The factor of every counted position's loss.
    pub weight: f32,
    /// Source positions of the longest example; 0 where an example has no source.
    pub source_time: usize,
    /// Target positions of the longest example.
    pub time: usize,
    /// Target tokens, EOS counted.
    pub tokens: usize,
}

/// The loss of a part of a batch. Its metrics may still be on a device.
#[derive(Debug, Clone)]
pub struct BatchLoss {
    /// The weighted loss, whose gradient is taken.
    pub loss: Var,
    /// Sum of -log p over the counted positions, in nats.
    pub nll: DeferredScalar,
    /// Counted positions.
    pub count: usize,
    /// Positions where the most probable token is the right one.
    pub correct: DeferredScalar,
}

impl From<ops::CrossEntropyResult> for BatchLoss {
    fn from(found: ops::CrossEntropyResult) -> Self {
        Self { loss: found.loss, nll: found.nll, count: found.count, correct: found.correct }
    }
}
