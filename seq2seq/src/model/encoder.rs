//! The encoder: embedding, dropout, recurrent network.

use rnn::{LayerActivations, Rnn, Site, State};
use tensor::{ParamId, Params, PooledVec, Tape, Var, ops};

use super::{recurrent, set_dropout};
use crate::config::Config;
use crate::data::Batch;
use crate::{Error, Result};
use tensor::init::InitFn;

/// The encoder of a translator.
#[derive(Debug, Clone)]
pub struct Encoder {
    embedding: ParamId,
    rnn: Rnn,
    dropout: f32,
    /// Whether padding is read like words.
    reads_padding: bool,
}

/// Output of the encoder for a batch.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// States over time, \[S, B, D H\] or \[S, B, H\]; zero past the end of a sentence.
    pub states: Var,
    /// The states at the end of each sentence.
    pub last: PooledVec<State>,
    /// Lengths of the sentences; if padding is read, all of them are the length of the batch.
    pub lengths: PooledVec<usize>,
}

impl Encoder {
    pub(super) fn new(
        params: &mut Params,
        config: &Config,
        vocabulary: usize,
        make: &mut InitFn<'_>,
    ) -> Result<Self> {
        let table = [vocabulary, config.embedding];
        let embedding = params.add_initialized("encoder.embedding.weight", table, make)?;
        let (layers, options) = recurrent(config, config.embedding);
        let layers = rnn::RnnConfig { bidirectional: config.bidirectional, ..layers };
        let rnn = Rnn::with_init(params, "encoder.rnn.", layers, options, make)?;
        let reads_padding = config.attend_padding;
        Ok(Self { embedding, rnn, dropout: config.dropout, reads_padding })
    }

    /// Takes the dropout of a configuration.
    pub(super) fn configure(&mut self, config: &Config) -> Result<()> {
        self.dropout = config.dropout;
        set_dropout(&mut self.rnn, config)
    }

    /// Returns the embedding matrix.
    pub(super) fn embedding(&self) -> ParamId {
        self.embedding
    }

    /// Returns `true` if the encoder reads padding like words, so that all parts of a batch must be
    /// padded to the same length.
    pub(crate) fn reads_padding(&self) -> bool {
        self.reads_padding
    }

    /// Returns the width of the output states: D H, or H if the directions are summed.
    pub fn width(&self) -> usize {
        self.rnn.width()
    }

    /// Returns the number of directions, D.
    pub fn directions(&self) -> usize {
        self.rnn.config().directions()
    }

    /// Encodes a batch of source sentences.
    ///
    /// # Errors
    /// Ids outside the vocabulary.
    pub fn forward(&self, tape: &mut Tape<'_>, batch: &Batch) -> Result<Encoded> {
        let embedded = self.embed(tape, batch)?;
        let lengths = if self.reads_padding {
            PooledVec::filled(batch.source_time, batch.size)
        } else {
            batch.source_lengths.clone()
        };
        let padded = lengths.iter().any(|&n| n < batch.source_time);
        let out = self
            .rnn
            .forward(tape, embedded, padded.then_some(&lengths[..]), None)
            .map_err(Error::from)?;
        Ok(Encoded { states: out.y, last: out.state, lengths })
    }
    fn embed(&self, tape: &mut Tape<'_>, batch: &Batch) -> Result<Var> {
        let shape = [batch.source_time, batch.size];
        let embedded = ops::embedding(tape, &batch.source, shape, self.embedding, None)?;
        Ok(ops::dropout(tape, embedded, self.dropout)?)
    }

    /// Encodes one sentence like [`forward`](Self::forward), and returns the activations of each
    /// layer and direction too; `edit` replaces them ([`Rnn::observe`]).
    ///
    /// # Errors
    /// Those of [`forward`](Self::forward); a batch of more than one sentence, a tape of a device.
    pub(crate) fn observe(
        &self,
        tape: &mut Tape<'_>,
        batch: &Batch,
        edit: &mut dyn FnMut(Site, f32) -> f32,
    ) -> Result<(Encoded, Vec<LayerActivations>)> {
        let embedded = self.embed(tape, batch)?;
        let (out, layers) = self.rnn.observe(tape, embedded, None, edit)?;
        let lengths = batch.source_lengths.clone();
        Ok((Encoded { states: out.y, last: out.state, lengths }, layers))
    }

    /// Returns the recurrent network.
    pub(crate) fn rnn(&self) -> &Rnn {
        &self.rnn
    }
}
