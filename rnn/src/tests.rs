//! The kernels against the reference, and the reference against finite differences.

use tensor::check::{assert_close, finite_differences, to_f32, to_f64, values};
use tensor::{Params, Tape, Tensor, Threads};

use crate::reference::{self, Weights};
use crate::{Cell, Rnn, RnnConfig, RnnOptions, StepInput};

mod carry;
mod convert;
mod network;
mod observe;
mod opencl;

fn weights(cell: Cell, input: usize, n: usize, seed: u64) -> Weights<f64> {
    let to_f64 = cell.gates() * n;
    Weights {
        w_ih: values(to_f64 * input, seed),
        w_hh: values(to_f64 * n, seed + 1),
        b_ih: values(to_f64, seed + 2),
        b_hh: values(to_f64, seed + 3),
        peephole: values(cell.peepholes() * n, seed + 4),
        gain_ih: Vec::new(),
        gain_hh: Vec::new(),
    }
}

/// All weights in a row.
fn flat(w: &Weights<f64>) -> Vec<f64> {
    [&w.w_ih, &w.w_hh, &w.b_ih, &w.b_hh, &w.peephole, &w.gain_ih, &w.gain_hh]
        .map(Vec::clone)
        .concat()
}

/// The weights that [`flat`] put in a row, of the sizes of `like`.
fn unflat(mut v: &[f64], like: &Weights<f64>) -> Weights<f64> {
    let mut take = |n: usize| {
        let (a, b) = v.split_at(n);
        v = b;
        a.to_vec()
    };
    Weights {
        w_ih: take(like.w_ih.len()),
        w_hh: take(like.w_hh.len()),
        b_ih: take(like.b_ih.len()),
        b_hh: take(like.b_hh.len()),
        peephole: take(like.peephole.len()),
        gain_ih: take(like.gain_ih.len()),
        gain_hh: take(like.gain_hh.len()),
    }
}

#[test]
fn the_reference_agrees_with_finite_differences() {
    let (input, n, time) = (3, 4, 5);
    for cell in Cell::ALL {
        for (reverse, norm) in [(false, false), (true, false), (false, true)] {
            let mut w = weights(cell, input, n, 10);
            if norm {
                w.gain_ih = values(cell.gates() * n, 20);
                w.gain_hh = values(cell.gates() * n, 21);
            }
            let (all, zeros) = (flat(&w), w.zeros_like());
            let (x, start) = (values(time * input, 1), values(2 * n, 2));
            let (cy, ce) = (values(time * n, 3), values(2 * n, 4));
            let state = |s: &[f64]| reference::State { h: s[..n].to_vec(), c: s[n..].to_vec() };
            let rows = |x: &[f64], k: usize| x.chunks(k).map(<[f64]>::to_vec).collect::<Vec<_>>();
            let loss = |w: &[f64], x: &[f64], s: &[f64]| -> f64 {
                let (ys, end, _) =
                    reference::layer(cell, &unflat(w, &zeros), &rows(x, input), &state(s), reverse);
                let y: f64 = ys.concat().iter().zip(&cy).map(|(a, b)| a * b).sum();
                let c = if cell.has_cell_state() { end.c } else { vec![0.0; n] };
                y + end.h.iter().chain(&c).zip(&ce).map(|(a, b)| a * b).sum::<f64>()
            };
            let (_, _, kept) =
                reference::layer(cell, &w, &rows(&x, input), &state(&start), reverse);
            let mut dw = w.zeros_like();
            let mut end = state(&ce);
            if !cell.has_cell_state() {
                end.c.fill(0.0);
            }
            let (dx, ds) =
                reference::layer_back(cell, &w, &kept, &rows(&cy, n), &end, reverse, &mut dw);
            let dw = flat(&dw);
            let what = format!("{cell:?} {reverse} {norm}");
            assert_close(&dw, &finite_differences(|w| loss(w, &x, &start), &all), 1e-5, &what);
            let got = dx.concat();
            assert_close(&got, &finite_differences(|x| loss(&all, x, &start), &x), 1e-5, &what);
            let mut got = ds.h;
            got.extend(if cell.has_cell_state() { ds.c } else { vec![0.0; n] });
            assert_close(&got, &finite_differences(|s| loss(&all, &x, s), &start), 1e-5, &what);
        }
    }
}

