//! The encoder: embedding, dropout, recurrent network.

use rnn::{Rnn, State};
use tensor::{ParamId, Params, PooledVec, Tape, Var, ops};

use super::recurrent;
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
    /// Padding is read like words.
    reads_padding: bool,
}

/// What the encoder says of a batch.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// States over time, \[S, B, D H\] or \[S, B, H\], zero past a sentence's end.
    pub states: Var,
    /// The states at each sentence's end.
    pub last: PooledVec<State>,
    /// Lengths of the sentences; of the whole batch's, where padding is read.
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
        let rnn = Rnn::with_options(params, "encoder.rnn.", layers, options, make)?;
        let reads_padding = config.attend_padding;
        Ok(Self { embedding, rnn, dropout: config.dropout, reads_padding })
    }

    /// The table of embeddings.
    pub(super) fn embedding(&self) -> ParamId {
        self.embedding
    }

    /// True where it reads padding like words, so that all parts of a batch must be as long.
    pub(crate) fn reads_padding(&self) -> bool {
        self.reads_padding
    }

    /// Width of the states it gives: D H, or H where directions are added up.
    pub fn width(&self) -> usize {
        self.rnn.width()
    }

    /// Directions, D.
    pub fn directions(&self) -> usize {
        self.rnn.config().directions()
    }

    /// Reads a batch of source sentences.
    ///
    /// # Errors
    /// Ids outside the vocabulary.
    pub fn forward(&self, tape: &mut Tape<'_>, batch: &Batch) -> Result<Encoded> {
        let shape = [batch.source_time, batch.size];
        let embedded = ops::embedding(tape, &batch.source, shape, self.embedding, None)?;
        let embedded = ops::dropout(tape, embedded, self.dropout)?;
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
}
