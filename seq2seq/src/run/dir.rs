//! The folder of a run, and what may be done with it.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::checkpoint::{Checkpoint, Vocabularies};
use super::lock::{self, RunLock};
use super::log::{self, EventLog};
use super::stored_run::{CONFIG, StoredRun};
use super::{atomic, codec};
use crate::event::CheckpointKind;
use crate::{Error, Result};

const VOCABULARIES: &str = "vocabularies.bin";
const LAST: &str = "last.ckpt";
const BEST: &str = "best.ckpt";
/// The end of the name of a folder that is being made.
const UNBORN: &str = ".unborn";

/// A run's folder.
///
/// Whoever [creates](RunDir::create) or [resumes](RunDir::resume) a run holds its lock for as long
/// as the value lives, and may write; whoever [opens](RunDir::open) it only reads, and may do so
/// while another process trains there.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    lock: Option<RunLock>,
    /// What checkpoints of this run have, where it is known.
    identity: Option<u64>,
}

impl RunDir {
    /// Makes the folder of a new run; the folders above it too, where they are missing.
    ///
    /// It appears by one rename with all that a run needs, and with its lock held: whatever kills
    /// the program, `path` is a run that can be resumed, or is not there.
    ///
    /// # Errors
    /// [`Error::RunExists`] where anything is at `path` already; the errors of writing.
    pub fn create(
        path: &Path,
        stored: &StoredRun,
        vocabularies: &Vocabularies,
        checkpoint: &Checkpoint,
    ) -> Result<Self> {
        if path.symlink_metadata().is_ok() {
            return Err(Error::RunExists { path: path.into() });
        }
        let above = atomic::parent(path);
        fs::create_dir_all(above).map_err(Error::io("create", above))?;
        sweep_unborn(path)?;

        let unborn = atomic::sibling(path, UNBORN);
        let born = fill(&unborn, stored, vocabularies, checkpoint).and_then(|lock| {
            // There an open file keeps its folder from being renamed.
            let lock = (!cfg!(windows)).then_some(lock);
            fs::rename(&unborn, path).map_err(|error| match error.kind() {
                ErrorKind::DirectoryNotEmpty
                | ErrorKind::AlreadyExists
                | ErrorKind::NotADirectory => Error::RunExists { path: path.into() },
                _ => Error::io("create", path)(error),
            })?;
            Ok(lock)
        });
        match born {
            Ok(lock) => {
                atomic::sync_folder(above)?;
                let lock = lock.map_or_else(|| RunLock::take(path), Ok)?;
                Ok(Self { path: path.into(), lock: Some(lock), identity: stored.identity })
            }
            Err(error) => {
                // The first error is the one to report.
                let _ = fs::remove_dir_all(&unborn);
                Err(error)
            }
        }
    }

    /// Opens a run to go on with it, and takes its lock.
    ///
    /// # Errors
    /// [`Error::NoRun`], [`Error::NotARun`]; [`Error::RunInUse`] while a live process trains there.
    pub fn resume(path: &Path) -> Result<Self> {
        let mut run = Self::open(path)?;
        for name in [CONFIG, VOCABULARIES, log::NAME, LAST, BEST, lock::NAME] {
            let file = path.join(name);
            if file.is_symlink() {
                return Err(Error::Link { path: file });
            }
        }
        run.lock = Some(RunLock::take(path)?);
        run.identity = run.stored()?.identity;
        atomic::sweep(path)?;
        Ok(run)
    }

