//! Greedy decoding: the likeliest token at each step, attention kept.

use tensor::{Params, Tape, Threads, ops};
use tokenizer::{EOS, SOS};

use super::translator::EncoderDecoder;
use super::{check_cancelled, sharing};
use crate::Result;
use crate::data::{Batch, Example};

/// A greedy translation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decoded {
    /// Target ids, EOS last unless the length limit was hit.
    pub ids: Vec<u32>,
    /// Natural-log probability of the ids.
    pub logprob: f64,
    /// Attention weights of each id over the source positions; none without attention.
    pub attention: Vec<Vec<f32>>,
}

/// Sentences decoded side by side.
const BATCH: usize = 64;
/// The same on a device, which is slow for few.
const BATCH_THERE: usize = 256;

/// Translates sources (ids with EOS), each until EOS or `limit` ids.
///
/// Sentences of like length are decoded together, groups of them on different threads; what comes
/// out does not depend on either beyond rounding.
///
/// # Errors
/// Ids outside the vocabulary; [`Error::Cancelled`](crate::Error::Cancelled) soon after the threads
/// were cancelled.
pub fn greedy(
    model: &EncoderDecoder,
    params: &Params,
    sources: &[Vec<u32>],
    limit: usize,
    threads: &Threads,
) -> Result<Vec<Decoded>> {
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(sources[i].len()));
    let most = if params.opencl().is_some() { BATCH_THERE } else { BATCH };
    let sharing = sharing(params, threads);
    let size = most.min(sources.len().div_ceil(sharing.count())).max(1);
    let mut groups: Vec<(Vec<usize>, Result<Vec<Decoded>>)> =
        order.chunks(size).map(|g| (g.to_vec(), Ok(Vec::new()))).collect();
    let decode = |(group, out): &mut (Vec<usize>, Result<Vec<Decoded>>)| {
        let sources: Vec<&[u32]> = group.iter().map(|&i| sources[i].as_slice()).collect();
        *out = decode_group(model, params, &sources, limit, threads);
    };
    if let [one] = groups.as_mut_slice() {
        // A single group is not shared out: its products are.
        decode(one);
    } else {
        sharing.for_each(&mut groups, |_, group| decode(group));
    }
    let mut all = vec![Decoded::default(); sources.len()];
    for (group, out) in groups {
        for (i, decoded) in group.into_iter().zip(out?) {
            all[i] = decoded;
        }
    }
    Ok(params.checked(all)?)
}

fn decode_group(
    model: &EncoderDecoder,
    params: &Params,
    sources: &[&[u32]],
    limit: usize,
    threads: &Threads,
) -> Result<Vec<Decoded>> {
    let examples: Vec<Example> =
        sources.iter().map(|s| Example { source: s.to_vec(), target: Vec::new() }).collect();
    let batch = Batch::new(&examples);
    let mut tape = Tape::inference(params).with_threads(threads);
    let encoded = model.encoder.forward(&mut tape, &batch)?;
    let (source, mut state) =
        model.decoder.start(&mut tape, &encoded, model.encoder.directions())?;
    let mut all = vec![Decoded::default(); sources.len()];
    let mut fed = vec![SOS; sources.len()];
    let mut running = sources.len();
    let mut kept = Vec::new();
    for t in 0..limit {
        if running == 0 {
            break;
        }
        check_cancelled(threads)?;
        let projected = model.decoder.project(&mut tape, &fed, [1, sources.len()])?;
        let projected = projected.at(&mut tape, 0);
        let step = model.decoder.step(&mut tape, projected, &source, &state, t)?;
        let logits = model.decoder.logits(&mut tape, step.readout)?;
        // Taken off the tape, so that its memory serves the next step.
        let best = ops::likeliest(&tape.take_value(logits));
        kept.extend(step.weights);
        for (b, (id, logp)) in best.into_iter().enumerate() {
            let decoded = &mut all[b];
            if decoded.ids.last() == Some(&EOS) {
                continue;
            }
            decoded.ids.push(id);
            decoded.logprob += f64::from(logp);
            running -= usize::from(id == EOS);
            fed[b] = id;
        }
        state = step.state;
    }
    // Read when all is done: nothing on the way needs them.
    for (t, weights) in kept.into_iter().enumerate() {
        let weights = tape.value(weights);
        let rows = weights.data().chunks_exact(weights.shape().width());
        for ((decoded, source), row) in all.iter_mut().zip(sources).zip(rows) {
            if decoded.ids.len() > t {
                decoded.attention.push(row[..source.len()].to_vec());
            }
        }
    }
    Ok(all)
}
