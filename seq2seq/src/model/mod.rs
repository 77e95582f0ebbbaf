//! Networks that a [`Trainer`](crate::train::Trainer) can train.

mod decoder;
mod encoder;
mod encoder_decoder;
pub(crate) mod first_values;
mod forcing;
mod grouped;
mod language_network;
mod output_layer;
pub(crate) mod sequence_classifier;

pub(crate) use decoder::Source as DecoderSource;
pub use decoder::{Decoder, DecoderState};
pub(crate) use decoder::{ObservedStep, StepChanges};
pub use encoder::{Encoded, Encoder};
pub use encoder_decoder::{EncoderDecoder, TeacherForced};
pub use forcing::Forcing;
pub(crate) use grouped::{Groups, check_cancelled};
pub use language_network::LanguageNetwork;
pub use sequence_classifier::SequenceClassifier;

use tensor::init::Rng;
use tensor::{DeferredScalar, Params, Ranks, Tape, Tensor, Threads, Var, ops};

use crate::Result;
use crate::config::Config;
use crate::data::Batching;
use crate::event::Sample;
use crate::inspection::{HeldOutMaps, InspectRequest, Inspection, UnitCorrelations, UnitsRequest};
use crate::score::Metrics;

/// Returns the recurrent layers that a configuration describes, for inputs of width `input`, in the
/// forward direction only.
pub(crate) fn recurrent(config: &Config, input: usize) -> (rnn::RnnConfig, rnn::RnnOptions) {
    let layers = rnn::RnnConfig {
        layers: config.layers,
        dropout: config.dropout,
        ..rnn::RnnConfig::new(config.cell, input, config.hidden)
    };
    let (variational, dropout_state) = (config.variational_dropout, dropout_state(config));
    let options = rnn::RnnOptions {
        merge: config.merge,
        residual: config.residual,
        layer_norm: config.layer_norm,
        variational,
        dropout_state,
        forget_bias: config.forget_bias,
    };
    (layers, options)
}

/// Returns the dropout of recurrent states.
fn dropout_state(config: &Config) -> f32 {
    if config.variational_dropout { config.dropout } else { 0.0 }
}

/// Returns the dropout of the input of the output layer.
fn dropout_output(config: &Config) -> f32 {
    if config.dropout_output { config.dropout } else { 0.0 }
}

/// Sets the dropout of recurrent layers to that of a configuration.
fn set_dropout(rnn: &mut rnn::Rnn, config: &Config) -> Result<()> {
    Ok(rnn.set_dropout(config.dropout, config.variational_dropout, dropout_state(config))?)
}

/// Tokens that a decoder never outputs: padding, and the token that begins a target.
pub(crate) const NEVER_SAID: [u32; 2] = [tokenizer::PAD, tokenizer::SOS];

/// A network that the training loop can train: it computes the loss of some examples and reports
/// metrics and samples. The loop provides shuffling, threads, gradients, optimizer and files.
pub trait Model: Send + Sync {
    /// One training example.
    type Example: Send + Sync;

    /// Returns the length by which examples are grouped into batches.
    fn sort_key(&self, example: &Self::Example) -> usize;

    /// Returns the number of positions of an example, used if batches are limited by positions.
    fn num_positions(&self, example: &Self::Example) -> usize {
        self.sort_key(example)
    }

    /// Returns the examples of an epoch, counted from 0, in place of those that the trainer was given,
    /// if they differ from epoch to epoch. The same epoch always has the same examples, whatever the
    /// number of threads.
    fn epoch_examples(&self, epoch: u64, threads: &Threads) -> Option<Vec<Self::Example>> {
        let _ = (epoch, threads);
        None
    }

    /// Returns the batches of an epoch, as indices of examples, from the lengths and widths of the
    /// examples: by default shuffled batches of similar lengths.
    fn batches(
        &self,
        lengths: &[usize],
        widths: &[usize],
        batching: Batching,
        rng: &mut Rng,
    ) -> Vec<Vec<usize>> {
        batching.epoch(lengths, widths, rng)
    }

    /// Returns the state that is carried from one batch to the next, to be stored in a checkpoint.
    /// Most models carry none.
    fn carried(&self) -> Vec<Tensor> {
        Vec::new()
    }

