//! The tree of a beam search, and losses of a decoder that runs freely.

use super::*;
use crate::data::Batch;

#[test]
fn the_tree_holds_the_hypotheses_that_a_search_returns() {
    for set in line_up().iter().step_by(3) {
        let (network, params) = network(set, 12, 3);
        let ensemble = Ensemble::single(&network, &params);
        let options =
            BeamOptions { beam: 4, n_best: 4, constraints: at_most(9), ..BeamOptions::default() };
        for source in sources(12) {
            let found = search(
                (&network, &params),
                std::slice::from_ref(&source),
                &options,
                &Threads::single(),
            );
            let input = source.clone().into();
            let tree = beam_search_tree(&ensemble, &input, &options, &Threads::single()).unwrap();
            if source.len() < 2 {
                assert!(tree.nodes.is_empty());
                continue;
            }
            let mut returned: Vec<usize> =
                (0..tree.nodes.len()).filter(|&i| tree.nodes[i].rank.is_some()).collect();
            returned.sort_by_key(|&i| tree.nodes[i].rank);
            let path = |mut at: usize| {
                let mut ids = vec![tree.nodes[at].id];
                while let Some(before) = tree.nodes[at].before {
                    at = before;
                    ids.insert(0, tree.nodes[at].id);
                }
                ids
            };
            let paths: Vec<Vec<u32>> = returned.iter().map(|&i| path(i)).collect();
            let expected: Vec<Vec<u32>> = found[0].iter().map(|h| h.decoded.ids.clone()).collect();
            assert_eq!(paths, expected, "{set:?}");
            for (&node, hypothesis) in returned.iter().zip(&found[0]) {
                let node = tree.nodes[node];
                assert!((node.score.unwrap() - hypothesis.score).abs() < 1e-9);
                assert!((node.logprob - hypothesis.decoded.logprob).abs() < 1e-6);
            }
            // At most as many tokens as the beam is wide, and those that end.
            let depths = tree.depths();
            for depth in 1..=9 {
                let live = (0..depths.len())
                    .filter(|&i| depths[i] == depth && tree.nodes[i].score.is_none())
                    .count();
                assert!(live <= 4, "{live}");
            }
        }
    }
}

#[test]
fn a_decoder_that_runs_freely_is_scored_on_the_reference() {
    let (network, params) = network(&[], 12, 5);
    let ensemble = Ensemble::single(&network, &params);
    let threads = Threads::single();
    let examples: Vec<Example> = sources(12)
        .into_iter()
        .filter(|source| source.len() > 1)
        .map(|source| Example {
            target: source.iter().rev().skip(1).copied().chain([EOS]).collect(),
            source,
        })
        .collect();
    let loss = free_running_loss(&network, &params, &examples, &threads).unwrap();
    // One by one: the tokens that it is fed are those of its own greedy output.
    let (mut sum, mut count) = (0.0, 0);
    for example in &examples {
        let mut tape = tensor::Tape::inference(&params);
        let batch = Batch::new([example]);
        let run = network.free_running(&mut tape, &batch).unwrap();
        let logits = tape.value(run.logits).clone();
        let own: Vec<u32> = tensor::ops::argmax_except(&logits, &crate::model::NEVER_SAID)
            .unwrap()
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        // Forced with its own tokens, it predicts the same.
        let own_example = Example { source: example.source.clone(), target: own.clone() };
        let run = network.forced(&mut tape, &Batch::new([&own_example])).unwrap();
        let same = logits.data().iter().zip(tape.value(run.logits).data());
        assert!(same.into_iter().all(|(a, b)| (a - b).abs() < 1e-5));
        let forced = forced(&ensemble, &[own_example], &threads).unwrap().swap_remove(0);
        let logprobs = tensor::ops::log_probabilities(&logits, &own).unwrap();
        for (a, b) in forced.token_logprobs.iter().zip(&logprobs) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        sum -=
            tensor::ops::log_probabilities(&logits, &example.target).unwrap().iter().sum::<f64>();
        count += example.target.len();
    }
    assert!((loss - sum / f64::from(u32::try_from(count).unwrap())).abs() < 1e-5);
    // Forced with the reference, the loss is another one.
    let by_reference = forced(&ensemble, &examples, &threads).unwrap();
    let by_reference: f64 = by_reference.iter().flat_map(|f| &f.token_logprobs).map(|l| -l).sum();
    assert!((loss * count as f64 - by_reference).abs() > 1e-3);
}
