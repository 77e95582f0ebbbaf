//! Attention over a padded batch.

use attention::{Attention, AttentionConfig, Kind};
use ndarray::IxDyn;
use serde::Deserialize;
use tensor::{Params, Tape, Tensor, Threads};

use super::super::case_file::Given;
use super::super::compare::Computed;
use super::super::set::Case;
use super::{build, gradient, param_gradients};
use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    query: usize,
    memory: usize,
    attention: usize,
}

/// \[B, S, K\], as files have a memory, from or to \[S, B, K\].
fn swapped(t: &Tensor) -> Result<Tensor> {
    if t.dims().len() != 3 {
        return Err(Error::new(format!("a memory has shape {}, expected [B, S, K]", t.shape())));
    }
    Ok(t.view().permuted_axes(IxDyn(&[1, 0, 2])).to_owned().into())
}

pub(in super::super) fn run(
    case: &Case,
    given: &mut Given,
    threads: &Threads,
) -> Result<Vec<Computed>> {
    let Config { query, memory, attention: width } = case.config()?;
    let kind = Kind::ALL.into_iter().find(|k| k.name() == case.op);
    let kind = kind.ok_or_else(|| Error::new(format!("there is no attention {}", case.op)))?;
    let config = AttentionConfig { kind, query, memory, width };
    let mut params = Params::new();
    let attention = build(given, |init| Attention::new(&mut params, "", config, init))?;
    let lengths = given.lengths("in.lengths");
    let lengths = lengths.ok_or_else(|| Error::new("there is no in.lengths"))?;

    let mut tape = Tape::new(&params).with_threads(threads);
    let query = tape.input(given.tensor("in.query")?);
    let states = tape.input(swapped(&given.tensor("in.memory")?)?);
    let memory = attention.memory(&mut tape, states, &lengths)?;
    let found = attention.attend(&mut tape, query, &memory)?;
    let weights = tape.value(found.weights);
    let width = weights.shape().width();
    for (row, &length) in weights.data().chunks_exact(width).zip(&lengths) {
        if row[length..].iter().any(|&a| a != 0.0) {
            return Err(Error::new("a position past a sentence's end has a weight"));
        }
    }

    let mut computed = vec![
        Computed::new("out.context", tape.value(found.context)),
        Computed::new("out.weights", weights),
    ];
    let seeds = [
        (found.context, given.tensor("cot.context")?),
        (found.weights, given.tensor("cot.weights")?),
    ];
    let back = tape.backward(&seeds)?;
    computed.push(gradient(&tape, &back, "query", query));
    let whole = back.of(states).cloned().unwrap_or_else(|| Tensor::zeros(tape.shape(states)));
    computed.push(Computed::new("grad.in.memory", &swapped(&whole)?));
    computed.extend(param_gradients(&params, back, threads)?);
    Ok(computed)
}
