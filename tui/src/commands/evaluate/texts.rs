//! Scores of output files.

use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::score::{BleuOptions, Output, ScoredOutputs};
use seq2seq::{ReadOptions, TextFile};

use super::system::{Scores, System};
use crate::args::EvaluateArguments;
use crate::format::several;
use crate::output;

/// Scores every file of hypotheses against the references.
pub(super) fn score(arguments: &EvaluateArguments, bleu: BleuOptions) -> Result<Vec<System>> {
    let path =
        arguments.references.as_deref().ok_or_else(|| eyre!("--hypotheses needs --references"))?;
    if arguments.by_length && arguments.sources.is_none() {
        return Err(eyre!("--by-length: the length is that of the source; give --sources FILE"));
    }
    let references = open("--references", path)?;
    let sources = arguments.sources.as_deref().map(|path| open("--sources", path)).transpose()?;
    if let Some(sources) = &sources {
        check_lengths(("--sources", sources), &references)?;
    }
    let sources: Option<Vec<&str>> = sources.as_ref().map(|sources| sources.lines().collect());
    let mut systems = Vec::with_capacity(arguments.hypotheses.len());
    for path in &arguments.hypotheses {
        let hypotheses = open("--hypotheses", path)?;
        check_lengths(("--hypotheses", &hypotheses), &references)?;
        let lines = hypotheses.lines().zip(references.lines()).enumerate();
        let source = |i: usize| sources.as_ref().and_then(|all| all.get(i).copied());
        let outputs: Vec<Output<'_>> =
            lines.map(|(i, (h, r))| Output::of_text(source(i), h, r)).collect();
        let scored = ScoredOutputs::new(&outputs, bleu);
        systems.push(System {
            name: path.display().to_string(),
            scores: Scores::File(Box::new(scored.evaluation.clone())),
            paired_bootstrap: None,
            scored: Some(scored),
        });
    }
    Ok(systems)
}

fn open(flag: &str, path: &Path) -> Result<TextFile> {
    let text = TextFile::open(path, ReadOptions::ANY).wrap_err_with(|| flag.to_owned())?;
    text.notes().iter().for_each(|note| output::note(note));
    if text.is_empty() {
        return Err(eyre!("{flag} {}: it is empty, so there is nothing to score", path.display()));
    }
    Ok(text)
}

fn check_lengths((flag, text): (&str, &TextFile), references: &TextFile) -> Result<()> {
    if text.len() == references.len() {
        return Ok(());
    }
    Err(eyre!(
        "{flag} {} has {} and --references {} has {}; each line needs the one of the same number",
        text.name().display(),
        several(text.len() as u64, "line"),
        references.name().display(),
        several(references.len() as u64, "line"),
    ))
}
