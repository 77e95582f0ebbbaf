//! The kernels against the reference, the reference against finite differences, and what holds of
//! any attention.

use tensor::check::{assert_close, finite_differences, narrow, values, wide};
use tensor::{Params, Tape, Tensor, Threads};

use crate::reference::{self, Weights};
use crate::{Attention, AttentionConfig, Kind};

const NAMES: [&str; 7] = ["w_query", "w_memory", "v", "b_query", "b_memory", "b_v", "w"];

fn parts<F>(w: &mut Weights<F>) -> [&mut Vec<F>; 7] {
    [
        &mut w.w_query,
        &mut w.w_memory,
        &mut w.v,
        &mut w.b_query,
        &mut w.b_memory,
        &mut w.b_v,
        &mut w.w,
    ]
}

fn weights(kind: Kind, q: usize, k: usize, a: usize) -> Weights<f64> {
    let bias = |n| if kind == Kind::AdditiveBias { values(n, n as u64 + 40) } else { vec![] };
    match kind {
        Kind::General => Weights { w: values(q * k, 30), ..Weights::default() },
        _ => Weights {
            w_query: values(a * q, 31),
            w_memory: values(a * k, 32),
            v: values(a, 33),
            b_query: bias(a),
            b_memory: bias(a),
            b_v: bias(1),
            w: vec![],
        },
    }
}

#[test]
fn kernels_reference_and_finite_differences_agree() {
    for kind in Kind::ALL {
        for (q, k, a, lengths) in
            [(3, 5, 4, vec![4, 2, 1]), (16, 8, 24, vec![3, 3]), (7, 7, 9, vec![1])]
        {
            compare(kind, q, k, a, &lengths);
        }
    }
}

fn compare(kind: Kind, q: usize, k: usize, a: usize, lengths: &[usize]) {
    let (time, batch) = (lengths.iter().copied().max().unwrap() + 1, lengths.len());
    let w = weights(kind, q, k, a);
    let (query, memory) = (values(batch * q, 1), values(time * batch * k, 2));
    let (cc, cw) = (values(batch * k, 3), values(batch * time, 4));
    let of = |m: &[f64], b: usize| -> Vec<Vec<f64>> {
        (0..lengths[b]).map(|s| m[(s * batch + b) * k..][..k].to_vec()).collect()
    };
    let loss = |w: &Weights<f64>, query: &[f64], memory: &[f64]| -> f64 {
        let mut total = 0.0;
        for b in 0..batch {
            let (c, a) = reference::attend(kind, w, &query[b * q..][..q], &of(memory, b));
            total += c.iter().zip(&cc[b * k..]).map(|(x, y)| x * y).sum::<f64>();
            total += a.iter().zip(&cw[b * time..]).map(|(x, y)| x * y).sum::<f64>();
        }
        total
    };

    let mut dw = w.clone();
    parts(&mut dw).into_iter().for_each(|p| p.fill(0.0));
    let (mut want_dq, mut want_dm) = (Vec::new(), vec![0.0; memory.len()]);
    let (mut want_c, mut want_a) = (Vec::new(), vec![0.0; batch * time]);
    for b in 0..batch {
        let (query, m) = (&query[b * q..][..q], of(&memory, b));
        let (c, a) = reference::attend(kind, &w, query, &m);
        want_c.extend(c);
        want_a[b * time..][..a.len()].copy_from_slice(&a);
        let (dq, dm) = reference::attend_back(
            kind,
            &w,
            query,
            &m,
            &cc[b * k..][..k],
            &cw[b * time..][..time],
            &mut dw,
        );
        want_dq.extend(dq);
        for (s, row) in dm.iter().enumerate() {
            want_dm[(s * batch + b) * k..][..k].copy_from_slice(row);
        }
    }
    let what = kind.name();
    assert_close(&want_dq, &finite_differences(|x| loss(&w, x, &memory), &query), 1e-5, what);
    assert_close(&want_dm, &finite_differences(|x| loss(&w, &query, x), &memory), 1e-5, what);
    for (i, name) in NAMES.iter().enumerate() {
        let flat = parts(&mut w.clone())[i].clone();
        let f = |x: &[f64]| {
            let mut w = w.clone();
            *parts(&mut w)[i] = x.to_vec();
            loss(&w, &query, &memory)
        };
        let want = finite_differences(f, &flat);
        assert_close(parts(&mut dw)[i], &want, 1e-5, &format!("{what} {name}"));
    }

    let mut params = Params::new();
    let mut source = w.clone();
    let mut init = |name: &str, shape: tensor::Shape| {
        let i = NAMES.iter().position(|n| name == format!("att.{n}")).unwrap();
        Tensor::from_vec(shape, narrow(parts(&mut source)[i])).unwrap()
    };
    let config = AttentionConfig { kind, query: q, memory: k, width: a };
    let attention = Attention::new(&mut params, "att.", config, &mut init).unwrap();
    let mut tape = Tape::new(&params);
    let qv = tape.input(Tensor::from_vec([batch, q], narrow(&query)).unwrap());
    let mv = tape.input(Tensor::from_vec([time, batch, k], narrow(&memory)).unwrap());
    let mem = attention.memory(&mut tape, mv, lengths).unwrap();
    let found = attention.attend(&mut tape, qv, &mem).unwrap();
    assert_close(&wide(tape.value(found.context).data()), &want_c, 1e-4, what);
    assert_close(&wide(tape.value(found.weights).data()), &want_a, 1e-4, what);
    let back = tape
        .backward(&[
            (found.context, Tensor::from_vec([batch, k], narrow(&cc)).unwrap()),
            (found.weights, Tensor::from_vec([batch, time], narrow(&cw)).unwrap()),
        ])
        .unwrap();
    assert_close(&wide(back.of(qv).unwrap().data()), &want_dq, 1e-4, what);
    assert_close(&wide(back.of(mv).unwrap().data()), &want_dm, 1e-4, what);
    let g = back.gradients.finish(&params, &Threads::single()).unwrap();
    for (i, name) in NAMES.iter().enumerate() {
        if let Some(id) = params.find(&format!("att.{name}")) {
            let got = g.get(id).to_dense(params.shape(id));
            assert_close(&wide(got.data()), parts(&mut dw)[i], 1e-4, &format!("{what} {name}"));
        }
    }
}

