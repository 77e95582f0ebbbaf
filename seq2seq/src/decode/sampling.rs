//! Sampling: outputs drawn at random from a network's probabilities.

use tensor::random::PhiloxStream;
use tensor::{Params, Tensor, Threads, ops};
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
///
/// A token is drawn from softmax(logits / temperature), restricted to some tokens by `top_k`, then
/// by `top_p`, then by `min_p`, in this order, as in transformers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingOptions {
    /// Divisor of the logits: values below 1 give more probable outputs, 0 always the most probable
    /// token.
    pub temperature: f32,
    /// Draw from this many most probable tokens (Fan et al. 2018, section 5.4); 0 for all.
    pub top_k: usize,
    /// Draw from the fewest most probable tokens whose probabilities sum to at least this (nucleus
    /// sampling, Holtzman et al. 2020, section 3.1); 1 for all.
    pub top_p: f64,
    /// Draw from the tokens whose probability is at least this share of the largest one (Nguyen et
    /// al. 2024, arXiv:2407.01082); 0 for all.
    pub min_p: f64,
    /// Number of outputs of each input.
    pub samples: usize,
    /// The seed: the same seed gives the same outputs.
    pub seed: u64,
    /// Constraints on the outputs.
    pub constraints: Constraints,
}

impl Default for SamplingOptions {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            samples: 1,
            seed: 1,
            constraints: Constraints::default(),
        }
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
            let is_excluded = |id: u32| excluded.contains(&id) || repeated.contains(&id);
            let uniform = f64::from(draw.uniform(first + from.sample as u64));
            let id = self.draw(row, is_excluded, uniform)?;
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

impl SamplingOptions {
    /// Returns the token that a uniform number selects; the most probable token at temperature 0.
    /// `None` if no logit is a number.
    fn draw(&self, logits: &[f32], is_excluded: impl Fn(u32) -> bool, uniform: f64) -> Option<u32> {
        let mut best: Option<(usize, f32)> = None;
        for (id, &logit) in logits.iter().enumerate() {
            let is_larger = best.is_none_or(|(_, most)| logit > most);
            if is_larger && !logit.is_nan() && !is_excluded(id as u32) {
                best = Some((id, logit));
            }
        }
        let (best, most) = best?;
        if self.temperature <= 0.0 {
            return Some(best as u32);
        }
        let weight = |(id, &logit): (usize, &f32)| {
            let scaled = f64::from(logit - most) / f64::from(self.temperature);
            if is_excluded(id as u32) || logit.is_nan() { 0.0 } else { scaled.exp() }
        };
        let mut weights: Vec<f64> = logits.iter().enumerate().map(weight).collect();
        self.restrict(&mut weights);
        let mut left = uniform * weights.iter().sum::<f64>();
        for (id, weight) in weights.into_iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return Some(id as u32);
            }
        }
        Some(best as u32)
    }

    /// Sets the weights of tokens that are not drawn to 0. The largest weight is 1.
    fn restrict(&self, weights: &mut [f64]) {
        if self.top_k > 0 || self.top_p < 1.0 {
            let mut order: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
            order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
            let mut kept = if self.top_k > 0 { self.top_k.min(order.len()) } else { order.len() };
            if self.top_p < 1.0 {
                let total: f64 = order[..kept].iter().map(|&i| weights[i]).sum();
                let mut sum = 0.0;
                let reaches = |&i: &usize| {
                    sum += weights[i];
                    sum >= self.top_p * total
                };
                kept = order[..kept].iter().position(reaches).map_or(kept, |last| last + 1);
            }
            order[kept..].iter().for_each(|&i| weights[i] = 0.0);
        }
        if self.min_p > 0.0 {
            weights.iter_mut().filter(|w| **w < self.min_p).for_each(|w| *w = 0.0);
        }
    }
}

fn log_probability(logits: &[f32], id: u32) -> f64 {
    f64::from(logits[id as usize]) - ops::log_sum_exp(logits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares of the tokens among many draws.
    fn shares(options: &SamplingOptions, logits: &[f32], excluded: &[u32]) -> Vec<f64> {
        let mut counts = vec![0.0; logits.len()];
        let draw = PhiloxStream::new(1, 0, 0);
        for i in 0..20_000 {
            let uniform = f64::from(draw.uniform(i));
            let id = options.draw(logits, |id| excluded.contains(&id), uniform).unwrap();
            counts[id as usize] += 1.0 / 20_000.0;
        }
        counts
    }

    #[test]
    fn tokens_are_drawn_as_often_as_they_are_probable() {
        let logits = [9.0, 9.0, 9.0, 0.0, 1.0, 2.0];
        for (temperature, from) in [(1.0, 3), (0.5, 3), (2.0, 4)] {
            let excluded: Vec<u32> = (0..from as u32).collect();
            let options = SamplingOptions { temperature, ..SamplingOptions::default() };
            let found = shares(&options, &logits, &excluded);
            let weights: Vec<f64> =
                (from..6).map(|i| f64::from(logits[i] / temperature).exp()).collect();
            let total: f64 = weights.iter().sum();
            assert_eq!(found[..from], vec![0.0; from]);
            for (i, weight) in weights.iter().enumerate() {
                let found = found[from + i];
                assert!((found - weight / total).abs() < 0.015, "{temperature}: {found}");
            }
        }
        let options = SamplingOptions { temperature: 0.0, ..SamplingOptions::default() };
        assert!(shares(&options, &logits, &[0, 1, 2])[5] > 0.999);
        assert!((log_probability(&[0.0, 0.0], 1) + 2_f64.ln()).abs() < 1e-12);
        assert_eq!(options.draw(&[f32::NAN, 1.0], |id| id == 1, 0.5), None);
    }

    #[test]
    fn tokens_are_restricted_as_their_definitions_say() {
        // Probabilities 0.5, 0.25, 0.15, 0.1.
        let logits = [0.5_f32.ln(), 0.25_f32.ln(), 0.15_f32.ln(), 0.1_f32.ln()];
        let none = SamplingOptions::default();
        for (options, want) in [
            (none, [0.5, 0.25, 0.15, 0.1]),
            (SamplingOptions { top_k: 2, ..none }, [0.667, 0.333, 0.0, 0.0]),
            (SamplingOptions { top_k: 9, ..none }, [0.5, 0.25, 0.15, 0.1]),
            (SamplingOptions { top_p: 0.7, ..none }, [0.667, 0.333, 0.0, 0.0]),
            (SamplingOptions { top_p: 0.8, ..none }, [0.556, 0.278, 0.167, 0.0]),
            (SamplingOptions { top_p: 0.0, ..none }, [1.0, 0.0, 0.0, 0.0]),
            (SamplingOptions { min_p: 0.4, ..none }, [0.667, 0.333, 0.0, 0.0]),
            (SamplingOptions { min_p: 0.29, ..none }, [0.556, 0.278, 0.167, 0.0]),
            // Of the three that top_k leaves, the first two have 0.83 of the probability.
            (SamplingOptions { top_k: 3, top_p: 0.82, ..none }, [0.667, 0.333, 0.0, 0.0]),
        ] {
            let found = shares(&options, &logits, &[]);
            for (found, want) in found.iter().zip(want) {
                assert!((found - want).abs() < 0.015, "{options:?}: {found} {want}");
            }
        }
    }
}
