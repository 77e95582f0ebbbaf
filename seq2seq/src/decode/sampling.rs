//! Sampling: outputs drawn at random from a network's probabilities.

use tensor::ops::{self, Sampling};
use tensor::random::PhiloxStream;
use tensor::{Params, Tensor, Threads};
use tokenizer::EOS;

use super::constraints::Constraints;
use super::decoded::Hypothesis;
use super::ensemble::Ensemble;
use super::groups::in_groups;
use super::input::DecodeInput;
use super::language::continuations;
use super::search::{Beam, Complete, Extension, Live, Policy, Slot};
use crate::Result;
use crate::model::LanguageNetwork;

/// Random numbers of a step that belong to one input: 2 to this power, more than samples fit into
/// memory.
const SAMPLE_BITS: u32 = 28;

/// Options of sampling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingOptions {
    /// How a token is drawn.
    pub draw: Sampling,
    /// Number of outputs of each input.
    pub samples: usize,
    /// The seed: the same seed gives the same outputs.
    pub seed: u64,
    /// Constraints on the outputs.
    pub constraints: Constraints,
}

impl Default for SamplingOptions {
    fn default() -> Self {
        let (draw, constraints) = (Sampling::default(), Constraints::default());
        Self { draw, samples: 1, seed: 1, constraints }
    }
}

/// Samples `samples` translations of each input, in the order in which they were drawn. Their
/// log-probabilities are those at temperature 1, over all tokens; their scores are the
/// log-probabilities per token.
///
/// The random numbers depend on the seed, on [`DecodeInput::number`], on the position and on the
/// number of the sample alone, so batches and threads do not change the outputs.
///
/// # Errors
/// Ids outside the vocabulary; [`Error::Cancelled`](crate::Error::Cancelled) soon after the threads
/// were cancelled; the device failed.
pub fn sample(
    ensemble: &Ensemble<'_>,
    inputs: &[DecodeInput],
    options: &SamplingOptions,
    threads: &Threads,
) -> Result<Vec<Vec<Hypothesis>>> {
    in_groups(ensemble, inputs, options, options.samples, threads)
}

/// Samples continuations of a text from a language model, at most `limit` tokens each. `text` has
/// the ids that the model reads first, at least one. `limit` takes the place of the maximum lengths
/// of the constraints.
///
/// # Errors
/// No id in `text`; ids outside the vocabulary; the device failed.
pub fn sample_language(
    network: &LanguageNetwork,
    params: &Params,
    text: &[u32],
    limit: usize,
    options: &SamplingOptions,
    threads: &Threads,
) -> Result<Vec<Hypothesis>> {
    continuations(options, network, params, text, limit, threads)
}

impl Policy for SamplingOptions {
    type Step = Tensor;

    fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    fn read(&self, logits: Tensor, _: usize) -> Result<Tensor> {
        Ok(logits.to_host()?)
    }

    fn extend(
        &self,
        logits: &Tensor,
        beam: &Beam,
        slot: &Slot,
        repeated: &[Vec<u32>],
        t: usize,
    ) -> Vec<Extension> {
        let draw = PhiloxStream::new(self.seed, t as u64, 0);
        let first = slot.number << SAMPLE_BITS;
        let width = logits.shape().width();
        let mut excluded = self.constraints.excluded();
        if t < self.constraints.min_length {
            excluded.push(EOS);
        }
        let extend = |(from, repeated): (Live, &Vec<u32>)| {
            let row = &logits.data()[from.row * width..][..width];
            let excluded = [excluded.as_slice(), repeated].concat();
            let uniform = f64::from(draw.uniform(first + from.sample as u64));
            let id = ops::sample(row, self.draw, &excluded, uniform)?;
            Some(Extension { from, id, logprob: log_probability(row, id) as f32 })
        };
        // The first drawn token divides the only hypothesis into the samples.
        if t == slot.prefix.len() {
            let Some((&live, repeated)) = beam.live.first().zip(repeated.first()) else {
                return Vec::new();
            };
            let samples = (0..self.samples.max(1)).map(|sample| Live { sample, ..live });
            return samples.filter_map(|live| extend((live, repeated))).collect();
        }
        beam.live.iter().copied().zip(repeated).filter_map(extend).collect()
    }

    fn score(&self, logprob: f64, length: usize) -> f64 {
        logprob / length.max(1) as f64
    }

    fn rank(&self, complete: &mut Vec<Complete>) {
        complete.sort_by_key(|complete| complete.sample);
    }
}

fn log_probability(logits: &[f32], id: u32) -> f64 {
    f64::from(logits[id as usize]) - ops::log_sum_exp(logits)
}
