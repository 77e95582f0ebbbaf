//! Properties of ensembles.

use super::*;

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
