//! The settings with which a run was begun: the content of `config.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::{Change, Config, Preset, TaskKind};
use crate::data::{Sources, Spec, SplitRule, hash};
use crate::options::TrainOptions;
use crate::range::Range;
use crate::run::checkpoint::Checkpoint;
use crate::run::live_changes::LiveChanges;
use crate::{Error, Result};

/// Name of the configuration file.
pub(super) const CONFIG: &str = "config.json";

/// The settings with which a run was begun, stored in `config.json` for later resumes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRun {
    /// Version of the program that began the run.
    pub program: String,
    /// The preset's name.
    pub preset: String,
    /// The preset's values with all requested changes.
    #[serde(deserialize_with = "crate::config::stored")]
    pub config: Config,
    /// The corpus, as given.
    pub data: String,
    /// The corpus with absolute paths, if it consists of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_path: Option<String>,
    /// The held-out pairs, as given.
    pub valid: Option<String>,
    /// The held-out pairs with absolute paths, if they consist of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_path: Option<String>,
    /// Source and target column of TSV files, from 1, as given.
    pub columns: Option<(usize, usize)>,
    /// The rule that selects held-out pairs if none are given.
    #[serde(default)]
    pub split: SplitRule,
    /// A hash of the training pairs, with which a resume detects a changed corpus.
    pub corpus_hash: Option<u64>,
    /// A hash of the initial settings. Checkpoints store it too, and a checkpoint of another run is
    /// refused. `None` for runs of older programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<u64>,
    /// Seed of every random stream.
    pub seed: u64,
    /// The device, as given.
    pub device: String,
    /// The requested number of threads.
    pub threads: Option<usize>,
    /// Optimizer steps at which the run ends.
    pub max_steps: Option<u64>,
    /// Minutes of training after which the run ends.
    pub max_minutes: Option<f64>,
    /// Tokens of the longest training target, end token included, which determines the length limit
    /// of outputs if `max_length` is 0; `None` if unknown, as in runs of older programs.
    #[serde(default)]
    pub longest_target: Option<usize>,
    /// Changes of settings while the run trained; `config` contains them.
    #[serde(default, skip_serializing_if = "LiveChanges::is_empty")]
    pub live_changes: LiveChanges,
}

/// The text that is shown for an option that was not given.
const NOT_GIVEN: &str = "(not given)";

impl StoredRun {
    /// Creates the settings of a run of this program: seed 1, the processor with all its threads,
    /// no limits but those of the configuration, a fixed share held out, the preset's name `custom`.
    /// All fields are public: `StoredRun { seed: 7, ..StoredRun::new(config, data) }`.
    ///
    /// `data` is a SPEC of a corpus, or any name for the data of a model of one's own.
    pub fn new(config: Config, data: impl Into<String>) -> Self {
        Self {
            program: env!("CARGO_PKG_VERSION").into(),
            preset: "custom".into(),
            config,
            data: data.into(),
            data_path: None,
            valid: None,
            valid_path: None,
            columns: None,
            split: SplitRule::BothSides,
            corpus_hash: None,
            identity: None,
            seed: 1,
            device: "cpu".into(),
            threads: None,
            max_steps: None,
            max_minutes: None,
            longest_target: None,
            live_changes: LiveChanges::default(),
        }
    }

    /// Takes back the changes that were made after a checkpoint; training repeats them.
    ///
    /// # Errors
    /// A stored change is not one that this version accepts.
    pub(crate) fn rewind(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let Self { config, live_changes, .. } = self;
        live_changes.rewind(config, checkpoint.progress.step, checkpoint.events_len)
    }

    /// Takes seed, device, threads and limits of a new run.
    pub(crate) fn take_limits(&mut self, options: &TrainOptions) {
        self.seed = options.seed.unwrap_or(self.seed);
        self.device = options.device.clone().unwrap_or_else(|| self.device.clone());
        self.threads = options.threads;
        self.max_steps = options.max_steps;
        self.max_minutes = options.max_minutes;
    }

