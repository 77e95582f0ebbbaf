//! What holds of any attention under any mask.

use proptest::prelude::*;
use tensor::check::values;
use tensor::{Params, Tape, Tensor, Threads};

use super::{build, tensor};
use crate::{Attention, AttentionConfig, AttentionKind, AttentionOutput, QueryPosition};

const WIDTH: usize = 6;

fn config() -> impl Strategy<Value = AttentionConfig> {
    let content: Vec<AttentionKind> =
        AttentionKind::ALL.into_iter().filter(|kind| kind.is_content()).collect();
    let score = prop::sample::select(content);
    let (positions, window, heads) = (1_usize..9, 1_usize..5, prop::sample::select(vec![1, 2, 3]));
    (score, positions, window, heads, any::<[bool; 2]>()).prop_map(
        |(score, positions, window, heads, [renormalize, causal])| {
            let new = AttentionConfig::new(AttentionKind::General, WIDTH, WIDTH);
            AttentionConfig { score, positions, window, heads, renormalize, causal, ..new }
        },
    )
}

/// The spans that the definitions give, entry by entry; `None` where the query decides.
fn is_seen(
    config: &AttentionConfig,
    place: QueryPosition,
    length: usize,
    i: usize,
) -> Option<bool> {
    let inside = i < length;
    match config.kind {
        AttentionKind::Location => Some(inside && i < config.positions),
        AttentionKind::LocalM if inside => {
            let position = if place.reversed { length - 1 - i } else { i };
            Some(position.abs_diff(place.time.min(length - 1)) <= config.window)
        }
        AttentionKind::LocalP if inside => None,
        AttentionKind::MultiHead if config.causal => Some(inside && i <= place.time),
        _ => Some(inside),
    }
}

struct Computed<'p> {
    tape: Tape<'p>,
    found: AttentionOutput,
    memory: tensor::Var,
    query: tensor::Var,
}

