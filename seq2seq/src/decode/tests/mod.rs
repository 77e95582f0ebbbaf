//! Properties of decoders.

mod ensembles;
mod outputs;
mod tree;

use std::collections::HashSet;

use tensor::{Params, Tensor, Threads};
use tokenizer::{EOS, PAD, SOS, UNK};

use super::*;
use crate::Config;
use crate::config::{AttentionKind, Cell, attention_name};
use crate::data::Example;
use crate::model::{EncoderDecoder, LanguageNetwork};

/// A random network whose outputs differ from source to source and come to an end.
fn network(set: &[(&str, &str)], vocabulary: usize, seed: u64) -> (EncoderDecoder, Params) {
    let mut config = Config::default();
    let small = [
        ("hidden", "12"),
        ("embedding", "8"),
        ("merge", "sum"),
        ("init", "uniform"),
        ("init_scale", "0.9"),
    ];
    for (key, value) in small.iter().chain(set) {
        config.set(key, value).unwrap();
    }
    config.validate().unwrap();
    let mut params = Params::new();
    let network = EncoderDecoder::new(&mut params, &config, vocabulary, vocabulary, seed).unwrap();
    (network, params)
}

fn sources(vocabulary: u32) -> Vec<Vec<u32>> {
    let ids = |n: u32| (0..n).map(|i| 4 + (i * 7 + n) % (vocabulary - 4)).chain([EOS]).collect();
    [3, 9, 3, 1, 0, 12, 9, 5].into_iter().map(ids).collect()
}

/// Searches with one network for outputs without a prefix.
fn search(
    (network, params): (&EncoderDecoder, &Params),
    sources: &[Vec<u32>],
    options: &BeamOptions,
    threads: &Threads,
) -> Vec<Vec<Hypothesis>> {
    let inputs: Vec<DecodeInput> = sources.iter().cloned().map(Into::into).collect();
    beam_search(&Ensemble::single(network, params), &inputs, options, threads).unwrap()
}

fn at_most(limit: usize) -> Constraints {
    Constraints { max_length: Some(limit), ..Constraints::default() }
}

/// The log-probability of a target, fed to the network.
fn forced_logprob(ensemble: &Ensemble<'_>, source: &[u32], target: &[u32]) -> f64 {
    let example = Example { source: source.to_vec(), target: target.to_vec() };
    let output = forced(ensemble, &[example], &Threads::single()).unwrap().swap_remove(0);
    output.token_logprobs.iter().sum()
}

/// Every wiring, attention and cell, by turns.
fn line_up() -> Vec<Vec<(&'static str, &'static str)>> {
    let mut all = Vec::new();
    for kind in [None].into_iter().chain(AttentionKind::ALL.map(Some)) {
        let name = attention_name(kind);
        all.push(vec![("attention", name), ("wiring", "attend_then_recur")]);
        let readout = if kind.is_some() { "tanh_context" } else { "linear" };
        let feeding = if kind.is_some() { "true" } else { "false" };
        all.push(vec![
            ("attention", name),
            ("wiring", "recur_then_attend"),
            ("readout", readout),
            ("input_feeding", feeding),
            ("reverse_source", "true"),
        ]);
    }
    for cell in Cell::ALL {
        all.push(vec![("cell", cell.name()), ("layers", "2")]);
    }
    all.push(vec![("attention", "multi_head"), ("attention_heads", "3")]);
    all.push(vec![("attention", "local_m"), ("attention_window", "1")]);
    all.push(vec![("attend_padding", "true"), ("reset_decoder_state", "true")]);
    all.push(vec![("readout", "maxout"), ("readout_state", "previous")]);
    all
}

#[test]
fn a_beam_of_one_is_greedy() {
    for set in line_up() {
        let (network, params) = network(&set, 20, 5);
        let (sources, threads) = (sources(20), Threads::new(2));
        let options = BeamOptions { beam: 1, constraints: at_most(12), ..BeamOptions::default() };
        let found = search((&network, &params), &sources, &options, &threads);
        let want = greedy(&network, &params, &sources, Some(12), &threads).unwrap();
        for (found, want) in found.iter().zip(&want) {
            let [found] = found.as_slice() else { panic!("{set:?}: {found:?}") };
            assert_eq!(found.decoded.ids, want.ids, "{set:?}");
            assert!((found.decoded.logprob - want.logprob).abs() < 1e-4, "{set:?}");
            assert_eq!(found.decoded.attention.len(), want.attention.len());
            for (a, b) in found.decoded.attention.iter().zip(&want.attention) {
                assert_eq!(a.len(), b.len());
                assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5), "{set:?}");
            }
        }
    }
}

#[test]
fn hypotheses_are_distinct_sorted_and_scored_as_forced() {
    for set in line_up() {
        let (network, params) = network(&set, 20, 6);
        let (sources, threads) = (sources(20), Threads::new(2));
        let options =
            BeamOptions { beam: 4, n_best: 4, constraints: at_most(10), ..BeamOptions::default() };
        let found = search((&network, &params), &sources, &options, &threads);
        for (source, found) in sources.iter().zip(&found) {
            if source.len() < 2 {
                assert_eq!(found, &[Hypothesis::default()]);
                continue;
            }
            let ids: HashSet<&[u32]> = found.iter().map(|h| h.decoded.ids.as_slice()).collect();
            assert_eq!(ids.len(), found.len(), "{set:?}");
            let key = |h: &Hypothesis| (h.decoded.is_truncated(), -h.score);
            assert!(found.is_sorted_by(|a, b| key(a) <= key(b)), "{set:?}");
            for h in found {
                let want =
                    forced_logprob(&Ensemble::single(&network, &params), source, &h.decoded.ids);
                assert!((h.decoded.logprob - want).abs() < 1e-4, "{set:?}: {h:?} {want}");
                let score = options.length_penalty.score(h.decoded.logprob, h.decoded.ids.len());
                assert!((h.score - score).abs() < 1e-12);
                assert!(!h.decoded.ids.contains(&SOS) && !h.decoded.ids.contains(&PAD));
            }
        }
    }
}

