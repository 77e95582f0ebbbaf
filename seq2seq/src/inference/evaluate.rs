//! A trained model of any task, measured.

use std::path::Path;

use super::{Sampler, Translator, open_run};
use crate::config::TaskKind;
use crate::run::RunDir;
use crate::score::Evaluation;
use crate::task::SequenceModel;
use crate::tasks::Generated;
use crate::{Error, Result};

/// Metrics of a run's model (`best` where there was validation, else `last`) on a corpus SPEC,
/// whatever its task. `max_length` cuts translations in place of the run's key of that name.
///
/// # Errors
/// No run there, a damaged file, unreadable data, data of another task, a device that is not there;
/// a `max_length` for a model that does not translate.
pub fn evaluate(
    run: &Path,
    device: &str,
    threads: Option<usize>,
    data: &str,
    columns: Option<(usize, usize)>,
    max_length: Option<usize>,
) -> Result<Evaluation> {
    let stored = RunDir::open(run)?.stored_in_range()?;
    if let Some(n) = max_length.filter(|_| stored.config.task != TaskKind::Translation) {
        let what = format!(
            "max_length = {n}: {} was trained with task = {}, whose evaluation writes nothing that \
             could be cut; leave it out",
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
        TaskKind::Translation => Translator::open(run, device, threads)?
            .with_max_length(max_length)
            .evaluate(data, columns),
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
