//! Logistic regression and a multi-layer perceptron on two spirals, which no line can separate;
//! the better model is saved as safetensors and loaded again.
//!
//! `cargo run -p tensor --example 03-classifiers`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use tensor::init::{Init, Rng, rng};
use tensor::optim::{Optimizer, OptimizerConfig, Update};
use tensor::{Graph, Linear, LoadOptions, Params, Result, Tape, Tensor, Threads, Value};

/// Layers with tanh between them; a single one is logistic regression.
struct Mlp(Vec<Linear>);

impl Mlp {
    fn new(params: &mut Params, widths: &[usize], rng: &mut Rng) -> Result<Self> {
        let layers = widths.windows(2).enumerate().map(|(i, w)| {
            Linear::new(params, &format!("layer{i}."), w[0], w[1], Init::XavierUniform, rng)
        });
        Ok(Self(layers.collect::<Result<_>>()?))
    }

    fn logits<'g, 'p>(&self, x: Value<'g, 'p>) -> Value<'g, 'p> {
        let last = self.0.len() - 1;
        let hidden = self.0[..last].iter().fold(x, |x, &layer| x.linear(layer).tanh());
        hidden.dropout(0.05).linear(self.0[last])
    }
}

/// Points \[N, 2\] on two spirals, and the spiral of each.
fn spirals(n: usize, rng: &mut Rng) -> Result<(Tensor, Vec<u32>)> {
    let mut points = Init::Normal { std: 0.05 }.tensor([n, 2], rng)?;
    for (i, point) in points.data_mut().chunks_exact_mut(2).enumerate() {
        let (r, turn) = (i as f32 / n as f32, (i % 2) as f32 * std::f32::consts::PI);
        point[0] += r * (7.0 * r + turn).cos();
        point[1] += r * (7.0 * r + turn).sin();
    }
    Ok((points, (0..n as u32).map(|i| i % 2).collect()))
}

fn main() -> Result<()> {
    let (threads, mut rng) = (Threads::new(0), rng(1, "spirals"));
    let (x, classes) = spirals(400, &mut rng)?;
    for widths in [&[2, 2][..], &[2, 32, 32, 2]] {
        let mut params = Params::new();
        let model = Mlp::new(&mut params, widths, &mut rng)?;
        let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
        for step in 0..600 {
            // With random draws the dropout is on; `Graph::new` leaves it off.
            let tape = Tape::new(&params).with_threads(&threads).with_draws(1, step);
            let g = Graph::from(tape);
            let back = model.logits(g.constant(x.clone())).cross_entropy(&classes).backward()?;
            optimizer.step(&mut params, back.gradients, &Update::new(0.01), &threads)?;
        }
        let path = std::env::temp_dir().join(format!("spirals-{}.safetensors", widths.len()));
        params.save_safetensors(&path)?;
        let mut loaded = Params::new();
        let model = Mlp::new(&mut loaded, widths, &mut rng)?;
        loaded.load_safetensors(&path, LoadOptions::default())?;
        let g = Graph::inference(&loaded);
        let found = model.logits(g.constant(x.clone())).argmax()?;
        let right = found.iter().zip(&classes).filter(|(a, b)| a == b).count();
        println!("widths {widths:?}: {right} of {} points right", classes.len());
    }
    Ok(())
}