#[test]
fn neighbours_order_and_threads_change_nothing() {
    for set in [
        vec![("attention", "additive")],
        vec![
            ("attention", "local_m"),
            ("wiring", "recur_then_attend"),
            ("readout", "tanh_context"),
        ],
        vec![("attention", "none"), ("bidirectional", "false")],
        vec![("attend_padding", "true"), ("reset_decoder_state", "true")],
    ] {
        let (network, params) = network(&set, 20, 7);
        let sources = sources(20);
        let options = BeamOptions { n_best: 3, constraints: at_most(9), ..BeamOptions::default() };
        let threads = Threads::new(3);
        let all = search((&network, &params), &sources, &options, &threads);
        let turned: Vec<Vec<u32>> = sources.iter().rev().cloned().collect();
        let turned = search((&network, &params), &turned, &options, &Threads::single());
        for (i, source) in sources.iter().enumerate() {
            let alone = [source.clone()];
            let alone = search((&network, &params), &alone, &options, &threads);
            for other in [&alone[0], &turned[sources.len() - 1 - i]] {
                assert_eq!(all[i].len(), other.len());
                for (a, b) in all[i].iter().zip(other) {
                    assert_eq!(a.decoded.ids, b.decoded.ids, "{set:?}");
                    assert!((a.score - b.score).abs() < 1e-5);
                }
            }
        }
    }
}

#[test]
fn a_beam_as_wide_as_the_space_finds_the_best_of_all() {
    const LIMIT: usize = 4;
    let vocabulary = 6;
    let tokens = [UNK, 4, 5];
    // Every target of up to LIMIT tokens that ends in EOS.
    let mut targets: Vec<Vec<u32>> = Vec::new();
    let mut begun: Vec<Vec<u32>> = vec![Vec::new()];
    for _ in 0..LIMIT {
        let ended = begun.iter().map(|b| [b.as_slice(), &[EOS]].concat());
        targets.extend(ended);
        begun = begun
            .iter()
            .flat_map(|b| tokens.iter().map(|&id| [b.as_slice(), &[id]].concat()))
            .collect();
    }
    assert_eq!(targets.len(), 1 + 3 + 9 + 27);
    for (seed, penalty) in
        ["none", "average", "gnmt:0.8", "sockeye:1:2", "marian:0.5:-0.3"].into_iter().enumerate()
    {
        let (network, params) = network(&[], vocabulary, seed as u64);
        let length_penalty: LengthPenalty = penalty.parse().unwrap();
        let source = vec![4, 5, 5, EOS];
        let mut want: Vec<(f64, &Vec<u32>)> = targets
            .iter()
            .map(|target| {
                let logprob = forced_logprob(&Ensemble::single(&network, &params), &source, target);
                (length_penalty.score(logprob, target.len()), target)
            })
            .collect();
        want.sort_by(|a, b| b.0.total_cmp(&a.0));
        let options = BeamOptions {
            beam: 200,
            n_best: 40,
            constraints: at_most(LIMIT),
            length_penalty,
            ..BeamOptions::default()
        };
        let found = search((&network, &params), &[source], &options, &Threads::single());
        assert_eq!(found[0].len(), want.len(), "{penalty}");
        for (found, want) in found[0].iter().zip(&want) {
            assert!((found.score - want.0).abs() < 1e-5, "{penalty}: {found:?} {want:?}");
        }
        assert_eq!(&found[0][0].decoded.ids, want[0].1, "{penalty}");
    }
}

#[test]
fn lengths_are_kept_within_their_limits() {
    let (network, params) = network(&[], 20, 8);
    let sources = sources(20);
    let constraints = Constraints { min_length: 6, ..at_most(8) };
    let options = BeamOptions { constraints, ..BeamOptions::default() };
    let found = search((&network, &params), &sources, &options, &Threads::single());
    for (source, found) in sources.iter().zip(found) {
        let ids = &found[0].decoded.ids;
        assert!(source.len() < 2 || (6..=8).contains(&ids.len()), "{ids:?}");
        assert!(ids.iter().rev().skip(1).all(|&id| id != EOS));
    }
}

#[test]
fn logits_that_are_no_numbers_give_an_empty_hypothesis() {
    let (network, mut params) = network(&[], 20, 8);
    let bias = params.find("decoder.output.bias").unwrap();
    params.set(bias, Tensor::full([20], f32::NAN)).unwrap();
    let options = BeamOptions { constraints: at_most(5), ..BeamOptions::default() };
    let sources = [vec![5, 6, EOS]];
    let found = search((&network, &params), &sources, &options, &Threads::single());
    assert!(found[0].len() == 1 && found[0][0].decoded.ids.is_empty(), "{found:?}");
    assert!(found[0][0].score.is_nan());
}

fn inputs(sources: &[Vec<u32>]) -> Vec<DecodeInput> {
    sources.iter().cloned().map(Into::into).collect()
}

fn assert_same(found: &[Vec<Hypothesis>], want: &[Vec<Hypothesis>]) {
    assert_eq!(found.len(), want.len());
    for (found, want) in found.iter().flatten().zip(want.iter().flatten()) {
        assert_eq!(found.decoded.ids, want.decoded.ids);
        assert!((found.score - want.score).abs() < 1e-5, "{found:?} {want:?}");
        assert_eq!(found.decoded.attention.len(), want.decoded.attention.len());
        for (a, b) in found.decoded.attention.iter().zip(&want.decoded.attention) {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} {b:?}");
        }
    }
}
