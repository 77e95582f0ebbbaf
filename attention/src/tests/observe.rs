//! Observed attention against the operation, and replaced weights against the reference.

use tensor::check::{assert_close, to_f64, values};
use tensor::{Params, Tape, Tensor};

use super::{build, configs, tensor};
use crate::{AttentionKind, QueryPosition, reference};

const POSITIONS: usize = 5;

fn inputs<'p>(tape: &mut Tape<'p>, query: usize, memory: usize) -> (tensor::Var, tensor::Var) {
    let states = tape.constant(tensor([POSITIONS, 1, memory], &values(POSITIONS * memory, 1)));
    (tape.constant(tensor([1, query], &values(query, 2))), states)
}

#[test]
fn observed_attention_has_the_values_of_the_operation() {
    for config in configs() {
        for reversed in [false, true] {
            let mut params = Params::new();
            let (attention, _) = build(&mut params, &config, 1.0);
            let mut tape = Tape::inference(&params);
            let (query, states) = inputs(&mut tape, config.query, config.memory);
            let memory = attention.memory(&mut tape, states, &[POSITIONS]).unwrap();
            let place = QueryPosition { time: 2, reversed };
            let want = attention.attend(&mut tape, query, &memory, place).unwrap();
            let got = attention.observe(&mut tape, query, &memory, place, None).unwrap();
            let of = |v| to_f64(tape.value(v).data());
            let what = format!("{config:?}");
            assert_eq!(of(got.output.context), of(want.context), "{what}");
            assert_eq!(of(got.output.weights), of(want.weights), "{what}");
            assert_eq!(got.output.heads.map(of), want.heads.map(of), "{what}");
            // The softmax of the scores is the weights, but for the Gaussian.
            if config.kind != AttentionKind::LocalP {
                let heads = got.output.heads.map_or_else(|| of(got.output.weights), of);
                let all = got.scores.chunks(POSITIONS).zip(heads.chunks(POSITIONS));
                for (scores, weights) in all {
                    let scores = to_f64(scores);
                    let total: f64 = scores.iter().map(|e| e.exp()).sum();
                    let softmax: Vec<f64> = scores.iter().map(|e| e.exp() / total).collect();
                    assert_close(&softmax, weights, 1e-6, &what);
                }
            }
        }
    }
}

#[test]
fn replaced_weights_make_the_context() {
    for config in configs() {
        let mut params = Params::new();
        let (attention, w) = build(&mut params, &config, 1.0);
        let mut tape = Tape::inference(&params);
        let (query, states) = inputs(&mut tape, config.query, config.memory);
        let memory = attention.memory(&mut tape, states, &[POSITIONS]).unwrap();
        let weights = [0.0, 0.25, 0.0, 0.75, 0.0];
        let place = QueryPosition::default();
        let got = attention.observe(&mut tape, query, &memory, place, Some(&weights)).unwrap();
        assert_eq!(tape.value(got.output.weights).data(), weights, "{config:?}");
        let all = values(POSITIONS * config.memory, 1);
        let rows: Vec<&[f64]> = all.chunks(config.memory).collect();
        let mixed: Vec<f64> =
            rows[1].iter().zip(rows[3]).map(|(a, b)| 0.25 * a + 0.75 * b).collect();
        // The context is linear in the weights: that of a memory of one entry, their mean.
        let want = match config.kind {
            AttentionKind::MultiHead => {
                let query = values(config.query, 2);
                reference::attend(&config, &w, &query, &[mixed], place).context
            }
            _ => mixed,
        };
        let got = to_f64(tape.value(got.output.context).data());
        assert_close(&got, &want, 1e-5, &format!("{config:?}"));
    }
}

#[test]
fn only_one_query_of_one_sentence_is_observed() {
    let config = &configs()[0];
    let mut params = Params::new();
    let (attention, _) = build(&mut params, config, 1.0);
    let mut tape = Tape::inference(&params);
    let (query, states) = inputs(&mut tape, config.query, config.memory);
    let memory = attention.memory(&mut tape, states, &[POSITIONS]).unwrap();
    let place = QueryPosition::default();
    let error = attention.observe(&mut tape, query, &memory, place, Some(&[1.0])).unwrap_err();
    assert!(error.to_string().contains("weights: shapes [1] and [1, 5]"), "{error}");
    let two = tape.constant(Tensor::zeros([2, config.query]));
    let error = attention.observe(&mut tape, two, &memory, place, None).unwrap_err();
    assert!(error.to_string().contains("2 queries"), "{error}");
}
