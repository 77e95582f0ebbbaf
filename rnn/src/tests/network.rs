//! Two-layer bidirectional networks on padded batches, with every option: kernels against the
//! reference.

use tensor::check::{assert_close, to_f32, to_f64, values};
use tensor::{Params, Tape, Tensor, Threads, ops};

use crate::reference::{self, Weights};
use crate::{Cell, Merge, Rnn, RnnConfig, RnnOptions, State};

#[test]
fn kernels_agree_with_the_reference_on_padded_batches() {
    let plain = RnnOptions::default();
    let options = [
        plain.clone(),
        RnnOptions { merge: Merge::Sum, ..plain.clone() },
        RnnOptions { merge: Merge::Average, residual: true, ..plain.clone() },
        RnnOptions { layer_norm: true, ..plain.clone() },
        RnnOptions { variational: true, dropout_state: 0.3, ..plain.clone() },
        RnnOptions {
            merge: Merge::Sum,
            residual: true,
            layer_norm: true,
            variational: true,
            dropout_state: 0.3,
            forget_bias: 0.0,
        },
    ];
    for cell in Cell::ALL {
        for options in &options {
            for (n, batch, lengths) in
                [(9, 3, vec![4, 6, 1]), (16, 2, vec![6, 6]), (5, 7, vec![6, 5, 5, 3, 2, 0, 1])]
            {
                compare(cell, n, batch, &lengths, options);
            }
        }
    }
}

const LAYERS: usize = 2;

fn index(l: usize, d: usize) -> usize {
    l * 2 + d
}

