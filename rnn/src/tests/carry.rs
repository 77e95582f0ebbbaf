//! Windows with carried states.

use tensor::check::{assert_close, to_f32, to_f64, values};
use tensor::{Params, Tape, Tensor};

use crate::{Cell, Rnn, RnnConfig, RnnOptions, StateValues};

/// Windows that start from the values the one before ended with give what one pass gives, wherever
/// a sequence ends; gradients stop at a window's start.
#[test]
fn windows_with_carried_states_equal_one_pass() {
    let (time, batch, input, n) = (11, 3, 4, 6);
    let lengths = [11, 5, 0];
    for cell in Cell::ALL {
        for layer_norm in [false, true] {
            let options = RnnOptions { layer_norm, residual: true, ..RnnOptions::default() };
            let config = RnnConfig { layers: 2, ..RnnConfig::new(cell, input, n) };
            let mut params = Params::new();
            let mut seed = 70;
            let mut make = |_: &str, shape: tensor::Shape| {
                seed += 1;
                Tensor::from_vec(shape, to_f32(&values(shape.len(), seed)))
            };
            let rnn = Rnn::with_init(&mut params, "", config, options, &mut make).unwrap();
            let x = to_f32(&values(time * batch * input, 1));
            let x = Tensor::from_vec([time, batch, input], x).unwrap();

            let mut tape = Tape::new(&params);
            let xv = tape.input(x.clone());
            let out = rnn.forward(&mut tape, xv, Some(&lengths), None).unwrap();
            let y = to_f64(tape.value(out.y).data());
            let end: Vec<StateValues> = out.state.iter().map(|s| s.values(&tape)).collect();

            let mut ys = Vec::new();
            let mut carried: Option<Vec<StateValues>> = None;
            for from in (0..time).step_by(4) {
                let size = 4.min(time - from);
                let mut tape = Tape::new(&params);
                let xv = tape.input(x.range(from, size));
                let here = lengths.map(|l| l.saturating_sub(from).min(size));
                let start: Option<Vec<_>> =
                    carried.take().map(|c| c.iter().map(|s| s.constant(&mut tape)).collect());
                let out = rnn.forward(&mut tape, xv, Some(&here), start.as_deref()).unwrap();
                ys.extend(to_f64(tape.value(out.y).data()));
                carried = Some(out.state.iter().map(|s| s.values(&tape)).collect());
                let seed = Tensor::full([size, batch, n], 1.0);
                let back = tape.backward(&[(out.y, seed)]).unwrap();
                assert!(back.grad(xv).is_some());
                for s in start.into_iter().flatten() {
                    assert!(back.grad(s.h).is_none() && s.c.is_none_or(|c| back.grad(c).is_none()));
                }
            }
            let what = format!("{cell:?} {layer_norm}");
            assert_close(&ys, &y, 1e-6, &what);
            for (got, want) in carried.unwrap().iter().zip(&end) {
                assert_close(&to_f64(got.h.data()), &to_f64(want.h.data()), 1e-6, &what);
                assert_eq!(got.c.is_some(), cell.has_cell_state());
                if let (Some(got), Some(want)) = (&got.c, &want.c) {
                    assert_close(&to_f64(got.data()), &to_f64(want.data()), 1e-6, &what);
                }
            }
        }
    }
}
