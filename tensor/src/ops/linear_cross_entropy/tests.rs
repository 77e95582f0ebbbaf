use proptest::prelude::*;

use super::*;
use crate::check::{assert_close, to_f32, to_f64, values};
use crate::error::Error;
use crate::ops::cross_entropy::reference as cross_entropy;
use crate::ops::linear::reference as linear;
use crate::{Params, Threads};

/// An output layer of `classes` by `inputs`, with inputs and targets; f64 and the same in f32.
struct Case {
    w: Vec<f64>,
    b: Vec<f64>,
    x: Vec<f64>,
    targets: Vec<u32>,
    params: Params,
    ids: (ParamId, ParamId),
}

fn case(rows: usize, inputs: usize, classes: usize) -> Case {
    let (w, b, x) = (values(classes * inputs, 1), values(classes, 2), values(rows * inputs, 3));
    let targets = (0..rows).map(|i| (i * i * 5 + i + 2) as u32 % classes as u32).collect();
    let mut params = Params::new();
    let weight = Tensor::from_vec([classes, inputs], to_f32(&w)).unwrap();
    let ids = (
        params.add("w", weight).unwrap(),
        params.add("b", Tensor::from_vec([classes], to_f32(&b)).unwrap()).unwrap(),
    );
    Case { w, b, x, targets, params, ids }
}

impl Case {
    fn x(&self, inputs: usize) -> Tensor {
        Tensor::from_vec([self.x.len() / inputs, inputs], to_f32(&self.x)).unwrap()
    }
}

/// Few rows, whose gradients are deferred, and many, whose gradients are summed block by block.
#[test]
fn loss_and_gradients_agree_with_the_references() {
    let sizes = [(1, 3, 2), (9, 4, 5), (300, 8, 37), (600, 3, 7), (1_000, 16, 40)];
    for (threads, (rows, inputs, classes)) in (1..=2).flat_map(|t| sizes.map(|size| (t, size))) {
        for (smoothing, ignore) in [(0.0, None), (0.1, Some(0)), (0.3, Some(1))] {
            let case = case(rows, inputs, classes);
            let logits = linear::forward(&case.x, &case.w, Some(&case.b), inputs);
            let e = f64::from(smoothing);
            let loss = cross_entropy::forward(&logits, &case.targets, ignore, e);
            let nll = cross_entropy::forward(&logits, &case.targets, ignore, 0.0);
            let dy: Vec<f64> = cross_entropy::backward(&logits, &case.targets, ignore, e);
            let [dx, dw, db] = linear::backward(&case.x, &case.w, &dy, inputs);

            let threads = Threads::new(threads);
            let mut tape = Tape::new(&case.params).with_threads(&threads);
            let x = tape.input(case.x(inputs));
            let how = CrossEntropy { targets: &case.targets, ignore, smoothing, weight: 0.25 };
            let (w, b) = case.ids;
            let found = linear_cross_entropy(&mut tape, x, w, Some(b), how).unwrap();
            let counted = case.targets.iter().filter(|&&t| ignore != Some(t)).count();
            assert_eq!(found.count, counted);
            assert_close(&[found.value.get().unwrap()], &[0.25 * loss], 1e-4, "loss");
            assert_close(&[found.nll.get().unwrap()], &[nll], 1e-4, "nll");
            let back = tape.backward(&[(found.loss, Tensor::scalar(8.0))]).unwrap();
            let twice = |of: Vec<f64>| of.iter().map(|d| 2.0 * d).collect::<Vec<f64>>();
            assert_close(&to_f64(back.grad(x).unwrap().data()), &twice(dx), 1e-4, "dx");
            let reduced = back.gradients.reduce(&case.params, &threads).unwrap();
            let dense = |id| to_f64(reduced.get(id).to_dense(case.params.shape(id)).data());
            assert_close(&dense(w), &twice(dw), 1e-3, "dW");
            assert_close(&dense(b), &twice(db), 1e-3, "db");
        }
    }
}

