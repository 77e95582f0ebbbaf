//! Evaluation of a trained model of any task.

use std::path::Path;

use super::{Sampler, Translator, open_run};
use crate::config::TaskKind;
use crate::decode::BeamOptions;
use crate::run::RunDir;
use crate::score::Evaluation;
use crate::task::SequenceModel;
use crate::tasks::Generated;
use crate::{Error, Result};

/// Computes the metrics of a run's model (`best` if the run has validated, else `last`) on a corpus
/// SPEC, for any task. `options` and `columns` apply to translation only.
///
/// # Errors
/// A missing run, a damaged file, unreadable data, data of another task, a missing device;
/// `options` other than the default or greedy, or `columns`, for a model that does not translate.
pub fn evaluate(
    run: &Path,
    device: &str,
    threads: Option<usize>,
    data: &str,
    columns: Option<(usize, usize)>,
    options: &BeamOptions,
) -> Result<Evaluation> {
    let stored = RunDir::open(run)?.stored_in_range()?;
    let is_translation = stored.config.task == TaskKind::Translation;
    let is_plain = [BeamOptions::default(), BeamOptions::greedy()].contains(options);
    if !is_plain && !is_translation {
        let given = match options.constraints.max_length {
            Some(n) => format!("max_length = {n}"),
            None => format!("beam = {}", options.beam),
        };
        let what = format!(
            "{given}: {} was trained with task = {}, whose evaluation decodes nothing; leave it out",
            run.display(),
            stored.config.task
        );
        return Err(Error::Configuration { problems: vec![what] });
    }
    if let Some((source, target)) = columns.filter(|_| stored.config.task != TaskKind::Translation)
    {
        let what = format!(
            "columns = {source},{target}: {} was trained with task = {}, which has no two sides to \
             choose; leave it out",
            run.display(),
            stored.config.task
        );
        return Err(Error::Configuration { problems: vec![what] });
    }
    match stored.config.task {
        TaskKind::Translation => {
            Translator::open(run, device, threads)?.with_options(*options).evaluate(data, columns)
        }
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            Sampler::open(run, device, threads)?.evaluate(data)
        }
        TaskKind::Sequence => {
            let opened = open_run(run, device, threads, &[TaskKind::Sequence])?;
            let task = opened.stored.data.parse::<Generated>()?.name;
            let (model, params) = opened.load(|params, stored| {
                SequenceModel::new(params, &stored.config, task, stored.seed)
            })?;
            let threads = opened.device.threads();
            let found = model.evaluate(&params, data, opened.stored.seed, threads)?;
            Ok(params.checked(found)?)
        }
    }
}
