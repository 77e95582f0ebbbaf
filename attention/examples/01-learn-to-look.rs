//! Watches an attention learn where to look.
//!
//! Each sentence is a row of random vectors, and the query is one of them, turned by a fixed
//! matrix that the attention does not know: it must learn to find the vector that was requested.
//! Positions past a sentence's end get a weight of exactly zero from the start.
//!
//! `additive` without biases cannot learn this, and it is worth seeing why: v^T tanh(W_q q + W_m m)
//! changes its sign where q and m both do, while "q is m" does not, and here -m is as likely as m.
//! Biases break the symmetry. (In a translator nothing is symmetric, and `additive` does as well.)
//!
//! Try `location`, which does not look at what it is given, and `local_m`, which looks beside the
//! step alone; `dot` and `cosine` cannot undo the matrix. All kinds, or those that are named:
//!
//! `cargo run -p attention --example 01-learn-to-look [KIND ...]`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition, Result};
use tensor::init::{Init, Rng, rng};
use tensor::optim::{Optimizer, OptimizerConfig, Update};
use tensor::{Graph, Params, Tensor, Threads};

const BATCH: usize = 8;
const WIDTH: usize = 12;
/// Sentences of 8, 7, 6, 5 and again 8, 7, 6, 5 positions.
const LENGTHS: [usize; BATCH] = [8, 7, 6, 5, 8, 7, 6, 5];
const TIME: usize = 8;

/// A memory \[S, B, K\], a vector \[B, K\] of each sentence, and where it is.
fn task(random: &mut Rng) -> Result<(Tensor, Tensor, Vec<usize>)> {
    let memory = Init::Normal { std: 1.0 }.tensor([TIME, BATCH, WIDTH], random)?;
    let wanted: Vec<usize> = (0..BATCH).map(|b| 2 * b % LENGTHS[b]).collect();
    let vector = |(b, &s): (usize, &usize)| &memory.data()[(s * BATCH + b) * WIDTH..][..WIDTH];
    let vectors: Vec<&[f32]> = wanted.iter().enumerate().map(vector).collect();
    Ok((memory.clone(), Tensor::from_vec([BATCH, WIDTH], vectors.concat())?, wanted))
}

/// Draws the first weights \[B, S\]: a row a query, a column a position.
fn draw(weights: &Tensor, wanted: &[usize]) {
    const SHADES: [&str; 5] = ["  ", "░░", "▒▒", "▓▓", "██"];
    for (b, row) in weights.data().chunks_exact(TIME).enumerate().take(4) {
        let shade = |(s, &w): (usize, &f32)| match s < LENGTHS[b] {
            true => format!("{} ", SHADES[(w * 4.99) as usize]),
            false => "·· ".to_owned(),
        };
        let (shades, s) = (row.iter().enumerate().map(shade).collect::<String>(), wanted[b]);
        println!("    query for position {s}  {shades} {:>3.0}%", row[s] * 100.0);
    }
}

fn learn(kind: AttentionKind, turn: &Tensor) -> Result<()> {
    let (mut params, mut random) = (Params::new(), rng(3, "init"));
    let new = AttentionConfig::new(kind, WIDTH, WIDTH);
    let config = AttentionConfig { width: 2 * WIDTH, positions: TIME, window: 1, heads: 2, ..new };
    let attention =
        Attention::new(&mut params, "", config, Init::torch_default(WIDTH), &mut random)?;
    let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
    println!("{}: {} scalars", kind.name(), params.scalars());
    for step in 0..=2_000 {
        let (memory, query, wanted) = task(&mut random)?;
        let g = Graph::new(&params);
        let query = g.constant(query).matmul(g.constant(turn.clone()));
        let memory = g.constant(memory);
        let found = g.run(|tape| {
            // The keys are made once; every query of a decoder would use this same value.
            let memory = attention.memory(tape, memory.var(), &LENGTHS)?;
            attention.attend(tape, query.var(), &memory, QueryPosition::default())
        })?;
        let weights = g.value(found.weights);
        // The loss is -log of the weight at the position requested.
        let mut picked = Tensor::zeros([BATCH, TIME]);
        for (b, &s) in wanted.iter().enumerate() {
            picked.data_mut()[b * TIME + s] = 1.0;
        }
        let at = (weights * g.constant(picked)).sum_dim(1);
        let loss = -(at + 1e-6).log().mean();
        if step % 2_000 == 0 {
            println!("  after {step} steps");
            draw(&weights.tensor()?, &wanted);
        }
        let update = Update { limit: Some(1.0), ..Update::new(5e-3) };
        let back = loss.backward()?;
        optimizer.step(&mut params, back.gradients, &update, &Threads::single())?;
    }
    Ok(())
}

fn main() -> Result<()> {
    let turn = Init::Orthogonal.tensor([WIDTH, WIDTH], &mut rng(1, "turn"))?;
    let names: Vec<String> = std::env::args().skip(1).collect();
    let all = if names.is_empty() { &AttentionKind::ALL[..] } else { &[] };
    all.iter().try_for_each(|kind| learn(*kind, &turn))?;
    for name in &names {
        match AttentionKind::by_name(name)? {
            Some(kind) => learn(kind, &turn)?,
            None => println!("none: nothing looks, so there is nothing to learn"),
        }
    }
    Ok(())
}
