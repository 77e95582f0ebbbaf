//! The network of a language model.

use rnn::{Rnn, State};
use tensor::init::InitFn;
use tensor::{ParamId, Params, PooledVec, Tape, Var, ops};

use super::first_values::{count_parameters, with_first_values};
use super::output_layer::OutputLayer;
use super::{dropout_output, recurrent, set_dropout};
use crate::Result;
use crate::config::Config;

/// The network of a language model: embedding, recurrent layers, output.
///
/// h_t = cell(E x_t, h_{t-1}), p(x_{t+1}) = softmax(W h_t + b); Mikolov et al. 2010 with Elman's
/// cell, Graves 2013 (arXiv:1308.0850) with LSTM.
#[derive(Debug, Clone)]
pub struct LanguageNetwork {
    embedding: ParamId,
    pub(crate) rnn: Rnn,
    pub(crate) output: OutputLayer,
    dropout: f32,
    dropout_output: f32,
}

impl LanguageNetwork {
    /// Adds the network's parameters to `params`, initialised from the seed's `init` stream.
    ///
    /// # Errors
    /// A configuration with a width of zero.
    pub fn new(params: &mut Params, config: &Config, vocabulary: usize, seed: u64) -> Result<Self> {
        with_first_values(params, config, seed, |params, make| {
            Self::layers(params, config, vocabulary, make)
        })
    }

    /// Returns the number of scalars in the network's parameters.
    pub(crate) fn count(config: &Config, vocabulary: usize) -> Result<u64> {
        count_parameters(|params, make| Self::layers(params, config, vocabulary, make))
    }

    fn layers(
        params: &mut Params,
        config: &Config,
        vocabulary: usize,
        make: &mut InitFn<'_>,
    ) -> Result<Self> {
        let table = [vocabulary, config.embedding];
        let embedding = params.add_initialized("language.embedding.weight", table, make)?;
        let shape = [vocabulary, config.hidden];
        let output = OutputLayer {
            weight: params.add_initialized("language.output.weight", shape, make)?,
            bias: params.add_initialized("language.output.bias", [vocabulary], make)?,
        };
        let (layers, options) = recurrent(config, config.embedding);
        let rnn = Rnn::with_init(params, "language.rnn.", layers, options, make)?;
        let (dropout, dropout_output) = (config.dropout, dropout_output(config));
        Ok(Self { embedding, rnn, output, dropout, dropout_output })
    }

    /// Takes the dropout of a configuration.
    ///
    /// # Errors
    /// A share outside \[0, 1).
    pub fn configure(&mut self, config: &Config) -> Result<()> {
        (self.dropout, self.dropout_output) = (config.dropout, dropout_output(config));
        set_dropout(&mut self.rnn, config)
    }

    /// Returns the inputs \[T, B, H\] of the output layer, and the final states.
    pub(crate) fn outputs(
        &self,
        tape: &mut Tape<'_>,
        ids: &[u32],
        shape: [usize; 2],
        state: Option<&[State]>,
    ) -> Result<(Var, PooledVec<State>)> {
        let x = ops::embedding(tape, ids, shape, self.embedding, None)?;
        let x = ops::dropout(tape, x, self.dropout)?;
        let out = self.rnn.forward(tape, x, None, state)?;
        Ok((ops::dropout(tape, out.y, self.dropout_output)?, out.state))
    }

    /// Returns the logits \[T, B, V\] of the token after each of the time-major ids \[T, B\], and
    /// the final states. The initial states are zeros if `state` is `None`.
    ///
    /// # Errors
    /// Ids outside the vocabulary, states that do not fit.
    pub fn logits(
        &self,
        tape: &mut Tape<'_>,
        ids: &[u32],
        shape: [usize; 2],
        state: Option<&[State]>,
    ) -> Result<(Var, PooledVec<State>)> {
        let (outputs, state) = self.outputs(tape, ids, shape, state)?;
        Ok((self.output.logits(tape, outputs)?, state))
    }
}
