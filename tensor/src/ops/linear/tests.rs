use super::*;
use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};
use crate::{Gradient, Params, Threads};

#[test]
fn both_directions_agree_with_finite_differences() {
    let (rows, inputs, outputs) = (5, 7, 4);
    let (x, w, b) = (values(rows * inputs, 1), values(outputs * inputs, 2), values(outputs, 3));
    let cotangent = values(rows * outputs, 4);
    let loss = |x: &[f64], w: &[f64], b: &[f64]| -> f64 {
        let y = reference::forward(x, w, Some(b), inputs);
        y.iter().zip(&cotangent).map(|(y, c)| y * c).sum()
    };
    let mut params = Params::new();
    let wi = params.add("w", Tensor::from_vec([outputs, inputs], to_f32(&w)).unwrap()).unwrap();
    let bi = params.add("b", Tensor::from(to_f32(&b))).unwrap();
    let mut tape = Tape::new(&params);
    let xv = tape.input(Tensor::from_vec([rows, inputs], to_f32(&x)).unwrap());
    let y = linear(&mut tape, xv, wi, Some(bi)).unwrap();
    let want = reference::forward(&x, &w, Some(&b), inputs);
    assert_close(&to_f64(tape.value(y).data()), &want, 1e-5, "y");
    let seed = Tensor::from_vec([rows, outputs], to_f32(&cotangent)).unwrap();
    let back = tape.backward(&[(y, seed)]).unwrap();
    let dx = finite_differences(|x| loss(x, &w, &b), &x);
    assert_close(&to_f64(back.grad(xv).unwrap().data()), &dx, 1e-4, "dx");
    let g = back.gradients.reduce(&params, &Threads::single()).unwrap();
    let dense = |id| match g.get(id) {
        Gradient::Dense(t) => to_f64(t.data()),
        _ => panic!("dense expected"),
    };
    assert_close(&dense(wi), &finite_differences(|w| loss(&x, w, &b), &w), 1e-4, "dw");
    assert_close(&dense(bi), &finite_differences(|b| loss(&x, &w, b), &b), 1e-4, "db");
    let [want_dx, want_dw, want_db] = reference::backward(&x, &w, &cotangent, inputs);
    assert_close(&want_dx, &dx, 1e-6, "reference dx");
    assert_close(&want_dw, &finite_differences(|w| loss(&x, w, &b), &w), 1e-6, "reference dw");
    assert_close(&want_db, &finite_differences(|b| loss(&x, &w, b), &b), 1e-6, "reference db");
}

#[test]
fn blocks_of_rows_make_up_the_whole_map() {
    let (rows, inputs, outputs) = (3, 5, 40);
    let mut params = Params::new();
    let of = |n, seed| to_f32(&values(n, seed));
    let w = Tensor::from_vec([outputs, inputs], of(outputs * inputs, 1)).unwrap();
    let w = params.add("w", w).unwrap();
    let b = params.add("b", Tensor::from(of(outputs, 2))).unwrap();
    let x = Tensor::from_vec([rows, inputs], of(rows * inputs, 3)).unwrap();
    let seed = Tensor::from_vec([rows, outputs], of(rows * outputs, 4)).unwrap();
    let run = |blocks: &[Range<usize>]| {
        let mut tape = Tape::new(&params);
        let v = tape.input(x.clone());
        let parts: Vec<Var> = blocks
            .iter()
            .map(|rows| {
                linear_rows(&mut tape, v, w, rows.clone(), Some((b, rows.clone()))).unwrap()
            })
            .collect();
        let y = crate::ops::concat(&mut tape, &parts).unwrap();
        let back = tape.backward(&[(y, seed.clone())]).unwrap();
        let (y, dx) = (to_f64(tape.value(y).data()), to_f64(back.grad(v).unwrap().data()));
        let g = back.gradients.reduce(&params, &Threads::single()).unwrap();
        let dense = |id| to_f64(g.get(id).to_dense(params.shape(id)).data());
        [y, dx, dense(w), dense(b)]
    };
    let mut tape = Tape::new(&params);
    let v = tape.input(x.clone());
    let whole = linear(&mut tape, v, w, Some(b)).unwrap();
    let want = run(std::slice::from_ref(&(0..outputs)));
    assert_close(&want[0], &to_f64(tape.value(whole).data()), 1e-6, "one block");
    for (got, want) in run(&[0..7, 7..33, 33..40]).iter().zip(&want) {
        assert_close(got, want, 1e-5, "blocks");
    }
    // Rows that nobody used have a gradient of zero.
    let v = tape.input(x.clone());
    let some = linear_rows(&mut tape, v, w, 38..40, Some((b, 1..3))).unwrap();
    let back = tape.backward(&[(some, Tensor::full([rows, 2], 1.0))]).unwrap();
    let g = back.gradients.reduce(&params, &Threads::single()).unwrap();
    let dw = g.get(w).to_dense(params.shape(w));
    assert!(dw.data()[..38 * inputs].iter().all(|&d| d == 0.0) && dw.data()[38 * inputs] != 0.0);
    assert_eq!(g.get(b).to_dense(params.shape(b)).data()[..4], [0.0, 3.0, 3.0, 0.0]);
    assert!(linear_rows(&mut tape, v, w, 38..41, None).is_err());
    assert!(linear_rows(&mut tape, v, w, 0..2, Some((b, 0..3))).is_err());
    assert!(linear_rows(&mut tape, v, w, 0..2, Some((b, 39..41))).is_err());
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let mut params = Params::new();
    let w = params.add("w", Tensor::zeros([2, 3])).unwrap();
    let mut tape = Tape::new(&params);
    let x = tape.input(Tensor::zeros([4, 5]));
    let error = linear(&mut tape, x, w, None).unwrap_err();
    assert_eq!(error.to_string(), "linear: shapes [4, 5] and [2, 3] do not fit");
}

