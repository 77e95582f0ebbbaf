//! `tui evaluate`: scores of models on a corpus, of output files, or of word links.

mod links;
mod runs;
mod system;
mod table;
mod texts;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use color_eyre::eyre::Result;
use seq2seq::score::BleuOptions;

use crate::args::EvaluateArguments;
use crate::format::several;
use crate::output;
use system::System;

/// Number of sentences from which resampling takes longer than about a second.
const MANY_SENTENCES: u64 = 5_000;

/// Prints the scores, as a table or as one JSON object.
pub(super) fn run(arguments: &EvaluateArguments) -> Result<ExitCode> {
    let bleu = BleuOptions {
        tokenizer: arguments.tokenize,
        lowercase: arguments.lowercase,
        ..BleuOptions::default()
    };
    let mut systems = match (&arguments.alignments, &arguments.gold) {
        (Some(alignments), Some(gold)) => return links::run(alignments, gold, arguments.json),
        _ if arguments.hypotheses.is_empty() => runs::evaluate(arguments, bleu)?,
        _ => texts::score(arguments, bleu)?,
    };
    let sentences: u64 = systems.iter().map(System::sentences).sum();
    let resamples = arguments.confidence || systems.len() > 1;
    if resamples && sentences > MANY_SENTENCES && io::stderr().is_terminal() {
        output::note(&format!("resampling {} 1,000 times", several(sentences, "sentence")));
    }
    system::compare(&mut systems, arguments.confidence);
    if arguments.json {
        output::data(&system::json(&systems)?)?;
    } else {
        output::lines(&table::table(&systems))?;
        if arguments.by_length {
            output::lines(&table::by_length(&systems))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
