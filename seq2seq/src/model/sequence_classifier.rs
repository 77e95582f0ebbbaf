//! A network that answers generated sequences.

use rnn::{LayerActivations, Output, Rnn, Site};
use tensor::init::InitFn;
use tensor::{ParamId, Params, Tape, Tensor, Var, ops};

use super::first_values::{count_parameters, with_first_values};
use super::{dropout_output, recurrent, set_dropout};
use crate::Result;
use crate::config::Config;
use crate::tasks::{Input, Name, SYMBOLS, Sequence};

/// Class past the end of a sequence, as input and as answer; symbols are numbered from 1.
pub(crate) const NOTHING: u32 = 0;
/// Maximum number of symbols of a task, [`NOTHING`] included.
const SYMBOLS_MOST: usize = 9;
/// A recurrent network with a linear head: a number or class logits at the end of a sequence, or class
/// logits at every step.
#[derive(Debug)]
pub struct SequenceClassifier {
    task: Name,
    embedding: Option<ParamId>,
    rnn: Rnn,
    output: (ParamId, ParamId),
    dropout: f32,
    dropout_output: f32,
}

/// Output of the network for a batch.
pub(crate) struct Predictions {
    /// \[B, O\] at the end, or \[T, B, O\] at every step.
    pub(crate) answers: Var,
    pub(crate) time: usize,
}

impl SequenceClassifier {
    /// Adds a network's parameters to a store, drawn from the seed's stream of initial values.
    ///
    /// # Errors
    /// A configuration with a width of zero.
    pub fn new(params: &mut Params, config: &Config, task: Name, seed: u64) -> Result<Self> {
        with_first_values(params, config, seed, |params, make| {
            Self::layers(params, config, task, make)
        })
    }

    /// Returns the number of scalars in the model's parameters.
    pub(crate) fn count(config: &Config, task: Name) -> Result<u64> {
        count_parameters(|params, make| Self::layers(params, config, task, make))
    }

    fn layers(
        params: &mut Params,
        config: &Config,
        task: Name,
        make: &mut InitFn<'_>,
    ) -> Result<Self> {
        let classes = match task {
            Name::Adding => 1,
            Name::TemporalOrder => 4,
            _ => SYMBOLS.len() + 1,
        };
        let has_symbols = task != Name::Adding;
        let table = [SYMBOLS_MOST, config.embedding];
        let embedding = match has_symbols {
            true => Some(params.add_initialized("sequence.embedding.weight", table, make)?),
            false => None,
        };
        let output = (
            params.add_initialized("sequence.output.weight", [classes, config.hidden], make)?,
            params.add_initialized("sequence.output.bias", [classes], make)?,
        );
        let input = if has_symbols { config.embedding } else { 2 };
        let (layers, options) = recurrent(config, input);
        Ok(Self {
            task,
            embedding,
            rnn: Rnn::with_init(params, "sequence.rnn.", layers, options, make)?,
            output,
            dropout: config.dropout,
            dropout_output: dropout_output(config),
        })
    }

    /// Takes the dropout of a configuration.
    ///
    /// # Errors
    /// A share outside \[0, 1).
    pub fn configure(&mut self, config: &Config) -> Result<()> {
        (self.dropout, self.dropout_output) = (config.dropout, dropout_output(config));
        set_dropout(&mut self.rnn, config)
    }

    /// Returns the task of the network.
    pub fn task(&self) -> Name {
        self.task
    }

    /// Computes the answers to sequences.
    ///
    /// # Errors
    /// Errors of operations.
    pub(crate) fn forward(&self, tape: &mut Tape<'_>, part: &[&Sequence]) -> Result<Predictions> {
        let lengths: Vec<usize> = part.iter().map(|s| s.len()).collect();
        let time = lengths.iter().copied().max().unwrap_or(0);
        let x = self.input(tape, part, time)?;
        let padded = lengths.iter().any(|&n| n < time);
        let out = self.rnn.forward(tape, x, padded.then_some(lengths.as_slice()), None)?;
        self.predict(tape, &out, time)
    }

    /// Computes the answers to one sequence and the activations of each layer, each of which is
    /// replaced by the result of `edit` before it is used.
    ///
    /// # Errors
    /// Errors of operations; a tape of a device.
    pub(crate) fn observe(
        &self,
        tape: &mut Tape<'_>,
        sequence: &Sequence,
        edit: &mut dyn FnMut(Site, f32) -> f32,
    ) -> Result<(Predictions, Vec<LayerActivations>)> {
        let time = sequence.len();
        let x = self.input(tape, &[sequence], time)?;
        let (out, layers) = self.rnn.observe(tape, x, None, edit)?;
        Ok((self.predict(tape, &out, time)?, layers))
    }

    /// Returns the recurrent layers.
    pub(crate) fn rnn(&self) -> &Rnn {
        &self.rnn
    }

    /// Returns the input of the recurrent layers, \[T, B, I\].
    fn input(&self, tape: &mut Tape<'_>, part: &[&Sequence], time: usize) -> Result<Var> {
        let size = part.len();
        let x = match self.embedding {
            Some(table) => {
                let mut ids = vec![NOTHING; time * size];
                for (b, sequence) in part.iter().enumerate() {
                    if let Input::Symbols(symbols) = &sequence.input {
                        for (t, symbol) in symbols.iter().enumerate() {
                            ids[t * size + b] = symbol + 1;
                        }
                    }
                }
                ops::embedding(tape, &ids, [time, size], table, None)?
            }
            None => {
                let mut x = Tensor::zeros([time, size, 2]);
                for (b, sequence) in part.iter().enumerate() {
                    if let Input::Numbers(numbers) = &sequence.input {
                        for (t, pair) in numbers.iter().enumerate() {
                            x.data_mut()[(t * size + b) * 2..][..2].copy_from_slice(pair);
                        }
                    }
                }
                tape.constant(x)
            }
        };
        match self.embedding {
            Some(_) => Ok(ops::dropout(tape, x, self.dropout)?),
            None => Ok(x),
        }
    }

    /// Applies the head to the states.
    fn predict(&self, tape: &mut Tape<'_>, out: &Output, time: usize) -> Result<Predictions> {
        let last = out.state.last().map_or(out.y, |state| state.h);
        let top = if self.task == Name::Reber { out.y } else { last };
        let top = ops::dropout(tape, top, self.dropout_output)?;
        let answers = ops::linear(tape, top, self.output.0, Some(self.output.1))?;
        Ok(Predictions { answers, time })
    }
}