#[test]
fn the_most_probable_classes_are_those_of_all_logits() {
    use crate::ops::{argmax_except, linear, linear_argmax};

    for (rows, inputs, classes) in [(1, 3, 1), (2, 8, 70), (5, 16, 3000), (70, 4, 1100)] {
        for bits in [32, 8] {
            let mut params = Params::new();
            let w = to_f32(&values(classes * inputs, 1));
            let weight = params.add("w", Tensor::from_vec([classes, inputs], w).unwrap()).unwrap();
            let mut b = to_f32(&values(classes, 2));
            if classes == 3000 {
                // A whole block, and the last column.
                b[1_024..2_048].fill(f32::NEG_INFINITY);
                b[2_999] = f32::NEG_INFINITY;
            }
            let bias = params.add("b", Tensor::from_vec([classes], b).unwrap()).unwrap();
            if bits == 8 {
                params.quantize().unwrap();
            }
            for threads in [Threads::single(), Threads::new(3)] {
                let mut tape = Tape::inference(&params).with_threads(&threads);
                let mut x = Tensor::from_vec([rows, inputs], to_f32(&values(rows * inputs, 3)));
                if let Ok(x) = &mut x
                    && rows == 5
                {
                    x.data_mut()[0] = f32::NAN;
                }
                let x = tape.constant(x.unwrap());
                let logits = linear(&mut tape, x, weight, Some(bias)).unwrap();
                let logits = tape.value(logits).clone();
                let most = argmax_except(&logits, &[]).unwrap()[rows - 1].0;
                for excluded in [vec![], vec![0], vec![most, 0, 7_000]] {
                    let want = argmax_except(&logits, &excluded).unwrap();
                    let got = linear_argmax(&mut tape, x, weight, Some(bias), &excluded).unwrap();
                    assert_eq!(got.len(), rows);
                    for (got, want) in got.iter().zip(&want) {
                        if want.1.is_nan() {
                            assert!(got.1.is_nan());
                            assert!(classes <= excluded.len() || !excluded.contains(&got.0));
                        } else if classes > excluded.len() {
                            assert_eq!(got.0, want.0, "{rows} {classes} {excluded:?}");
                            assert!((got.1 - want.1).abs() < 1e-5, "{got:?} {want:?}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn an_output_layer_checks_its_shapes() {
    use crate::ops::linear_argmax;

    let mut params = Params::new();
    let weight = params.add("w", Tensor::zeros([4, 3])).unwrap();
    let bias = params.add("b", Tensor::zeros([3])).unwrap();
    let mut tape = Tape::inference(&params);
    let x = tape.constant(Tensor::zeros([2, 3]));
    assert!(linear_argmax(&mut tape, x, weight, Some(bias), &[]).is_err());
    let y = tape.constant(Tensor::zeros([2, 2]));
    assert!(linear_argmax(&mut tape, y, weight, None, &[]).is_err());
    let none = tape.constant(Tensor::zeros([0, 3]));
    assert!(linear_argmax(&mut tape, none, weight, None, &[]).unwrap().is_empty());
}
