use super::*;
use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};
use crate::{Params, Threads};

#[test]
fn both_directions_agree_with_the_reference_and_finite_differences() {
    let (table, width, ids) = (6, 5, [3, 1, 0, 3, 5, 3]);
    let (w, cotangent) = (values(table * width, 1), values(ids.len() * width, 2));
    let dw = reference::backward(&ids, &cotangent, table, width, None);
    let loss = |w: &[f64]| -> f64 {
        reference::forward(&ids, w, width).iter().zip(&cotangent).map(|(y, c)| y * c).sum()
    };
    assert_close(&dw, &finite_differences(loss, &w), 1e-6, "reference");

    for padding in [None, Some(3)] {
        let mut params = Params::new();
        let id = params.add("w", Tensor::from_vec([table, width], to_f32(&w)).unwrap()).unwrap();
        let mut tape = Tape::new(&params);
        let y = embedding(&mut tape, &ids, [2, 3], id, padding).unwrap();
        assert_eq!(tape.shape(y).dims(), [2, 3, width]);
        assert_eq!(to_f64(tape.value(y).data()), reference::forward(&ids, &w, width));
        let seed = Tensor::from_vec([2, 3, width], to_f32(&cotangent)).unwrap();
        let back = tape.backward(&[(y, seed)]).unwrap();
        let g = back.gradients.reduce(&params, &Threads::single()).unwrap();
        let want = reference::backward(&ids, &cotangent, table, width, padding);
        let got = g.get(id).to_dense([table, width].into());
        assert_close(&to_f64(got.data()), &want, 1e-6, "dw");
    }
}

#[test]
fn an_id_outside_the_table_is_named() {
    let mut params = Params::new();
    let w = params.add("w", Tensor::zeros([4, 2])).unwrap();
    let mut tape = Tape::new(&params);
    let error = embedding(&mut tape, &[1, 4], [2], w, None).unwrap_err();
    assert_eq!(error.to_string(), "embedding: id 4 is outside the table of 4 rows");
}