    /// Checks that nothing in `options` contradicts this run, which is stored in `folder`.
    ///
    /// Device, threads, limits and the keys that [may change](crate::config::OnResume) are not
    /// compared.
    ///
    /// # Errors
    /// [`Error::Contradiction`] for the first contradicting option or key; an unknown key or an
    /// invalid value.
    pub fn check(&self, folder: &Path, options: &TrainOptions) -> Result<()> {
        let contradiction = |option: &str, given, stored: String, why: Option<&str>| {
            let stored = format!("{option} = {stored}");
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            let option = option.to_owned();
            Err(Error::Contradiction { run: folder.into(), option, given, stored, why })
        };
        let compare = |option: &str, given: Option<String>, stored: String| match given {
            Some(given) if given != stored => contradiction(option, given, stored, None),
            _ => Ok(()),
        };
        let columns = |(source, target)| format!("{source},{target}");

        compare("preset", options.preset.clone(), self.preset.clone())?;
        // The same file may be given by another relative path, and another file by the same one.
        let others = |given: &Option<String>, path: &Option<String>| {
            let given = given.clone()?;
            let parsed = |text: &str| text.parse::<Spec>().ok();
            let Some((spec, path)) = parsed(&given).zip(path.as_deref().and_then(parsed)) else {
                return Some(given);
            };
            let exist = spec.files().iter().all(|file| file.exists());
            match (spec.is_of_same_files(&path), exist) {
                (true, _) => None,
                (false, true) => Some(spec.absolute().to_string()),
                (false, false) => Some(given),
            }
        };
        compare("data", others(&options.data, &self.data_path), self.data.clone())?;
        let valid = self.valid.clone().unwrap_or_else(|| NOT_GIVEN.to_owned());
        compare("valid", others(&options.valid, &self.valid_path), valid)?;
        let stored = self.columns.map_or_else(|| NOT_GIVEN.to_owned(), columns);
        compare("columns", options.columns.map(columns), stored)?;
        compare("seed", options.seed.map(|n| n.to_string()), self.seed.to_string())?;
        for (i, (key, value)) in options.set.iter().enumerate() {
            // The last value of a key counts, as for a new run.
            if options.set[i + 1..].iter().any(|(later, _)| later == key) {
                continue;
            }
            let mut changed = self.config.clone();
            changed.set(key, value)?;
            // A stored value that is out of range may be corrected.
            let known = Config::KEYS.iter().find(|known| known.name == key);
            if known.is_some_and(|known| known.out_of_range(&self.config).is_some()) {
                continue;
            }
            let why = Config::fixed_on_resume(key)?;
            if why.is_some() && changed != self.config {
                let stored = self.config.show(key).unwrap_or_default();
                contradiction(key, value.clone(), stored, why)?;
            }
        }
        Ok(())
    }
}

impl StoredRun {
    /// Returns true if the corpus is the one that the run's preset has.
    pub fn has_preset_data(&self) -> bool {
        Preset::find(&self.preset).is_ok_and(|preset| preset.config.data == self.data)
    }

    /// Returns the keys whose values differ from those of the run's preset. A run of a preset file
    /// has none, since the file may have changed since.
    pub fn differences(&self) -> Vec<Change> {
        let Ok(preset) = Preset::find(&self.preset) else { return Vec::new() };
        let mut config = preset.config;
        if self.data.parse::<Spec>().is_ok_and(|data| !data.files().is_empty()) {
            // The values of a built-in preset are valid.
            let _ = preset.own_data.iter().try_for_each(|(key, value)| config.set(key, value));
        }
        config.changes(&self.config)
    }
}

fn existing_or(path: Option<&str>, given: &str) -> Result<Spec> {
    let given: Spec = given.parse()?;
    let Some(path) = path.and_then(|path| path.parse::<Spec>().ok()) else { return Ok(given) };
    let exist = path.files().iter().all(|file| file.exists());
    // Errors show the path as given if it refers to the same file.
    Ok(if exist && !given.is_of_same_files(&path) { path } else { given })
}

/// Returns the corpus with absolute paths; `None` if it does not consist of files.
fn whole_path(spec: &str) -> Option<String> {
    let spec: Spec = spec.parse().ok()?;
    (!spec.files().is_empty()).then(|| spec.absolute().to_string())
}