fn compare(cell: Cell, n: usize, batch: usize, lengths: &[usize], options: &RnnOptions) {
    let (time, input) = (6, 4);
    let dropout = if options.variational { 0.4 } else { 0.0 };
    let config = RnnConfig {
        layers: LAYERS,
        bidirectional: true,
        dropout,
        ..RnnConfig::new(cell, input, n)
    };
    let what = format!("{cell:?} H {n} {options:?}");
    let mut params = Params::new();
    let mut seed = 100;
    let mut make = |_: &str, shape: tensor::Shape| {
        seed += 1;
        let v: Vec<f64> = values(shape.len(), seed).iter().map(|v| v * 0.5).collect();
        Tensor::from_vec(shape, to_f32(&v))
    };
    let rnn = Rnn::with_init(&mut params, "rnn.", config, options.clone(), &mut make).unwrap();
    for (i, id) in params.ids().enumerate() {
        if params.name(id).contains("gain") {
            let shape = params.shape(id);
            assert!(params.get(id).data().iter().all(|&v| v == 1.0));
            // Gains near one would amplify f32's rounding through the layers past the tolerance: it
            // then differs by as much between vector instruction sets.
            let gain: Vec<f64> =
                values(shape.len(), i as u64).iter().map(|v| 0.5 + 0.25 * v).collect();
            params.set(id, Tensor::from_vec(shape, to_f32(&gain)).unwrap()).unwrap();
        }
    }
    let get = |kind: &str, l: usize, d: usize| {
        let suffix = if d == 1 { "_reverse" } else { "" };
        let id = params.find(&format!("rnn.{kind}_l{l}{suffix}"))?;
        Some((id, to_f64(params.get(id).data())))
    };
    let width = rnn.width();
    assert_eq!(width, if options.merge == Merge::Concat { 2 * n } else { n });
    let states = LAYERS * 2 * batch * n;
    let (x, h0, c0) = (values(time * batch * input, 1), values(states, 2), values(states, 3));
    let cy = values(time * batch * width, 4);
    let (ch, cc) = (values(states, 5), values(states, 6));
    let has_c = cell.has_cell_state();

    let mut tape = Tape::new(&params).with_threads(&Threads::new(2)).with_draws(3, 5);
    let xv = tape.input(Tensor::from_vec([time, batch, input], to_f32(&x)).unwrap());
    let block = |v: &[f64], i: usize| {
        Tensor::from_vec([batch, n], to_f32(&v[i * batch * n..(i + 1) * batch * n])).unwrap()
    };
    let start: Vec<State> = (0..LAYERS * 2)
        .map(|i| State {
            h: tape.input(block(&h0, i)),
            c: has_c.then(|| tape.input(block(&c0, i))),
        })
        .collect();
    let mask = |tape: &Tape<'_>, name: &str, width: usize, p: f32| {
        let mask = ops::sequence_mask(tape, [batch, width], p, name).unwrap();
        mask.map_or_else(|| vec![1.0; batch * width], |m| to_f64(m.data()))
    };
    let state_masks: Vec<Vec<f64>> = ["l0", "l0.reverse", "l1", "l1.reverse"]
        .iter()
        .map(|s| mask(&tape, &format!("rnn.{s}.state"), n, options.dropout_state))
        .collect();
    let input_mask = mask(&tape, "rnn.l1.input", width, dropout);
    let out = rnn.forward(&mut tape, xv, Some(lengths), Some(&start)).unwrap();
    let y = to_f64(tape.value(out.y).data());
    let ends: Vec<_> = out
        .state
        .iter()
        .map(|s| s.values(&tape))
        .map(|s| (to_f64(s.h.data()), s.c.map(|c| to_f64(c.data()))))
        .collect();
    let mut seeds = vec![(out.y, Tensor::from_vec([time, batch, width], to_f32(&cy)).unwrap())];
    for (i, s) in out.state.iter().enumerate() {
        seeds.push((s.h, block(&ch, i)));
        seeds.extend(s.c.map(|c| (c, block(&cc, i))));
    }
    let back = tape.backward(&seeds).unwrap();

    // The reference, one example after the other.
    let weights = |l: usize, d: usize| {
        let part = |kind: &str| get(kind, l, d).map_or_else(Vec::new, |(_, v)| v);
        Weights {
            w_ih: part("weight_ih"),
            w_hh: part("weight_hh"),
            b_ih: part("bias_ih"),
            b_hh: part("bias_hh"),
            peephole: part("peephole"),
            gain_ih: part("gain_ih"),
            gain_hh: part("gain_hh"),
        }
    };
    let ws: Vec<Weights<f64>> = (0..LAYERS * 2).map(|i| weights(i / 2, i % 2)).collect();
    let mut dws: Vec<Weights<f64>> = ws.iter().map(Weights::zeros_like).collect();
    let mut want_y = vec![0.0; y.len()];
    let mut want_dx = vec![0.0; x.len()];
    let part = |row: &[f64], d: usize| -> Vec<f64> {
        match options.merge {
            Merge::Concat => row[d * n..(d + 1) * n].to_vec(),
            Merge::Sum => row.to_vec(),
            Merge::Average => row.iter().map(|v| v * 0.5).collect(),
        }
    };
    for b in 0..batch {
        let len = lengths[b];
        let at = |v: &[f64], t: usize, k: usize| v[(t * batch + b) * k..][..k].to_vec();
        // A mask on the state is one on the columns that it meets.
        let masked = |w_hh: &[f64], i: usize| -> Vec<f64> {
            let mask = &state_masks[i][b * n..(b + 1) * n];
            w_hh.chunks(n).flat_map(|r| r.iter().zip(mask).map(|(w, m)| w * m)).collect()
        };
        let mine: Vec<Weights<f64>> = ws
            .iter()
            .enumerate()
            .map(|(i, w)| Weights { w_hh: masked(&w.w_hh, i), ..w.clone() })
            .collect();
        let drop = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
            let mask = &input_mask[b * width..(b + 1) * width];
            rows.iter().map(|r| r.iter().zip(mask).map(|(x, m)| x * m).collect()).collect()
        };
        let mut xs: Vec<Vec<f64>> = (0..len).map(|t| at(&x, t, input)).collect();
        let mut kept = Vec::new();
        for l in 0..LAYERS {
            let dropped = if l > 0 { drop(&xs) } else { xs.clone() };
            let run = |d: usize| {
                let i = index(l, d);
                let s = reference::State { h: at(&h0, i, n), c: at(&c0, i, n) };
                reference::layer(cell, &mine[i], &dropped, &s, d == 1)
            };
            let ((ya, ea, ka), (yb, eb, kb)) = (run(0), run(1));
            for (d, e) in [ea, eb].iter().enumerate() {
                let (h, c) = &ends[index(l, d)];
                let rows = b * n..(b + 1) * n;
                assert_close(&h[rows.clone()], &e.h, 1e-4, &format!("{what} h"));
                assert_eq!(c.is_some(), has_c);
                if let Some(c) = c {
                    assert_close(&c[rows], &e.c, 1e-4, &format!("{what} c"));
                }
            }
            let merged = |(a, b): (Vec<f64>, Vec<f64>)| match options.merge {
                Merge::Concat => [a, b].concat(),
                Merge::Sum => a.iter().zip(&b).map(|(a, b)| a + b).collect(),
                Merge::Average => a.iter().zip(&b).map(|(a, b)| (a + b) * 0.5).collect(),
            };
            let mut ys: Vec<Vec<f64>> = ya.into_iter().zip(yb).map(merged).collect();
            if l > 0 && options.residual {
                add_rows(&mut ys, &xs);
            }
            xs = ys;
            kept.push([ka, kb]);
        }
        for (t, row) in xs.iter().enumerate() {
            want_y[(t * batch + b) * width..][..width].copy_from_slice(row);
        }
        let mut dys: Vec<Vec<f64>> = (0..len).map(|t| at(&cy, t, width)).collect();
        for l in (0..LAYERS).rev() {
            let inputs = if l == 0 { input } else { width };
            let mut dxs = vec![vec![0.0; inputs]; len];
            for (d, kept) in kept[l].iter().enumerate() {
                let i = index(l, d);
                let parts: Vec<Vec<f64>> = dys.iter().map(|r| part(r, d)).collect();
                let c = if has_c { at(&cc, i, n) } else { vec![0.0; n] };
                let end = reference::State { h: at(&ch, i, n), c };
                let mut dw = ws[i].zeros_like();
                let w = &mine[i];
                let (dx, ds) = reference::layer_back(cell, w, kept, &parts, &end, d == 1, &mut dw);
                dw.w_hh = masked(&dw.w_hh, i);
                add_weights(&mut dws[i], &dw);
                let rows = b * n..(b + 1) * n;
                let got = to_f64(back.grad(start[i].h).unwrap().data());
                assert_close(&got[rows.clone()], &ds.h, 1e-4, &format!("{what} dh0"));
                if let Some(c) = start[i].c {
                    let got = to_f64(back.grad(c).unwrap().data());
                    assert_close(&got[rows], &ds.c, 1e-4, &format!("{what} dc0"));
                }
                add_rows(&mut dxs, &dx);
            }
            if l > 0 {
                dxs = drop(&dxs);
                if options.residual {
                    add_rows(&mut dxs, &dys);
                }
            }
            dys = dxs;
        }
        for (t, row) in dys.iter().enumerate() {
            want_dx[(t * batch + b) * input..][..input].copy_from_slice(row);
        }
    }
    assert_close(&y, &want_y, 1e-4, &format!("{what} y"));
    assert_close(&to_f64(back.grad(xv).unwrap().data()), &want_dx, 1e-4, &format!("{what} dx"));
    let g = back.gradients.reduce(&params, &Threads::single()).unwrap();
    for (i, dw) in dws.iter().enumerate() {
        for (kind, want) in [
            ("weight_ih", &dw.w_ih),
            ("weight_hh", &dw.w_hh),
            ("bias_ih", &dw.b_ih),
            ("bias_hh", &dw.b_hh),
            ("peephole", &dw.peephole),
            ("gain_ih", &dw.gain_ih),
            ("gain_hh", &dw.gain_hh),
        ] {
            let Some((id, _)) = get(kind, i / 2, i % 2) else {
                assert!(want.is_empty(), "{what} {kind}");
                continue;
            };
            let got = g.get(id).to_dense(params.shape(id));
            let what = format!("{what} {}", params.name(id));
            assert_close(&to_f64(got.data()), want, 1e-4, &what);
        }
    }
}

