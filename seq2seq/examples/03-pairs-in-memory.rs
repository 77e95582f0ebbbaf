//! Trains on pairs that a program makes, without any file: dates in words to dates in numbers.
//!
//! `cargo run -p seq2seq --example 03-pairs-in-memory`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{env, fs, process};

use seq2seq::config::Cell;
use seq2seq::{Config, Pair, TrainOptions, Translator, link, train_pairs};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let date = |i: usize| {
        let (day, month, year) = (i * 11 % 28 + 1, i * 5 % 12, 1950 + i * 37 % 80);
        Pair::new(
            format!("{day} {} {year}", MONTHS[month]),
            format!("{year}-{:02}-{day:02}", month + 1),
        )
    };
    let (train, held_out) = ((0..4_000).map(date).collect(), (90_000..90_100).map(date).collect());

    let run = env::temp_dir().join(format!("pairs-in-memory-{}", process::id()));
    let mut config = Config {
        cell: Cell::Gru,
        embedding: 24,
        hidden: 48,
        learning_rate: 5e-3,
        ..Config::default()
    };
    for key in ["source_unit", "target_unit"] {
        config.set(key, "characters")?;
    }
    let options =
        TrainOptions { max_steps: Some(300), run_dir: Some(run.clone()), ..Default::default() };
    let (mut link, _viewer) = link(64); // example 01 listens to the events
    let outcome = train_pairs(config, train, Some(held_out), &options, &mut link)?;
    println!("{:?} after {} steps", outcome.end.reason, outcome.end.step);

    let lines = ["4 July 1976", "29 February 2000"].map(String::from);
    for translation in Translator::open(&run, "cpu", None)?.translate(&lines)? {
        println!("{} -> {}", translation.source, translation.target);
    }
    fs::remove_dir_all(run)?;
    Ok(())
}
