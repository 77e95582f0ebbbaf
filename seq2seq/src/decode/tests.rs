//! Properties of decoders.

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

/// Networks of one vocabulary with different parameters.
fn networks(sets: &[&[(&str, &str)]], vocabulary: usize) -> Vec<(EncoderDecoder, Params)> {
    (1..).zip(sets).map(|(seed, set)| network(set, vocabulary, seed)).collect()
}

fn ensemble<'a>(
    networks: &'a [(EncoderDecoder, Params)],
    weights: &[f64],
    combination: Combination,
) -> Ensemble<'a> {
    let members = networks.iter().zip(weights);
    let members =
        members.map(|((model, params), &weight)| Member { model, params, weight }).collect();
    Ensemble::new(members, combination).unwrap()
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

#[test]
fn an_ensemble_of_copies_is_the_network() {
    let set: &[(&str, &str)] = &[("attention", "general"), ("wiring", "recur_then_attend")];
    let set = [set, &[("readout", "tanh_context"), ("input_feeding", "true")]].concat();
    let copies = [0, 1].map(|_| network(&set, 20, 3));
    let (inputs, threads) = (inputs(&sources(20)), Threads::new(2));
    let alone = Ensemble::single(&copies[0].0, &copies[0].1);
    for combination in [Combination::Linear, Combination::LogLinear] {
        let both = ensemble(&copies, &[1.0, 3.0], combination);
        for beam in [1, 4] {
            let options = BeamOptions {
                beam,
                n_best: beam,
                constraints: at_most(9),
                ..BeamOptions::default()
            };
            let want = decode(&alone, &inputs, &options, &threads).unwrap();
            assert_same(&decode(&both, &inputs, &options, &threads).unwrap(), &want);
        }
        let example = Example { source: sources(20)[1].clone(), target: vec![5, 9, 6, EOS] };
        let examples = [example, Example { source: vec![EOS], target: vec![5, EOS] }];
        let want = forced(&alone, &examples, &threads).unwrap();
        let found = forced(&both, &examples, &threads).unwrap();
        assert_eq!((found[0].correct, &found[1]), (want[0].correct, &want[1]));
        for (a, b) in found[0].token_logprobs.iter().zip(&want[0].token_logprobs) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}

/// The combined log-probability of the last token of a target from the members alone, up to the
/// divisor of a log-linear combination.
fn combined(ensemble: &Ensemble<'_>, source: &[u32], target: &[u32]) -> f64 {
    let mut reversed = source.to_vec();
    let last = reversed.len() - 1;
    reversed[..last].reverse();
    let first = ensemble.members()[0].model.decoder.is_reversed();
    let terms = ensemble.members().iter().map(|member| {
        let single = Ensemble::single(member.model, member.params);
        let is_reversed = member.model.decoder.is_reversed() != first;
        let source = if is_reversed { reversed.clone() } else { source.to_vec() };
        let example = Example { source, target: target.to_vec() };
        let output = forced(&single, &[example], &Threads::single()).unwrap();
        (member.weight, *output[0].token_logprobs.last().unwrap())
    });
    match ensemble.combination() {
        Combination::Linear => terms.map(|(w, logp)| w * logp.exp()).sum::<f64>().ln(),
        Combination::LogLinear => terms.map(|(w, logp)| w * logp).sum(),
    }
}

#[test]
fn the_probabilities_of_an_ensemble_follow_their_equations() {
    let networks = networks(
        &[
            &[("attention", "additive")],
            &[("attention", "dot"), ("reverse_source", "true"), ("cell", "lstm")],
            &[("attention", "none"), ("bidirectional", "false")],
        ],
        20,
    );
    let source = vec![5, 9, 11, 6, EOS];
    for combination in [Combination::Linear, Combination::LogLinear] {
        let ensemble = ensemble(&networks, &[2.0, 1.0, 1.0], combination);
        assert_eq!(ensemble.members()[0].weight, 0.5);
        let options = BeamOptions { constraints: at_most(4), ..BeamOptions::default() };
        let inputs = inputs(&[source.clone(), vec![7, EOS]]);
        let found = beam_search(&ensemble, &inputs, &options, &Threads::single()).unwrap();
        let best = &found[0][0].decoded;
        let output = DecodeInput { source: source.clone(), prefix: best.ids.clone(), number: 0 };
        let all = alternatives(&ensemble, &[output], 18, &Threads::single()).unwrap();
        for (t, all) in all[0].tokens[..best.ids.len()].iter().enumerate() {
            let combined =
                |id: u32| combined(&ensemble, &source, &[&best.ids[..t], &[id]].concat());
            let found = all.iter().find(|(id, _)| *id == best.ids[t]).unwrap().1;
            assert!((found - best.token_logprobs[t]).abs() < 1e-5);
            let shift = match combination {
                Combination::Linear => 0.0,
                Combination::LogLinear => combined(all[0].0) - f64::from(all[0].1),
            };
            assert_eq!(all.len(), 18);
            for &(id, logprob) in all {
                let want = combined(id) - shift;
                assert!((f64::from(logprob) - want).abs() < 1e-4, "{combination:?}, step {t}");
            }
        }
        // The mean of the two members that have attention, in the order of the first one.
        let attention: Vec<Vec<Vec<f32>>> = [0, 1]
            .map(|i| {
                let (model, params) = &networks[i];
                let mut source = source.clone();
                let words = source.len() - 1;
                if i == 1 {
                    source[..words].reverse();
                }
                let example = Example { source, target: best.ids.clone() };
                let single = Ensemble::single(model, params);
                let mut rows =
                    forced(&single, &[example], &Threads::single()).unwrap()[0].attention.clone();
                if i == 1 {
                    rows.iter_mut().for_each(|row| row[..words].reverse());
                }
                rows
            })
            .into();
        for (t, row) in best.attention.iter().enumerate() {
            for (s, weight) in row.iter().enumerate() {
                let want = (2.0 * attention[0][t][s] + attention[1][t][s]) / 3.0;
                assert!((weight - want).abs() < 1e-5, "step {t}, position {s}");
            }
        }
    }
}

#[test]
fn weights_of_an_ensemble_are_positive_numbers() {
    let networks = networks(&[&[], &[]], 20);
    let member = |weight| Member { model: &networks[0].0, params: &networks[0].1, weight };
    for weights in [&[][..], &[0.0], &[1.0, -1.0], &[f64::NAN], &[f64::INFINITY]] {
        let members = weights.iter().map(|&w| member(w)).collect();
        let error = Ensemble::new(members, Combination::Linear).unwrap_err().to_string();
        assert!(error.contains("above 0"), "{error}");
    }
}

#[test]
fn outputs_begin_with_their_prefixes() {
    let (network, params) = network(&[], 20, 11);
    let ensemble = Ensemble::single(&network, &params);
    let prefixes =
        [vec![7, 8], vec![], vec![9], vec![10; 14], vec![5], vec![6, UNK, 6], vec![], vec![4]];
    let inputs: Vec<DecodeInput> = sources(20)
        .into_iter()
        .zip(&prefixes)
        .map(|(source, prefix)| DecodeInput { source, prefix: prefix.clone(), number: 0 })
        .collect();
    let options =
        BeamOptions { beam: 3, n_best: 3, constraints: at_most(9), ..BeamOptions::default() };
    for beam in [1, 3] {
        let options = BeamOptions { beam, n_best: beam, ..options };
        let found = decode(&ensemble, &inputs, &options, &Threads::new(2)).unwrap();
        for (input, found) in inputs.iter().zip(&found).filter(|(i, _)| i.source.len() > 1) {
            for h in found {
                let ids = &h.decoded.ids;
                assert!(ids.starts_with(&input.prefix), "{input:?} {ids:?}");
                assert!(ids.len() > input.prefix.len());
                let want = forced_logprob(&ensemble, &input.source, ids);
                assert!((h.decoded.logprob - want).abs() < 1e-4);
            }
            let alone =
                decode(&ensemble, std::slice::from_ref(input), &options, &Threads::single());
            assert_same(&alone.unwrap(), std::slice::from_ref(found));
        }
        // A greedy output does not change if its own beginning is forced.
        if beam == 1 {
            let free = decode(&ensemble, &self::inputs(&sources(20)), &options, &Threads::single());
            for (source, free) in sources(20).into_iter().zip(free.unwrap()) {
                let prefix = free[0].decoded.ids.iter().copied().take(2).filter(|&id| id != EOS);
                let input = DecodeInput { source, prefix: prefix.collect(), number: 0 };
                let again = decode(&ensemble, &[input], &options, &Threads::single()).unwrap();
                assert_same(&again, &[free]);
            }
        }
    }
}

#[test]
fn alternatives_are_the_most_probable_tokens_at_each_position() {
    let (network, params) =
        network(&[("attention", "multi_head"), ("attention_heads", "3")], 20, 4);
    let ensemble = Ensemble::single(&network, &params);
    let source = vec![5, 9, 11, EOS];
    let inputs = [
        DecodeInput { source: source.clone(), prefix: vec![7, 8], number: 0 },
        DecodeInput { source: vec![6, EOS], prefix: vec![9, EOS], number: 0 },
        DecodeInput { source: vec![EOS], prefix: vec![9], number: 0 },
    ];
    let found = alternatives(&ensemble, &inputs, 4, &Threads::single()).unwrap();
    let counts: Vec<usize> = found.iter().map(|f| f.tokens.len()).collect();
    assert_eq!(counts, [3, 2, 0]);
    for (t, all) in found[0].tokens.iter().enumerate() {
        assert!(all.len() == 4 && all.is_sorted_by(|a, b| a.1 >= b.1));
        for &(id, logprob) in all {
            let target: Vec<u32> = [7, 8][..t].iter().copied().chain([id]).collect();
            let before =
                if t == 0 { 0.0 } else { forced_logprob(&ensemble, &source, &target[..t]) };
            let want = forced_logprob(&ensemble, &source, &target) - before;
            assert!((f64::from(logprob) - want).abs() < 1e-4);
        }
        let heads = &found[0].heads[t];
        assert_eq!((heads.len(), heads[0].len()), (3, 4));
        assert!(heads.iter().all(|head| (head.iter().sum::<f32>() - 1.0).abs() < 1e-5));
    }
}

#[test]
fn constraints_hold_for_every_output() {
    let (network, mut params) = network(&[], 20, 8);
    let bias = params.find("decoder.output.bias").unwrap();
    let mut values = vec![0.0; 20];
    values[UNK as usize] = 3.0;
    params.set(bias, Tensor::from_vec([20], values).unwrap()).unwrap();
    let ensemble = Ensemble::single(&network, &params);
    let inputs = inputs(&sources(20));
    for no_repeat_ngram in [1, 2, 3] {
        let constraints = Constraints { no_repeat_ngram, forbid_unknown: true, ..at_most(15) };
        let beam = BeamOptions { n_best: 5, constraints, ..BeamOptions::default() };
        let greedy = BeamOptions { constraints, ..BeamOptions::greedy() };
        let sampling = SamplingOptions { samples: 5, constraints, ..SamplingOptions::default() };
        let threads = Threads::single();
        let all = [
            decode(&ensemble, &inputs, &beam, &threads).unwrap(),
            decode(&ensemble, &inputs, &greedy, &threads).unwrap(),
            sample(&ensemble, &inputs, &sampling, &threads).unwrap(),
        ];
        for h in all.iter().flatten().flatten() {
            let ids = &h.decoded.ids;
            assert!(!ids.contains(&UNK) && ids.len() <= 15, "{ids:?}");
            let ngrams: Vec<&[u32]> = ids.windows(no_repeat_ngram).collect();
            let distinct: HashSet<&[u32]> = ngrams.iter().copied().collect();
            assert_eq!(distinct.len(), ngrams.len(), "{ids:?}");
        }
    }
    let free = BeamOptions { constraints: at_most(15), ..BeamOptions::greedy() };
    let free = decode(&ensemble, &inputs, &free, &Threads::single()).unwrap();
    assert!(free.iter().flatten().any(|h| h.decoded.ids.contains(&UNK)));
    let constraints = Constraints { max_length_ratio: Some(1.5), ..Constraints::default() };
    let short = BeamOptions { constraints, ..BeamOptions::default() };
    let found = decode(&ensemble, &inputs, &short, &Threads::single()).unwrap();
    for (input, found) in inputs.iter().zip(&found) {
        let most = (1.5 * input.source.len() as f64).ceil() as usize;
        assert!(found[0].decoded.ids.len() <= most);
    }
}

#[test]
fn samples_do_not_depend_on_batches_order_or_threads() {
    let (network, params) = network(&[], 20, 9);
    let ensemble = Ensemble::single(&network, &params);
    let numbered: Vec<DecodeInput> = (0..)
        .zip(sources(20))
        .map(|(number, source)| DecodeInput { source, prefix: Vec::new(), number })
        .collect();
    let options = SamplingOptions { samples: 4, constraints: at_most(9), ..Default::default() };
    let all = sample(&ensemble, &numbered, &options, &Threads::new(3)).unwrap();
    let mut reversed: Vec<DecodeInput> = numbered.clone();
    reversed.reverse();
    let mut turned = sample(&ensemble, &reversed, &options, &Threads::single()).unwrap();
    turned.reverse();
    assert_same(&turned, &all);
    for (input, all) in numbered.iter().zip(&all) {
        let alone = sample(&ensemble, std::slice::from_ref(input), &options, &Threads::single());
        assert_same(&alone.unwrap(), std::slice::from_ref(all));
        for h in all.iter().filter(|_| input.source.len() > 1) {
            let want = forced_logprob(&ensemble, &input.source, &h.decoded.ids);
            assert!((h.decoded.logprob - want).abs() < 1e-4);
        }
    }
    let other =
        sample(&ensemble, &numbered, &SamplingOptions { seed: 2, ..options }, &Threads::single());
    assert_ne!(other.unwrap(), all);
    // Temperature 0 and top_k = 1 are greedy decoding.
    let greedy = BeamOptions { constraints: at_most(9), ..BeamOptions::greedy() };
    let want = decode(&ensemble, &numbered, &greedy, &Threads::single()).unwrap();
    for options in [
        SamplingOptions { samples: 1, temperature: 0.0, ..options },
        SamplingOptions { samples: 1, top_k: 1, ..options },
    ] {
        let found = sample(&ensemble, &numbered, &options, &Threads::single()).unwrap();
        for (found, want) in found.iter().flatten().zip(want.iter().flatten()) {
            assert_eq!(found.decoded.ids, want.decoded.ids);
        }
    }
}

#[test]
fn samples_are_as_frequent_as_they_are_probable() {
    let (network, params) = network(&[], 7, 2);
    let ensemble = Ensemble::single(&network, &params);
    let source = vec![4, 5, EOS];
    let options =
        SamplingOptions { samples: 20_000, constraints: at_most(2), ..Default::default() };
    let found =
        sample(&ensemble, &inputs(std::slice::from_ref(&source)), &options, &Threads::single())
            .unwrap();
    let mut counts = std::collections::HashMap::new();
    for h in &found[0] {
        *counts.entry(h.decoded.ids.clone()).or_insert(0.0) += 1.0 / 20_000.0;
    }
    // PAD and SOS are never drawn, and the others share their probability.
    for (ids, count) in counts {
        let mut want = 1.0;
        for t in 0..ids.len() {
            let at = |id: u32| {
                let target: Vec<u32> = ids[..t].iter().copied().chain([id]).collect();
                let before =
                    if t == 0 { 0.0 } else { forced_logprob(&ensemble, &source, &ids[..t]) };
                (forced_logprob(&ensemble, &source, &target) - before).exp()
            };
            let drawn: f64 = (0..7).filter(|&id| id != PAD && id != SOS).map(at).sum();
            want *= at(ids[t]) / drawn;
        }
        assert!((count - want).abs() < 0.015, "{ids:?}: {count} {want}");
    }
}

#[test]
fn a_penalty_in_the_search_is_exhaustive_for_a_wide_beam() {
    let (network, params) = network(&[], 6, 1);
    for penalty in ["none", "average", "gnmt:0.8", "sockeye:1:2", "marian:0.5:-0.3"] {
        let options = BeamOptions {
            beam: 200,
            n_best: 40,
            constraints: at_most(4),
            length_penalty: penalty.parse().unwrap(),
            ..BeamOptions::default()
        };
        let source = [vec![4, 5, 5, EOS]];
        let within = BeamOptions { penalty_in_search: true, ..options };
        let want = search((&network, &params), &source, &options, &Threads::single());
        assert_same(&search((&network, &params), &source, &within, &Threads::single()), &want);
        // With a beam of one, a complete hypothesis gives way to no other.
        let narrow = BeamOptions { beam: 1, n_best: 1, ..within };
        let greedy = BeamOptions { beam: 1, n_best: 1, ..options };
        let want = search((&network, &params), &source, &greedy, &Threads::single());
        assert_same(&search((&network, &params), &source, &narrow, &Threads::single()), &want);
    }
}

#[test]
fn the_coverage_penalty_follows_its_equation() {
    let (network, params) = network(&[], 20, 5);
    let sources = sources(20);
    let options = BeamOptions {
        beam: 6,
        n_best: 6,
        constraints: at_most(9),
        coverage_penalty: 0.4,
        ..BeamOptions::default()
    };
    let found = search((&network, &params), &sources, &options, &Threads::single());
    let mut is_reordered = false;
    for found in found.iter().filter(|found| !found[0].decoded.ids.is_empty()) {
        for h in found {
            let (ids, attention) = (&h.decoded.ids, &h.decoded.attention);
            let mut want = options.length_penalty.score(h.decoded.logprob, ids.len());
            for s in 0..attention[0].len() {
                let sum: f32 = attention.iter().map(|row| row[s]).sum();
                want += 0.4 * f64::from(sum.min(1.0)).ln();
            }
            assert!((h.score - want).abs() < 1e-4, "{} {want}", h.score);
        }
        is_reordered |= !found.is_sorted_by(|a, b| {
            let score = |h: &Hypothesis| {
                options.length_penalty.score(h.decoded.logprob, h.decoded.ids.len())
            };
            a.decoded.is_truncated() != b.decoded.is_truncated() || score(a) >= score(b)
        });
    }
    assert!(is_reordered);
}

#[test]
fn a_language_model_is_searched_exhaustively_by_a_wide_beam() {
    let mut config = Config::default();
    for (key, value) in [("task", "language_lines"), ("hidden", "8"), ("embedding", "6")] {
        config.set(key, value).unwrap();
    }
    for cell in Cell::ALL {
        config.set("cell", cell.name()).unwrap();
        let mut params = Params::new();
        let network = LanguageNetwork::new(&mut params, &config, 6, 3).unwrap();
        let text = [SOS, 4, 5];
        let logprob = |ids: &[u32]| -> f64 {
            let all: Vec<u32> = text.iter().chain(ids).copied().collect();
            let mut tape = tensor::Tape::inference(&params);
            let time = all.len() - 1;
            let (logits, _) = network.logits(&mut tape, &all[..time], [time, 1], None).unwrap();
            let all = tensor::ops::log_probabilities(tape.value(logits), &all[1..]).unwrap();
            all[text.len() - 1..].iter().sum()
        };
        let constraints = Constraints { forbid_unknown: true, ..Constraints::default() };
        let options = BeamOptions { beam: 30, n_best: 30, constraints, ..BeamOptions::default() };
        let threads = Threads::single();
        let found = beam_search_language(&network, &params, &text, 3, &options, &threads).unwrap();
        let ended: Vec<&Hypothesis> = found.iter().filter(|h| !h.decoded.is_truncated()).collect();
        assert_eq!(ended.len(), 1 + 2 + 4, "{cell:?}");
        assert!(ended.is_sorted_by(|a, b| a.score >= b.score));
        for h in &found {
            let want = logprob(&h.decoded.ids);
            assert!((h.decoded.logprob - want).abs() < 1e-4, "{cell:?}: {h:?} {want}");
        }
        let endless =
            BeamOptions { constraints: Constraints { forbid_end: true, ..constraints }, ..options };
        let found = beam_search_language(&network, &params, &text, 3, &endless, &threads).unwrap();
        assert_eq!(found.len(), 8);
        assert!(found.iter().all(|h| h.decoded.ids.len() == 3 && h.decoded.is_truncated()));
        let none = beam_search_language(&network, &params, &[], 3, &options, &threads);
        assert!(none.unwrap_err().to_string().contains("at least one id"));
    }
}
