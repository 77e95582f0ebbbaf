//! Trains a network of one's own with this crate's training step: a character language model.
//!
//! Whatever implements `Model` can be trained by `train_step` (threads, gradients, clipping,
//! optimizer) and, with a run directory, by `Trainer`; the methods with which a run is watched may
//! be left out. Here a network learns to spell the French words of the embedded corpus.
//!
//! `cargo run -p seq2seq --example 02-own-model`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeSet;

use rnn::{Cell, Rnn, RnnConfig};
use seq2seq::data::epoch_batches;
use seq2seq::model::{BatchLoss, BatchShape, Model};
use seq2seq::train::{StepOptions, train_step};
use seq2seq::{Result, phrasebook};
use tensor::init::{Init, rng};
use tensor::optim::{Optimizer, OptimizerConfig};
use tensor::{ParamId, Params, Shape, Tape, Tensor, Threads, Var, ops};

/// Past the end of a word in a batch of longer ones.
const PADDING: u32 = 0;
/// Before a word and after it.
const EDGE: u32 = 1;
/// The first letter.
const LETTER: u32 = 2;
/// Words in a step.
const BATCH: usize = 32;

struct Speller {
    letters: Vec<char>,
    embedding: ParamId,
    rnn: Rnn,
    output: (ParamId, ParamId),
}

impl Speller {
    fn new(params: &mut Params, letters: Vec<char>) -> Result<Self> {
        let (ids, width, hidden) = (letters.len() + LETTER as usize, 16, 64);
        let mut random = rng(1, "init");
        let mut make = |shape: Shape| Init::torch_default(hidden).tensor(shape, &mut random);
        let embedding = params.add("embedding", make([ids, width].into())?)?;
        let output = (
            params.add("output.weight", make([ids, hidden].into())?)?,
            params.add("output.bias", Tensor::zeros([ids]))?,
        );
        let config = RnnConfig::new(Cell::Lstm, width, hidden);
        let rnn = Rnn::new(params, "rnn.", config, Init::TorchDefault, &mut random)?;
        Ok(Self { letters, embedding, rnn, output })
    }

    fn encode(&self, word: &str) -> Vec<u32> {
        let id = |letter| self.letters.iter().position(|&l| l == letter).map(|i| i as u32 + LETTER);
        word.chars().filter_map(id).collect()
    }

    /// The most probable letters after a beginning, up to the word's end.
    fn spell(&self, params: &Params, beginning: &str) -> Result<String> {
        let mut ids = vec![EDGE];
        ids.extend(self.encode(beginning));
        let mut word = beginning.to_owned();
        while ids.len() < 20 {
            let mut tape = Tape::inference(params);
            let logits = self.logits(&mut tape, &ids, [ids.len(), 1])?;
            let best = ops::argmax(tape.value(logits))?;
            let Some(&(id, _)) = best.last().filter(|(id, _)| *id >= LETTER) else { break };
            ids.push(id);
            word.extend(self.letters.get((id - LETTER) as usize));
        }
        Ok(word)
    }

    /// The logits \[T, B, V\] of what follows each letter of time-major `ids`.
    fn logits(&self, tape: &mut Tape<'_>, ids: &[u32], shape: [usize; 2]) -> Result<Var> {
        let x = ops::embedding(tape, ids, shape, self.embedding, None)?;
        let y = self.rnn.forward(tape, x, None, None)?.y;
        Ok(ops::linear(tape, y, self.output.0, Some(self.output.1))?)
    }
}

impl Model for Speller {
    type Example = Vec<u32>;

    fn sort_key(&self, word: &Vec<u32>) -> usize {
        word.len()
    }

    fn loss_normalization(&self, batch: &[&Vec<u32>]) -> BatchShape {
        let tokens: usize = batch.iter().map(|word| word.len() + 1).sum();
        let time = batch.iter().map(|word| word.len() + 1).max().unwrap_or(0);
        BatchShape { weight: 1.0 / tokens.max(1) as f32, source_time: 0, time, tokens }
    }

    // Called on every thread with its own rows of the batch.
    fn loss(
        &self,
        tape: &mut Tape<'_>,
        part: &[&Vec<u32>],
        shape: &BatchShape,
    ) -> Result<BatchLoss> {
        let (time, size) = (shape.time, part.len());
        let mut fed = vec![EDGE; time * size];
        let mut targets = vec![PADDING; time * size];
        for (b, word) in part.iter().enumerate() {
            for (t, &id) in word.iter().chain([&EDGE]).enumerate() {
                targets[t * size + b] = id;
                if t + 1 < time {
                    fed[(t + 1) * size + b] = id;
                }
            }
        }
        let logits = self.logits(tape, &fed, [time, size])?;
        let how = ops::CrossEntropy {
            targets: &targets,
            ignore: Some(PADDING),
            smoothing: 0.0,
            weight: shape.weight,
        };
        let found = ops::cross_entropy(tape, logits, how)?;
        Ok(found.into())
    }
}

fn main() -> Result<()> {
    let words: BTreeSet<String> = phrasebook::pairs()
        .iter()
        .flat_map(|pair| pair.target.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .filter(|word| word.chars().count() > 3 && word.chars().all(char::is_alphabetic))
        .collect();
    let letters: BTreeSet<char> = words.iter().flat_map(|word| word.chars()).collect();

    let threads = Threads::new(0);
    let mut params = Params::new();
    let speller = Speller::new(&mut params, letters.into_iter().collect())?;
    let mut optimizer = Optimizer::new(OptimizerConfig::by_name("adam")?, &params)?;
    let examples: Vec<Vec<u32>> = words.iter().map(|word| speller.encode(word)).collect();
    let lengths: Vec<usize> = examples.iter().map(|word| speller.sort_key(word)).collect();
    println!("{} words, {} scalars, {threads:?}", words.len(), params.scalars());

    let mut shuffle = rng(1, "shuffle");
    let mut step = 0;
    for epoch in 1..=80 {
        let (mut nll, mut count, mut correct) = (0.0, 0, 0);
        for batch in epoch_batches(&lengths, BATCH, &mut shuffle) {
            let batch: Vec<&Vec<u32>> = batch.iter().map(|&i| &examples[i]).collect();
            let options = StepOptions {
                seed: 1,
                step,
                learning_rate: 5e-3,
                clip: Some(1.0),
                ratios: false,
                flow: false,
                profile: false,
            };
            let outcome =
                train_step(&speller, &mut params, &mut optimizer, &batch, &threads, &options)?;
            nll += outcome.loss * outcome.count as f64;
            count += outcome.count;
            correct += outcome.correct;
            step += 1;
        }
        if epoch == 1 || epoch % 20 == 0 {
            let accuracy = 100.0 * correct as f64 / count as f64;
            println!(
                "epoch {epoch:>2}  loss {:.3} a letter, {accuracy:.0}% right",
                nll / count as f64
            );
        }
    }
    for beginning in ["pro", "inte", "mai", "heu", "voi", "gen"] {
        println!("{beginning:>5}... {}", speller.spell(&params, beginning)?);
    }
    Ok(())
}
