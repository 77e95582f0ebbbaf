//! Trains attention to weigh the entry of a memory that a query names by a turned copy of it.
//!
//! `cargo run -p attention --example 02-find`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition, Result};
use tensor::init::{Init, rng};
use tensor::optim::{Optimizer, OptimizerConfig, Update};
use tensor::{Graph, Params, Threads};

fn main() -> Result<()> {
    let turn = Init::Orthogonal.tensor([12, 12], &mut rng(1, "turn"))?;
    for kind in [AttentionKind::General, AttentionKind::AdditiveBias, AttentionKind::MultiHead] {
        let (mut params, mut rng) = (Params::new(), rng(3, "init"));
        let config = AttentionConfig { width: 24, heads: 2, ..AttentionConfig::new(kind, 12, 12) };
        let attention = Attention::new(&mut params, "", config, Init::TorchDefault, &mut rng)?;
        let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
        for step in 0..=600 {
            let (g, wanted) = (Graph::new(&params), step % 7);
            let memory = g.constant(Init::Normal { std: 1.0 }.tensor([7, 16, 12], &mut rng)?); // [S, B, K]
            let query = memory.index(wanted).matmul(g.constant(turn.clone()));
            let found = g.run(|tape| {
                let memory = attention.memory(tape, memory.var(), &[7; 16])?;
                attention.attend(tape, query.var(), &memory, QueryPosition::default())
            })?;
            let weight = g.value(found.weights).slice(1, wanted..wanted + 1);
            if step % 200 == 0 {
                println!("{kind:?}, step {step}: {:.0}%", 100.0 * weight.mean().item()?);
            }
            let back = (-weight.log().mean()).backward()?;
            optimizer.step(&mut params, back.gradients, &Update::new(5e-3), &Threads::single())?;
        }
    }
    Ok(())
}
