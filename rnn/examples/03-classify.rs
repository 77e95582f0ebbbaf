//! Classifies sequences of any length by an LSTM, with PyTorch's names and weights: does a sequence
//! have more ones than zeros?
//!
//! FILE is what `safetensors.torch.save_file(module.state_dict(), FILE)` writes for a module with
//! `rnn = nn.LSTM(2, 16, 2, bidirectional=True)` and `output = nn.Linear(32, 2)`: training begins
//! with its weights. At the end the model is written in the same form.
//!
//! `cargo run -p rnn --example 03-classify [FILE]`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use rnn::{Cell, Result, Rnn, RnnConfig};
use tensor::init::{Init, rng};
use tensor::optim::{Optimizer, OptimizerConfig, Update};
use tensor::random::PhiloxStream;
use tensor::{Graph, Linear, LoadOptions, Params, Tensor, Threads};

/// One-hot symbols \[T, B, 2\], the lengths, and the classes.
fn batch(step: u64) -> (Tensor, Vec<usize>, Vec<u32>) {
    let (time, size, draw) = (9, 32, PhiloxStream::new(1, step, 0));
    let lengths: Vec<usize> = (0..size).map(|b| 5 + 2 * (b % 3)).collect();
    let (mut x, mut ones) = (Tensor::zeros([time, size, 2]), vec![0; size]);
    for i in 0..time * size {
        let bit = (draw.word(i as u64) % 2) as usize;
        x.data_mut()[2 * i + bit] = 1.0;
        ones[i % size] += if i / size < lengths[i % size] { bit } else { 0 };
    }
    let classes = ones.iter().zip(&lengths).map(|(ones, n)| u32::from(2 * ones > *n)).collect();
    (x, lengths, classes)
}

fn main() -> Result<()> {
    let (mut params, mut rng) = (Params::new(), rng(1, "init"));
    let config = RnnConfig { layers: 2, bidirectional: true, ..RnnConfig::new(Cell::Lstm, 2, 16) };
    let rnn = Rnn::new(&mut params, "rnn.", config, Init::TorchDefault, &mut rng)?;
    let output = Linear::new(&mut params, "output.", 32, 2, Init::TorchDefault, &mut rng)?;
    if let Some(file) = std::env::args().nth(1) {
        // An error lists names that are missing, unexpected, or of another shape.
        params.load_safetensors(file.as_ref(), LoadOptions::default())?;
    }
    let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
    for step in 0..=200 {
        let (x, lengths, classes) = batch(step);
        let g = Graph::new(&params);
        let x = g.constant(x);
        let y = g.run(|tape| rnn.forward(tape, x.var(), Some(&lengths), None))?.y;
        let sums = g.value(y).sum_dim(0); // outputs past a sequence's end are zero
        let logits = sums.linear(output);
        let right = logits.argmax()?.iter().zip(&classes).filter(|(a, b)| a == b).count();
        let back = logits.cross_entropy(&classes).backward()?;
        optimizer.step(&mut params, back.gradients, &Update::new(5e-3), &Threads::single())?;
        if step % 40 == 0 {
            println!("step {step:>3}: {right} of {} right", classes.len());
        }
    }
    let path = std::env::temp_dir().join("classify.safetensors");
    params.save_safetensors(&path)?;
    println!("{} written", path.display());
    Ok(())
}