fn ask<'p>(
    params: &'p Params,
    attention: &Attention,
    query: Tensor,
    memory: Tensor,
    lengths: &[usize],
    place: QueryPosition,
) -> Computed<'p> {
    let mut tape = Tape::new(params);
    let (query, states) = (tape.input(query), tape.input(memory));
    let memory = attention.memory(&mut tape, states, lengths).unwrap();
    let found = attention.attend(&mut tape, query, &memory, place).unwrap();
    Computed { tape, found, memory: states, query }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn weights_sum_to_one_where_anything_is_seen_and_are_zero_elsewhere(
        options in config(),
        lengths in prop::collection::vec(0_usize..=8, 1..5),
        (time, reversed) in (0_usize..12, any::<bool>()),
        // Up to scores that saturate softmax and sigmoid.
        (scale, seed) in (prop::sample::select(vec![0.0, 1.0, 30.0]), 0_u64..1_000),
    ) {
        let (batch, longest) = (lengths.len(), 8);
        for kind in AttentionKind::ALL {
            let config = AttentionConfig { kind, ..options.clone() };
            let mut params = Params::new();
            let (attention, _) = build(&mut params, &config, scale);
            let place = QueryPosition { time, reversed };
            let (q, m) = (values(batch * WIDTH, seed), values(longest * batch * WIDTH, seed + 1));
            let query = tensor([batch, WIDTH], &q);
            let memory = tensor([longest, batch, WIDTH], &m);
            let Computed { mut tape, found, memory, query } =
                ask(&params, &attention, query, memory, &lengths, place);
            let count = if kind == AttentionKind::MultiHead { config.heads } else { 1 };
            let each = tape.value(found.heads.unwrap_or(found.weights)).data().to_vec();
            for (r, row) in each.chunks(longest).enumerate() {
                let length = lengths[r / count];
                let mut any_seen = false;
                for (i, &a) in row.iter().enumerate() {
                    prop_assert!(a.is_finite() && a >= 0.0, "{config:?}: {row:?}");
                    let seen = is_seen(&config, place, length, i);
                    any_seen |= seen != Some(false);
                    prop_assert!(seen != Some(false) || a == 0.0, "{config:?}, {i}: {row:?}");
                }
                let total: f32 = row.iter().sum();
                if !any_seen {
                    prop_assert_eq!(total, 0.0);
                } else if kind == AttentionKind::LocalP && !config.renormalize {
                    prop_assert!(total > 0.0 && total < 1.0 + 1e-5, "{config:?}: {row:?}");
                } else {
                    prop_assert!((total - 1.0).abs() < 1e-5, "{config:?}: {row:?}");
                }
                if kind == AttentionKind::LocalP {
                    let wide = row.iter().filter(|&&a| a != 0.0).count();
                    prop_assert!(wide <= 2 * config.window + 1, "{config:?}: {row:?}");
                }
            }
            let context = tape.value(found.context).data().to_vec();
            for (row, &length) in context.chunks(WIDTH).zip(&lengths) {
                prop_assert!(row.iter().all(|c| c.is_finite()));
                prop_assert!(length > 0 || row.iter().all(|&c| c == 0.0), "{config:?}: {row:?}");
            }
            let seeds = [
                (found.context, Tensor::full([batch, WIDTH], 1.0)),
                (found.weights, tensor([batch, longest], &values(batch * longest, seed + 2))),
            ];
            let back = tape.backward(&seeds).unwrap();
            let finite = |t: &Tensor| t.data().iter().all(|d| d.is_finite());
            prop_assert!(back.grad(query).is_none_or(finite), "{config:?}");
            let d_memory = back.grad(memory).unwrap();
            prop_assert!(finite(d_memory), "{config:?}");
            for (i, row) in d_memory.data().chunks(WIDTH).enumerate() {
                let (s, b) = (i / batch, i % batch);
                let padding = s >= lengths[b];
                prop_assert!(!padding || row.iter().all(|&d| d == 0.0), "{config:?}: {s}, {b}");
            }
            let gradients = back.gradients.reduce(&params, &Threads::single()).unwrap();
            prop_assert!(gradients.norms(None).unwrap().total.is_finite(), "{config:?}");
        }
    }

    #[test]
    fn padding_and_neighbours_change_nothing(
        options in config(),
        lengths in prop::collection::vec(1_usize..=6, 2..4),
        (time, reversed) in (0_usize..8, any::<bool>()),
        seed in 0_u64..1_000,
    ) {
        let (batch, longest) = (lengths.len(), 9);
        let place = QueryPosition { time, reversed };
        let (q, m) = (values(batch * WIDTH, seed), values(longest * batch * WIDTH, seed + 1));
        for kind in AttentionKind::ALL {
            let config = AttentionConfig { kind, ..options.clone() };
            let mut params = Params::new();
            let (attention, _) = build(&mut params, &config, 1.0);
            let query = tensor([batch, WIDTH], &q);
            let memory = tensor([longest, batch, WIDTH], &m);
            let all = ask(&params, &attention, query, memory, &lengths, place);
            for (b, &length) in lengths.iter().enumerate() {
                let entry = |s: usize| m[(s * batch + b) * WIDTH..][..WIDTH].to_vec();
                let alone: Vec<f64> = (0..length).flat_map(entry).collect();
                let query = tensor([1, WIDTH], &q[b * WIDTH..][..WIDTH]);
                let alone = tensor([length, 1, WIDTH], &alone);
                let one = ask(&params, &attention, query, alone, &[length], place);
                let got = &all.tape.value(all.found.weights).data()[b * longest..][..length];
                for (x, y) in got.iter().zip(one.tape.value(one.found.weights).data()) {
                    prop_assert!((x - y).abs() < 1e-6, "{config:?}: {x} and {y}");
                }
                let got = &all.tape.value(all.found.context).data()[b * WIDTH..][..WIDTH];
                for (x, y) in got.iter().zip(one.tape.value(one.found.context).data()) {
                    prop_assert!((x - y).abs() < 1e-5, "{config:?}: {x} and {y}");
                }
            }
        }
    }

    #[test]
    fn a_sequence_gives_what_its_steps_give(
        options in config(),
        lengths in prop::collection::vec(0_usize..=5, 1..4),
        (time, reversed) in (0_usize..4, any::<bool>()),
        seed in 0_u64..1_000,
    ) {
        let (times, batch, longest) = (4, lengths.len(), 5);
        let q = values(times * batch * WIDTH, seed);
        let memory = tensor([longest, batch, WIDTH], &values(longest * batch * WIDTH, seed + 1));
        for kind in AttentionKind::ALL {
            let config = AttentionConfig { kind, ..options.clone() };
            let mut params = Params::new();
            let (attention, _) = build(&mut params, &config, 1.0);
            let query = tensor([times, batch, WIDTH], &q);
            let place = QueryPosition { time, reversed };
            let all = ask(&params, &attention, query, memory.clone(), &lengths, place);
            for t in 0..times {
                let query = tensor([batch, WIDTH], &q[t * batch * WIDTH..][..batch * WIDTH]);
                let place = QueryPosition { time: time + t, reversed };
                let one = ask(&params, &attention, query, memory.clone(), &lengths, place);
                let pairs = [
                    (all.found.weights, one.found.weights, batch * longest),
                    (all.found.context, one.found.context, batch * WIDTH),
                ];
                for (x, y, n) in pairs {
                    let x = &all.tape.value(x).data()[t * n..][..n];
                    for (x, y) in x.iter().zip(one.tape.value(y).data()) {
                        prop_assert!((x - y).abs() < 1e-5, "{config:?}, {t}: {x} and {y}");
                    }
                }
            }
        }
    }
}

/// What lies outside a window is not read: it may hold anything.
#[test]
fn only_the_window_is_computed() {
    let (longest, time) = (9, 4);
    for score in AttentionKind::ALL.into_iter().filter(|kind| kind.is_content()) {
        let new = AttentionConfig::new(AttentionKind::LocalM, WIDTH, WIDTH);
        let config = AttentionConfig { score, window: 1, ..new };
        let mut params = Params::new();
        let (attention, _) = build(&mut params, &config, 1.0);
        let mut m = values(longest * WIDTH, 1);
        m[..3 * WIDTH].fill(f64::NAN);
        m[6 * WIDTH..].fill(f64::NAN);
        let (query, memory) = (values(WIDTH, 2), tensor([longest, 1, WIDTH], &m));
        let query = tensor([1, WIDTH], &query);
        let place = QueryPosition { time, reversed: false };
        let output = ask(&params, &attention, query, memory, &[longest], place);
        let weights = output.tape.value(output.found.weights).data();
        assert!((weights[3..6].iter().sum::<f32>() - 1.0).abs() < 1e-6, "{weights:?}");
        assert!(weights[..3].iter().chain(&weights[6..]).all(|&a| a == 0.0));
        assert!(output.tape.value(output.found.context).data().iter().all(|c| c.is_finite()));
    }
}
