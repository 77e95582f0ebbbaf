//! Greedy decoding: the most probable token at each step, with the attention weights.
//!
//! [`PAD`](tokenizer::PAD) and [`SOS`] are never taken, however likely: they are not words, and
//! must occur neither in the output nor in the tokens that are fed back.

use tensor::{Params, Tape, Threads};
use tokenizer::{EOS, SOS};

use super::constraints::Constraints;
use super::decoded::Decoded;
use crate::Result;
use crate::data::{Batch, Example};
use crate::model::{EncoderDecoder, Groups, check_cancelled};

/// Finished sentences leave the batch once they are one of so many rows: selecting the other rows
/// copies their memory, and each then computes on.
const FINISHED: usize = 4;

/// Translates sources (ids with EOS), each until EOS or until it has `limit` ids, by default
/// [`EncoderDecoder::output_limit`].
///
/// A source without a token before its EOS has an empty output, and the network is not run on it.
/// Other sources are decoded in groups of similar length, on different threads; apart from
/// rounding, the output does not depend on the groups or the threads. Therefore, if the encoder
/// reads padding ([`Config::attend_padding`](crate::Config)), a group has only sources of equal
/// length and thus no padding.
///
/// # Errors
/// Ids outside the vocabulary; [`Error::Cancelled`](crate::Error::Cancelled) soon after the threads
/// were cancelled.
pub fn greedy(
    model: &EncoderDecoder,
    params: &Params,
    sources: &[Vec<u32>],
    limit: Option<usize>,
    threads: &Threads,
) -> Result<Vec<Decoded>> {
    let constraints = Constraints { max_length: limit, ..Constraints::default() };
    let sources: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
    decode_greedily(model, params, &sources, &constraints, threads)
}

/// Like [`greedy`], with constraints on lengths and on the unknown token. The other constraints need
/// a search.
pub(super) fn decode_greedily(
    model: &EncoderDecoder,
    params: &Params,
    sources: &[&[u32]],
    constraints: &Constraints,
    threads: &Threads,
) -> Result<Vec<Decoded>> {
    // A source without a token before its end token has length 0 and is in no group.
    let lengths: Vec<usize> = sources.iter().map(|s| s.len().saturating_sub(1)).collect();
    let device = params.device_properties();
    let parts = threads.ranks().parts(device.data_parallel(threads).count());
    let size = device.decode_batch.min(sources.len().div_ceil(parts));
    let groups = Groups::of_size(&lengths, size, model.encoder.reads_padding());
    groups.run_each(params, threads, vec![Decoded::default(); sources.len()], |group| {
        let sources: Vec<&[u32]> = group.iter().map(|&i| sources[i]).collect();
        decode_group(model, params, &sources, constraints, threads)
    })
}