    /// Opens a run to read from it.
    ///
    /// # Errors
    /// [`Error::NoRun`], [`Error::NotARun`].
    pub fn open(path: &Path) -> Result<Self> {
        let not = |what: &str| Err(Error::NotARun { path: path.into(), what: what.into() });
        match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Error::NoRun { path: path.into() })
            }
            Err(error) => Err(Error::io("read", path)(error)),
            Ok(metadata) if !metadata.is_dir() => not("it is a file"),
            Ok(_) if !path.join(CONFIG).is_file() => not("it holds no config.json"),
            Ok(_) => Ok(Self { path: path.into(), lock: None, identity: None }),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True while a process (this one too) trains here.
    pub fn is_live(&self) -> bool {
        lock::is_held(&self.path)
    }

    /// What the run was begun with.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn stored(&self) -> Result<StoredRun> {
        let path = self.path.join(CONFIG);
        let text = fs::read(&path).map_err(Error::io("read", &path))?;
        serde_json::from_slice(&text).map_err(|source| Error::StoredRun { path, source })
    }

    /// What the run was begun with, every number in its range.
    ///
    /// # Errors
    /// Those of [`RunDir::stored`]; a number out of its range.
    pub fn stored_in_range(&self) -> Result<StoredRun> {
        let stored = self.stored()?;
        stored.check_ranges(&self.path)?;
        Ok(stored)
    }

    /// Replaces what is stored, for a resume that changes device, threads or limits.
    ///
    /// # Errors
    /// The run was opened only for reading; the errors of writing.
    pub fn store(&self, stored: &StoredRun) -> Result<()> {
        self.may_write()?;
        write_stored(&self.path, stored)
    }

    /// The vocabularies.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn vocabularies(&self) -> Result<Vocabularies> {
        codec::read(&self.path.join(VOCABULARIES))
    }

    /// A checkpoint.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none, and one error each for a file that is damaged,
    /// foreign or of a newer program.
    pub fn checkpoint(&self, kind: CheckpointKind) -> Result<Checkpoint> {
        let path = self.checkpoint_path(kind);
        let checkpoint: Checkpoint = codec::read(&path)?;
        let own = if self.identity.is_some() { self.identity } else { self.stored()?.identity };
        match (own, checkpoint.identity) {
            // One of the two is of an older program.
            (None, _) | (_, None) => Ok(checkpoint),
            (Some(own), Some(found)) if own == found => Ok(checkpoint),
            _ => Err(Error::OtherRun { path, run: self.path.clone() }),
        }
    }

    /// What went wrong with the last checkpoint, and how to go on from the best one where that is good.
    pub(crate) fn way_on(&self, error: Error) -> Error {
        match self.checkpoint(CheckpointKind::Best) {
            Ok(best) => Error::LastDamaged {
                last: self.checkpoint_path(CheckpointKind::Last),
                best: self.checkpoint_path(CheckpointKind::Best),
                step: best.progress.step,
                source: Box::new(error),
            },
            Err(_) => error,
        }
    }

    /// The checkpoint to translate with: `best` where there was validation, else `last`.
    ///
    /// # Errors
    /// Those of [`RunDir::checkpoint`].
    pub fn best_or_last(&self) -> Result<Checkpoint> {
        match self.checkpoint(CheckpointKind::Best) {
            Err(Error::NotFound { .. }) => self.checkpoint(CheckpointKind::Last),
            read => read,
        }
    }

    /// The file of a checkpoint, which need not exist.
    pub fn checkpoint_path(&self, kind: CheckpointKind) -> PathBuf {
        self.path.join(match kind {
            CheckpointKind::Last => LAST,
            CheckpointKind::Best => BEST,
        })
    }

    /// Saves a checkpoint: whole, durable, and in the place of the one before.
    ///
    /// The log is made durable first, and its length put into the checkpoint, so that no checkpoint
    /// speaks of events that could be lost.
    ///
    /// # Errors
    /// The run was opened only for reading; the errors of writing.
    pub fn save(
        &self,
        kind: CheckpointKind,
        checkpoint: &mut Checkpoint,
        log: &mut EventLog,
    ) -> Result<()> {
        log.sync()?;
        // Looked at last, since the file is begun in the folder that is there then.
        self.may_write()?;
        checkpoint.events_len = log.len();
        checkpoint.identity = self.identity;
        let written = codec::write(&self.checkpoint_path(kind), checkpoint);
        // The folder may have gone since it was looked at, which says more than what failed then.
        written.map_err(|error| self.may_write().err().unwrap_or(error))
    }

    /// The event log, cut back to where `checkpoint` was saved, from which the run goes on. Where it
    /// is gone, or is not the checkpoint's, a new one is begun, and what was there is put aside: the
    /// text says so.
    ///
    /// # Errors
    /// The run was opened only for reading; the errors of writing.
    pub fn log(&self, checkpoint: &Checkpoint) -> Result<(EventLog, Option<String>)> {
        self.may_write()?;
        let opened = EventLog::open(&self.path).and_then(|mut log| {
            log.truncate_to(checkpoint.events_len)?;
            Ok(log)
        });
        let why = match opened {
            Ok(log) => return Ok((log, None)),
            Err(Error::NotFound { .. }) => format!("{} was gone", log::NAME),
            Err(Error::LogTooShort { .. } | Error::OtherLog { .. }) => {
                let aside = log::put_aside(&self.path)?;
                format!("{} was not this checkpoint's, and is {aside} now", log::NAME)
            }
            Err(other) => return Err(other),
        };
        EventLog::create(&self.path)?;
        let step = checkpoint.progress.step;
        let text = format!("{why}: a new one begins here, without the events up to step {step}");
        Ok((EventLog::open(&self.path)?, Some(text)))
    }

    fn may_write(&self) -> Result<()> {
        match &self.lock {
            Some(lock) if lock.is_of(&self.path) => Ok(()),
            Some(_) => Err(Error::RunGone { path: self.path.clone() }),
            None => Err(Error::ReadOnly { path: self.path.clone() }),
        }
    }
}

