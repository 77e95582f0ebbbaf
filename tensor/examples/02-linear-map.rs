//! Learns a linear map from examples: parameters, a loss, gradients, an optimizer.
//!
//! `cargo run -p tensor --example 02-linear-map`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use tensor::init::{Init, rng};
use tensor::optim::{Optimizer, OptimizerConfig, Update};
use tensor::{Graph, Linear, Params, Result, Tape, Tensor, Threads};

fn main() -> Result<()> {
    let threads = Threads::new(0); // one a processor
    let mut rng = rng(1, "init");
    // What is to be learnt: t = 2 x_0 - x_1 + 0.5 x_2 + 1.
    let x = Init::Normal { std: 1.0 }.tensor([256, 3], &mut rng)?;
    let truth = |x: &[f32]| 2.0 * x[0] - x[1] + 0.5 * x[2] + 1.0;
    let t = Tensor::from_vec([256, 1], x.data().chunks_exact(3).map(truth).collect())?;

    let mut params = Params::new();
    let layer = Linear::new(&mut params, "layer.", 3, 1, Init::TorchDefault, &mut rng)?;
    let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
    let update = Update { limit: Some(1.0), ..Update::new(0.05) }; // clipped at a norm of 1

    println!("{} parameters, {} scalars, {threads:?}", params.len(), params.scalars());
    println!("{:>5}  {:>10}  {:>10}", "step", "loss", "|gradient|");
    for step in 0..=400 {
        // A graph lives for one step: what was computed, and the backward pass.
        let g = Graph::from(Tape::new(&params).with_threads(&threads));
        let y = g.constant(x.clone()).linear(layer);
        let loss = (y - g.constant(t.clone())).square().mean();
        let value = loss.item()?;
        let back = loss.backward()?;
        let measured = optimizer.step(&mut params, back.gradients, &update, &threads)?;
        if step % 50 == 0 {
            println!("{step:>5}  {value:>10.2e}  {:>10.2e}", measured.norms.total);
        }
    }
    println!("weight {:.3}, expected 2, -1, 0.5", params.get(layer.weight).view());
    if let Some(bias) = layer.bias {
        println!("bias {:.3}, expected 1", params.get(bias).view());
    }
    Ok(())
}
