//! Everyday operations of `tensor`, composed as the table of expressions in `make.py`.

use serde::Deserialize;
use tensor::{Device, Graph, Params, Tape, Tensor, Value};

use super::super::case_file::Given;
use super::super::compare::Computed;
use super::super::set::Case;
use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expression {
    expression: String,
}

/// Names and values of outputs.
type Outputs<'g, 'p> = Vec<(&'static str, Value<'g, 'p>)>;

fn outputs<'g, 'p>(
    g: &'g Graph<'p>,
    name: &str,
    of: impl Fn(&str) -> Result<Value<'g, 'p>>,
) -> Result<Outputs<'g, 'p>> {
    let a = of("a")?;
    Ok(match name {
        "elementwise" => {
            let b = of("b")?;
            let y = a.relu() * b.sigmoid() - (a / 2.0).tanh()
                + (a + b).abs().sqrt()
                + (b.exp() + 1.0).log() * a.square();
            vec![("y", y)]
        }
        "broadcast" => {
            vec![("y", (a - of("c")?) / (of("b")?.exp() + of("d")?.square()))]
        }
        "reduced" => vec![
            ("sum", a.sum()),
            ("mean", a.mean()),
            ("dim", a.sum_dim(1)),
            ("kept", a.mean_keepdim(0)),
        ],
        "softmax" => vec![("y", (3.0 * a).softmax()), ("log", a.log_softmax())],
        "products" => {
            let c = of("c")?;
            vec![("y", a.matmul(of("b")?)), ("each", c.matmul(c.t()))]
        }
        "shapes" => {
            let y = g.concat(&[a.transpose(0, 1), of("b")?], 1);
            let part = a.slice(2, 1..3);
            let len = part.shape()?.len();
            vec![("y", y), ("part", part.reshape([len]))]
        }
        other => return Err(Error::new(format!("an unknown expression: {other}"))),
    })
}

/// The outputs of an expression, and the gradients of all its inputs.
pub(in super::super) fn run(
    case: &Case,
    given: &mut Given,
    device: &Device,
) -> Result<Vec<Computed>> {
    let Expression { expression } = case.config()?;
    let mut params = Params::new();
    params.to_device(device)?;
    let g = Graph::from(Tape::new(&params).with_threads(device.threads()));
    let mut inputs = Vec::new();
    for name in ["a", "b", "c", "d"] {
        if let Some(tensor) = given.optional(&format!("in.{name}")) {
            let shape = tensor.shape();
            inputs.push((name, g.input(tensor), shape));
        }
    }
    let of = |name: &str| {
        let found = inputs.iter().find(|(own, ..)| *own == name).map(|&(_, value, _)| value);
        found.ok_or_else(|| Error::new(format!("no input {name}")))
    };
    let outputs = outputs(&g, &expression, of)?;
    let (mut computed, mut seeds) = (Vec::new(), Vec::new());
    for (name, value) in &outputs {
        computed.push(Computed::new(format!("out.{name}"), &value.tensor()?));
        seeds.push((value.var(), given.tensor(&format!("cot.{name}"))?));
    }
    let back = g.run(|tape| tape.backward(&seeds))?;
    for (name, value, shape) in &inputs {
        let gradient = back.grad(value.var()).cloned().unwrap_or_else(|| Tensor::zeros(*shape));
        computed.push(Computed::new(format!("grad.in.{name}"), &gradient));
    }
    Ok(computed)
}