fn add_rows(to: &mut [Vec<f64>], from: &[Vec<f64>]) {
    assert_eq!(to.len(), from.len());
    for (to, from) in to.iter_mut().zip(from) {
        add(to, from);
    }
}

fn add(to: &mut [f64], from: &[f64]) {
    assert_eq!(to.len(), from.len());
    to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
}

fn add_weights(to: &mut Weights<f64>, from: &Weights<f64>) {
    add(&mut to.w_ih, &from.w_ih);
    add(&mut to.w_hh, &from.w_hh);
    add(&mut to.b_ih, &from.b_ih);
    add(&mut to.b_hh, &from.b_hh);
    add(&mut to.peephole, &from.peephole);
    add(&mut to.gain_ih, &from.gain_ih);
    add(&mut to.gain_hh, &from.gain_hh);
}

#[test]
fn the_forget_gates_bias_starts_raised() {
    for (cell, block) in [(Cell::Lstm, 1), (Cell::LstmPeephole, 1), (Cell::LstmCoupled, 0)] {
        let mut params = Params::new();
        let init = &mut |_: &str, shape| Ok(Tensor::full(shape, 0.25));
        let options = RnnOptions { forget_bias: 2.0, ..RnnOptions::default() };
        let config = RnnConfig::new(cell, 2, 3);
        Rnn::with_init(&mut params, "", config, options, init).unwrap();
        for (name, value) in params.iter() {
            for (i, &v) in value.data().iter().enumerate() {
                let raised = name == "bias_ih_l0" && i / 3 == block;
                assert_eq!(v, if raised { 2.25 } else { 0.25 }, "{cell:?} {name}[{i}]");
            }
        }
    }
}

#[test]
fn options_out_of_range_are_named() {
    let mut params = Params::new();
    let mut error = |cell, bias, options| {
        let init = &mut |_: &str, shape| Ok(Tensor::zeros(shape));
        let config = RnnConfig { bias, ..RnnConfig::new(cell, 2, 3) };
        Rnn::with_init(&mut params, "", config, options, init).unwrap_err().to_string()
    };
    let plain = RnnOptions::default();
    let raised = RnnOptions { forget_bias: 1.0, ..plain.clone() };
    assert!(error(Cell::Gru, true, raised.clone()).starts_with("rnn: forget_bias is 1, expected"));
    assert!(error(Cell::Lstm, false, raised).starts_with("rnn: forget_bias is 1, expected"));
    let most = RnnOptions { dropout_state: 1.0, ..plain.clone() };
    let what = "rnn: dropout_state is 1, expected 0 <= dropout_state < 1";
    assert_eq!(error(Cell::Gru, true, most), what);
    let nan = RnnOptions { forget_bias: f32::NAN, ..plain };
    assert_eq!(error(Cell::Lstm, true, nan), "rnn: forget_bias is NaN, expected a finite number");
}
