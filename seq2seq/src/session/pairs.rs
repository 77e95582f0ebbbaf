//! Training on sentence pairs in memory.

use std::sync::Arc;

use super::ranks::{Role, follow, release, role};
use super::{Outcome, begin_at, check_ranges, new_path, resume};
use crate::config::{Config, TaskKind};
use crate::data::{MEMORY, Pair, PairsInMemory};
use crate::link::Link;
use crate::options::TrainOptions;
use crate::run::{RunDir, StoredRun};
use crate::task::TranslationModel;
use crate::{Error, Result};

/// Trains a translator on sentence pairs in memory, to its end, on this thread.
///
/// `held_out` are the pairs on which the model is validated; without them a fixed share of `train`
/// is held out, and with an empty list nothing. The run directory is that of any run: the result is
/// opened by [`Translator::open`](crate::Translator::open), and watched by the program. It does not
/// contain the pairs: to resume the run, pass the same ones with
/// [`resume`](TrainOptions::resume); other pairs are an error.
///
/// Of the options, `preset`, `data`, `valid` and `columns` are for corpora in files.
///
/// # Errors
/// Those of [`train`](crate::train()); one of those four options is given; the configuration is that
/// of another task.
///
/// ```
/// use seq2seq::{Config, Pair, TrainOptions, Translator, link, train_pairs};
///
/// let run = std::env::temp_dir().join(format!("train-pairs-{}", std::process::id()));
/// let config = Config { embedding: 16, hidden: 16, ..Config::default() };
/// let pairs = [("1 2", "one two"), ("2 1", "two one"), ("2 2", "two two")].map(Pair::from);
/// let options = TrainOptions {
///     max_steps: Some(3),
///     run_dir: Some(run.clone()),
///     ..TrainOptions::default()
/// };
/// let (mut link, _viewer) = link(64);
/// let outcome = train_pairs(config, pairs.to_vec(), Some(Vec::new()), &options, &mut link)?;
/// assert_eq!(outcome.end.step, 3);
/// Translator::open(&run, "cpu", None)?.translate(&["2 2".to_owned()])?;
/// # std::fs::remove_dir_all(run).unwrap();
/// # Ok::<(), seq2seq::Error>(())
/// ```
pub fn train_pairs(
    config: Config,
    train: Vec<Pair>,
    held_out: Option<Vec<Pair>>,
    options: &TrainOptions,
    link: &mut Link,
) -> Result<Outcome> {
    let valid = held_out.as_ref().map(|pairs| if pairs.is_empty() { "none" } else { MEMORY });
    let memory =
        PairsInMemory { train: Arc::new(train), held_out: Arc::new(held_out.unwrap_or_default()) };
    match role(link)? {
        Role::First => {
            let result = begin_or_resume(config, &memory, valid, options, link);
            release(link, result)
        }
        Role::Other(given) => follow(&given, Some(&memory), link),
        Role::Done(outcome) => Ok(outcome),
    }
}

fn begin_or_resume(
    mut config: Config,
    memory: &PairsInMemory,
    valid: Option<&str>,
    options: &TrainOptions,
    link: &mut Link,
) -> Result<Outcome> {
    check_ranges(options)?;
    let of_files = [
        ("preset", options.preset.as_ref()),
        ("data", options.data.as_ref()),
        ("valid", options.valid.as_ref()),
    ];
    let given = of_files.into_iter().find_map(|(key, value)| Some((key, value?.clone())));
    let columns = options.columns.map(|(a, b)| ("columns", format!("{a},{b}")));
    if let Some((key, value)) = given.or(columns) {
        let allowed = "nothing: configuration and pairs are arguments of train_pairs".into();
        return Err(Error::BadValue { key: key.into(), value, allowed });
    }
    if config.task != TaskKind::Translation {
        let allowed = TaskKind::Translation.to_string();
        return Err(Error::BadValue {
            key: "task".into(),
            value: config.task.to_string(),
            allowed,
        });
    }
    for (key, value) in &options.set {
        config.set(key, value)?;
    }
    config.epochs = options.epochs.unwrap_or(config.epochs);
    if options.resume {
        // What differs from the stored configuration is checked as a change on resume.
        let stored = options.run_dir.as_deref().map(|path| RunDir::open(path)?.stored());
        let mut options = options.clone();
        if let Some(stored) = stored.transpose()? {
            let changes = stored.config.changes(&config).into_iter();
            options.set = changes.map(|change| (change.key, change.to)).collect();
        }
        return resume(&options, Some(memory), link);
    }
    config.validate()?;
    let set = options.set.iter().map(|(key, _)| key.as_str());
    config.check_effects(set, valid != Some("none"))?;
    let mut stored =
        StoredRun { valid: valid.map(str::to_owned), ..StoredRun::new(config, MEMORY) };
    stored.take_limits(options);
    let path = new_path(options, &stored)?;
    begin_at::<TranslationModel>(stored, Some(memory), Vec::new(), &path, link)
}
