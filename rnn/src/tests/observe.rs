//! Observed networks against the kernels, and a changed activation against the same change by hand.

use tensor::check::{assert_close, to_f32, to_f64, values};
use tensor::{Params, PooledVec, Tape, Tensor};

use crate::{Cell, Gate, Merge, Rnn, RnnConfig, RnnOptions, Site, StepInput, gru};

fn tensor(shape: impl Into<tensor::Shape>, seed: u64) -> Tensor {
    let shape = shape.into();
    Tensor::from_vec(shape, to_f32(&values(shape.len(), seed))).unwrap()
}

fn network(cell: Cell, bidirectional: bool, options: RnnOptions) -> (Params, Rnn) {
    let mut params = Params::new();
    let config = RnnConfig { layers: 2, bidirectional, ..RnnConfig::new(cell, 4, 9) };
    let mut seed = 40;
    let mut make = |_: &str, shape: tensor::Shape| {
        seed += 1;
        Ok(tensor(shape, seed))
    };
    let rnn = Rnn::with_init(&mut params, "e.", config, options, &mut make).unwrap();
    (params, rnn)
}

fn all_options() -> [RnnOptions; 3] {
    let plain = RnnOptions::default();
    [
        plain.clone(),
        RnnOptions { merge: Merge::Sum, residual: true, ..plain.clone() },
        RnnOptions { layer_norm: true, ..plain },
    ]
}

#[test]
fn observed_sequences_have_the_values_of_the_kernels() {
    for cell in Cell::ALL {
        for options in all_options() {
            let (params, rnn) = network(cell, true, options);
            let mut tape = Tape::inference(&params);
            let x = tape.constant(tensor([6, 1, 4], 3));
            let want = rnn.forward(&mut tape, x, None, None).unwrap();
            let (got, layers) = rnn.observe(&mut tape, x, None, &mut |_, v| v).unwrap();
            let of = |tape: &Tape<'_>, v| to_f64(tape.value(v).data());
            assert_close(&of(&tape, got.y), &of(&tape, want.y), 1e-6, cell.name());
            for (got, want) in got.state.iter().zip(&want.state) {
                assert_close(&of(&tape, got.h), &of(&tape, want.h), 1e-6, cell.name());
                assert_eq!(got.c.is_some(), want.c.is_some());
                if let (Some(got), Some(want)) = (got.c, want.c) {
                    assert_close(&of(&tape, got), &of(&tape, want), 1e-6, cell.name());
                }
            }
            let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
            assert_eq!(names, ["e.l0", "e.l0.reverse", "e.l1", "e.l1.reverse"]);
            for layer in &layers {
                assert_eq!(layer.steps.len(), 6);
                for step in &layer.steps {
                    let gates: Vec<Gate> = step.iter().map(|(gate, _)| *gate).collect();
                    assert_eq!(gates, cell.values());
                    for (gate, values) in step {
                        let (low, high) = gate.bounds(cell).unwrap_or((f32::MIN, f32::MAX));
                        assert_eq!(values.len(), 9);
                        assert!(values.iter().all(|v| (low..=high).contains(v)), "{gate}");
                    }
                }
            }
        }
    }
}

#[test]
fn observed_steps_have_the_values_of_the_kernels() {
    for cell in Cell::ALL {
        for options in all_options() {
            let (params, rnn) = network(cell, false, options);
            let mut tape = Tape::inference(&params);
            let x = tape.constant(tensor([1, 1, 3], 3));
            let projected = rnn.project(&mut tape, x, 0..3).unwrap();
            let projected = tape.index(projected, 0);
            let part = tape.constant(tensor([1, 1], 4));
            let input =
                StepInput { projected: Some(projected), parts: PooledVec::from([(part, 3..4)]) };
            let mut state = rnn.zero_state(&mut tape, 1).unwrap();
            for time in 0..3 {
                let (want, after) = rnn.step(&mut tape, &input, &state, time).unwrap();
                let (got, new, layers) =
                    rnn.observe_step(&mut tape, &input, &state, time, &mut |_, v| v).unwrap();
                let of = |v| to_f64(tape.value(v).data());
                assert_close(&of(got), &of(want), 1e-6, cell.name());
                for ((got, want), layer) in new.iter().zip(&after).zip(&layers) {
                    assert_close(&of(got.h), &of(want.h), 1e-6, cell.name());
                    assert_eq!(layer.last().unwrap().1, tape.value(got.h).data());
                }
                state = after;
            }
        }
    }
}

#[test]
fn a_changed_gate_is_used() {
    let (params, rnn) = network(Cell::Gru, false, RnnOptions::default());
    let mut tape = Tape::inference(&params);
    let x = tape.constant(tensor([2, 1, 4], 3));
    let edit = &mut |site: Site, value| {
        let here = Site { layer: 0, time: 1, gate: Gate::Reset, unit: 2 };
        if site == here { 1.0 } else { value }
    };
    let (_, layers) = rnn.observe(&mut tape, x, None, edit).unwrap();
    let get = |name: &str| params.get(params.find(name).unwrap()).data();
    let affine = |kind: &str, x: &[f32]| {
        let (w, b) = (get(&format!("e.weight_{kind}_l0")), get(&format!("e.bias_{kind}_l0")));
        crate::reference::affine(w, x, b)
    };
    let x = tape.value(x);
    let h = &layers[0].steps[0][3].1;
    let (a, b) = (affine("ih", x.index(1).data()), affine("hh", h));
    let step = gru::reference::forward(&a, &b, h);
    let n = (a[18 + 2] + b[18 + 2]).tanh();
    let z = step.gates[9 + 2];
    let mut want = step.h;
    want[2] = (1.0 - z) * n + z * h[2];
    let got = &layers[0].steps[1];
    assert_eq!(got[0].1[2], 1.0);
    assert_close(&to_f64(&got[3].1), &to_f64(&want), 1e-6, "h");
}

#[test]
fn only_one_sequence_is_observed() {
    let (params, rnn) = network(Cell::Lstm, false, RnnOptions::default());
    let mut tape = Tape::inference(&params);
    let x = tape.constant(tensor([2, 3, 4], 3));
    let error = rnn.observe(&mut tape, x, None, &mut |_, v| v).unwrap_err().to_string();
    assert!(error.contains("3 sequences, expected one"), "{error}");
}