impl StoredRun {
    /// Returns `true` if the run has a corpus. A run that was imported may have none.
    pub fn has_data(&self) -> bool {
        !self.data.is_empty()
    }

    fn no_data() -> Error {
        let what = "the run was imported without a corpus: give data = SPEC".to_owned();
        Error::NothingTrained { what }
    }

    /// Takes the corpus of the options, if the run has none.
    ///
    /// # Errors
    /// Neither has a corpus; an invalid SPEC.
    pub(crate) fn take_data(&mut self, options: &TrainOptions) -> Result<()> {
        if self.has_data() {
            return Ok(());
        }
        let Some(data) = &options.data else { return Err(Self::no_data()) };
        self.data.clone_from(data);
        self.valid.clone_from(&options.valid);
        self.columns = options.columns.or(self.columns);
        self.find_files()
    }

    /// Stores absolute paths, so that the run can be resumed from any folder, and refuses columns
    /// if the corpus has none.
    ///
    /// # Errors
    /// An invalid SPEC; columns for a corpus without columns.
    pub(crate) fn find_files(&mut self) -> Result<()> {
        let data: Spec = self.data.parse()?;
        let valid = self.valid.as_deref().filter(|valid| *valid != "none");
        let valid: Option<Spec> = valid.map(str::parse).transpose()?;
        if self.config.task == TaskKind::Translation {
            if !valid.as_ref().is_some_and(Spec::has_columns) {
                data.check_columns(self.columns)?;
            }
        } else if let Some((source, target)) = self.columns {
            let task = self.config.task;
            let what = format!(
                "columns = {source},{target}: task = {task} has no two sides to choose; leave it out"
            );
            return Err(Error::Configuration { problems: vec![what] });
        }
        self.data_path = whole_path(&self.data);
        self.valid_path = self.valid.as_deref().and_then(whole_path);
        Ok(())
    }

    /// Sets the run's identity, a hash of its data, its seed and all keys. An existing identity is
    /// kept even if a resume changes settings, since the checkpoints contain it.
    pub(crate) fn identify(&mut self) {
        if self.identity.is_some() {
            return;
        }
        let keys = Config::KEYS.iter().filter_map(|key| self.config.show(key.name));
        let all = keys.chain([self.seed.to_string(), format!("{:?}", self.corpus_hash)]);
        // 52 bits, which fit in the f64 in which checkpoints of format version 1 stored it.
        self.identity = Some(hash(&all.collect::<Vec<_>>().join("\n")) >> 12);
    }

    /// Returns the data sources of the run: files by their absolute paths, or by the paths as given
    /// if the former no longer exist.
    ///
    /// # Errors
    /// An invalid SPEC.
    pub(crate) fn sources(&self) -> Result<Sources<'_>> {
        if !self.has_data() {
            return Err(Self::no_data());
        }
        let valid = match self.valid.as_deref() {
            None => None,
            Some("none") => Some(("none", None)),
            Some(valid) => Some((valid, Some(existing_or(self.valid_path.as_deref(), valid)?))),
        };
        Ok(Sources {
            config: &self.config,
            data: &self.data,
            spec: existing_or(self.data_path.as_deref(), &self.data)?,
            valid,
            columns: self.columns,
            seed: self.seed,
            split: self.split,
        })
    }

    /// Checks that every number is in its range, since an edited file, or one of an older program,
    /// may contain any number.
    ///
    /// # Errors
    /// [`Error::StoredValues`] with all values that are out of range.
    pub(crate) fn check_ranges(&self, folder: &Path) -> Result<()> {
        let mut problems = match self.config.check_ranges() {
            Err(Error::Configuration { problems }) => problems,
            Ok(()) => Vec::new(),
            other => return other,
        };
        let mut check = |name: &str, value: Option<f64>, range: Range| {
            if let Some(value) = value.filter(|&value| !range.contains(value)) {
                problems.push(format!("{name} = {value}: it should be {range}"));
            }
        };
        check("threads", self.threads.map(|n| n as f64), Range::THREADS);
        check("max_minutes", self.max_minutes, Range::MINUTES);
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::StoredValues { path: folder.join(CONFIG), problems })
    }
}

