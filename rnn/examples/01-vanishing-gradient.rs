//! How far back the gradient flows: the same sequence through Elman's network, the GRU and the
//! LSTMs, that of 1997 among them.
//!
//! The loss looks at the last state alone. What reaches the states before it is what the network
//! could learn from the beginning of the sequence.
//!
//! `cargo run -p rnn --example 01-vanishing-gradient`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use rnn::{Cell, Result, Rnn, RnnConfig, RnnOptions};
use tensor::init::{Init, rng};
use tensor::{Params, Tape};

const TIME: usize = 64;
const BATCH: usize = 16;
const HIDDEN: usize = 32;

/// Norms of dL/dh_t for every step, from the first to the last.
fn flow(cell: Cell, forget_bias: f32) -> Result<Vec<f64>> {
    let mut params = Params::new();
    let mut random = rng(1, "init");
    let options = RnnOptions { forget_bias, ..RnnOptions::default() };
    let config = RnnConfig::new(cell, 8, HIDDEN);
    let rnn = Rnn::with_options(&mut params, "", config, options, Init::TorchDefault, &mut random)?;

    let mut tape = Tape::new(&params).with_flow();
    let x = Init::Normal { std: 1.0 }.tensor([TIME, BATCH, 8], &mut random)?;
    let x = tape.constant(x);
    let out = rnn.forward(&mut tape, x, None, None)?;
    let last = out.state[0].h;
    let seed = Init::Normal { std: 1.0 }.tensor([BATCH, HIDDEN], &mut random)?;
    let back = tape.backward(&[(last, seed)])?;
    Ok(back.flow.read()?.into_iter().next().map(|(_, norms)| norms).unwrap_or_default())
}

fn main() -> Result<()> {
    let at = [TIME - 1, TIME - 2, TIME - 4, TIME - 8, TIME - 16, TIME - 32, 0];
    println!("|dL/dh_t| relative to the last step, by how many steps back t is\n");
    print!("{:>24}", "steps back");
    at.iter().for_each(|t| print!("{:>10}", TIME - 1 - t));
    println!();
    for (name, cell, forget_bias) in [
        ("rnn_tanh", Cell::RnnTanh, 0.0),
        ("gru", Cell::Gru, 0.0),
        ("lstm_1997", Cell::Lstm1997, 0.0),
        ("lstm", Cell::Lstm, 0.0),
        ("lstm, forget bias 3", Cell::Lstm, 3.0),
    ] {
        let norms = flow(cell, forget_bias)?;
        let last = norms.last().copied().unwrap_or(f64::NAN);
        print!("{name:>24}");
        at.iter().for_each(|&t| print!("{:>10.1e}", norms.get(t).map_or(f64::NAN, |n| n / last)));
        println!();
    }
    println!(
        "\nElman's gradient is multiplied by the recurrent weights at every step and shrinks by a \
         like factor each time.\nA cell that forgets nothing (lstm_1997), or whose forget gate is \
         nearly open, keeps it alive: compare the last three rows."
    );
    Ok(())
}