/// A parallel step has a tape for each thread: one may have few rows, another one many.
#[test]
fn tapes_with_few_and_with_many_rows_add_up() {
    let (inputs, classes) = (3, 7);
    let case = case(700, inputs, classes);
    let how = CrossEntropy { targets: &case.targets, ignore: Some(2), smoothing: 0.0, weight: 1.0 };
    let gradients = |parts: &[std::ops::Range<usize>]| {
        let mut all = crate::Gradients::default();
        for part in parts {
            let mut tape = Tape::new(&case.params);
            let x = tape.input(case.x(inputs).range(part.start, part.len()));
            let how = CrossEntropy { targets: &case.targets[part.clone()], ..how };
            let (w, b) = case.ids;
            let found = linear_cross_entropy(&mut tape, x, w, Some(b), how).unwrap();
            let seed = Tensor::scalar(1.0);
            all.merge(tape.backward(&[(found.loss, seed)]).unwrap().gradients);
        }
        let reduced = all.reduce(&case.params, &Threads::single()).unwrap();
        let (w, b) = case.ids;
        [w, b].map(|id| to_f64(reduced.get(id).to_dense(case.params.shape(id)).data()))
    };
    let [dw, db] = gradients(std::slice::from_ref(&(0..700)));
    for parts in [vec![0..80, 80..700], vec![0..600, 600..700], vec![0..350, 350..700]] {
        let [w, b] = gradients(&parts);
        assert_close(&w, &dw, 1e-4, "dW");
        assert_close(&b, &db, 1e-4, "db");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn probabilities_are_those_of_all_logits(
        rows in 1_usize..700, inputs in 1_usize..9, classes in 2_usize..20, ignored in 0_u32..3,
    ) {
        let case = case(rows, inputs, classes);
        let (w, b) = case.ids;
        let ignore = ignored.checked_sub(1);
        let mut tape = Tape::inference(&case.params);
        let x = tape.constant(case.x(inputs));
        let found =
            linear_log_probabilities(&mut tape, x, w, Some(b), &case.targets, ignore).unwrap();
        let logits = ops::linear(&mut tape, x, w, Some(b)).unwrap();
        let logp = ops::log_probabilities(tape.value(logits), &case.targets).unwrap();
        let best = ops::argmax(tape.value(logits)).unwrap();
        for (i, &target) in case.targets.iter().enumerate() {
            if ignore == Some(target) {
                prop_assert_eq!(found[i], (0.0, false));
            } else {
                // The sums of a product may be added in another order among other rows.
                prop_assert!((found[i].0 - logp[i]).abs() < 1e-5);
                prop_assert_eq!(found[i].1, best[i].0 == target);
            }
        }
    }
}

#[test]
fn without_rows_that_count_the_loss_is_zero_and_so_are_the_gradients() {
    for rows in [0, 3] {
        let case = case(rows, 2, 3);
        let targets = vec![1; rows];
        let mut tape = Tape::new(&case.params);
        let x = tape.input(case.x(2));
        let how = CrossEntropy { targets: &targets, ignore: Some(1), smoothing: 0.0, weight: 1.0 };
        let (w, b) = case.ids;
        let found = linear_cross_entropy(&mut tape, x, w, Some(b), how).unwrap();
        assert_eq!((found.value.get().unwrap(), found.count), (0.0, 0));
        let back = tape.backward(&[(found.loss, Tensor::scalar(1.0))]).unwrap();
        assert!(back.grad(x).unwrap().data().iter().all(|d| *d == 0.0));
        let reduced = back.gradients.reduce(&case.params, &Threads::single()).unwrap();
        assert!(reduced.get(w).to_dense([3, 2].into()).data().iter().all(|d| *d == 0.0));
    }
}

#[test]
fn bad_arguments_are_named() {
    let case = case(2, 2, 3);
    let (w, b) = case.ids;
    let how = CrossEntropy { targets: &[0, 3], ignore: None, smoothing: 0.0, weight: 1.0 };
    let mut tape = Tape::new(&case.params);
    let x = tape.input(case.x(2));
    let wide = tape.input(Tensor::zeros([2, 5]));
    let mut loss = |x, how| linear_cross_entropy(&mut tape, x, w, Some(b), how).unwrap_err();
    assert!(matches!(loss(x, how), Error::Id { id: 3, rows: 3, .. }));
    assert!(matches!(loss(x, CrossEntropy { targets: &[0], ..how }), Error::Shapes { .. }));
    let fine = CrossEntropy { targets: &[0, 1], ..how };
    assert!(matches!(loss(wide, fine), Error::Shapes { .. }));
    assert!(matches!(loss(x, CrossEntropy { smoothing: 2.0, ..fine }), Error::Argument { .. }));
    let mut tape = Tape::inference(&case.params);
    let x = tape.constant(case.x(2));
    let found = linear_log_probabilities(&mut tape, x, w, Some(b), &[0, 3], None);
    assert!(matches!(found, Err(Error::Id { id: 3, .. })));
    assert!(linear_log_probabilities(&mut tape, x, w, Some(b), &[0], None).is_err());
}
