//! Prefixes, alternatives, constraints, samples and penalties.

use super::*;

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
    for draw in [
        Sampling { temperature: 0.0, ..Sampling::default() },
        Sampling { top_k: 1, ..Sampling::default() },
    ] {
        let options = SamplingOptions { samples: 1, draw, ..options };
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
