//! The kernels against the reference, and the reference against finite differences.

use tensor::check::{assert_close, finite_differences, narrow, values, wide};
use tensor::{Params, Tape, Tensor, Threads};

use crate::reference::{self, Weights};
use crate::{Cell, Rnn, RnnConfig, State, StepInput};

fn weights(cell: Cell, input: usize, n: usize, seed: u64) -> Weights<f64> {
    let wide = cell.gates() * n;
    Weights {
        w_ih: values(wide * input, seed),
        w_hh: values(wide * n, seed + 1),
        b_ih: values(wide, seed + 2),
        b_hh: values(wide, seed + 3),
        peephole: values(cell.peepholes() * n, seed + 4),
    }
}

/// All weights in a row.
fn flat(w: &Weights<f64>) -> Vec<f64> {
    [&w.w_ih, &w.w_hh, &w.b_ih, &w.b_hh, &w.peephole].map(Vec::clone).concat()
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
    }
}

#[test]
fn the_reference_agrees_with_finite_differences() {
    let (input, n, time) = (3, 4, 5);
    for cell in Cell::ALL {
        for reverse in [false, true] {
            let w = weights(cell, input, n, 10);
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
            let what = format!("{cell:?} {reverse}");
            assert_close(&dw, &finite_differences(|w| loss(w, &x, &start), &all), 1e-5, &what);
            let got = dx.concat();
            assert_close(&got, &finite_differences(|x| loss(&all, x, &start), &x), 1e-5, &what);
            let mut got = ds.h;
            got.extend(if cell.has_cell_state() { ds.c } else { vec![0.0; n] });
            assert_close(&got, &finite_differences(|s| loss(&all, &x, s), &start), 1e-5, &what);
        }
    }
}

/// A two-layer bidirectional network on a padded batch, kernels against reference.
#[test]
fn kernels_agree_with_the_reference_on_padded_batches() {
    for cell in Cell::ALL {
        for (n, batch, lengths) in
            [(9, 3, vec![4, 6, 1]), (16, 2, vec![6, 6]), (5, 7, vec![6, 5, 5, 3, 2, 0, 1])]
        {
            compare(cell, n, batch, &lengths);
        }
    }
}

