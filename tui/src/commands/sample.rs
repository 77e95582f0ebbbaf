//! `tui sample`: texts that a language model writes.

use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::{SampleOptions, Sampler};

use crate::args::SampleArguments;
use crate::output;

/// Prints the texts, one after the other.
pub(super) fn run(arguments: &SampleArguments) -> Result<ExitCode> {
    let model = &arguments.model;
    let sampler = Sampler::open(&model.run, &model.device, model.threads)
        .wrap_err_with(|| format!("--run {}", model.run.display()))?;
    let texts = sampler.sample(&SampleOptions {
        count: arguments.count,
        temperature: arguments.temperature,
        prefix: arguments.prefix.clone(),
        seed: arguments.seed,
        length: arguments.length,
    })?;
    for text in &texts {
        if arguments.json {
            output::data(&serde_json::to_string(text)?)?;
        } else {
            output::data(&text.text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
