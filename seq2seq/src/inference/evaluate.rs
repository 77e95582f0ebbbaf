//! Evaluation of a trained model of any task.

use std::path::{Path, PathBuf};

use super::evaluated::{EvaluateOptions, Evaluated};
use super::held_out::{HeldOut, HeldOutExamples};
use super::{EnsembleOptions, Sampler, Translator, open_run};
use crate::config::TaskKind;
use crate::data::LinksFile;
use crate::decode::BeamOptions;
use crate::devices::device_at;
use crate::run::{RunDir, StoredRun};
use crate::score::{BleuOptions, Evaluation};
use crate::task::SequenceModel;
use crate::tasks::Generated;
use crate::{Error, Result};

/// Computes the metrics of a run's model (`best` if the run has validated, else `last`) on a corpus
/// SPEC, for any task. `options` and `columns` apply to translation only.
///
/// # Errors
/// Those of [`evaluate_outputs`].
pub fn evaluate(
    run: &Path,
    device: &str,
    threads: Option<usize>,
    data: &str,
    columns: Option<(usize, usize)>,
    options: &BeamOptions,
) -> Result<Evaluation> {
    let (device, decoding) = (device.to_owned(), *options);
    let options =
        EvaluateOptions { device, threads, columns, decoding, ..EvaluateOptions::default() };
    Ok(evaluate_outputs(&[run.to_owned()], data, &options)?.evaluation)
}

/// Computes the metrics of a run's model, or of several runs as one ensemble, and returns them with
/// the outputs.
///
/// # Errors
/// A missing run, a damaged file, unreadable data, data of another task, a missing device; options
/// of translation, or several runs, for a model that does not translate; runs that are no ensemble.
pub fn evaluate_outputs(
    runs: &[PathBuf],
    data: &str,
    options: &EvaluateOptions,
) -> Result<Evaluated> {
    evaluate_on(runs, &Examples::Corpus(data), options)
}

/// Computes the metrics of a run's model, or of several runs as one ensemble, on the held-out
/// examples of a run, and returns them with the outputs.
///
/// # Errors
/// Those of [`evaluate_outputs`].
pub fn evaluate_held_out(
    runs: &[PathBuf],
    held_out: &HeldOut,
    options: &EvaluateOptions,
) -> Result<Evaluated> {
    evaluate_on(runs, &Examples::HeldOut(held_out), options)
}

