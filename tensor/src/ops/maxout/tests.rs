use super::*;
use crate::Params;
use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};

#[test]
fn both_directions_agree_with_the_reference_and_finite_differences() {
    for (pieces, width) in [(1, 3), (2, 1), (2, 17), (3, 5)] {
        let rows = 4;
        let x = values(rows * width * pieces, 1);
        let cotangent = values(rows * width, 2);
        let loss = |x: &[f64]| -> f64 {
            let y = reference::forward(x, pieces);
            y.iter().zip(&cotangent).map(|(y, c)| y * c).sum()
        };
        let dx = reference::backward(&x, &cotangent, pieces);
        assert_close(&dx, &finite_differences(loss, &x), 1e-5, "dx");

        let params = Params::new();
        let mut tape = Tape::new(&params);
        let v = tape.input(Tensor::from_vec([rows, width * pieces], to_f32(&x)).unwrap());
        let y = maxout(&mut tape, v, pieces).unwrap();
        assert_eq!(tape.shape(y).dims(), [rows, width]);
        assert_eq!(to_f64(tape.value(y).data()), reference::forward(&x, pieces));
        let seed = Tensor::from_vec([rows, width], to_f32(&cotangent)).unwrap();
        let back = tape.backward(&[(y, seed)]).unwrap();
        assert_eq!(to_f64(back.grad(v).unwrap().data()), dx);
    }
}

#[test]
fn of_equal_pieces_the_first_gets_the_gradient() {
    let params = Params::new();
    let mut tape = Tape::new(&params);
    let x = tape.input(Tensor::from(vec![2.0, 2.0, 2.0, 1.0, 0.0, 1.0]));
    let y = maxout(&mut tape, x, 3).unwrap();
    let back = tape.backward(&[(y, Tensor::from(vec![5.0, 7.0]))]).unwrap();
    assert_eq!(back.grad(x).unwrap().data(), [5.0, 0.0, 0.0, 7.0, 0.0, 0.0]);
}

#[test]
fn what_is_not_a_number_shows_and_bad_widths_are_refused() {
    let params = Params::new();
    let mut tape = Tape::new(&params);
    let x = tape.input(Tensor::from(vec![f32::NAN, 1.0, 1.0, f32::NAN, 0.0, 1.0]));
    let y = maxout(&mut tape, x, 2).unwrap();
    let y = tape.value(y).data();
    assert!(y[0].is_nan() && y[1].is_nan() && y[2] == 1.0);
    assert_eq!(
        maxout(&mut tape, x, 4).unwrap_err().to_string(),
        "maxout: 4 pieces of a width of 6, expected a divisor of it"
    );
    assert!(maxout(&mut tape, x, 0).is_err());
}
