//! The directory of a run.

mod kept;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::event::CheckpointKind;
use crate::run::checkpoint::{Checkpoint, Vocabularies};
use crate::run::lock::{self, RunLock};
use crate::run::log::{self, EventLog};
use crate::run::stored_run::{CONFIG, StoredRun};
use crate::run::{atomic, codec, tokenizers};
use crate::{Error, Result};

const VOCABULARIES: &str = "vocabularies.bin";
const LAST: &str = "last.ckpt";
const BEST: &str = "best.ckpt";
/// Suffix of the name of a run directory that is being created.
const UNBORN: &str = ".unborn";

/// A run's directory.
///
/// A value from [`RunDir::create`] or [`RunDir::resume`] holds the lock of the run until it is
/// dropped, and may write. A value from [`RunDir::open`] can only read, even while another process
/// trains there.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    lock: Option<RunLock>,
    /// The identity of this run's checkpoints, if known.
    identity: Option<u64>,
}

impl RunDir {
    /// Creates the directory of a new run, and any missing parent directories.
    ///
    /// The directory is renamed to `path` once it is complete and its lock is held. If the program
    /// is killed at any time, `path` is either a run that can be resumed, or does not exist.
    ///
    /// # Errors
    /// [`Error::RunExists`] if `path` already exists; write errors.
    pub fn create(
        path: &Path,
        stored: &StoredRun,
        vocabularies: &Vocabularies,
        checkpoint: &Checkpoint,
    ) -> Result<Self> {
        sweep_unborn(path)?;
        let created = atomic::new_folder(path, UNBORN, |unborn| {
            let lock = fill(unborn, stored, vocabularies, checkpoint)?;
            // Windows does not rename a folder that contains an open file.
            Ok((!cfg!(windows)).then_some(lock))
        });
        let lock = created.map_err(|error| match error {
            Error::FolderExists { path } => Error::RunExists { path },
            other => other,
        })?;
        let lock = lock.map_or_else(|| RunLock::take(path), Ok)?;
        Ok(Self { path: path.into(), lock: Some(lock), identity: stored.identity })
    }