fn compare(cell: Cell, n: usize, batch: usize, lengths: &[usize]) {
    let (time, input, layers) = (6, 4, 2);
    let config = RnnConfig { layers, bidirectional: true, ..RnnConfig::new(cell, input, n) };
    let mut params = Params::new();
    let mut seed = 100;
    let mut make = |_: &str, shape: tensor::Shape| {
        seed += 1;
        let v: Vec<f64> = values(shape.len(), seed).iter().map(|v| v * 0.5).collect();
        Tensor::from_vec(shape, narrow(&v)).unwrap()
    };
    let rnn = Rnn::new(&mut params, "", config, &mut make).unwrap();
    let get = |kind: &str, l: usize, d: usize| {
        let suffix = if d == 1 { "_reverse" } else { "" };
        let id = params.find(&format!("{kind}_l{l}{suffix}")).unwrap();
        (id, wide(params.get(id).data()))
    };
    let (x, h0) = (values(time * batch * input, 1), values(layers * 2 * batch * n, 2));
    let c0 = values(layers * 2 * batch * n, 3);
    let (cy, ch) = (values(time * batch * 2 * n, 4), values(layers * 2 * batch * n, 5));

    let mut tape = Tape::new(&params).with_threads(&Threads::new(2));
    let xv = tape.input(Tensor::from_vec([time, batch, input], narrow(&x)).unwrap());
    let block = |v: &[f64], i: usize| {
        Tensor::from_vec([batch, n], narrow(&v[i * batch * n..(i + 1) * batch * n])).unwrap()
    };
    let start: Vec<State> = (0..layers * 2)
        .map(|i| State {
            h: tape.input(block(&h0, i)),
            c: cell.has_cell_state().then(|| tape.input(block(&c0, i))),
        })
        .collect();
    let out = rnn.forward(&mut tape, xv, Some(lengths), Some(&start)).unwrap();
    let y = wide(tape.value(out.y).data());
    let ends: Vec<Vec<f64>> = out.state.iter().map(|s| wide(tape.value(s.h).data())).collect();
    let mut seeds = vec![(out.y, Tensor::from_vec([time, batch, 2 * n], narrow(&cy)).unwrap())];
    for (i, s) in out.state.iter().enumerate() {
        seeds.push((s.h, block(&ch, i)));
    }
    let back = tape.backward(&seeds).unwrap();

    // The reference, one example after the other.
    let ws: Vec<Vec<Weights<f64>>> = (0..layers)
        .map(|l| {
            let w = |d| Weights {
                w_ih: get("weight_ih", l, d).1,
                w_hh: get("weight_hh", l, d).1,
                b_ih: get("bias_ih", l, d).1,
                b_hh: get("bias_hh", l, d).1,
                peephole: if cell.peepholes() > 0 { get("peephole", l, d).1 } else { Vec::new() },
            };
            vec![w(0), w(1)]
        })
        .collect();
    let mut dws: Vec<Vec<Weights<f64>>> =
        ws.iter().map(|l| l.iter().map(Weights::zeros_like).collect()).collect();
    let mut want_y = vec![0.0; y.len()];
    let mut want_dx = vec![0.0; x.len()];
    let what = format!("{cell:?} H {n}");
    for b in 0..batch {
        let len = lengths[b];
        let at = |v: &[f64], t: usize, k: usize| v[(t * batch + b) * k..][..k].to_vec();
        let mut xs: Vec<Vec<f64>> = (0..len).map(|t| at(&x, t, input)).collect();
        let mut kept = Vec::new();
        for l in 0..layers {
            let run = |d: usize| {
                let s = reference::State { h: at(&h0, l * 2 + d, n), c: at(&c0, l * 2 + d, n) };
                reference::layer(cell, &ws[l][d], &xs, &s, d == 1)
            };
            let ((ya, ea, ka), (yb, eb, kb)) = (run(0), run(1));
            for (d, e) in [ea, eb].iter().enumerate() {
                let got = &ends[l * 2 + d][b * n..(b + 1) * n];
                assert_close(got, &e.h, 1e-4, &what);
            }
            xs = ya.into_iter().zip(yb).map(|(a, b)| [a, b].concat()).collect();
            kept.push([ka, kb]);
        }
        for (t, row) in xs.iter().enumerate() {
            want_y[(t * batch + b) * 2 * n..][..2 * n].copy_from_slice(row);
        }
        let mut dys: Vec<Vec<f64>> = (0..len).map(|t| at(&cy, t, 2 * n)).collect();
        for l in (0..layers).rev() {
            let mut dxs: Vec<Vec<f64>> = Vec::new();
            for d in 0..2 {
                let part: Vec<Vec<f64>> =
                    dys.iter().map(|r| r[d * n..(d + 1) * n].to_vec()).collect();
                let end = reference::State { h: at(&ch, l * 2 + d, n), c: vec![0.0; n] };
                let (dx, ds) = reference::layer_back(
                    cell,
                    &ws[l][d],
                    &kept[l][d],
                    &part,
                    &end,
                    d == 1,
                    &mut dws[l][d],
                );
                let got = wide(back.of(start[l * 2 + d].h).unwrap().data());
                assert_close(&got[b * n..(b + 1) * n], &ds.h, 1e-4, &format!("{what} dh0"));
                dxs = if dxs.is_empty() {
                    dx
                } else {
                    dxs.iter()
                        .zip(&dx)
                        .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect())
                        .collect()
                };
            }
            dys = dxs;
        }
        for (t, row) in dys.iter().enumerate() {
            want_dx[(t * batch + b) * input..][..input].copy_from_slice(row);
        }
    }
    assert_close(&y, &want_y, 1e-4, &format!("{what} y"));
    assert_close(&wide(back.of(xv).unwrap().data()), &want_dx, 1e-4, &format!("{what} dx"));
    let g = back.gradients.finish(&params, &Threads::single()).unwrap();
    for (l, layer) in dws.iter().enumerate() {
        for (d, dw) in layer.iter().enumerate() {
            for (kind, want) in [
                ("weight_ih", &dw.w_ih),
                ("weight_hh", &dw.w_hh),
                ("bias_ih", &dw.b_ih),
                ("bias_hh", &dw.b_hh),
                ("peephole", &dw.peephole),
            ] {
                if want.is_empty() {
                    continue;
                }
                let id = get(kind, l, d).0;
                let got = g.get(id).to_dense(params.shape(id));
                assert_close(&wide(got.data()), want, 1e-4, &format!("{what} {kind} l{l} d{d}"));
            }
        }
    }
}

