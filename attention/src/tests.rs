//! The kernels against the reference, and the reference against finite differences.

use tensor::check::{assert_close, finite_differences, to_f32, to_f64, values};
use tensor::{Params, Shape, Tape, Tensor, Threads};

use crate::reference::{self, Found, Weights};
use crate::{Attention, AttentionConfig, AttentionKind, QueryPosition};

mod observe;
#[cfg(feature = "opencl")]
mod opencl;
mod properties;

fn tensor(shape: impl Into<Shape>, values: &[f64]) -> Tensor {
    Tensor::from_vec(shape, to_f32(values)).unwrap()
}

/// An attention with reproducible parameters, and these by their names in the reference.
fn build(params: &mut Params, config: &AttentionConfig, scale: f64) -> (Attention, Weights<f64>) {
    let mut weights = Weights::new();
    let mut init = |name: &str, shape: Shape| {
        let seed = 30 + weights.len() as u64;
        let v: Vec<f64> = values(shape.len(), seed).iter().map(|v| v * scale).collect();
        let v = to_f64(&to_f32(&v));
        let value = tensor(shape, &v);
        weights.insert(name.strip_prefix("att.").unwrap().to_string(), v);
        Ok(value)
    };
    let attention = Attention::with_init(params, "att.", config.clone(), &mut init).unwrap();
    (attention, weights)
}

/// Kinds of all sizes and options; where a kind takes a content score, with each.
fn configs() -> Vec<AttentionConfig> {
    let mut all = Vec::new();
    for kind in AttentionKind::ALL {
        for (query, memory, width) in [(3, 5, 4), (16, 8, 24), (7, 7, 9), (18, 18, 1)] {
            let alike = matches!(
                kind,
                AttentionKind::Dot | AttentionKind::ScaledDot | AttentionKind::Cosine
            );
            let memory = if alike { query } else { memory };
            let (window, positions) = (1, 3);
            let new = AttentionConfig::new(kind, query, memory);
            all.push(AttentionConfig { width, window, positions, ..new });
        }
    }
    for kind in [AttentionKind::LocalM, AttentionKind::LocalP] {
        for score in AttentionKind::ALL.into_iter().filter(|kind| kind.is_content()) {
            let new = AttentionConfig::new(kind, 6, 6);
            all.push(AttentionConfig { score, width: 5, window: 2, renormalize: true, ..new });
        }
        all.push(AttentionConfig { width: 3, ..AttentionConfig::new(kind, 4, 5) });
    }
    all.push(AttentionConfig { window: 0, ..AttentionConfig::new(AttentionKind::LocalM, 4, 5) });
    for (query, memory, heads, head_key, head_value, output, causal) in [
        (6, 6, 2, 0, 0, 0, false),
        (6, 6, 3, 0, 0, 0, true),
        (6, 9, 2, 0, 0, 0, false),
        (4, 7, 3, 5, 2, 9, true),
        (6, 6, 2, 3, 4, 6, false),
        (20, 20, 1, 0, 0, 0, false),
    ] {
        let new = AttentionConfig::new(AttentionKind::MultiHead, query, memory);
        all.push(AttentionConfig { heads, head_key, head_value, output, causal, ..new });
    }
    all
}

#[test]
fn kernels_reference_and_finite_differences_agree() {
    for config in configs() {
        let places = match config.kind {
            AttentionKind::LocalM | AttentionKind::LocalP => {
                vec![(0, false), (2, true), (40, false), (1, true)]
            }
            AttentionKind::MultiHead => vec![(0, false), (2, false)],
            _ => vec![(0, false)],
        };
        for (time, reversed) in places {
            let place = QueryPosition { time, reversed };
            compare(&config, place, None, &[6, 2, 1]);
            compare(&config, place, Some(3), &[3, 4]);
        }
        compare(&config, QueryPosition::default(), None, &[1]);
    }
}