    /// Opens a run to continue it, and takes its lock.
    ///
    /// # Errors
    /// [`Error::NoRun`], [`Error::NotARun`]; [`Error::RunInUse`] if a live process trains there.
    pub fn resume(path: &Path) -> Result<Self> {
        let mut run = Self::open(path)?;
        let names = [CONFIG, VOCABULARIES, log::NAME, LAST, BEST, lock::NAME];
        for name in names.into_iter().chain(tokenizers::NAMES) {
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

    /// Opens a run for reading.
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

    /// Returns the path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true while a process (including this one) trains here.
    pub fn is_live(&self) -> bool {
        lock::is_held(&self.path)
    }

    /// Returns the process that trains here, if it can be told for certain: the lock is held, and
    /// the process whose ID is in the lock file has that file open. `None` on systems other than
    /// Linux, and for a process of another machine or container.
    pub fn process(&self) -> Option<u32> {
        lock::holder(&self.path)
    }

    /// Returns the settings with which the run was begun.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn stored(&self) -> Result<StoredRun> {
        let path = self.path.join(CONFIG);
        let text = fs::read(&path).map_err(Error::io("read", &path))?;
        serde_json::from_slice(&text).map_err(|source| Error::StoredRun { path, source })
    }

    /// Returns the settings with which the run was begun, after checking that every number is in
    /// its range.
    ///
    /// # Errors
    /// Those of [`RunDir::stored`]; a number out of its range.
    pub fn stored_in_range(&self) -> Result<StoredRun> {
        let stored = self.stored()?;
        stored.check_ranges(&self.path)?;
        Ok(stored)
    }

    /// Replaces the stored settings, for a resume that changes device, threads or limits.
    ///
    /// # Errors
    /// The run was opened only for reading; write errors.
    pub fn store(&self, stored: &StoredRun) -> Result<()> {
        self.may_write()?;
        write_stored(&self.path, stored)
    }

    /// Reads the vocabularies, and the subword models that the run's units need.
    ///
    /// # Errors
    /// A file is missing or damaged; a subword model that is not that of its vocabulary.
    pub fn vocabularies(&self) -> Result<Vocabularies> {
        let mut vocabularies: Vocabularies = codec::read(&self.path.join(VOCABULARIES))?;
        let config = self.stored()?.config;
        vocabularies.subwords = tokenizers::read_tokenizers(&self.path, &config, &vocabularies)?;
        Ok(vocabularies)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it does not exist; other errors if the file is damaged, belongs to
    /// another run, or was written by a newer program.
    pub fn checkpoint(&self, kind: CheckpointKind) -> Result<Checkpoint> {
        let path = self.checkpoint_path(kind);
        let checkpoint: Checkpoint = codec::read(&path)?;
        let own = if self.identity.is_some() { self.identity } else { self.stored()?.identity };
        match (own, checkpoint.identity) {
            // An older program wrote one of the two.
            (None, _) | (_, None) => Ok(checkpoint),
            (Some(own), Some(found)) if own == found => Ok(checkpoint),
            _ => Err(Error::OtherRun { path, run: self.path.clone() }),
        }
    }

    /// Adds to an error of the last checkpoint how to continue from the best one, if that can be
    /// read.
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

    /// Reads the checkpoint to translate with: `best` if there was a validation, else `last`.
    ///
    /// # Errors
    /// Those of [`RunDir::checkpoint`].
    pub fn best_or_last(&self) -> Result<Checkpoint> {
        match self.checkpoint(CheckpointKind::Best) {
            Err(Error::NotFound { .. }) => self.checkpoint(CheckpointKind::Last),
            read => read,
        }
    }

    /// Returns the path of a checkpoint, which need not exist.
    pub fn checkpoint_path(&self, kind: CheckpointKind) -> PathBuf {
        Self::checkpoint_in(&self.path, kind)
    }

    /// Returns the path of a checkpoint of the run in a folder.
    pub(in crate::run) fn checkpoint_in(folder: &Path, kind: CheckpointKind) -> PathBuf {
        folder.join(match kind {
            CheckpointKind::Last => LAST,
            CheckpointKind::Best => BEST,
        })
    }

    /// Saves a checkpoint: atomically, synced to disk, replacing the previous one.
    ///
    /// The log is synced first, and its length is stored in the checkpoint, so that a checkpoint
    /// never refers to events that could be lost.
    ///
    /// # Errors
    /// The run was opened only for reading; write errors.
    pub fn save(
        &self,
        kind: CheckpointKind,
        checkpoint: &mut Checkpoint,
        log: &mut EventLog,
    ) -> Result<()> {
        log.sync()?;
        // Checked last, because the file is created in the folder that exists at that time.
        self.may_write()?;
        checkpoint.events_len = log.len();
        checkpoint.identity = self.identity;
        let written = codec::write(&self.checkpoint_path(kind), checkpoint);
        // If the folder has disappeared since the check, that is the more helpful error.
        written.map_err(|error| self.may_write().err().unwrap_or(error))
    }

    /// Opens the event log for appending, truncated to its length at `checkpoint`. If the log is
    /// missing or does not match the checkpoint, it is set aside and a new one is begun; the
    /// returned text then explains this.
    ///
    /// # Errors
    /// The run was opened only for reading; write errors.
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

/// Writes the files of a run into a new folder, and locks it.
fn fill(
    folder: &Path,
    stored: &StoredRun,
    vocabularies: &Vocabularies,
    checkpoint: &Checkpoint,
) -> Result<RunLock> {
    let lock = RunLock::take(folder)?;
    write_stored(folder, stored)?;
    codec::write(&folder.join(VOCABULARIES), vocabularies)?;
    tokenizers::write_tokenizers(folder, &stored.config, &vocabularies.subwords)?;
    EventLog::create(folder)?;
    let first = Checkpoint {
        events_len: log::length(folder),
        identity: stored.identity,
        ..checkpoint.clone()
    };
    codec::write(&folder.join(LAST), &first)?;
    Ok(lock)
}

fn write_stored(folder: &Path, stored: &StoredRun) -> Result<()> {
    atomic::write_json(&folder.join(CONFIG), stored)
}

/// Removes the folders of processes that were killed while they created a run at `path`.
fn sweep_unborn(path: &Path) -> Result<()> {
    let above = atomic::parent(path);
    if !above.is_dir() {
        return Ok(());
    }
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
mod tests;
