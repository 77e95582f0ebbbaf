//! A task that only memory solves: say at the end which symbol came first.
//!
//! Trains each cell on random sequences and prints the share of right answers; gated cells also
//! with the bias of the gate that keeps the state raised (Jozefowicz et al. 2015, section 4).
//!
//! `cargo run -p rnn --example 02-remember`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use rnn::{Cell, Result, Rnn, RnnConfig};
use tensor::init::{Init, rng};
use tensor::optim::{Optimizer, OptimizerConfig, Update};
use tensor::random::PhiloxStream;
use tensor::{Embedding, Graph, Linear, Params, Threads};

const SYMBOLS: usize = 4;
const TIME: usize = 30;
const BATCH: usize = 32;
const HIDDEN: usize = 24;
const STEPS: u64 = 400;

/// Symbols \[T, B\], time-major, and the first of each sequence.
fn sequences(step: u64) -> (Vec<u32>, Vec<u32>) {
    let draw = PhiloxStream::new(1, step, 0);
    let ids: Vec<u32> = (0..(TIME * BATCH) as u64).map(|i| draw.word(i) % SYMBOLS as u32).collect();
    let first = ids[..BATCH].to_vec();
    (ids, first)
}

fn train(cell: Cell, keep: f32, threads: &Threads) -> Result<Vec<f64>> {
    let (mut params, mut rng) = (Params::new(), rng(7, "init"));
    let normal = Init::Normal { std: 1.0 };
    let table = Embedding::new(&mut params, "symbols.", SYMBOLS, 8, normal, &mut rng)?;
    let config = RnnConfig::new(cell, 8, HIDDEN);
    let rnn = Rnn::new(&mut params, "rnn.", config, Init::TorchDefault, &mut rng)?;
    let output =
        Linear::new(&mut params, "output.", HIDDEN, SYMBOLS, Init::TorchDefault, &mut rng)?;
    // Gates are i, f, g, o in an LSTM and r, z, n in a GRU: f and z keep the state, and both are
    // the second block of H.
    if let Some(bias) = params.find("rnn.bias_ih_l0").filter(|_| keep > 0.0) {
        let mut value = params.get(bias).copy()?;
        value.data_mut()[HIDDEN..2 * HIDDEN].fill(keep);
        params.set(bias, value)?;
    }
    let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
    let update = Update { limit: Some(1.0), ..Update::new(1e-2) };
    let (mut shares, mut right) = (Vec::new(), 0);
    for step in 0..STEPS {
        let (ids, targets) = sequences(step);
        let g = Graph::new(&params);
        let x = g.embedding(table, &ids, [TIME, BATCH]);
        let out = g.run(|tape| rnn.forward(tape, x.var(), None, None))?;
        let logits = g.value(out.state[0].h).linear(output);
        let found = logits.argmax()?;
        right += found.iter().zip(&targets).filter(|(a, b)| a == b).count();
        let back = logits.cross_entropy(&targets).backward()?;
        optimizer.step(&mut params, back.gradients, &update, threads)?;
        if (step + 1) % 50 == 0 {
            shares.push(right as f64 / (50 * BATCH) as f64);
            right = 0;
        }
    }
    Ok(shares)
}

fn main() -> Result<()> {
    let threads = Threads::single(); // products this small are not worth sharing out
    println!("which of {SYMBOLS} symbols came first, {TIME} steps ago? guessing: 25%\n");
    print!("{:>20}", "steps");
    (1..=STEPS / 50).for_each(|i| print!("{:>7}", i * 50));
    println!();
    for (name, cell, keep) in [
        ("rnn_tanh", Cell::RnnTanh, 0.0),
        ("rnn_relu", Cell::RnnRelu, 0.0),
        ("gru", Cell::Gru, 0.0),
        ("gru, bias of z 3", Cell::Gru, 3.0),
        ("lstm", Cell::Lstm, 0.0),
        ("lstm, bias of f 3", Cell::Lstm, 3.0),
    ] {
        print!("{name:>20}");
        let shares = train(cell, keep, &threads)?;
        shares.iter().for_each(|share| print!("{:>6.0}%", share * 100.0));
        println!();
    }
    Ok(())
}
