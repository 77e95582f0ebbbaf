//! Recurrent networks.

use rnn::{Cell, Rnn, RnnConfig, RnnOptions, State};
use serde::Deserialize;
use tensor::{Device, Params, Tape, Tensor, Var};

use super::super::case_file::Given;
use super::super::compare::Computed;
use super::super::set::Case;
use super::{build, gradient, param_gradients};
use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    input: usize,
    hidden: usize,
    layers: usize,
    bidirectional: bool,
    packed: bool,
}

/// States \[L D, B, H\] as the file has them.
fn joined(tape: &Tape<'_>, states: &[Var]) -> Result<Tensor> {
    let data = states.iter().flat_map(|&v| tape.value(v).data().to_vec()).collect();
    let inner = states.first().map_or(&[0, 0][..], |&v| tape.value(v).dims());
    let shape = [&[states.len()], inner].concat();
    Ok(Tensor::from_vec(shape.as_slice(), data)?)
}

pub(in super::super) fn run(
    case: &Case,
    given: &mut Given,
    device: &Device,
) -> Result<Vec<Computed>> {
    let Config { input, hidden, layers, bidirectional, packed } = case.config()?;
    let cell = Cell::ALL.into_iter().find(|c| c.name() == case.op);
    let cell = cell.ok_or_else(|| Error::new(format!("there is no cell {}", case.op)))?;
    let config = RnnConfig { layers, bidirectional, ..RnnConfig::new(cell, input, hidden) };
    let directions = config.directions();
    let mut params = Params::new();
    let rnn =
        build(given, |init| Rnn::with_init(&mut params, "", config, RnnOptions::default(), init))?;
    params.to_device(device)?;
    let lengths = given.lengths("in.lengths");
    if lengths.is_some() != packed {
        return Err(Error::new("lengths are there where the batch is packed, and only there"));
    }

    let mut tape = Tape::new(&params).with_threads(device.threads());
    let x = tape.input(given.tensor("in.x")?);
    let h0 = given.optional("in.h0").map(|t| tape.input(t));
    // Cell states alone are no start: they are left, and refused as unread.
    let c0 = h0.and_then(|_| given.optional("in.c0")).map(|t| tape.input(t));
    let start: Option<Vec<State>> = h0.map(|h0| {
        let mut state = |i| State { h: tape.index(h0, i), c: c0.map(|c0| tape.index(c0, i)) };
        (0..layers * directions).map(&mut state).collect()
    });
    let out = rnn.forward(&mut tape, x, lengths.as_deref(), start.as_deref())?;

    let mut computed = vec![Computed::new("out.y", tape.value(out.y))];
    let mut seeds = vec![(out.y, given.tensor("cot.y")?)];
    let hidden: Vec<Var> = out.state.iter().map(|s| s.h).collect();
    let cells: Vec<Var> = out.state.iter().filter_map(|s| s.c).collect();
    for (name, states) in [("hn", hidden), ("cn", cells)] {
        if states.is_empty() {
            continue;
        }
        computed.push(Computed::new(format!("out.{name}"), &joined(&tape, &states)?));
        let cotangent = given.tensor(&format!("cot.{name}"))?;
        seeds.extend(states.iter().enumerate().map(|(i, &v)| (v, cotangent.index(i))));
    }
    let back = tape.backward(&seeds)?;
    for (name, v) in [("x", Some(x)), ("h0", h0), ("c0", c0)] {
        computed.extend(v.map(|v| gradient(&tape, &back, name, v)));
    }
    computed.extend(param_gradients(&params, back, device)?);
    Ok(computed)
}
