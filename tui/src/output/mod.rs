//! The standard streams: the only module of this crate that prints.
//!
//! Lines for people are written by [`line()`], which makes control characters visible, so that
//! neither a corpus nor a file name can control the terminal or corrupt a log. Data (`translate`,
//! `--json`) is written by [`data`], which leaves it unchanged when stdout is a file or a pipe.

mod progress;

use std::error::Error;
use std::fmt;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use color_eyre::eyre::Report;
pub use progress::StdinProgress;

use crate::advice::advice;
use crate::format;

/// True in a rank after the first.
static MUTED: AtomicBool = AtomicBool::new(false);

/// Error of a failed write to stdout.
#[derive(Debug)]
pub struct StdoutError(io::Error);

impl StdoutError {
    /// Returns true if the reader of stdout has closed the pipe, as `head` does.
    pub fn is_closed(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }
}

impl fmt::Display for StdoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stdout cannot be written: {}", self.0)
    }
}

impl Error for StdoutError {}

impl From<io::Error> for StdoutError {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

/// Writes one line for people to stdout, without control characters, and flushes it.
///
/// # Errors
/// Returns an error if stdout cannot be written.
pub fn line(text: &str) -> Result<(), StdoutError> {
    data(&format::plain(text))
}

/// Writes several lines for people to stdout.
///
/// # Errors
/// Returns the errors of [`line()`].
pub fn lines<S: AsRef<str>>(lines: &[S]) -> Result<(), StdoutError> {
    lines.iter().try_for_each(|text| line(text.as_ref()))
}

/// Writes data to stdout: unchanged to a file or a pipe, and line by line as [`line()`] does to a
/// terminal.
///
/// # Errors
/// Returns the errors of [`line()`].
pub fn data(text: &str) -> Result<(), StdoutError> {
    data_lines(&[text])
}

/// Silences this process: it is a rank after the first, and rank 0 prints the same.
pub(crate) fn mute() {
    MUTED.store(true, Ordering::Relaxed);
}

fn is_muted() -> bool {
    MUTED.load(Ordering::Relaxed)
}

/// Writes several lines of data to stdout, as [`data`] does, and flushes them together.
///
/// # Errors
/// Returns the errors of [`line()`].
pub fn data_lines<S: AsRef<str>>(lines: &[S]) -> Result<(), StdoutError> {
    if is_muted() {
        return Ok(());
    }
    progress::beside(|| {
        let mut out = BufWriter::new(io::stdout().lock());
        let is_terminal = io::stdout().is_terminal();
        for text in lines.iter().map(AsRef::as_ref) {
            if is_terminal {
                text.split('\n').try_for_each(|line| writeln!(out, "{}", format::plain(line)))?;
            } else {
                writeln!(out, "{text}")?;
            }
        }
        Ok(out.flush()?)
    })
}

/// Prints clap's reply to the command line: a usage error on stderr, without control characters
/// because it repeats the arguments; help and version on stdout.
///
/// # Errors
/// Returns an error if stdout cannot be written.
pub fn answer(answer: &clap::Error) -> Result<(), StdoutError> {
    if answer.use_stderr() {
        answer.render().ansi().to_string().trim_end().split('\n').for_each(note);
        return Ok(());
    }
    answer.print()?;
    Ok(io::stdout().flush()?)
}

/// Writes an error to stderr in one line, with its causes joined by colons.
pub fn error(report: &Report) {
    note(&format!("error: {}", one_line(report)));
}

/// Writes one line to stderr. A stderr that cannot be written is ignored.
pub fn note(text: &str) {
    if !is_muted() {
        note_of_rank(text);
    }
}

/// Writes one line to stderr, as [`note`] does, on any rank: about something that rank 0 may not know.
pub(crate) fn note_of_rank(text: &str) {
    progress::beside(|| {
        let _ = writeln!(io::stderr().lock(), "{}", format::plain(text));
    });
}

/// Returns an error, its causes and the advice for it in one line. A cause that repeats the text
/// before it is left out.
pub fn one_line(report: &Report) -> String {
    let mut text = String::new();
    for cause in report.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    if let Some(advice) = report.chain().find_map(|cause| cause.downcast_ref().and_then(advice)) {
        text = format!("{text}: {advice}");
    }
    text
}

/// Returns true if the error means that the reader of stdout has closed the pipe, as `head` does.
pub fn is_closed(report: &Report) -> bool {
    report.downcast_ref().is_some_and(StdoutError::is_closed)
}

/// Returns false if `NO_COLOR` is set to a non-empty value (<https://no-color.org>).
pub fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use color_eyre::eyre::{WrapErr, eyre};

    #[test]
    fn causes_are_joined_and_not_repeated() {
        let report: Report = Err::<(), _>(eyre!("no such file")).wrap_err("a.tsv").unwrap_err();
        assert_eq!(one_line(&report), "a.tsv: no such file");
        let report: Report = Err::<(), _>(eyre!("gone")).wrap_err("a.tsv: gone").unwrap_err();
        assert_eq!(one_line(&report), "a.tsv: gone");
    }

    #[test]
    fn a_broken_pipe_is_told_from_other_errors() {
        let closed: Report = StdoutError(ErrorKind::BrokenPipe.into()).into();
        let full: Report = StdoutError(ErrorKind::StorageFull.into()).into();
        assert!(is_closed(&closed));
        assert!(!is_closed(&full));
        assert!(one_line(&full).starts_with("stdout cannot be written: "), "{full}");
        // The end of any other pipe is an ordinary error.
        assert!(!is_closed(&io::Error::from(ErrorKind::BrokenPipe).into()));
        assert!(is_closed(&closed.wrap_err("translations")));
    }
}
