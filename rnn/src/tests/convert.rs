//! Weights of the other update gate.

use tensor::check::{assert_close, to_f32, to_f64, values};
use tensor::ops::layer_norm::reference as layer_norm;
use tensor::{Params, Tape, Tensor};

use crate::reference::affine;
use crate::{Cell, Rnn, RnnConfig, RnnOptions};

const INPUT: usize = 3;
const N: usize = 5;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// W x + b, or LN(W x) over r and z and over n, where there is a gain.
fn product(w: &[f64], x: &[f64], b: &[f64], gain: Option<&[f64]>) -> Vec<f64> {
    let Some(gain) = gain else { return affine(w, x, b) };
    let raw = affine(w, x, &vec![0.0; b.len()]);
    let part = |r: std::ops::Range<usize>| {
        layer_norm::forward(&raw[r.clone()], &gain[r.clone()], &b[r], 1e-5)
    };
    [part(0..2 * N), part(2 * N..3 * N)].concat()
}

/// The states over time with Bahdanau's gate: h' = (1 - z) h + z n.
fn bahdanau(cell: Cell, w: &dyn Fn(&str) -> Option<Vec<f64>>, xs: &[f64]) -> Vec<f64> {
    let get = |kind: &str| w(kind).unwrap();
    let (gain_ih, gain_hh) = (w("gain_ih_l0"), w("gain_hh_l0"));
    let mut h = vec![0.0; N];
    let mut ys = Vec::new();
    for x in xs.chunks(INPUT) {
        let a = product(&get("weight_ih_l0"), x, &get("bias_ih_l0"), gain_ih.as_deref());
        let (w_hh, b_hh) = (get("weight_hh_l0"), get("bias_hh_l0"));
        let b = product(&w_hh, &h, &b_hh, gain_hh.as_deref());
        let r: Vec<f64> = (0..N).map(|j| sigmoid(a[j] + b[j])).collect();
        let z: Vec<f64> = (N..2 * N).map(|j| sigmoid(a[j] + b[j])).collect();
        let reset: Vec<f64> = r.iter().zip(&h).map(|(r, h)| r * h).collect();
        let inner: Vec<f64> = match cell {
            Cell::Gru => (0..N).map(|j| r[j] * b[2 * N + j]).collect(),
            _ => product(&w_hh, &reset, &b_hh, gain_hh.as_deref())[2 * N..].to_vec(),
        };
        for j in 0..N {
            h[j] = (1.0 - z[j]) * h[j] + z[j] * (a[2 * N + j] + inner[j]).tanh();
        }
        ys.extend_from_slice(&h);
    }
    ys
}

#[test]
fn a_flipped_update_gate_gives_the_other_conventions_values() {
    for cell in [Cell::Gru, Cell::GruResetBefore] {
        for layer_norm in [false, true] {
            let options = RnnOptions { layer_norm, ..RnnOptions::default() };
            let mut params = Params::new();
            let mut seed = 30;
            let mut make = |_: &str, shape: tensor::Shape| {
                seed += 1;
                Tensor::from_vec(shape, to_f32(&values(shape.len(), seed)))
            };
            let config = RnnConfig::new(cell, INPUT, N);
            let rnn = Rnn::with_init(&mut params, "", config, options, &mut make).unwrap();
            let weights = |name: &str| params.find(name).map(|id| to_f64(params.get(id).data()));
            let x = values(6 * INPUT, 1);
            let want = bahdanau(cell, &weights, &x);
            let run = |params: &Params| {
                let mut tape = Tape::inference(params);
                let x = tape.constant(Tensor::from_vec([6, 1, INPUT], to_f32(&x)).unwrap());
                let out = rnn.forward(&mut tape, x, None, None).unwrap();
                to_f64(tape.value(out.y).data())
            };
            let before = run(&params);
            let far = before.iter().zip(&want).any(|(a, b)| (a - b).abs() > 0.01);
            assert!(far, "the two conventions differ");
            rnn.flip_update_gate(&mut params).unwrap();
            assert_close(&run(&params), &want, 1e-5, &format!("{cell:?} {layer_norm}"));
            rnn.flip_update_gate(&mut params).unwrap();
            assert_eq!(run(&params), before);
        }
    }
    let mut params = Params::new();
    let init = &mut |_: &str, shape| Ok(Tensor::zeros(shape));
    let rnn = Rnn::with_init(
        &mut params,
        "",
        RnnConfig::new(Cell::Lstm, 2, 3),
        RnnOptions::default(),
        init,
    )
    .unwrap();
    let error = rnn.flip_update_gate(&mut params).unwrap_err().to_string();
    assert_eq!(error, "rnn: cell is lstm, expected gru or gru_reset_before");
}
