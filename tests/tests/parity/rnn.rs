//! The cases of the crate `rnn`: every cell over a padded sequence in both directions and by steps.
//! All options are compared in the crate's own tests.

use rnn::{Cell, Rnn, RnnConfig, RnnOptions, State, StepInput};
use tensor::{Params, PooledVec, Result, Shape};

use super::bench::{Bench, Case, tensor};

/// Every case.
pub(crate) const CASES: &[Case] = &[
    ("rnn rnn_tanh", |b| cell(b, Cell::RnnTanh)),
    ("rnn rnn_relu", |b| cell(b, Cell::RnnRelu)),
    ("rnn lstm", |b| cell(b, Cell::Lstm)),
    ("rnn lstm_1997", |b| cell(b, Cell::Lstm1997)),
    ("rnn lstm_1997_squash", |b| cell(b, Cell::Lstm1997Squash)),
    ("rnn lstm_peephole", |b| cell(b, Cell::LstmPeephole)),
    ("rnn lstm_coupled", |b| cell(b, Cell::LstmCoupled)),
    ("rnn gru", |b| cell(b, Cell::Gru)),
    ("rnn gru_reset_before", |b| cell(b, Cell::GruResetBefore)),
    ("rnn layer norm", |b| {
        let options = RnnOptions { layer_norm: true, residual: true, ..RnnOptions::default() };
        sequence(b, RnnConfig { layers: 2, ..RnnConfig::new(Cell::Gru, 18, 18) }, options)
    }),
    ("rnn variational dropout", |b| {
        let options = RnnOptions { variational: true, dropout_state: 0.3, ..RnnOptions::default() };
        let config = RnnConfig { layers: 2, dropout: 0.4, ..RnnConfig::new(Cell::Lstm, 18, 21) };
        sequence(b, config, options)
    }),
];

fn cell(b: &mut Bench, cell: Cell) -> Result<()> {
    let config = RnnConfig { bidirectional: true, ..RnnConfig::new(cell, 18, 21) };
    sequence(b, config, RnnOptions::default())?;
    steps(b, RnnConfig { layers: 1, ..RnnConfig::new(cell, 18, 21) })
}

/// The network's parameters on the device, of the width of first values.
fn network(b: &Bench, config: RnnConfig, options: RnnOptions) -> Result<(Params, Rnn)> {
    let mut params = Params::new();
    let mut seed = 100;
    let mut init = |_: &str, shape: Shape| {
        seed += 1;
        let mut values = tensor(shape.dims(), seed);
        values.data_mut().iter_mut().for_each(|v| *v *= 0.3);
        Ok(values)
    };
    let rnn = Rnn::with_init(&mut params, "", config, options, &mut init).map_err(of_tensor)?;
    params.to_device(&b.device)?;
    Ok((params, rnn))
}

/// A padded sequence: all states, the last ones, all gradients.
fn sequence(b: &mut Bench, config: RnnConfig, options: RnnOptions) -> Result<()> {
    let (params, rnn) = network(b, config, options)?;
    let ids: Vec<_> = params.ids().collect();
    b.run_with(&params, &ids, &[&[7, 5, 18]], |tape, _, x| {
        let out = rnn.forward(tape, x[0], Some(&[7, 2, 5, 0, 1]), None).map_err(of_tensor)?;
        let last = out.state.iter().flat_map(|state| [Some(state.h), state.c]);
        Ok([Some(out.y)].into_iter().chain(last).flatten().collect())
    })
}

/// Three steps by hand, of an input in one part.
fn steps(b: &mut Bench, config: RnnConfig) -> Result<()> {
    let has_c = config.cell.has_cell_state();
    let (params, rnn) = network(b, config, RnnOptions::default())?;
    let ids: Vec<_> = params.ids().collect();
    b.run_with(&params, &ids, &[&[3, 4, 18], &[4, 21], &[4, 21]], |tape, _, x| {
        let mut states = PooledVec::from([State { h: x[1], c: has_c.then_some(x[2]) }]);
        let mut outputs = Vec::new();
        for time in 0..3 {
            let part = (tape.index(x[0], time), 0..18);
            let input = StepInput { projected: None, parts: [part].into() };
            let (y, after) = rnn.step(tape, &input, &states, time).map_err(of_tensor)?;
            states = after;
            outputs.push(y);
        }
        outputs.extend(states.iter().flat_map(|s| [Some(s.h), s.c]).flatten());
        Ok(outputs)
    })
}

fn of_tensor(error: rnn::Error) -> tensor::Error {
    match error {
        rnn::Error::Tensor(error) => error,
        other => tensor::Error::argument("rnn", other.to_string()),
    }
}
