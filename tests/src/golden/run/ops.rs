//! Operations of `tensor`.

use serde::Deserialize;
use tensor::{Device, Params, Tape, Tensor, ops};

use super::super::case_file::Given;
use super::super::compare::Computed;
use super::super::set::Case;
use super::{gradient, param_gradients};
use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CrossEntropy {
    pad: u32,
    label_smoothing: f32,
    reduction: String,
}

/// The mean over rows that are not padding.
pub(in super::super) fn cross_entropy(
    case: &Case,
    given: &mut Given,
    device: &Device,
) -> Result<Vec<Computed>> {
    let CrossEntropy { pad, label_smoothing, reduction } = case.config()?;
    if reduction != "mean over non-pad tokens" {
        return Err(Error::new(format!("an unknown reduction: {reduction}")));
    }
    let targets = given.ids("in.target")?;
    let counted = targets.iter().filter(|&&t| t != pad).count();
    let mut params = Params::new();
    params.to_device(device)?;
    let mut tape = Tape::new(&params).with_threads(device.threads());
    // The loss takes the logits' value off the tape.
    let value = given.tensor("in.logits")?;
    let shape = value.shape();
    let logits = tape.input(value);
    let how = ops::CrossEntropy {
        targets: &targets,
        ignore: Some(pad),
        smoothing: label_smoothing,
        weight: 1.0 / counted as f32,
    };
    let result = ops::cross_entropy(&mut tape, logits, how)?;
    if result.count != counted {
        return Err(Error::new(format!("{} rows counted, expected {counted}", result.count)));
    }
    let mut computed = vec![Computed::new("out.loss", tape.value(result.loss))];
    let back = tape.backward(&[(result.loss, given.tensor("cot.loss")?)])?;
    let gradient = back.grad(logits).cloned().unwrap_or_else(|| Tensor::zeros(shape));
    computed.push(Computed::new("grad.in.logits", &gradient));
    Ok(computed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Embedding {
    pad: u32,
}

/// A table whose padding has no gradient.
pub(in super::super) fn embedding(
    case: &Case,
    given: &mut Given,
    device: &Device,
) -> Result<Vec<Computed>> {
    let Embedding { pad } = case.config()?;
    let mut params = Params::new();
    let table = params.add("weight", given.tensor("param.weight")?)?;
    let ids = given.ids("in.ids")?;
    params.to_device(device)?;
    let mut tape = Tape::new(&params).with_threads(device.threads());
    let y = ops::embedding(&mut tape, &ids, [ids.len()], table, Some(pad))?;
    let mut computed = vec![Computed::new("out.y", tape.value(y))];
    let back = tape.backward(&[(y, given.tensor("cot.y")?)])?;
    computed.extend(param_gradients(&params, back, device)?);
    Ok(computed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Maxout {
    pieces: usize,
    /// How two neighbours are grouped, in words.
    note: Option<String>,
}

/// The largest of neighbours.
pub(in super::super) fn maxout(
    case: &Case,
    given: &mut Given,
    device: &Device,
) -> Result<Vec<Computed>> {
    let Maxout { pieces, note } = case.config()?;
    if let Some(note) = note.filter(|note| note != "out[j] = max(x[2j], x[2j+1])") {
        return Err(Error::new(format!("an unknown grouping of {pieces} pieces: {note}")));
    }
    let mut params = Params::new();
    params.to_device(device)?;
    let mut tape = Tape::new(&params).with_threads(device.threads());
    let x = tape.input(given.tensor("in.x")?);
    let y = ops::maxout(&mut tape, x, pieces)?;
    let out = Computed::new("out.y", tape.value(y));
    let back = tape.backward(&[(y, given.tensor("cot.y")?)])?;
    Ok(vec![out, gradient(&tape, &back, "x", x)])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerNorm {
    eps: f32,
}

/// Rows normalised.
pub(in super::super) fn layer_norm(
    case: &Case,
    given: &mut Given,
    device: &Device,
) -> Result<Vec<Computed>> {
    let LayerNorm { eps } = case.config()?;
    let mut params = Params::new();
    let weight = params.add("weight", given.tensor("param.weight")?)?;
    let bias = params.add("bias", given.tensor("param.bias")?)?;
    params.to_device(device)?;
    let mut tape = Tape::new(&params).with_threads(device.threads());
    let x = tape.input(given.tensor("in.x")?);
    let y = ops::layer_norm(&mut tape, x, weight, bias, eps)?;
    let mut computed = vec![Computed::new("out.y", tape.value(y))];
    let back = tape.backward(&[(y, given.tensor("cot.y")?)])?;
    computed.push(gradient(&tape, &back, "x", x));
    computed.extend(param_gradients(&params, back, device)?);
    Ok(computed)
}