/// Fills a new folder with a run, makes it durable, and locks it.
fn fill(
    folder: &Path,
    stored: &StoredRun,
    vocabularies: &Vocabularies,
    checkpoint: &Checkpoint,
) -> Result<RunLock> {
    fs::create_dir(folder).map_err(Error::io("create", folder))?;
    let lock = RunLock::take(folder)?;
    write_stored(folder, stored)?;
    codec::write(&folder.join(VOCABULARIES), vocabularies)?;
    EventLog::create(folder)?;
    let first = Checkpoint {
        events_len: log::length(folder),
        identity: stored.identity,
        ..checkpoint.clone()
    };
    codec::write(&folder.join(LAST), &first)?;
    atomic::sync_folder(folder)?;
    Ok(lock)
}

fn write_stored(folder: &Path, stored: &StoredRun) -> Result<()> {
    let path = folder.join(CONFIG);
    let text = serde_json::to_string_pretty(stored);
    let text = text.map_err(|source| Error::StoredRun { path: path.clone(), source })?;
    atomic::replace(&path, |file| writeln!(file, "{text}").map_err(Error::io("write", &path)))
}

/// Removes what processes left that were killed while they made a folder for `path`.
fn sweep_unborn(path: &Path) -> Result<()> {
    let above = atomic::parent(path);
    let begin = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
    for entry in fs::read_dir(above).map_err(Error::io("read", above))? {
        let entry = entry.map_err(Error::io("read", above))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&begin) && name.ends_with(UNBORN) && lock::is_abandoned(&entry.path()) {
            fs::remove_dir_all(entry.path()).map_err(Error::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tensor::Tensor;
    use tokenizer::{Vocabulary, VocabularyOptions};

    use super::super::log::tests::phase;
    use super::super::stored_run::tests::stored;
    use super::super::{Progress, RngState, StoredOptimizer, StoredTensor};
    use super::*;
    use crate::event::Best;
    use crate::event::EndReason;

    fn vocabularies() -> Vocabularies {
        let build = |words: &[&str]| Vocabulary::build([words], &VocabularyOptions::default());
        Vocabularies { source: build(&["a", "dog"]), target: build(&["un", "chien", "ça"]) }
    }

    fn checkpoint(step: u64) -> Checkpoint {
        let tensor = |x: f32| StoredTensor::from(Tensor::full([2, 3], x));
        Checkpoint {
            progress: Progress {
                step,
                seconds: 0.1 + 0.2,
                best: Some(Best { step: 1, bleu: Some(12.5), loss: f64::INFINITY }),
                learning_rate: Some(1e-3),
                end: Some(EndReason::Stopped),
                ..Progress::default()
            },
            identity: stored().identity,
            params: vec![("w".into(), tensor(0.1)), ("b".into(), tensor(f32::NAN))],
            optimizer: StoredOptimizer {
                slots: vec![("w".into(), vec![tensor(1.0), tensor(2.0)])],
                updates: vec![step; 3],
            },
            shuffle: RngState { seed: [7; 32], stream: 3, word_pos: 1 << 67 },
            ..Checkpoint::default()
        }
    }

    fn create(path: &Path) -> Result<RunDir> {
        RunDir::create(path, &stored(), &vocabularies(), &checkpoint(0))
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_run_is_whole_and_its_own() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("runs/deep/a");
        let run = create(&path).unwrap();
        assert_eq!(names(&root.path().join("runs/deep")), ["a"]);
        let all = ["config.json", "events.jsonl", "last.ckpt", "lock", "vocabularies.bin"];
        assert_eq!(names(&path), all);
        assert!(run.is_live());
        assert_eq!(run.stored().unwrap(), stored());
        assert_eq!(run.vocabularies().unwrap(), vocabularies());
        assert_eq!(run.checkpoint(CheckpointKind::Last).unwrap(), checkpoint(0));
        assert!(matches!(RunDir::resume(&path), Err(Error::RunInUse { .. })));
        assert!(matches!(create(&path), Err(Error::RunExists { .. })));
        let reader = RunDir::open(&path).unwrap();
        assert_eq!(reader.best_or_last().unwrap(), checkpoint(0));
        assert!(matches!(reader.log(&checkpoint(0)), Err(Error::ReadOnly { .. })));
        drop(run);
        assert!(!reader.is_live());
    }

    #[test]
    fn a_resumed_run_forgets_what_came_after_its_checkpoint() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a");
        let run = create(&path).unwrap();
        let mut log = run.log(&run.checkpoint(CheckpointKind::Last).unwrap()).unwrap().0;
        log.append(&phase("kept")).unwrap();
        run.save(CheckpointKind::Last, &mut checkpoint(5), &mut log).unwrap();
        let len = log.len();
        run.save(CheckpointKind::Best, &mut checkpoint(3), &mut log).unwrap();
        log.append(&phase("lost")).unwrap();
        drop((run, log));
        fs::write(path.join(".last.ckpt.99-0.unfinished"), "half").unwrap();

        let run = RunDir::resume(&path).unwrap();
        assert!(!names(&path).iter().any(|name| name.starts_with('.')));
        let last = run.checkpoint(CheckpointKind::Last).unwrap();
        assert_eq!(last, Checkpoint { events_len: len, ..checkpoint(5) });
        assert_eq!(run.best_or_last().unwrap().progress.step, 3);
        let log = run.log(&last).unwrap().0;
        assert_eq!(log.len(), len);
        assert_eq!(fs::read_to_string(path.join("events.jsonl")).unwrap().lines().count(), 1);

        let changed = StoredRun { max_steps: Some(9), ..stored() };
        run.store(&changed).unwrap();
        assert_eq!(RunDir::open(&path).unwrap().stored().unwrap(), changed);
    }

    #[test]
    fn whatever_is_in_the_way_stays() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let file = root.path().join("file");
        fs::write(&file, "mine").unwrap();
        for path in [&folder, &file] {
            let error = create(path).unwrap_err().to_string();
            assert!(error.contains("exists already"), "{error}");
        }
        assert_eq!(names(root.path()), ["file", "folder"]);
        let error = create(&file.join("below")).unwrap_err().to_string();
        assert!(error.contains("cannot create") && error.contains("file"), "{error}");
    }

    #[test]
    fn what_is_no_run_is_said_to_be_none() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        for (path, expected) in [
            (root.path().join("absent"), "there is no run at"),
            (file, "is not a run: it is a file"),
            (root.path().to_owned(), "is not a run: it holds no config.json"),
        ] {
            let error = RunDir::resume(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("that training made"), "{error}");
        }
        assert_eq!(names(root.path()), ["file"]);
    }

    #[test]
    fn damage_is_named() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a");
        let run = create(&path).unwrap();
        fs::write(path.join("config.json"), "{\n  \"preset\": 3\n}\n").unwrap();
        let error = run.stored().unwrap_err().to_string();
        assert!(error.contains("config.json: ") && error.contains("line 2"), "{error}");
        fs::copy(path.join("vocabularies.bin"), path.join("last.ckpt")).unwrap();
        let error = run.checkpoint(CheckpointKind::Last).unwrap_err().to_string();
        assert!(error.contains("holds vocabularies, where a checkpoint is needed"), "{error}");
        fs::write(path.join("best.ckpt"), "").unwrap();
        let error = run.best_or_last().unwrap_err().to_string();
        assert!(error.contains("best.ckpt is cut off"), "{error}");
    }

    #[test]
    fn a_killed_creation_leaves_nothing_for_long() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a");
        let (dead, alive, other) = (".a.7-0.unborn", ".a.8-0.unborn", ".b.9-0.unborn");
        for name in [dead, alive, other] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        for name in [dead, other] {
            drop(RunLock::take(&root.path().join(name)).unwrap());
        }
        let _held = RunLock::take(&root.path().join(alive)).unwrap();
        create(&path).unwrap();
        assert_eq!(names(root.path()), [alive, other, "a"]);
    }
}
