//! Learns a linear map from examples: parameters, a tape, a gradient, an optimizer.
//!
//! `cargo run -p tensor --example 01-linear-map`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use tensor::init::{Init, rng};
use tensor::optim::{Optimizer, OptimizerConfig};
use tensor::{Params, Result, Tape, Tensor, Threads, ops};

/// What is to be learnt: t = 2 x_0 - x_1 + 0.5 x_2 + 1.
fn truth(x: &[f32]) -> f32 {
    2.0 * x[0] - x[1] + 0.5 * x[2] + 1.0
}

fn main() -> Result<()> {
    let threads = Threads::new(0); // one a processor
    let mut random = rng(1, "init");
    let (rows, inputs) = (256, 3);
    let x = Init::Normal { std: 1.0 }.tensor([rows, inputs], &mut random)?;
    let targets: Vec<f32> = x.data().chunks_exact(inputs).map(truth).collect();

    let mut params = Params::new();
    let w = params.add("w", Init::TorchDefault.tensor([1, inputs], &mut random)?)?;
    let b = params.add("b", Tensor::zeros([1]))?;
    let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;

    println!("{} parameters, {} scalars, {threads:?}", params.len(), params.scalars());
    println!("{:>5}  {:>10}  {:>10}", "step", "loss", "|gradient|");
    for step in 0..=400 {
        // A tape lives for one step: what was computed, and the backward pass.
        let mut tape = Tape::new(&params).with_threads(&threads);
        let input = tape.constant(x.clone());
        let y = ops::linear(&mut tape, input, w, Some(b))?;

        // The loss is sum (y - t)^2 / 2 rows; its gradient with respect to y is known, so it is
        // the seed of the backward pass.
        let mut dy = tape.value(y).copy()?;
        for (d, t) in dy.data_mut().iter_mut().zip(&targets) {
            *d = (*d - t) / rows as f32;
        }
        let loss = dy.norm().powi(2) * rows as f64 / 2.0;
        let back = tape.backward(&[(y, dy)])?;

        // Weights' gradients were deferred; this multiplies each once.
        let gradients = back.gradients.reduce(&params, &threads)?;
        let norms = gradients.norms(Some(1.0))?; // clipped at a global norm of 1
        optimizer.step(&mut params, &gradients, &norms, 0.05, &threads, false)?;
        if step % 50 == 0 {
            println!("{step:>5}  {loss:>10.2e}  {:>10.2e}", norms.total);
        }
    }
    println!("w = {:.3}, expected 2, -1, 0.5", params.get(w).view());
    println!("b = {:.3}, expected 1", params.get(b).view());
    Ok(())
}
