//! `tui sample`: texts that a language model writes.

use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr};
use seq2seq::{SampleOptions, Sampler};

use crate::args::SampleArguments;
use crate::format::several;
use crate::output;

/// Prints the texts, one after the other.
pub(super) fn run(arguments: &SampleArguments) -> Result<ExitCode> {
    let model = &arguments.model;
    let sampler = Sampler::open(&model.run, &model.device, model.threads)
        .wrap_err_with(|| format!("--run {}", model.run.display()))?;
    let unknown = sampler.unknown_in(&arguments.prefix);
    if !unknown.is_empty() {
        let tokens = several(unknown.len() as u64, "token");
        output::note(&format!(
            "--prefix: {tokens} of it never came in training, and <unk> is read in their places: {}",
            unknown.iter().map(|token| format!("{token:?}")).collect::<Vec<_>>().join(" ")
        ));
    }
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
