//! Decoding: output of a trained network.

mod alternatives;
mod beam;
mod constraints;
mod decoded;
mod ensemble;
mod forced;
mod greedy;
mod groups;
mod input;
mod language;
mod length_penalty;
mod sampling;
mod search;
mod stepper;
#[cfg(test)]
mod tests;
mod tree;
mod unknown_words;

use tensor::Threads;

pub use alternatives::{Alternatives, alternatives};
pub use beam::{BeamOptions, beam_search, beam_search_language};
pub use constraints::Constraints;
pub use decoded::{Decoded, Hypothesis, SearchNode, SearchTree};
pub use ensemble::{Combination, Ensemble, Member};
pub use forced::{ForcedOutput, forced, free_running_loss};
pub use greedy::greedy;
pub use input::DecodeInput;
pub use length_penalty::LengthPenalty;
pub use sampling::{SamplingOptions, sample, sample_language};
pub use tensor::ops::Sampling;
pub use tree::beam_search_tree;
pub use unknown_words::{UnknownWordOptions, WordDictionary};

use crate::Result;

/// Decodes inputs with a beam, or greedily if the beam is one: the hypotheses of each input, the
/// best one first.
///
/// # Errors
/// Those of [`beam_search`].
pub fn decode(
    ensemble: &Ensemble<'_>,
    inputs: &[DecodeInput],
    options: &BeamOptions,
    threads: &Threads,
) -> Result<Vec<Vec<Hypothesis>>> {
    let is_free = inputs.iter().all(|input| input.prefix.is_empty());
    let Some(only) = ensemble.only().filter(|_| options.is_greedy() && is_free) else {
        return beam_search(ensemble, inputs, options, threads);
    };
    let hypothesis = |decoded: Decoded| {
        let score = options.length_penalty.score(decoded.logprob, decoded.ids.len());
        vec![Hypothesis { decoded, score }]
    };
    let sources: Vec<&[u32]> = inputs.iter().map(|input| input.source.as_slice()).collect();
    let constraints = &options.constraints;
    let all = greedy::decode_greedily(only.model, only.params, &sources, constraints, threads)?;
    Ok(all.into_iter().map(hypothesis).collect())
}