/// What a model is evaluated on.
enum Examples<'a> {
    /// A corpus SPEC.
    Corpus(&'a str),
    HeldOut(&'a HeldOut),
}

/// Returns the error for examples of another task than that of `run`.
fn other_examples(run: &Path, stored: &StoredRun, held_out: &HeldOut) -> Error {
    let what = format!(
        "{}: it was trained with task = {}, and cannot be evaluated on {}s of {}",
        run.display(),
        stored.config.task,
        held_out.noun(),
        held_out.origin()
    );
    Error::NothingTrained { what }
}

fn evaluate_on(
    runs: &[PathBuf],
    examples: &Examples<'_>,
    options: &EvaluateOptions,
) -> Result<Evaluated> {
    let Some(run) = runs.first() else {
        return Err(Error::Configuration { problems: vec!["no run is given".to_owned()] });
    };
    let stored = RunDir::open(run)?.stored_in_range()?;
    if stored.config.task != TaskKind::Translation {
        check_no_translation(runs, &stored, options)?;
    }
    let EvaluateOptions { device, precision, ranks, columns, decoding, bleu, links, .. } = options;
    let threads = options.threads.or_else(|| ranks.place().threads());
    let device = &device_at(device, ranks.place())?;
    let evaluation = match stored.config.task {
        TaskKind::Translation => {
            let mut notes = Vec::new();
            let links = links.as_ref().map(|path| LinksFile::open(path, &mut notes)).transpose()?;
            let translator = Translator::open_ensemble(runs, &options.ensemble, device, threads)?;
            let translator = translator.with_precision(*precision)?;
            let mut translator = translator.with_options(*decoding).with_ranks(ranks);
            if let Some(unknown_words) = &options.unknown_words {
                translator = translator.with_unknown_words(unknown_words.clone());
            }
            let links = links.as_ref();
            let mut found = match examples {
                Examples::Corpus(data) => {
                    translator.evaluate_outputs(data, *columns, *bleu, links)?
                }
                Examples::HeldOut(held_out) => {
                    let HeldOutExamples::Pairs(corpus) = &held_out.examples else {
                        return Err(other_examples(run, &stored, held_out));
                    };
                    let name = format!("held out of {}", held_out.origin());
                    translator.evaluate_pairs(corpus.clone(), &name, *bleu, links)?
                }
            };
            found.evaluation.remarks.extend(notes);
            return Ok(found);
        }
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            let sampler = Sampler::open(run, device, threads)?.with_precision(*precision)?;
            let sampler = sampler.with_ranks(ranks);
            match examples {
                Examples::Corpus(data) => sampler.evaluate(data)?,
                Examples::HeldOut(held_out) => match &held_out.examples {
                    HeldOutExamples::Lines(lines) => sampler.evaluate_lines(lines)?,
                    _ => return Err(other_examples(run, &stored, held_out)),
                },
            }
        }
        TaskKind::Sequence => {
            let opened = open_run(run, device, threads, &[TaskKind::Sequence])?;
            let task = opened.stored.data.parse::<Generated>()?.name;
            let (model, mut params) = opened.load(|params, stored| {
                SequenceModel::new(params, &stored.config, task, stored.seed)
            })?;
            precision.convert(&mut params)?;
            let threads = &opened.device.threads().with_ranks(ranks);
            let (data, seed) = match examples {
                Examples::Corpus(data) => ((*data).to_owned(), opened.stored.seed),
                Examples::HeldOut(held_out) => match &held_out.examples {
                    HeldOutExamples::Generated(spec, seed) => (spec.to_string(), *seed),
                    _ => return Err(other_examples(run, &stored, held_out)),
                },
            };
            let found = model.evaluate(&params, &data, seed, threads)?;
            params.checked(found)?
        }
    };
    Ok(Evaluated { evaluation, translations: None })
}

/// Checks that no option of translation is given for a model of another task.
fn check_no_translation(
    runs: &[PathBuf],
    stored: &StoredRun,
    options: &EvaluateOptions,
) -> Result<()> {
    let EvaluateOptions { columns, decoding, bleu, links, unknown_words, ensemble, .. } = options;
    let decodes_nothing = "whose evaluation decodes nothing";
    let is_plain = [BeamOptions::default(), BeamOptions::greedy()].contains(decoding);
    let (given, why) = if !is_plain {
        let given = match decoding.constraints.max_length {
            Some(n) => format!("max_length = {n}"),
            None => format!("beam = {}", decoding.beam),
        };
        (given, decodes_nothing)
    } else if let Some(options) = unknown_words {
        (format!("unknown_words = {}", options.words), decodes_nothing)
    } else if runs.len() > 1 || *ensemble != EnsembleOptions::default() {
        ("an ensemble or an average of checkpoints".to_owned(), "which has none")
    } else if let Some((source, target)) = columns {
        (format!("columns = {source},{target}"), "which has no two sides to choose")
    } else if *bleu != BleuOptions::default() {
        let given = format!("tokenize = {}, lowercase = {}", bleu.tokenizer, bleu.lowercase);
        (given, "whose evaluation has no BLEU")
    } else if let Some(links) = links {
        (format!("links = {}", links.display()), "which aligns nothing")
    } else {
        return Ok(());
    };
    let what = format!(
        "{given}: {} was trained with task = {}, {why}; leave it out",
        runs[0].display(),
        stored.config.task
    );
    Err(Error::Configuration { problems: vec![what] })
}