fn decode_group(
    model: &EncoderDecoder,
    params: &Params,
    sources: &[&[u32]],
    constraints: &Constraints,
    threads: &Threads,
) -> Result<Vec<Decoded>> {
    let limit = |s: &&[u32]| constraints.limit(s.len(), || model.output_limit(s.len()));
    let limits: Vec<usize> = sources.iter().map(limit).collect();
    let excluded = constraints.excluded();
    let examples: Vec<Example> =
        sources.iter().map(|s| Example { source: s.to_vec(), target: Vec::new() }).collect();
    let batch = Batch::new(&examples);
    let mut tape = Tape::inference(params).with_threads(threads);
    let encoded = model.encoder.forward(&mut tape, &batch)?;
    let (mut source, mut state) =
        model.decoder.start(&mut tape, &encoded, model.encoder.directions())?;
    let mut all = vec![Decoded::default(); sources.len()];
    let is_running = |d: &Decoded, limit: usize| d.ids.last() != Some(&EOS) && d.ids.len() < limit;
    // The sentence of each row, and the token that is fed to it.
    let mut rows: Vec<usize> = (0..sources.len()).collect();
    let mut fed = vec![SOS; sources.len()];
    let mut kept = Vec::new();
    for t in 0.. {
        let running: Vec<usize> =
            (0..rows.len()).filter(|&row| is_running(&all[rows[row]], limits[rows[row]])).collect();
        if running.is_empty() {
            break;
        }
        check_cancelled(threads)?;
        if rows.len() - running.len() >= rows.len().div_ceil(FINISHED) {
            source = source.select(&mut tape, &running)?;
            state = state.select(&mut tape, &running)?;
            fed = running.iter().map(|&row| fed[row]).collect();
            rows = running.into_iter().map(|row| rows[row]).collect();
        }
        let projected = model.decoder.project(&mut tape, &fed, [1, rows.len()])?;
        let projected = projected.at(&mut tape, 0);
        let step = model.decoder.step(&mut tape, projected, &source, &state, t)?;
        let best = model.decoder.readout.output.argmax(&mut tape, step.readout, &excluded)?;
        kept.extend(step.weights.map(|weights| (weights, rows.clone())));
        for ((&b, fed), (id, logp)) in rows.iter().zip(&mut fed).zip(best) {
            let decoded = &mut all[b];
            if is_running(decoded, limits[b]) {
                decoded.ids.push(id);
                decoded.logprob += f64::from(logp);
                decoded.token_logprobs.push(logp);
                *fed = id;
            }
        }
        state = step.state;
    }
    // The weights are read after the last step, since no step needs them.
    for (t, (weights, rows)) in kept.into_iter().enumerate() {
        let weights = tape.value(weights);
        for (b, row) in rows.into_iter().zip(weights.data().chunks_exact(weights.shape().width())) {
            if all[b].ids.len() > t {
                all[b].attention.push(row[..sources[b].len()].to_vec());
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use tensor::Tensor;
    use tokenizer::PAD;

    use super::*;
    use crate::config::Config;

    fn network(set: &[(&str, &str)]) -> (EncoderDecoder, Params) {
        let mut config = Config::default();
        for (key, value) in [("hidden", "12"), ("embedding", "8")].iter().chain(set) {
            config.set(key, value).unwrap();
        }
        let mut params = Params::new();
        let network = EncoderDecoder::new(&mut params, &config, 20, 20, 5).unwrap();
        (network, params)
    }

    fn sources() -> Vec<Vec<u32>> {
        let ids = |n: u32| (0..n).map(|i| 4 + (i * 7 + n) % 16).chain([EOS]).collect();
        [3, 9, 3, 1, 12, 9, 5].into_iter().map(ids).collect()
    }

    #[test]
    fn neighbours_change_nothing_even_where_padding_is_read() {
        for padding in ["true", "false"] {
            let (network, params) =
                network(&[("attend_padding", padding), ("reset_decoder_state", padding)]);
            let sources = sources();
            let threads = Threads::single();
            let all = greedy(&network, &params, &sources, None, &threads).unwrap();
            for (source, beside) in sources.iter().zip(&all) {
                let alone = [source.clone()];
                let alone = greedy(&network, &params, &alone, None, &threads).unwrap();
                assert_eq!(alone[0].ids, beside.ids, "attend_padding = {padding}");
                assert!((alone[0].logprob - beside.logprob).abs() < 1e-4, "{alone:?} {beside:?}");
                assert_eq!(beside.attention[0].len(), source.len());
            }
        }
    }

    #[test]
    fn a_monotonic_window_begins_at_the_first_word_in_either_order() {
        for reverse in ["false", "true"] {
            let set = [
                ("attention", "local_m"),
                ("attention_window", "0"),
                ("wiring", "recur_then_attend"),
                ("reverse_source", reverse),
                ("max_length", "3"),
            ];
            let (network, mut params) = network(&set);
            let bias = params.find("decoder.output.bias").unwrap();
            let mut values = vec![0.0; 20];
            values[9] = 50.0;
            params.set(bias, Tensor::from_vec([20], values).unwrap()).unwrap();
            // As encoded: the words in the order in which they are read, the end token last.
            let source = [vec![5, 6, 7, 8, EOS]];
            let all = greedy(&network, &params, &source, None, &Threads::single()).unwrap();
            for (t, row) in all[0].attention.iter().enumerate() {
                let word = if reverse == "true" { 3 - t } else { t };
                assert_eq!(row[word], 1.0, "reverse_source = {reverse}, step {t}: {row:?}");
            }
            assert_eq!(all[0].attention.len(), 3);
        }
    }

    #[test]
    fn padding_and_start_are_never_said() {
        let (network, mut params) = network(&[]);
        let bias = params.find("decoder.output.bias").unwrap();
        let mut values = vec![0.0; 20];
        (values[PAD as usize], values[SOS as usize], values[9]) = (50.0, 40.0, 20.0);
        params.set(bias, Tensor::from_vec([20], values).unwrap()).unwrap();
        let all = greedy(&network, &params, &sources(), Some(3), &Threads::single()).unwrap();
        for decoded in all {
            assert_eq!(decoded.ids, [9, 9, 9]);
            assert!(decoded.is_truncated());
            // The probability is that of the softmax over all tokens.
            assert!((decoded.logprob + 90.0).abs() < 10.0, "{decoded:?}");
        }
    }

    #[test]
    fn nothing_gives_nothing_and_limits_follow_from_the_data() {
        let (network, params) = network(&[]);
        let sources = [vec![EOS], vec![5, 6, EOS], vec![EOS]];
        let all = greedy(&network, &params, &sources, None, &Threads::single()).unwrap();
        assert_eq!((&all[0], &all[2]), (&Decoded::default(), &Decoded::default()));
        assert!(!all[0].is_truncated() && !all[1].ids.is_empty());

        let network = network.with_longest_target(Some(7));
        assert_eq!((network.output_limit(3), network.output_limit(20)), (14, 40));
        let (fixed, _) = self::network(&[("max_length", "9")]);
        assert_eq!((fixed.output_limit(3), fixed.output_limit(20)), (9, 9));
    }
}
