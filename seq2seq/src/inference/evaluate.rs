//! Evaluation of a trained model of any task.

use std::path::Path;

use super::evaluated::{EvaluateOptions, Evaluated};
use super::{Sampler, Translator, open_run};
use crate::config::TaskKind;
use crate::data::LinksFile;
use crate::decode::BeamOptions;
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
    Ok(evaluate_outputs(run, data, &options)?.evaluation)
}

/// Computes the metrics of a run's model, as [`evaluate`] does, and returns them with its outputs.
///
/// # Errors
/// A missing run, a damaged file, unreadable data, data of another task, a missing device; options
/// of translation for a model that does not translate.
pub fn evaluate_outputs(run: &Path, data: &str, options: &EvaluateOptions) -> Result<Evaluated> {
    let stored = RunDir::open(run)?.stored_in_range()?;
    if stored.config.task != TaskKind::Translation {
        check_no_translation(run, &stored, options)?;
    }
    let EvaluateOptions { device, threads, columns, decoding, bleu, links } = options;
    let evaluation = match stored.config.task {
        TaskKind::Translation => {
            let mut notes = Vec::new();
            let links = links.as_ref().map(|path| LinksFile::open(path, &mut notes)).transpose()?;
            let translator = Translator::open(run, device, *threads)?.with_options(*decoding);
            let mut found = translator.evaluate_outputs(data, *columns, *bleu, links.as_ref())?;
            found.evaluation.remarks.extend(notes);
            return Ok(found);
        }
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            Sampler::open(run, device, *threads)?.evaluate(data)?
        }
        TaskKind::Sequence => {
            let opened = open_run(run, device, *threads, &[TaskKind::Sequence])?;
            let task = opened.stored.data.parse::<Generated>()?.name;
            let (model, params) = opened.load(|params, stored| {
                SequenceModel::new(params, &stored.config, task, stored.seed)
            })?;
            let threads = opened.device.threads();
            let found = model.evaluate(&params, data, opened.stored.seed, threads)?;
            params.checked(found)?
        }
    };
    Ok(Evaluated { evaluation, translations: None })
}

/// Checks that no option of translation is given for a model of another task.
fn check_no_translation(run: &Path, stored: &StoredRun, options: &EvaluateOptions) -> Result<()> {
    let EvaluateOptions { columns, decoding, bleu, links, .. } = options;
    let (given, why) = if *decoding != BeamOptions::greedy() {
        let given = match decoding.limit {
            Some(n) => format!("max_length = {n}"),
            None => format!("beam = {}", decoding.beam),
        };
        (given, "whose evaluation decodes nothing")
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
        run.display(),
        stored.config.task
    );
    Err(Error::Configuration { problems: vec![what] })
}
