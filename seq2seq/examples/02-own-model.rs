//! Trains a model of one's own with a run directory, and resumes it: a language model of letters.
//!
//! `cargo run -p seq2seq --example 02-own-model`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeSet;
use std::{env, fs, process};

use rnn::{Cell, Rnn, RnnConfig};
use seq2seq::model::{BatchLoss, BatchShape, Model};
use seq2seq::{
    Config, Result, StoredRun, Vocabularies, begin_model, link, phrasebook, resume_model,
};
use tensor::init::{Init, rng};
use tensor::{Embedding, Linear, Params, Tape, Var, ops};
use tokenizer::{EOS, PAD, SOS, Vocabulary, VocabularyOptions};

struct Speller {
    embedding: Embedding,
    rnn: Rnn,
    output: Linear,
}

impl Speller {
    fn new(params: &mut Params, ids: usize) -> Result<Self> {
        let (mut rng, init) = (rng(1, "init"), Init::TorchDefault);
        Ok(Self {
            embedding: Embedding::new(params, "letters.", ids, 16, init, &mut rng)?,
            rnn: Rnn::new(params, "rnn.", RnnConfig::new(Cell::Lstm, 16, 64), init, &mut rng)?,
            output: Linear::new(params, "output.", 64, ids, init, &mut rng)?,
        })
    }

    /// The logits \[T, B, V\] of what follows each letter of time-major `ids`.
    fn logits(&self, tape: &mut Tape<'_>, ids: &[u32], shape: [usize; 2]) -> Result<Var> {
        let x = self.embedding.forward(tape, ids, shape)?;
        let y = self.rnn.forward(tape, x, None, None)?.y;
        Ok(self.output.forward(tape, y)?)
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
        BatchShape { weight: 1.0 / tokens as f32, source_time: 0, time, tokens }
    }

    fn loss(&self, tape: &mut Tape<'_>, part: &[&Vec<u32>], of: &BatchShape) -> Result<BatchLoss> {
        let (time, size) = (of.time, part.len());
        let (mut fed, mut targets) = (vec![PAD; time * size], vec![PAD; time * size]);
        for (b, word) in part.iter().enumerate() {
            for (t, &id) in word.iter().chain([&EOS]).enumerate() {
                targets[t * size + b] = id;
                fed[t * size + b] = if t == 0 { SOS } else { word[t - 1] };
            }
        }
        let logits = self.logits(tape, &fed, [time, size])?;
        let (ignore, weight) = (Some(PAD), of.weight);
        let how = ops::CrossEntropy { targets: &targets, ignore, smoothing: 0.0, weight };
        Ok(ops::cross_entropy(tape, logits, how)?.into())
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let words = phrasebook::pairs();
    let words: BTreeSet<&str> = words.iter().flat_map(|pair| pair.target.split(' ')).collect();
    let letters = words.into_iter().map(|word| word.chars().map(String::from).collect());
    let letters: Vec<Vec<String>> = letters.collect();
    let vocabulary = Vocabulary::build(&letters, &VocabularyOptions::default());
    let examples: Vec<Vec<u32>> = letters.iter().map(|word| vocabulary.encode(word)).collect();

    let path = env::temp_dir().join(format!("own-model-{}", process::id()));
    let config = Config { learning_rate: 5e-3, batch: 32, ..Config::default() };
    let stored = StoredRun { max_steps: Some(400), ..StoredRun::new(config, "French words") };
    let vocabularies = Vocabularies { source: vocabulary.clone(), target: vocabulary.clone() };
    let (mut link, viewer) = link(1 << 12); // viewer.events and viewer.commands are for a display
    let mut params = Params::new();
    let mut speller = Speller::new(&mut params, vocabulary.len())?;
    begin_model((&mut speller, &mut params), &examples, &vocabularies, stored, &path, &mut link)?;
    // Another program, next week: the values come from the checkpoint.
    let mut params = Params::new();
    let mut speller = Speller::new(&mut params, vocabulary.len())?;
    let longer = |stored: &mut StoredRun| stored.max_steps = Some(800);
    let outcome = resume_model((&mut speller, &mut params), &examples, &path, longer, &mut link)?;
    println!("{} events, {} steps", viewer.events.try_iter().count(), outcome.end.step);
    let mut tape = Tape::inference(&params);
    let logits = speller.logits(&mut tape, &vocabulary.encode(&["m", "a", "i", "s"]), [4, 1])?;
    let next: Vec<u32> = ops::argmax(tape.value(logits))?.into_iter().map(|(id, _)| id).collect();
    println!("m, a, i, s: then {}", vocabulary.decode(&next).join(", "));
    fs::remove_dir_all(path)?;
    Ok(())
}