#[cfg(test)]
pub(in crate::run) mod tests {
    use super::*;

    pub(in crate::run) fn stored() -> StoredRun {
        StoredRun {
            program: "0.1.0".into(),
            preset: "phrasebook".into(),
            config: Config::default(),
            data: "phrasebook".into(),
            data_path: None,
            valid: None,
            valid_path: None,
            columns: Some((2, 1)),
            split: SplitRule::default(),
            corpus_hash: Some(u64::MAX),
            identity: None,
            seed: 1,
            device: "cpu".into(),
            threads: None,
            max_steps: None,
            max_minutes: Some(1.5),
            longest_target: Some(12),
            live_changes: LiveChanges::default(),
        }
    }

    #[test]
    fn json_keeps_everything() {
        let text = serde_json::to_string_pretty(&stored()).unwrap();
        assert_eq!(serde_json::from_str::<StoredRun>(&text).unwrap(), stored());
    }

    #[test]
    fn agreeing_flags_and_limits_pass() {
        let options = TrainOptions {
            preset: Some("phrasebook".into()),
            data: Some("phrasebook".into()),
            columns: Some((2, 1)),
            seed: Some(1),
            device: Some("opencl".into()),
            threads: Some(7),
            epochs: Some(1000),
            max_steps: Some(5),
            set: vec![
                ("epochs".into(), "77".into()),
                ("learning_rate".into(), "1e-5".into()),
                ("early_stopping_metric".into(), "loss".into()),
                ("hidden".into(), "1".into()),
                ("hidden".into(), Config::default().hidden.to_string()),
            ],
            ..TrainOptions::default()
        };
        stored().check(Path::new("r"), &options).unwrap();
    }

    #[test]
    fn each_contradiction_names_its_option() {
        let none = TrainOptions::default;
        let set = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
        for (options, expected) in [
            (
                TrainOptions { preset: Some("x".into()), ..none() },
                "preset = x contradicts the run in runs/a, which was begun with preset = phrasebook",
            ),
            (TrainOptions { data: Some("a.tsv".into()), ..none() }, "data = a.tsv contradicts"),
            (
                TrainOptions { valid: Some("none".into()), ..none() },
                "valid = none contradicts the run in runs/a, which was begun with valid = (not given)",
            ),
            (
                TrainOptions { columns: Some((1, 2)), ..none() },
                "columns = 1,2 contradicts the run in runs/a, which was begun with columns = 2,1",
            ),
            (TrainOptions { seed: Some(2), ..none() }, "seed = 2 contradicts"),
            (
                TrainOptions { set: set("hidden", "7"), ..none() },
                "hidden = 7 contradicts the run in runs/a, which was begun with hidden = ",
            ),
            (
                TrainOptions { set: set("batch", "7"), ..none() },
                "begun with batch = 64: the place within the epoch is counted in batches that follow \
                 from it; leave it out, or begin a new run in another folder",
            ),
            (TrainOptions { set: set("hiden", "7"), ..none() }, "no key 'hiden'"),
        ] {
            let error = stored().check(Path::new("runs/a"), &options).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn numbers_out_of_their_range_are_named_and_may_be_corrected() {
        let config = Config { checkpoint_seconds: 1e20, ..Config::default() };
        let run = StoredRun { config, threads: Some(5_000), max_minutes: Some(1e300), ..stored() };
        let error = run.check_ranges(Path::new("runs/a")).unwrap_err().to_string();
        for part in [
            "config.json: checkpoint_seconds = 100000000000000000000: it should be above 0, to 1000000000",
            "threads = 5000: it should be from 1 to 1024",
            "it should be above 0, to 1000000000; give",
        ] {
            assert!(error.contains(part), "{error}");
        }
        let set = vec![("checkpoint_seconds".to_owned(), "10".to_owned())];
        let options = TrainOptions { set, ..TrainOptions::default() };
        run.check(Path::new("runs/a"), &options).unwrap();
        stored().check_ranges(Path::new("runs/a")).unwrap();
    }
}