/// One step (`times` of none) or a sequence of queries, all directions.
fn compare(
    config: &AttentionConfig,
    place: QueryPosition,
    times: Option<usize>,
    lengths: &[usize],
) {
    let (q, k, o) = (config.query, config.memory, config.context());
    let (time, batch) = (lengths.iter().copied().max().unwrap() + 1, lengths.len());
    let (rows, heads) = (times.unwrap_or(1) * batch, config.heads);
    let mut params = Params::new();
    let (attention, w) = build(&mut params, config, 1.0);
    let (query, memory) = (values(rows * q, 1), values(time * batch * k, 2));
    let multi = config.kind == AttentionKind::MultiHead;
    let (cc, cw) = (values(rows * o, 3), values(rows * time, 4));
    let ch = values(if multi { rows * heads * time } else { 0 }, 5);

    // Row r is entry r % B at step r / B.
    let at = |r: usize| QueryPosition { time: place.time + r / batch, ..place };
    let of = |m: &[f64], r: usize| -> Vec<Vec<f64>> {
        let entry = |s: usize| m[(s * batch + r % batch) * k..][..k].to_vec();
        (0..lengths[r % batch]).map(entry).collect()
    };
    // The cotangents of a row, those of padding left out.
    let cotangent = |r: usize| {
        let n = lengths[r % batch];
        let heads = ch.chunks(time).skip(r * heads).take(heads);
        Found {
            context: cc[r * o..][..o].to_vec(),
            weights: cw[r * time..][..n].to_vec(),
            heads: heads.flat_map(|row| row[..n].to_vec()).collect(),
        }
    };
    let loss = |w: &Weights<f64>, query: &[f64], memory: &[f64]| -> f64 {
        let mut total = 0.0;
        for r in 0..rows {
            let m = of(memory, r);
            let (found, c) =
                (reference::attend(config, w, &query[r * q..][..q], &m, at(r)), cotangent(r));
            for (x, y) in
                [(found.context, c.context), (found.weights, c.weights), (found.heads, c.heads)]
            {
                assert_eq!(x.len(), y.len());
                total += x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>();
            }
        }
        total
    };

    let mut dw: Weights<f64> = w.iter().map(|(n, v)| (n.clone(), vec![0.0; v.len()])).collect();
    let (mut want_dq, mut want_dm) = (Vec::new(), vec![0.0; memory.len()]);
    let (mut want_c, mut want_a) = (Vec::new(), vec![0.0; rows * time]);
    let mut want_heads = vec![0.0; ch.len()];
    for r in 0..rows {
        let (query, m) = (&query[r * q..][..q], of(&memory, r));
        let found = reference::attend(config, &w, query, &m, at(r));
        want_c.extend(found.context);
        want_a[r * time..][..m.len()].copy_from_slice(&found.weights);
        for (j, row) in found.heads.chunks(m.len()).enumerate() {
            want_heads[(r * heads + j) * time..][..m.len()].copy_from_slice(row);
        }
        let (dq, dm) = reference::attend_back(config, &w, query, &m, at(r), &cotangent(r), &mut dw);
        want_dq.extend(dq);
        for (s, row) in dm.iter().enumerate() {
            let to = &mut want_dm[(s * batch + r % batch) * k..][..k];
            to.iter_mut().zip(row).for_each(|(a, b)| *a += b);
        }
    }
    let what = format!("{config:?} at {place:?}, {times:?} times, {lengths:?}");
    assert_close(&want_dq, &finite_differences(|x| loss(&w, x, &memory), &query), 1e-5, &what);
    assert_close(&want_dm, &finite_differences(|x| loss(&w, &query, x), &memory), 1e-5, &what);
    for (name, flat) in &w {
        let f = |x: &[f64]| {
            let mut w = w.clone();
            w.insert(name.clone(), x.to_vec());
            loss(&w, &query, &memory)
        };
        let want = finite_differences(f, flat);
        assert_close(&dw[name], &want, 1e-5, &format!("{name} of {what}"));
    }

    let mut tape = Tape::new(&params);
    let outer: Vec<usize> = times.into_iter().chain([batch]).collect();
    let shaped = |inner: &[usize]| Shape::new(&[&outer, inner].concat());
    let qv = tape.input(tensor(shaped(&[q]), &query));
    let mv = tape.input(tensor([time, batch, k], &memory));
    let mem = attention.memory(&mut tape, mv, lengths).unwrap();
    let found = attention.attend(&mut tape, qv, &mem, place).unwrap();
    assert_eq!(tape.shape(found.context), shaped(&[o]));
    assert_eq!(tape.shape(found.weights), shaped(&[time]));
    assert_close(&to_f64(tape.value(found.context).data()), &want_c, 1e-4, &what);
    assert_close(&to_f64(tape.value(found.weights).data()), &want_a, 1e-4, &what);
    let mut seeds = vec![
        (found.context, tensor(shaped(&[o]), &cc)),
        (found.weights, tensor(shaped(&[time]), &cw)),
    ];
    assert_eq!(found.heads.is_some(), multi);
    if let Some(each) = found.heads {
        assert_eq!(tape.shape(each), shaped(&[heads, time]));
        assert_close(&to_f64(tape.value(each).data()), &want_heads, 1e-4, &what);
        seeds.push((each, tensor(shaped(&[heads, time]), &ch)));
    }
    let back = tape.backward(&seeds).unwrap();
    let zeros = |n| vec![0.0; n];
    let got = |v| back.grad(v).map(|t| to_f64(t.data()));
    let dq = got(qv).unwrap_or_else(|| zeros(query.len()));
    assert_close(&dq, &want_dq, 1e-4, &format!("query of {what}"));
    assert_close(&got(mv).unwrap(), &want_dm, 1e-4, &format!("memory of {what}"));
    let g = back.gradients.reduce(&params, &Threads::single()).unwrap();
    for (name, want) in &dw {
        let Some(id) = params.find(&format!("att.{name}")) else { continue };
        let got = g.get(id).to_dense(params.shape(id));
        assert_close(&to_f64(got.data()), want, 1e-4, &format!("{name} of {what}"));
    }
}

