use super::*;
use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};
use crate::{Params, Threads};

#[test]
fn both_directions_agree_with_the_reference_and_finite_differences() {
    for width in [1, 5, 19, 64] {
        let rows = 3;
        let (x, w, b) = (values(rows * width, 1), values(width, 2), values(width, 3));
        let cotangent = values(rows * width, 4);
        let loss = |x: &[f64], w: &[f64], b: &[f64]| -> f64 {
            let y = reference::forward(x, w, b, 1e-5);
            y.iter().zip(&cotangent).map(|(y, c)| y * c).sum()
        };
        let (dx, dw, db) = reference::backward(&x, &w, &cotangent, 1e-5);
        if width > 1 {
            assert_close(&dx, &finite_differences(|x| loss(x, &w, &b), &x), 1e-4, "dx");
        }
        assert_close(&dw, &finite_differences(|w| loss(&x, w, &b), &w), 1e-4, "dw");
        assert_close(&db, &finite_differences(|b| loss(&x, &w, b), &b), 1e-4, "db");

        let mut params = Params::new();
        let wi = params.add("w", Tensor::from(to_f32(&w))).unwrap();
        let bi = params.add("b", Tensor::from(to_f32(&b))).unwrap();
        let mut tape = Tape::new(&params);
        let xv = tape.input(Tensor::from_vec([rows, width], to_f32(&x)).unwrap());
        let y = layer_norm(&mut tape, xv, wi, bi, 1e-5).unwrap();
        let want = reference::forward(&x, &w, &b, 1e-5);
        assert_close(&to_f64(tape.value(y).data()), &want, 1e-4, "y");
        let seed = Tensor::from_vec([rows, width], to_f32(&cotangent)).unwrap();
        let back = tape.backward(&[(y, seed)]).unwrap();
        assert_close(&to_f64(back.grad(xv).unwrap().data()), &dx, 1e-4, "kernel dx");
        let g = back.gradients.reduce(&params, &Threads::single()).unwrap();
        let dense = |id| to_f64(g.get(id).to_dense([width].into()).data());
        assert_close(&dense(wi), &dw, 1e-4, "kernel dw");
        assert_close(&dense(bi), &db, 1e-4, "kernel db");
    }
}
