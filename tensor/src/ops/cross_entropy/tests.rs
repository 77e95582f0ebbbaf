use super::*;
use crate::Params;
use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};
use crate::error::Error;

#[test]
fn both_directions_agree_with_the_reference_and_finite_differences() {
    for (classes, smoothing, ignore) in [(3, 0.0, None), (9, 0.1, Some(0)), (37, 0.3, Some(2))] {
        let targets: Vec<u32> = (0..8).map(|i| (i * 5 + 2) % classes as u32).collect();
        let logits: Vec<f64> = values(8 * classes, 1).iter().map(|v| 4.0 * v).collect();
        let e = f64::from(smoothing);
        let loss = |x: &[f64]| reference::forward(x, &targets, ignore, e);
        let want = reference::backward(&logits, &targets, ignore, e);
        assert_close(&want, &finite_differences(loss, &logits), 1e-5, "reference");

        let params = Params::new();
        let mut tape = Tape::new(&params);
        let x = tape.input(Tensor::from_vec([2, 4, classes], to_f32(&logits)).unwrap());
        let how = CrossEntropy { targets: &targets, ignore, smoothing, weight: 0.25 };
        let result = cross_entropy(&mut tape, x, how).unwrap();
        assert_close(&[result.value.get().unwrap()], &[0.25 * loss(&logits)], 1e-5, "loss");
        let nll = reference::forward(&logits, &targets, ignore, 0.0);
        assert_close(&[result.nll.get().unwrap()], &[nll], 1e-5, "nll");
        let counted = targets.iter().filter(|&&t| ignore != Some(t)).count();
        assert_eq!(result.count, counted);
        let back = tape.backward(&[(result.loss, Tensor::scalar(8.0))]).unwrap();
        let want: Vec<f64> = want.iter().map(|d| 2.0 * d).collect();
        assert_close(&to_f64(back.grad(x).unwrap().data()), &want, 1e-4, "gradient");
    }
}

#[test]
fn huge_logits_stay_finite_and_argmax_takes_the_first() {
    let params = Params::new();
    let mut tape = Tape::new(&params);
    let x = tape.input(Tensor::from(ndarray::array![[1e30, -1e30, 0.0], [3.0, 3.0, 3.0]]));
    let how = CrossEntropy { targets: &[0, 0], ignore: None, smoothing: 0.0, weight: 1.0 };
    let result = cross_entropy(&mut tape, x, how).unwrap();
    assert!((result.value.get().unwrap() - 3f64.ln()).abs() < 1e-6);
    assert_eq!(result.correct.get().unwrap(), 2.0);
}

#[test]
fn bad_targets_are_named() {
    let params = Params::new();
    let mut tape = Tape::new(&params);
    let x = tape.input(Tensor::zeros([2, 3]));
    let how = CrossEntropy { targets: &[0, 3], ignore: None, smoothing: 0.0, weight: 1.0 };
    assert!(matches!(cross_entropy(&mut tape, x, how), Err(Error::Id { id: 3, rows: 3, .. })));
    let how = CrossEntropy { targets: &[0], ..how };
    assert!(matches!(cross_entropy(&mut tape, x, how), Err(Error::Shapes { .. })));
}
