//! Files that are complete or not there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};

/// A file that is written beside its path and renamed once it is complete.
pub(super) struct NewFile {
    path: PathBuf,
    unfinished: PathBuf,
    file: Option<BufWriter<File>>,
}

impl NewFile {
    /// Begins a file.
    ///
    /// # Errors
    /// The path is a folder, or exists and is not to be replaced; its folder does not exist or cannot
    /// be written.
    pub(super) fn begin(path: &Path, overwrite: bool) -> Result<Self> {
        check(path, overwrite)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = path.with_file_name(format!(".{name}.{}.unfinished", std::process::id()));
        let file = File::create(&unfinished).wrap_err_with(|| path.display().to_string())?;
        Ok(Self { path: path.to_owned(), unfinished, file: Some(BufWriter::new(file)) })
    }

    /// Renames the file, which is complete.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn finish(mut self) -> Result<()> {
        let written = self.flush().and_then(|()| fs::rename(&self.unfinished, &self.path));
        if written.is_ok() {
            self.file = None;
        }
        written.wrap_err_with(|| self.path.display().to_string())
    }
}

/// Checks that a file can be written there.
pub(super) fn check(path: &Path, overwrite: bool) -> Result<()> {
    let name = path.display();
    if path.is_dir() {
        return Err(eyre!("{name}: it is a folder; give a file"));
    }
    if !overwrite && path.symlink_metadata().is_ok() {
        return Err(eyre!("{name} exists already; --overwrite replaces it"));
    }
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if !folder.is_dir() => {
            Err(eyre!("{name}: there is no folder {}", folder.display()))
        }
        _ => Ok(()),
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // An incomplete file is of no use; the error that led here is reported.
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}