#[test]
fn what_cannot_be_built_is_named() {
    let refused = |config: AttentionConfig, why: &str| {
        let zeros = &mut |_: &str, shape| Ok(Tensor::zeros(shape));
        let error = Attention::with_init(&mut Params::new(), "", config, zeros).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    };
    let new = AttentionConfig::new;
    refused(new(AttentionKind::General, 0, 6), "query is 0, expected at least 1");
    refused(new(AttentionKind::General, 4, 0), "memory is 0");
    refused(AttentionConfig { width: 0, ..new(AttentionKind::Concat, 4, 6) }, "width is 0");
    refused(AttentionConfig { width: 0, ..new(AttentionKind::LocalP, 4, 6) }, "width is 0");
    refused(
        AttentionConfig { positions: 0, ..new(AttentionKind::Location, 4, 6) },
        "positions is 0",
    );
    refused(AttentionConfig { window: 0, ..new(AttentionKind::LocalP, 4, 6) }, "window is 0");
    refused(AttentionConfig { heads: 0, ..new(AttentionKind::MultiHead, 4, 6) }, "heads is 0");
    refused(
        AttentionConfig { heads: 3, ..new(AttentionKind::MultiHead, 4, 6) },
        "3 heads of a query 4 wide",
    );
    for kind in [AttentionKind::Dot, AttentionKind::ScaledDot, AttentionKind::Cosine] {
        refused(new(kind, 4, 6), "a query as wide as the memory, found 4 and 6");
        refused(
            AttentionConfig { score: kind, ..new(AttentionKind::LocalM, 4, 6) },
            "found 4 and 6",
        );
    }
    for score in [
        AttentionKind::Location,
        AttentionKind::LocalM,
        AttentionKind::LocalP,
        AttentionKind::MultiHead,
    ] {
        let config = AttentionConfig { score, ..new(AttentionKind::LocalP, 4, 4) };
        refused(config, &format!("local_p cannot have the score {}", score.name()));
    }
    let error = AttentionKind::by_name("genral").unwrap_err().to_string();
    assert!(error.contains("\"genral\"") && error.contains("scaled_general, concat"), "{error}");
}

#[test]
fn names_are_those_of_configurations_and_lead_back() {
    for kind in AttentionKind::ALL {
        assert_eq!(AttentionKind::by_name(kind.name()).unwrap(), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
    assert_eq!(AttentionKind::by_name("none").unwrap(), None);
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let mut params = Params::new();
    let zeros = &mut |_: &str, shape| Ok(Tensor::zeros(shape));
    let config = AttentionConfig::new(AttentionKind::General, 4, 6);
    let attention = Attention::with_init(&mut params, "", config, zeros).unwrap();
    let mut tape = Tape::new(&params);
    let m = tape.input(Tensor::zeros([3, 2, 6]));
    let error = attention.memory(&mut tape, m, &[3]).unwrap_err();
    assert_eq!(error.to_string(), "memory: shapes [3, 2, 6] and [3, 1, 6] do not fit");
    assert!(attention.memory(&mut tape, m, &[4, 1]).is_err());
    let mem = attention.memory(&mut tape, m, &[3, 1]).unwrap();
    for shape in [&[2, 5][..], &[1, 4], &[3, 1, 4], &[2, 2, 2, 4], &[4]] {
        let q = tape.input(Tensor::zeros(shape));
        assert!(
            attention.attend(&mut tape, q, &mem, QueryPosition::default()).is_err(),
            "{shape:?}"
        );
    }
}
