//! Decoding: output of a trained network.

mod beam;
mod decoded;
mod greedy;
mod length_penalty;
mod sampling;

use tensor::{Params, Threads};

pub use beam::{BeamOptions, Hypothesis, beam_search};
pub use decoded::Decoded;
pub use greedy::greedy;
pub use length_penalty::LengthPenalty;
pub use sampling::{SamplingOptions, generate};

use crate::Result;
use crate::model::EncoderDecoder;

/// Decodes sources with a beam, or greedily if the beam is one: the hypotheses of each source, the
/// best one first.
///
/// # Errors
/// Those of [`beam_search`].
pub fn decode(
    model: &EncoderDecoder,
    params: &Params,
    sources: &[Vec<u32>],
    options: &BeamOptions,
    threads: &Threads,
) -> Result<Vec<Vec<Hypothesis>>> {
    if *options != (BeamOptions { limit: options.limit, ..BeamOptions::greedy() }) {
        return beam_search(model, params, sources, options, threads);
    }
    let hypothesis = |decoded: Decoded| {
        let score = options.length_penalty.score(decoded.logprob, decoded.ids.len());
        vec![Hypothesis { decoded, score }]
    };
    let all = greedy(model, params, sources, options.limit, threads)?;
    Ok(all.into_iter().map(hypothesis).collect())
}
