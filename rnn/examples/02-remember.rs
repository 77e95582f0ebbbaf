//! A task that only memory solves: say at the end which symbol came first.
//!
//! Trains each cell on random sequences and prints the share of right answers; gated cells also
//! with the bias of the gate that keeps the state raised (Jozefowicz et al. 2015, section 4).
//!
//! `cargo run -p rnn --example 02-remember`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use rnn::{Cell, Result, Rnn, RnnConfig};
use tensor::init::{Init, rng};
use tensor::optim::{Optimizer, OptimizerConfig};
use tensor::random::PhiloxStream;
use tensor::{ParamId, Params, Tape, Tensor, Threads, ops};

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

struct Network {
    embedding: ParamId,
    rnn: Rnn,
    output: (ParamId, ParamId),
}

impl Network {
    fn new(params: &mut Params, cell: Cell, keep: f32) -> Result<Self> {
        let mut random = rng(7, "init");
        let init = Init::torch_default(HIDDEN);
        let table = Init::Normal { std: 1.0 }.tensor([SYMBOLS, 8], &mut random)?;
        let embedding = params.add("embedding", table)?;
        let mut make = |shape: tensor::Shape| init.tensor(shape, &mut random);
        let output = (
            params.add("output.weight", make([SYMBOLS, HIDDEN].into())?)?,
            params.add("output.bias", Tensor::zeros([SYMBOLS]))?,
        );
        let config = RnnConfig::new(cell, 8, HIDDEN);
        let rnn = Rnn::new(params, "rnn.", config, &mut |_, shape| make(shape))?;
        // Gates are i, f, g, o in an LSTM and r, z, n in a GRU: f and z keep the state, and both
        // are the second block of H.
        if keep > 0.0
            && let Some(bias) = params.find("rnn.bias_ih_l0")
        {
            let mut value = params.get(bias).copy()?;
            value.data_mut()[HIDDEN..2 * HIDDEN].fill(keep);
            params.set(bias, value)?;
        }
        Ok(Self { embedding, rnn, output })
    }
}

fn train(cell: Cell, keep: f32, threads: &Threads) -> Result<Vec<f64>> {
    let mut params = Params::new();
    let network = Network::new(&mut params, cell, keep)?;
    let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
    let (mut shares, mut right) = (Vec::new(), 0);
    for step in 0..STEPS {
        let (ids, targets) = sequences(step);
        let mut tape = Tape::new(&params).with_threads(threads);
        let x = ops::embedding(&mut tape, &ids, [TIME, BATCH], network.embedding, None)?;
        let out = network.rnn.forward(&mut tape, x, None, None)?;
        let (w, b) = network.output;
        let logits = ops::linear(&mut tape, out.state[0].h, w, Some(b))?;
        let weight = 1.0 / BATCH as f32;
        let how = ops::CrossEntropy { targets: &targets, ignore: None, smoothing: 0.0, weight };
        let result = ops::cross_entropy(&mut tape, logits, how)?;
        let back = tape.backward(&[(result.loss, Tensor::scalar(1.0))])?;
        let gradients = back.gradients.reduce(&params, threads)?;
        let norms = gradients.norms(Some(1.0))?;
        optimizer.step(&mut params, &gradients, &norms, 1e-2, threads, false)?;
        right += result.correct.get()? as usize;
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
