//! Evaluation of trained models.

use std::fs;
use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::score::BleuOptions;
use seq2seq::{EvaluateOptions, EvaluatedTranslations, evaluate_outputs};

use super::system::{Scores, System};
use crate::args::EvaluateArguments;
use crate::output;

/// Evaluates every run on the corpus.
pub(super) fn evaluate(arguments: &EvaluateArguments, bleu: BleuOptions) -> Result<Vec<System>> {
    let data = arguments.data.as_deref().ok_or_else(|| eyre!("--run needs --data SPEC"))?;
    let models = if arguments.ensemble { 1 } else { arguments.runs.len() };
    if let Some(path) = &arguments.write {
        check_writable(path, models)?;
    }
    let options = EvaluateOptions {
        device: arguments.device.clone(),
        threads: arguments.threads,
        columns: arguments.columns,
        decoding: arguments.decoding.options(1)?,
        unknown_words: arguments.decoding.unknown_words()?,
        ensemble: arguments.combining.options(arguments.runs.len() / models)?,
        bleu,
        links: arguments.gold.clone(),
    };
    let mut systems: Vec<System> = Vec::with_capacity(arguments.runs.len());
    let mut remarks = Vec::new();
    let mut corpus = None;
    for runs in arguments.runs.chunks(arguments.runs.len() / models) {
        let name = runs.iter().map(|run| run.display().to_string()).collect::<Vec<_>>();
        let name = name.join(" --run ");
        let found = evaluate_outputs(runs, data, &options)
            .wrap_err_with(|| format!("--run {name} --data {data}"))?;
        let mut evaluation = found.evaluation;
        for remark in std::mem::take(&mut evaluation.remarks) {
            if !remarks.contains(&remark) {
                output::note(&remark);
                remarks.push(remark);
            }
        }
        let scored = found.translations.map(|translations| {
            if *corpus.get_or_insert(translations.corpus) != translations.corpus {
                return Err(eyre!(
                    "--run {name} reads other columns of --data {data} than --run {}, so their \
                     outputs cannot be compared; give --columns",
                    arguments.runs[0].display()
                ));
            }
            if let Some(path) = &arguments.write {
                write(path, &translations)?;
            }
            Ok(translations.scored)
        });
        let scored = scored.transpose()?;
        if scored.is_none() {
            check_no_outputs(&name, arguments)?;
        }
        let scores = Scores::Model(Box::new(evaluation));
        systems.push(System { name, scores, paired_bootstrap: None, scored });
    }
    Ok(systems)
}

/// Checks that nothing about outputs is requested of a model that has none.
fn check_no_outputs(name: &str, arguments: &EvaluateArguments) -> Result<()> {
    for (flag, is_given) in [
        ("--write", arguments.write.is_some()),
        ("--confidence", arguments.confidence),
        ("--by-length", arguments.by_length),
    ] {
        if is_given {
            return Err(eyre!("{flag}: the model of --run {name} gives no texts; leave it out"));
        }
    }
    if arguments.runs.len() > 1 && !arguments.ensemble {
        output::note(&format!("--run {name}: its model gives no texts, so no test compares it"));
    }
    Ok(())
}

/// Checks, before anything is decoded, that outputs can be written.
fn check_writable(path: &Path, runs: usize) -> Result<()> {
    let name = path.display();
    if runs > 1 {
        return Err(eyre!("--write {name}: it takes the outputs of one run; give one --run"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if path.is_dir() {
        return Err(eyre!("--write {name}: it is a folder; give a file"));
    }
    match folder {
        Some(folder) if !folder.is_dir() => {
            Err(eyre!("--write {name}: there is no folder {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Writes the outputs, one per line.
fn write(path: &Path, translations: &EvaluatedTranslations) -> Result<()> {
    let name = path.display();
    let mut text = String::new();
    for (i, output) in translations.outputs.iter().enumerate() {
        if output.contains('\n') {
            return Err(eyre!(
                "--write {name}: output {} has a line break, so that its lines would not be those of \
                 the corpus",
                i + 1
            ));
        }
        text.push_str(output);
        text.push('\n');
    }
    fs::write(path, text).wrap_err_with(|| format!("--write {name}"))
}
