//! Tests of the tape.

use super::Tape;
use crate::{Error, Params, Tensor, ops};

#[test]
fn a_value_of_another_tape_is_refused() {
    let params = Params::new();
    let mut other = Tape::new(&params);
    let strange = other.input(Tensor::full([2], 1.0));
    let mut tape = Tape::new(&params);
    let x = tape.input(Tensor::full([2], 1.0));
    let error = ops::add(&mut tape, x, strange).unwrap_err().to_string();
    let want = "add: shapes [2] and [0] (of a value that belongs to another tape) do not fit";
    assert_eq!(error, want);
    // An operation that could go on with an empty value: the backward pass reports it.
    let y = ops::tanh(&mut tape, strange).unwrap();
    assert_eq!(tape.check(), Err(Error::OtherTape));
    let seed = Tensor::full([0], 1.0);
    assert!(matches!(tape.backward(&[(y, seed)]), Err(Error::OtherTape)));
    let seed = Tensor::full([2], 1.0);
    assert!(matches!(Tape::new(&params).backward(&[(x, seed)]), Err(Error::OtherTape)));
    // What was on a tape before it was cleared is not on it any more.
    tape.clear();
    assert_eq!((tape.check(), tape.value(x).len()), (Ok(()), 0));
}

#[test]
fn a_reshaped_value_shares_its_gradient() {
    let params = Params::new();
    let mut tape = Tape::new(&params);
    let x = tape.input(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    let rows = tape.index(x, 1);
    let column = tape.reshape(rows, [3, 1]).unwrap();
    let y = ops::square(&mut tape, column).unwrap();
    let flat = tape.reshape(y, [3]).unwrap();
    let back = tape.backward(&[(flat, Tensor::full([3], 1.0))]).unwrap();
    assert_eq!(back.grad(x).unwrap().data(), [0.0, 0.0, 0.0, 8.0, 10.0, 12.0]);
    assert!(tape.reshape(x, [4]).is_err());
}

#[test]
fn the_logits_of_a_cross_entropy_are_missed_by_name() {
    let params = Params::new();
    let mut tape = Tape::new(&params);
    let logits = tape.input(Tensor::zeros([1, 2]));
    let how = ops::CrossEntropy { targets: &[1], ignore: None, smoothing: 0.0, weight: 1.0 };
    ops::cross_entropy(&mut tape, logits, how).unwrap();
    let bias = tape.input(Tensor::zeros([2]));
    let error = ops::add(&mut tape, logits, bias).unwrap_err().to_string();
    assert!(error.contains("took off the tape; clone its tensor before"), "{error}");
    let error = ops::argmax(tape.value(logits)).unwrap_err().to_string();
    assert!(error.contains("took off the tape"), "{error}");
}