    /// Gives every rank the carried states that the others computed, before a checkpoint. Every rank
    /// calls this. The default is for a model that carries none.
    ///
    /// # Errors
    /// A rank has ended or does not answer.
    fn share_carried(&self, ranks: &Ranks) -> Result<()> {
        let _ = ranks;
        Ok(())
    }

    /// Restores the state that [`carried`](Self::carried) returned.
    ///
    /// # Errors
    /// The state belongs to another model.
    fn load_state(&self, carried: Vec<Tensor>) -> Result<()> {
        if carried.is_empty() {
            return Ok(());
        }
        Err(crate::Error::Other("the checkpoint carries a state that this model has not".into()))
    }

    /// Takes the values of the keys that [may change](crate::config::OnResume::Changes), with effect
    /// from the next batch on. The default is for a model that uses none of them.
    ///
    /// # Errors
    /// A value out of its range.
    fn configure(&mut self, config: &Config) -> Result<()> {
        let _ = config;
        Ok(())
    }

    /// Returns the factor of a batch's loss, and the sizes that all parts of the batch share.
    fn loss_normalization(&self, batch: &[&Self::Example]) -> BatchShape;

    /// Records the loss of a part of a batch on the tape, scaled by [`BatchShape::weight`].
    ///
    /// # Errors
    /// Errors of operations.
    fn loss(
        &self,
        tape: &mut Tape<'_>,
        part: &[&Self::Example],
        shape: &BatchShape,
    ) -> Result<BatchLoss>;

    /// Computes the metrics of the held-out examples; `None` if there are no such examples.
    ///
    /// # Errors
    /// Errors of operations; [`Error::Cancelled`](crate::Error::Cancelled) soon after the threads
    /// were cancelled.
    ///
    /// If the threads have [ranks](Threads::ranks), all of them call this and must return the same
    /// metrics, whether they share the work or not.
    fn validate(&self, params: &Params, threads: &Threads) -> Result<Option<Metrics>> {
        let _ = (params, threads);
        Ok(None)
    }

    /// Returns a warning about the last validation, if there is one.
    fn remark(&self, metrics: &Metrics) -> Option<String> {
        let _ = metrics;
        None
    }

    /// Returns a few held-out examples with the network's outputs; none by default.
    ///
    /// # Errors
    /// Errors of operations.
    fn samples(&self, params: &Params, threads: &Threads) -> Result<Vec<Sample>> {
        let _ = (params, threads);
        Ok(Vec::new())
    }

    /// Returns the output for a text that the user typed, or `None` if the network takes no text.
    ///
    /// # Errors
    /// Errors of operations.
    fn answer(&self, params: &Params, text: &str, threads: &Threads) -> Result<Option<Sample>> {
        let _ = (params, text, threads);
        Ok(None)
    }

    /// Returns every step of the translation of a sentence, or `None` if the network does not
    /// translate.
    ///
    /// # Errors
    /// A request that does not fit the network or the sentence; errors of operations.
    fn inspect(
        &self,
        params: &Params,
        request: &InspectRequest,
        threads: &Threads,
    ) -> Result<Option<Inspection>> {
        let _ = (params, request, threads);
        Ok(None)
    }

    /// Returns the maps of a held-out sentence, given by its number or a part of it, or `None` if the
    /// network does not translate.
    ///
    /// # Errors
    /// There is no such sentence; errors of operations.
    fn held_out_maps(
        &self,
        params: &Params,
        which: &str,
        threads: &Threads,
    ) -> Result<Option<HeldOutMaps>> {
        let _ = (params, which, threads);
        Ok(None)
    }

    /// Returns how units follow words of held-out sentences, or `None` if the network does not
    /// translate.
    ///
    /// # Errors
    /// A request that does not fit the network or the sentences; errors of operations.
    fn unit_correlations(
        &self,
        params: &Params,
        request: &UnitsRequest,
        threads: &Threads,
    ) -> Result<Option<UnitCorrelations>> {
        let _ = (params, request, threads);
        Ok(None)
    }
}

/// Loss factor and sizes of a batch, shared by all of its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchShape {
    /// Factor of the loss of each counted position.
    pub weight: f32,
    /// Source positions of the longest example; 0 if the examples have no source.
    pub source_time: usize,
    /// Target positions of the longest example.
    pub time: usize,
    /// Target tokens, EOS included.
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
