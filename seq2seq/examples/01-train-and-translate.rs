//! A whole run from a program: train, listen to its events, open the result, look at its attention.
//!
//! A model smaller than the default one learns the short sentences of the embedded corpus.
//!
//! `cargo run -p seq2seq --example 01-train-and-translate`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::{env, fs, process, thread};

use seq2seq::{Event, TrainOptions, Translation, Translator, link, train};

fn main() -> Result<(), Box<dyn Error>> {
    let run = env::temp_dir().join(format!("train-and-translate-{}", process::id()));
    let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let options = TrainOptions {
        preset: Some("phrasebook".into()),
        valid: Some("none".into()),
        max_steps: Some(400),
        run_dir: Some(run.clone()),
        set: vec![
            set("max_source_words", "6"),
            set("embedding", "48"),
            set("hidden", "48"),
            set("learning_rate", "5e-3"),
            set("sample_every_seconds", "0"),
        ],
        ..TrainOptions::default()
    };

    // The run sends events and never waits for whoever listens; `viewer.commands` would pause it,
    // save it, stop it.
    let (mut link, viewer) = link(1024);
    let trainer = thread::spawn(move || train(&options, &mut link));
    for event in viewer.events {
        match event {
            Event::Phase { text } => println!("{text} ..."),
            Event::Start(start) => println!(
                "{} parameters, {} pairs, vocabularies of {} and {}, {}\n",
                start.parameters,
                start.train_pairs,
                start.source_vocabulary,
                start.target_vocabulary,
                start.device
            ),
            Event::Step(step) if step.step % 50 == 0 => println!(
                "step {:>4}  loss {:.3}  |gradient| {:.2}",
                step.step, step.loss, step.gradient_norm
            ),
            _ => {}
        }
    }
    let outcome = trainer.join().map_err(|_| "the trainer panicked")??;
    println!("\n{:?} in {:.1} s of training\n", outcome.end.reason, outcome.end.seconds);

    // Everything is in the run directory: this could be another program, next week.
    let translator = Translator::open(&outcome.run_dir, "cpu", None)?;
    let lines = ["i do not see it .", "where is the black cat ?", "the girls are happy ."];
    for translation in translator.translate(&lines.map(String::from))? {
        show(&translation);
    }
    fs::remove_dir_all(run)?;
    Ok(())
}

/// Source words above the columns, target words before the rows.
fn show(translation: &Translation) {
    println!("{}\n  {}", translation.source, translation.target);
    print!("{:>12}", "");
    translation.source_tokens.iter().for_each(|word| print!("{word:>8}"));
    println!();
    for (word, weights) in translation.tokens.iter().zip(&translation.attention) {
        print!("{word:>12}");
        weights.iter().for_each(|weight| print!("{:>7.0}%", weight * 100.0));
        println!();
    }
    println!("  log probability {:.3}\n", translation.logprob);
}
