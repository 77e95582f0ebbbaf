//! The alternatives to each token of an output.

use serde::{Deserialize, Serialize};
use tensor::{Tensor, Threads, ops};
use tokenizer::{EOS, SOS};

use super::ensemble::Ensemble;
use super::groups::stepper;
use super::input::DecodeInput;
use crate::Result;
use crate::model::{Groups, NEVER_SAID};

/// What an output could have been at each of its positions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Alternatives {
    /// The most probable tokens at each position, given the tokens before it, with their natural-log
    /// probabilities, the most probable one first.
    pub tokens: Vec<Vec<(u32, f32)>>,
    /// The attention weights of each position and head over the source positions; empty for an
    /// attention without heads.
    pub heads: Vec<Vec<Vec<f32>>>,
}

/// Returns the `k` most probable tokens at each position of the inputs' prefixes, and at the position
/// after each prefix, unless the prefix ends with EOS. A source without a token before its EOS has
/// none.
///
/// ```text
/// prefix          le   chat   dort
/// position    0     1      2      3
/// ```
///
/// # Errors
/// Ids outside the vocabulary; the device failed.
pub fn alternatives(
    ensemble: &Ensemble<'_>,
    inputs: &[DecodeInput],
    k: usize,
    threads: &Threads,
) -> Result<Vec<Alternatives>> {
    let lengths: Vec<usize> = inputs.iter().map(|i| i.source.len().saturating_sub(1)).collect();
    let groups = Groups::equal(&lengths, ensemble.reads_padding());
    let params = ensemble.first().params;
    let blank = vec![Alternatives::default(); inputs.len()];
    groups.run_each(params, threads, blank, |group| {
        let inputs: Vec<&DecodeInput> = group.iter().map(|&i| &inputs[i]).collect();
        of_group(ensemble, &inputs, k, threads)
    })
}

fn of_group(
    ensemble: &Ensemble<'_>,
    inputs: &[&DecodeInput],
    k: usize,
    threads: &Threads,
) -> Result<Vec<Alternatives>> {
    let sources: Vec<&[u32]> = inputs.iter().map(|input| input.source.as_slice()).collect();
    let mut stepper = stepper(ensemble, &sources, threads)?;
    let positions = |input: &DecodeInput| {
        let prefix = &input.prefix;
        prefix.len() + usize::from(prefix.last() != Some(&EOS))
    };
    let most = inputs.iter().map(|input| positions(input)).max().unwrap_or(0);
    let rows: Vec<usize> = (0..inputs.len()).collect();
    let mut fed = vec![SOS; inputs.len()];
    let mut all = vec![Alternatives::default(); inputs.len()];
    for t in 0..most {
        let prediction = stepper.step(&fed, t)?;
        let best = ops::top_k(&prediction.logits, k, &NEVER_SAID)?;
        let heads = prediction.heads.map(|heads| heads.to_host()).transpose()?;
        for (b, (input, best)) in inputs.iter().zip(best).enumerate() {
            if t < positions(input) {
                all[b].tokens.push(best);
                all[b].heads.extend(heads.iter().map(|h| rows_of(h, b, input.source.len())));
            }
            fed[b] = input.prefix.get(t).copied().unwrap_or(EOS);
        }
        stepper.select(None, &rows)?;
    }
    Ok(all)
}

/// Returns the first `positions` weights of each head in row `b` of \[B, h, S\].
fn rows_of(heads: &Tensor, b: usize, positions: usize) -> Vec<Vec<f32>> {
    let row = heads.index(b);
    let width = row.shape().width().max(1);
    row.data().chunks_exact(width).map(|head| head[..positions].to_vec()).collect()
}
