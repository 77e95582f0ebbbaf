//! Tests of the graph.

use super::Graph;
use crate::check::{assert_close, finite_differences, to_f32, to_f64, values};
use crate::init::{Init, rng};
use crate::{Error, Linear, Params, Tape, Tensor, Threads};

#[test]
fn a_nested_expression_has_the_gradient_of_finite_differences() {
    // sum of softmax(2 - x / 3) * |x| - mean of (x x^T) + 1
    let plain = |x: &[f64]| {
        let mut sum = 0.0;
        for row in x.chunks(3) {
            let e: Vec<f64> = row.iter().map(|x| (2.0 - x / 3.0).exp()).collect();
            let total: f64 = e.iter().sum();
            sum += e.iter().zip(row).map(|(e, x)| e / total * x.abs()).sum::<f64>();
        }
        let mut products = 0.0;
        for a in x.chunks(3) {
            for b in x.chunks(3) {
                products += a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            }
        }
        sum - products / 4.0 + 1.0
    };
    let x = to_f64(&to_f32(&values(6, 1)));
    let params = Params::new();
    let g = Graph::new(&params);
    let v = g.input(Tensor::from_vec([2, 3], to_f32(&x)).unwrap());
    let loss = ((2.0 - v / 3.0).softmax() * v.abs()).sum() - v.matmul(v.t()).mean() + 1.0;
    assert_close(&[f64::from(loss.item().unwrap())], &[plain(&x)], 1e-5, "loss");
    let back = loss.backward().unwrap();
    let want = finite_differences(plain, &x);
    assert_close(&to_f64(back.grad(v.var()).unwrap().data()), &want, 1e-4, "gradient");
}

#[test]
fn shapes_are_changed_and_come_back() {
    let params = Params::new();
    let g = Graph::new(&params);
    let x = g.input(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    let y = g.concat(&[x.slice(1, 0..1), x.slice(1, 1..3)], 1);
    let z = g.stack(&[y.index(0), y.index(1)]).reshape([6]);
    assert_eq!(z.tensor().unwrap().data(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let back = (z * g.constant(Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))).sum().backward();
    let back = back.unwrap();
    assert_eq!(back.grad(x.var()).unwrap().data(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn logits_outlive_their_cross_entropy() {
    let mut params = Params::new();
    let layer =
        Linear::new(&mut params, "", 2, 3, Init::XavierUniform, &mut rng(1, "init")).unwrap();
    let g = Graph::new(&params);
    let x = g.input(Tensor::from([[1.0, 2.0], [-1.0, 0.5]]));
    let logits = x.linear(layer);
    let loss = logits.cross_entropy(&[2, 0]);
    // The same by hand.
    let picked = Tensor::from([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
    let by_hand = -(logits.log_softmax() * g.constant(picked)).sum() / 2.0;
    let both = [loss, by_hand].map(|l| f64::from(l.item().unwrap()));
    assert_close(&both[..1], &both[1..], 1e-6, "loss");
    assert_eq!(logits.argmax().unwrap().len(), 2);
    let gradient = |loss: super::Value| {
        let back = loss.backward().unwrap();
        let reduced = back.gradients.reduce(&params, &Threads::single()).unwrap();
        to_f64(reduced.get(layer.weight).to_dense([3, 2].into()).data())
    };
    let first = gradient(loss);
    let g = Graph::new(&params);
    let x = g.input(Tensor::from([[1.0, 2.0], [-1.0, 0.5]]));
    let picked = g.constant(Tensor::from([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]));
    let second = gradient(-(x.linear(layer).log_softmax() * picked).sum() / 2.0);
    assert_close(&first, &second, 1e-5, "gradient of the weight");
}

#[test]
fn the_first_error_is_kept_with_its_line() {
    let params = Params::new();
    let g = Graph::new(&params);
    let a = g.input(Tensor::zeros([2, 3]));
    let wrong = a + g.input(Tensor::zeros([2])); // the line of the error
    let line = line!() - 1;
    let error = wrong.relu().matmul(a).mean().backward().err().unwrap();
    let Error::At { at, error } = &error else { panic!("{error}") };
    assert_eq!((at.line(), at.file()), (line, file!()));
    assert_eq!(error.to_string(), "add: shapes [2, 3] and [2] do not fit");
    assert!(a.tensor().is_err() && a.item().is_err() && a.shape().is_err());
}

#[test]
fn a_value_of_another_graph_is_refused() {
    let params = Params::new();
    let (g, other) = (Graph::new(&params), Graph::new(&params));
    let (a, b) = (g.input(Tensor::scalar(1.0)), other.input(Tensor::scalar(1.0)));
    assert!((a + b).item().unwrap_err().to_string().contains("another tape"));
    let g = Graph::new(&params);
    assert!(g.concat(&[b], 0).tensor().unwrap_err().to_string().contains("another tape"));
    // Through the tape, too.
    let g = Graph::new(&params);
    assert_eq!(g.value(b.var()).tanh().tensor().unwrap_err(), Error::OtherTape);
}

#[test]
fn a_backward_pass_runs_once_and_from_one_element() {
    let params = Params::new();
    let g = Graph::new(&params);
    let x = g.input(Tensor::from([1.0, 2.0]));
    assert!(x.backward().is_err());
    let loss = x.square().sum();
    assert!(loss.backward().is_ok());
    assert!(loss.backward().err().unwrap().to_string().contains("has run already"));
    let g = Graph::inference(&params);
    assert!(g.input(Tensor::scalar(1.0)).backward().is_err());
    let g = Graph::from(Tape::new(&params).with_draws(1, 1));
    let dropped = g.input(Tensor::full([1000], 1.0)).dropout(0.5).tensor().unwrap();
    assert!(dropped.data().contains(&0.0));
}