/// Steps with a split input equal the whole sequence.
#[test]
fn steps_equal_the_sequence() {
    let plain = RnnOptions::default();
    let options = [
        plain.clone(),
        RnnOptions { residual: true, ..plain.clone() },
        RnnOptions { layer_norm: true, ..plain.clone() },
        RnnOptions { variational: true, dropout_state: 0.3, ..plain.clone() },
        RnnOptions { residual: true, layer_norm: true, variational: true, ..plain },
    ];
    for (cell, options) in Cell::ALL.iter().flat_map(|&c| options.iter().map(move |o| (c, o))) {
        let (time, batch, input, n) = (4, 3, 6, 7);
        // Without one mask a sequence, steps and sequences draw at different places.
        let dropout = if options.variational { 0.4 } else { 0.0 };
        let config = RnnConfig { layers: 2, dropout, ..RnnConfig::new(cell, input, n) };
        let what = format!("{cell:?} {options:?}");
        let mut params = Params::new();
        let mut seed = 50;
        let mut make = |_: &str, shape: tensor::Shape| {
            seed += 1;
            Tensor::from_vec(shape, to_f32(&values(shape.len(), seed)))
        };
        let rnn =
            Rnn::with_init(&mut params, "decoder.", config, options.clone(), &mut make).unwrap();
        let x = to_f32(&values(time * batch * input, 1));
        let seed =
            Tensor::from_vec([time, batch, n], to_f32(&values(time * batch * n, 2))).unwrap();

        let mut tape = Tape::new(&params).with_draws(3, 5);
        let xv = tape.input(Tensor::from_vec([time, batch, input], x.clone()).unwrap());
        let out = rnn.forward(&mut tape, xv, None, None).unwrap();
        let y = to_f64(tape.value(out.y).data());
        let back = tape.backward(&[(out.y, seed.clone())]).unwrap();
        let dx = to_f64(back.grad(xv).unwrap().data());
        let whole = back.gradients.reduce(&params, &Threads::single()).unwrap();

        let mut tape = Tape::new(&params).with_flow().with_draws(3, 5);
        let (left, right): (Vec<f32>, Vec<f32>) =
            x.chunks(input).fold((vec![], vec![]), |(mut l, mut r), row| {
                l.extend(&row[..4]);
                r.extend(&row[4..]);
                (l, r)
            });
        let a = tape.input(Tensor::from_vec([time, batch, 4], left).unwrap());
        let b = tape.input(Tensor::from_vec([time, batch, 2], right).unwrap());
        let projected = rnn.project(&mut tape, a, 0..4).unwrap();
        let mut state = rnn.zero_state(&mut tape, batch).unwrap();
        let mut ys = Vec::new();
        for t in 0..time {
            let parts = [(tape.index(b, t), 4..6)].into_iter().collect();
            let input = StepInput { projected: Some(tape.index(projected, t)), parts };
            let (top, new) = rnn.step(&mut tape, &input, &state, t).unwrap();
            ys.push(top);
            state = new;
        }
        let stacked = tensor::ops::stack(&mut tape, &ys).unwrap();
        assert_close(&to_f64(tape.value(stacked).data()), &y, 1e-5, &format!("{what} y"));
        let back = tape.backward(&[(stacked, seed)]).unwrap();
        let (da, db) = (back.grad(a).unwrap().data(), back.grad(b).unwrap().data());
        let joined: Vec<f32> =
            da.chunks(4).zip(db.chunks(2)).flat_map(|(a, b)| [a, b].concat()).collect();
        assert_close(&to_f64(&joined), &dx, 1e-4, &format!("{what} dx"));
        let flow = back.flow.read().unwrap();
        assert_eq!(flow.len(), 2);
        assert!(flow.iter().all(|(n, s)| n.starts_with("decoder.l") && s.len() == time));
        let stepped = back.gradients.reduce(&params, &Threads::single()).unwrap();
        for id in params.ids() {
            let dense =
                |g: &tensor::ReducedGradients| to_f64(g.get(id).to_dense(params.shape(id)).data());
            let what = format!("{what} {}", params.name(id));
            assert_close(&dense(&stepped), &dense(&whole), 1e-4, &what);
        }
    }
}

#[test]
fn names_are_those_of_configurations() {
    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};
    for cell in Cell::ALL {
        let name: StrDeserializer<'_, Error> = cell.name().into_deserializer();
        assert_eq!(Cell::deserialize(name), Ok(cell));
    }
}

#[test]
fn bad_input_is_named() {
    let mut params = Params::new();
    let zeros = &mut |_: &str, shape| Ok(Tensor::zeros(shape));
    let config = RnnConfig { layers: 0, ..RnnConfig::new(Cell::Gru, 3, 4) };
    let error =
        Rnn::with_init(&mut params, "a.", config, RnnOptions::default(), zeros).unwrap_err();
    assert_eq!(error.to_string(), "rnn: layers is 0, expected at least 1");
    let rnn = Rnn::with_init(
        &mut params,
        "b.",
        RnnConfig::new(Cell::Lstm, 3, 4),
        RnnOptions::default(),
        zeros,
    )
    .unwrap();
    let mut tape = Tape::new(&params);
    let x = tape.input(Tensor::zeros([2, 5, 9]));
    let error = rnn.forward(&mut tape, x, None, None).unwrap_err();
    assert_eq!(error.to_string(), "rnn: shapes [2, 5, 9] and [2, 5, 3] do not fit");
    let x = tape.input(Tensor::zeros([2, 5, 3]));
    assert!(rnn.forward(&mut tape, x, Some(&[1, 2]), None).is_err());
    assert!(rnn.forward(&mut tape, x, Some(&[1, 2, 3, 1, 1]), None).is_err());
    assert!(rnn.forward(&mut tape, x, None, Some(&[])).is_err());
}
