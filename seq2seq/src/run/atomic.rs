//! Atomic replacement of files.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// Suffix of the name of a file that is being written.
const UNFINISHED: &str = ".unfinished";

/// Returns a path beside `path` that no other process uses: a hidden name that ends in `suffix`.
pub(super) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (process, count) = (process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    path.with_file_name(format!(".{name}.{process}-{count}{suffix}"))
}

/// Returns the folder that contains `path`.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Writes a file beside `path`, syncs it to disk, and renames it to `path`.
///
/// Readers of `path` see either the old or the new content, also after a power failure.
pub(super) fn replace(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let (unfinished, mut file) = create(path)?;
    let written = fill(&mut file)
        .and_then(|()| file.sync_all().map_err(Error::io("write", path)))
        .and_then(|()| fs::rename(&unfinished, path).map_err(Error::io("write", path)));
    if written.is_err() {
        // Report the first error; a leftover file is removed at the next resume.
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    sync_folder(parent(path))
}

fn create(path: &Path) -> Result<(PathBuf, File)> {
    loop {
        let name = sibling(path, UNFINISHED);
        match OpenOptions::new().write(true).create_new(true).open(&name) {
            Ok(file) => return Ok((name, file)),
            // Left behind by an earlier process with the same process ID.
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Error::io("write", path)(e)),
        }
    }
}

/// Syncs a folder's directory entries to disk.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    // Other systems cannot open a folder as a file, and do not need this.
    if cfg!(unix) {
        let opened = File::open(folder).and_then(|folder| folder.sync_all());
        opened.map_err(Error::io("write", folder))?;
    }
    Ok(())
}

/// Creates a folder, and any missing parent folders: first beside `path`, hidden and with a name that
/// ends in `suffix`, where `fill` writes its files, then renamed. If an error occurs, nothing is left.
///
/// # Errors
/// [`Error::FolderExists`]; errors of `fill`; write errors.
pub(crate) fn new_folder<T>(
    path: &Path,
    suffix: &str,
    fill: impl FnOnce(&Path) -> Result<T>,
) -> Result<T> {
    let exists = || Error::FolderExists { path: path.into() };
    if path.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let above = parent(path);
    fs::create_dir_all(above).map_err(Error::io("create", above))?;
    let unfinished = sibling(path, suffix);
    fs::create_dir(&unfinished).map_err(Error::io("create", &unfinished))?;
    let written = fill(&unfinished).and_then(|filled| {
        sync_folder(&unfinished)?;
        fs::rename(&unfinished, path).map_err(|error| match error.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                exists()
            }
            _ => Error::io("create", path)(error),
        })?;
        Ok(filled)
    });
    if written.is_err() {
        // Report the first error.
        let _ = fs::remove_dir_all(&unfinished);
    }
    let filled = written?;
    sync_folder(above)?;
    Ok(filled)
}

/// Reads a JSON file.
///
/// # Errors
/// [`Error::Exchange`] with the place of what is wrong; a file that cannot be read.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&text)
        .map_err(|error| Error::Exchange { path: path.into(), what: error.to_string() })
}

/// Writes a JSON file, atomically.
///
/// # Errors
/// Write errors.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::Unencodable { path: path.into(), what: error.to_string() })?;
    replace(path, |file| writeln!(file, "{text}").map_err(Error::io("write", path)))
}

/// Removes the incomplete files that a killed process left in `folder`.
pub(super) fn sweep(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(UNFINISHED) {
            fs::remove_file(entry.path()).map_err(Error::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        replace(&path, |f| f.write_all(b"old").map_err(Error::io("write", &path))).unwrap();
        let failed = replace(&path, |f| {
            f.write_all(b"ne").map_err(Error::io("write", &path))?;
            Err(Error::Other("no more".into()))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn sweeping_takes_only_what_is_unfinished() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("last.ckpt");
        fs::write(&kept, "x").unwrap();
        fs::write(sibling(&kept, UNFINISHED), "y").unwrap();
        sweep(folder.path()).unwrap();
        assert!(kept.exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unwritable_place_is_named() {
        let error = replace(Path::new("/no/such/folder/file"), |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("cannot write /no/such/folder/file"), "{error}");
    }
}