#[test]
fn weights_sum_to_one_under_any_mask_and_a_full_mask_gives_zeros() {
    for kind in Kind::ALL {
        let mut params = Params::new();
        let mut seed = 7;
        let mut init = |_: &str, shape: tensor::Shape| {
            seed += 1;
            let v: Vec<f64> = values(shape.len(), seed).iter().map(|v| 30.0 * v).collect();
            Tensor::from_vec(shape, narrow(&v)).unwrap()
        };
        let config = AttentionConfig { kind, query: 4, memory: 4, width: 4 };
        let attention = Attention::new(&mut params, "", config, &mut init).unwrap();
        let mut tape = Tape::new(&params);
        let lengths = [0, 1, 2, 3, 4, 5];
        let q = tape.input(Tensor::from_vec([6, 4], narrow(&values(24, 1))).unwrap());
        let m = tape.input(Tensor::from_vec([5, 6, 4], narrow(&values(120, 2))).unwrap());
        let mem = attention.memory(&mut tape, m, &lengths).unwrap();
        let found = attention.attend(&mut tape, q, &mem).unwrap();
        for (row, &len) in tape.value(found.weights).data().chunks(5).zip(&lengths) {
            let total: f32 = row.iter().sum();
            assert!((total - if len == 0 { 0.0 } else { 1.0 }).abs() < 1e-5, "{row:?}");
            assert!(row[len..].iter().all(|&a| a == 0.0) && row.iter().all(|a| a.is_finite()));
        }
        assert!(tape.value(found.context).data()[..4].iter().all(|&c| c == 0.0));
        let seeds = [(found.context, Tensor::full([6, 4], 1.0))];
        let back = tape.backward(&seeds).unwrap();
        assert!(back.of(m).unwrap().data().iter().all(|d| d.is_finite()));
    }
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let mut params = Params::new();
    let zeros = &mut |_: &str, shape| Tensor::zeros(shape);
    let config = AttentionConfig { kind: Kind::General, query: 4, memory: 6, width: 0 };
    let attention = Attention::new(&mut params, "", config.clone(), zeros).unwrap();
    let mut tape = Tape::new(&params);
    let m = tape.input(Tensor::zeros([3, 2, 6]));
    let error = attention.memory(&mut tape, m, &[3]).unwrap_err();
    assert_eq!(error.to_string(), "memory: shapes [3, 2, 6] and [3, 1, 6] do not fit");
    assert!(attention.memory(&mut tape, m, &[4, 1]).is_err());
    let mem = attention.memory(&mut tape, m, &[3, 1]).unwrap();
    let q = tape.input(Tensor::zeros([2, 5]));
    assert!(attention.attend(&mut tape, q, &mem).is_err());
    let zero = AttentionConfig { query: 0, ..config };
    assert_eq!(
        Attention::new(&mut params, "x", zero, zeros).unwrap_err().to_string(),
        "attention: query is 0, expected at least 1"
    );
}
