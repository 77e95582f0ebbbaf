//! The lock of a run's directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use crate::{Error, Result};

/// Name of the lock file.
pub(super) const NAME: &str = "lock";

/// Write access to a run's directory, held until the value is dropped.
///
/// It is an advisory file lock, which the operating system releases when the process ends for any
/// reason. The process ID in the file is used only in the error message of another process.
#[derive(Debug)]
pub(super) struct RunLock {
    file: File,
}

impl RunLock {
    /// Takes the lock of the run in `folder`.
    ///
    /// A reader that checks whether the run is live holds the lock for a moment, so this function
    /// retries for a fifth of a second.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let io = || Error::io("lock", &path);
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).map_err(io())?;
        for attempt in 0.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(io()(error)),
                Err(TryLockError::WouldBlock) if attempt < 20 => {
                    thread::sleep(Duration::from_millis(10));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::RunInUse { path: folder.into(), owner: owner(&mut file) });
                }
            }
        }
        file.set_len(0).map_err(io())?;
        file.write_all(format!("{}\n", process::id()).as_bytes()).map_err(io())?;
        Ok(Self { file })
    }
}

impl RunLock {
    /// Returns true if `folder` still contains the lock file that was locked, and was not replaced.
    pub(super) fn is_of(&self, folder: &Path) -> bool {
        is_same_file(&self.file, &folder.join(NAME))
    }
}

#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(mine), Ok(found)) => (mine.dev(), mine.ino()) == (found.dev(), found.ino()),
        _ => false,
    }
}

/// Other systems do not delete a folder that contains an open file.
#[cfg(not(unix))]
fn is_same_file(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Describes the process that wrote the file.
fn owner(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text));
    match (read, text.trim().parse::<u32>()) {
        (Ok(_), Ok(id)) => format!("process {id}"),
        _ => "another process".to_owned(),
    }
}

/// Returns the process that holds the lock of the run in `folder`: the one whose ID is in the lock
/// file, provided that it has that very file open.
#[cfg(target_os = "linux")]
pub(super) fn holder(folder: &Path) -> Option<u32> {
    let path = folder.join(NAME);
    if !is_held(folder) {
        return None;
    }
    let id: u32 = fs::read_to_string(&path).ok()?.trim().parse().ok()?;
    let lock = File::open(&path).ok()?;
    let mut open = fs::read_dir(format!("/proc/{id}/fd")).ok()?.flatten();
    open.any(|file| is_same_open(&lock, &file.path())).then_some(id)
}

/// Other systems do not show which files a process has open.
#[cfg(not(target_os = "linux"))]
pub(super) fn holder(_: &Path) -> Option<u32> {
    None
}

/// Returns true if `link`, a file that a process has open, is `file`.
#[cfg(target_os = "linux")]
fn is_same_open(file: &File, link: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(link)) {
        (Ok(mine), Ok(found)) => (mine.dev(), mine.ino()) == (found.dev(), found.ino()),
        _ => false,
    }
}

/// Returns true while a process holds the lock of the run in `folder`.
pub(super) fn is_held(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(NAME)) else { return false };
    // Closing the file releases the lock.
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Returns true if the process that locked `folder` has ended.
pub(super) fn is_abandoned(folder: &Path) -> bool {
    fs::exists(folder.join(NAME)).unwrap_or(false) && !is_held(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_held(folder.path()));
        let held = RunLock::take(folder.path()).unwrap();
        assert!(is_held(folder.path()) && !is_abandoned(folder.path()));
        if cfg!(target_os = "linux") {
            assert_eq!(holder(folder.path()), Some(process::id()));
            // The ID of a process that does not have the file open names nobody.
            fs::write(folder.path().join(NAME), "1\n").unwrap();
            assert_eq!(holder(folder.path()), None);
            fs::write(folder.path().join(NAME), format!("{}\n", process::id())).unwrap();
        }
        let error = RunLock::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("is in use by process {}", process::id())), "{error}");
        drop(held);
        assert!(!is_held(folder.path()) && is_abandoned(folder.path()));
        assert_eq!(holder(folder.path()), None);
        RunLock::take(folder.path()).unwrap();
    }

    #[test]
    fn looking_does_not_keep_others_out() {
        let folder = tempfile::tempdir().unwrap();
        drop(RunLock::take(folder.path()).unwrap());
        let looker = File::open(folder.path().join(NAME)).unwrap();
        looker.try_lock_shared().unwrap();
        let let_go = thread::spawn(move || {
            thread::sleep(Duration::from_millis(40));
            drop(looker);
        });
        RunLock::take(folder.path()).unwrap();
        let_go.join().unwrap();
    }
}
