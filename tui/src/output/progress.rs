//! The progress bar of commands that read stdin.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// The bar on stderr, if there is one. All output of the program is written beside it.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A progress bar over the bytes of stdin, removed when this is dropped. It is shown only if stdin is
/// a regular file and stderr a terminal that can position text.
#[derive(Debug)]
pub struct StdinProgress {
    bytes: u64,
}

impl StdinProgress {
    /// Shows the bar. Call it before stdin is read, because the bytes before the position of the
    /// file are not counted.
    pub fn show() -> Self {
        let bytes = remaining_bytes().unwrap_or(0);
        if bytes > 0 && io::stderr().is_terminal() && terminal::is_positioning() {
            let target = ProgressDrawTarget::stderr();
            let bar = ProgressBar::with_draw_target(Some(bytes), target);
            // Without colours and with ASCII only, as NO_COLOR and any font require.
            if let Ok(style) = ProgressStyle::with_template(
                "[{bar:30}] {percent:>3}%  {bytes} of {total_bytes}  ETA {eta}",
            ) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.tick();
            *lock() = Some(bar);
        }
        Self { bytes }
    }

    /// Returns the number of bytes of stdin that are left to read; 0 if stdin is not a regular file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Sets the number of bytes whose output is complete.
    pub fn set(&self, bytes: u64) {
        if let Some(bar) = &*lock() {
            bar.set_position(bytes);
        }
    }
}

impl Drop for StdinProgress {
    fn drop(&mut self) {
        if let Some(bar) = lock().take() {
            bar.finish_and_clear();
        }
    }
}

/// Writes to a standard stream while the bar is removed from the terminal, so that neither
/// overwrites the other.
pub(super) fn beside<T>(write: impl FnOnce() -> T) -> T {
    match &*lock() {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    BAR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the number of bytes of stdin from its position on, if it is a regular file.
#[cfg(unix)]
fn remaining_bytes() -> Option<u64> {
    use std::fs::File;
    use std::io::Seek;
    use std::os::fd::AsFd;

    let mut file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let found = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some(found.len().saturating_sub(file.stream_position().ok()?))
}

/// Returns `None`: other systems have no bar.
#[cfg(not(unix))]
fn remaining_bytes() -> Option<u64> {
    None
}
