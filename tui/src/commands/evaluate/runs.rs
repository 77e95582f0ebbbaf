//! Evaluation of trained models.

use std::fs;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::score::BleuOptions;
use seq2seq::{
    EvaluateOptions, EvaluatedTranslations, HeldOut, RunDir, evaluate_held_out, evaluate_outputs,
    shell_quoted,
};

use super::super::named;
use super::system::{Scores, System};
use crate::args::EvaluateArguments;
use crate::format::several;
use crate::{output, ranks};

/// Evaluates every run on the corpus.
pub(super) fn evaluate(arguments: &EvaluateArguments, bleu: BleuOptions) -> Result<Vec<System>> {
    let names = arguments.runs.names();
    let models = if arguments.ensemble { 1 } else { names.len().max(1) };
    if let Some(path) = arguments.write.as_ref().filter(|_| ranks::all().is_first()) {
        check_writable(path, models)?;
    }
    let options = EvaluateOptions {
        device: arguments.device.clone(),
        threads: arguments.threads,
        precision: arguments.precision,
        ranks: ranks::all(),
        columns: arguments.columns,
        decoding: arguments.decoding.options(1)?,
        unknown_words: arguments.decoding.unknown_words()?,
        ensemble: arguments.combining.options(names.len().max(1) / models)?,
        bleu,
        links: arguments.gold.clone(),
    };
    let folders = named::runs(names)?;
    let examples = match &arguments.data {
        Some(data) => Examples::Corpus(data),
        None => Examples::HeldOut(held_out(&folders, arguments)?),
    };
    let described = examples.describe();
    let mut systems: Vec<System> = Vec::with_capacity(models);
    let mut remarks = Vec::new();
    let mut corpus = None;
    for runs in folders.chunks(folders.len() / models) {
        let name = runs.iter().map(|run| run.display().to_string()).collect::<Vec<_>>();
        let name = name.join(" + ");
        let found = match &examples {
            Examples::Corpus(data) => evaluate_outputs(runs, data, &options),
            Examples::HeldOut(held_out) => evaluate_held_out(runs, held_out, &options),
        };
        let found = found.wrap_err_with(|| format!("run {name}, {described}"))?;
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
                    "run {name} reads other columns of {described} than run {}, so their \
                     outputs cannot be compared; give --columns",
                    folders[0].display()
                ));
            }
            if let Some(path) = arguments.write.as_ref().filter(|_| ranks::all().is_first()) {
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

/// What the runs are evaluated on.
enum Examples<'a> {
    Corpus(&'a str),
    HeldOut(HeldOut),
}

impl Examples<'_> {
    /// Returns what errors call them.
    fn describe(&self) -> String {
        match self {
            Self::Corpus(data) => format!("--data {data}"),
            Self::HeldOut(held_out) => format!("held out of {}", held_out.origin()),
        }
    }
}

/// Returns the held-out examples of the first run, and says on stderr what they are. A run that
/// holds out others may have been trained on them.
fn held_out(folders: &[PathBuf], arguments: &EvaluateArguments) -> Result<HeldOut> {
    let Some(first) = folders.first() else { return Err(eyre!("no run is given")) };
    let name = |run: &Path| format!("run {}", run.display());
    let found = HeldOut::of(first).wrap_err_with(|| name(first))?;
    output::note(&format!(
        "held out by {}: {}, {}",
        name(first),
        several(found.len() as u64, found.noun()),
        found.origin()
    ));
    for run in &folders[1..] {
        let other = HeldOut::of(run).wrap_err_with(|| name(run))?;
        if !other.is_same(&found) {
            output::note(&format!(
                "warning: {} holds out other {}s: it may have been trained on these",
                name(run),
                found.noun()
            ));
        }
    }
    if let Some(path) = arguments.write_held_out.as_ref().filter(|_| ranks::all().is_first()) {
        found.write(path).wrap_err("--write-held-out")?;
        let columns = RunDir::open(first)?.stored()?.columns;
        let columns =
            if columns.is_some_and(|columns| columns != (1, 2)) { " --columns 1,2" } else { "" };
        let path = shell_quoted(path);
        output::note(&format!("written: --data {path}{columns} reads them again"));
    }
    Ok(found)
}

/// Checks that nothing about outputs is requested of a model that has none.
fn check_no_outputs(name: &str, arguments: &EvaluateArguments) -> Result<()> {
    for (flag, is_given) in [
        ("--write", arguments.write.is_some()),
        ("--confidence", arguments.confidence),
        ("--by-length", arguments.by_length),
    ] {
        if is_given {
            return Err(eyre!("{flag}: the model of run {name} gives no texts; leave it out"));
        }
    }
    if arguments.runs.names().len() > 1 && !arguments.ensemble {
        output::note(&format!("run {name}: its model gives no texts, so no test compares it"));
    }
    Ok(())
}

/// Checks, before anything is decoded, that outputs can be written.
fn check_writable(path: &Path, runs: usize) -> Result<()> {
    let name = path.display();
    if runs > 1 {
        return Err(eyre!("--write {name}: it takes the outputs of one run; give one RUN"));
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