/// Steps with a split input equal the whole sequence.
#[test]
fn steps_equal_the_sequence() {
    for cell in Cell::ALL {
        let (time, batch, input, n) = (4, 3, 6, 7);
        let config = RnnConfig { layers: 2, ..RnnConfig::new(cell, input, n) };
        let mut params = Params::new();
        let mut seed = 50;
        let mut make = |_: &str, shape: tensor::Shape| {
            seed += 1;
            Tensor::from_vec(shape, narrow(&values(shape.len(), seed))).unwrap()
        };
        let rnn = Rnn::new(&mut params, "decoder.", config, &mut make).unwrap();
        let x = narrow(&values(time * batch * input, 1));
        let seed =
            Tensor::from_vec([time, batch, n], narrow(&values(time * batch * n, 2))).unwrap();

        let mut tape = Tape::new(&params);
        let xv = tape.input(Tensor::from_vec([time, batch, input], x.clone()).unwrap());
        let out = rnn.forward(&mut tape, xv, None, None).unwrap();
        let y = wide(tape.value(out.y).data());
        let back = tape.backward(&[(out.y, seed.clone())]).unwrap();
        let dx = wide(back.of(xv).unwrap().data());
        let whole = back.gradients.finish(&params, &Threads::single()).unwrap();

        let mut tape = Tape::new(&params).with_flow();
        let (left, right): (Vec<f32>, Vec<f32>) =
            x.chunks(input).fold((vec![], vec![]), |(mut l, mut r), row| {
                l.extend(&row[..4]);
                r.extend(&row[4..]);
                (l, r)
            });
        let a = tape.input(Tensor::from_vec([time, batch, 4], left).unwrap());
        let b = tape.input(Tensor::from_vec([time, batch, 2], right).unwrap());
        let projected = rnn.project(&mut tape, a, 0..4).unwrap();
        let mut state = rnn.zero_state(&mut tape, batch);
        let mut ys = Vec::new();
        for t in 0..time {
            let parts = vec![(tape.index(b, t), 4..6)];
            let input = StepInput { projected: Some(tape.index(projected, t)), parts };
            let (top, new) = rnn.step(&mut tape, &input, &state, t).unwrap();
            ys.push(top);
            state = new;
        }
        let stacked = tensor::ops::stack(&mut tape, &ys).unwrap();
        assert_close(&wide(tape.value(stacked).data()), &y, 1e-5, "y");
        let back = tape.backward(&[(stacked, seed)]).unwrap();
        let (da, db) = (back.of(a).unwrap().data(), back.of(b).unwrap().data());
        let joined: Vec<f32> =
            da.chunks(4).zip(db.chunks(2)).flat_map(|(a, b)| [a, b].concat()).collect();
        assert_close(&wide(&joined), &dx, 1e-4, "dx");
        assert_eq!(back.flow.len(), 2);
        assert!(back.flow.iter().all(|(n, s)| n.starts_with("decoder.l") && s.len() == time));
        let stepped = back.gradients.finish(&params, &Threads::single()).unwrap();
        for id in params.ids() {
            let dense = |g: &tensor::Summed| wide(g.get(id).to_dense(params.shape(id)).data());
            assert_close(&dense(&stepped), &dense(&whole), 1e-4, params.name(id));
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
    let zeros = &mut |_: &str, shape| Tensor::zeros(shape);
    let config = RnnConfig { layers: 0, ..RnnConfig::new(Cell::Gru, 3, 4) };
    let error = Rnn::new(&mut params, "a.", config, zeros).unwrap_err();
    assert_eq!(error.to_string(), "rnn: layers is 0, expected at least 1");
    let rnn = Rnn::new(&mut params, "b.", RnnConfig::new(Cell::Lstm, 3, 4), zeros).unwrap();
    let mut tape = Tape::new(&params);
    let x = tape.input(Tensor::zeros([2, 5, 9]));
    let error = rnn.forward(&mut tape, x, None, None).unwrap_err();
    assert_eq!(error.to_string(), "rnn: shapes [2, 5, 9] and [2, 5, 3] do not fit");
    let x = tape.input(Tensor::zeros([2, 5, 3]));
    assert!(rnn.forward(&mut tape, x, Some(&[1, 2]), None).is_err());
    assert!(rnn.forward(&mut tape, x, Some(&[1, 2, 3, 1, 1]), None).is_err());
    assert!(rnn.forward(&mut tape, x, None, Some(&[])).is_err());
}
