//! Text files, line by line: UTF-8, with or without byte order mark, plain or gzip.
//!
//! A line ends with `\n` or `\r\n`, nothing else: a lone `\r`, a vertical tab or U+2028 is part of
//! its line, so that line numbers agree with other tools and parallel files stay parallel. The
//! last line may lack its end. Gzip, of one or more members, is recognised by its first two bytes,
//! whatever the file's name.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::{Error, Result};

/// How a gzip file starts.
const GZIP: [u8; 2] = [0x1F, 0x8B];
/// The byte order mark in UTF-8.
const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// The lines of a text file, without their ends.
///
/// An empty file has no lines.
///
/// # Errors
///
/// Where the file cannot be read ([`Error::Io`], [`Error::Directory`]), its gzip data is cut off or
/// damaged ([`Error::TruncatedGzip`], [`Error::Gzip`]), or it is not UTF-8 ([`Error::Utf8`] with
/// line and byte, [`Error::NotUtf8`] for UTF-16 and UTF-32).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("greetings.txt");
/// std::fs::write(&path, "\u{FEFF}hello\r\nbonjour")?;
/// assert_eq!(tokenizer::read::lines(&path)?, ["hello", "bonjour"]);
/// # Ok(())
/// # }
/// ```
pub fn lines(path: impl AsRef<Path>) -> Result<Vec<String>> {
    let path = path.as_ref();
    let io = |source| Error::Io { path: path.to_owned(), source };
    if fs::metadata(path).map_err(io)?.is_dir() {
        return Err(Error::Directory { path: path.to_owned() });
    }
    lines_from(path, File::open(path).map_err(io)?)
}

/// The lines of a text that any reader gives, by the rules of [`lines`].
///
/// `name` stands for the file in errors: `<stdin>`, for example.
///
/// # Errors
///
/// As [`lines`].
///
/// ```
/// let lines = tokenizer::read::lines_from("<memory>", "a\n\nb\n".as_bytes())?;
/// assert_eq!(lines, ["a", "", "b"]);
/// # Ok::<(), tokenizer::Error>(())
/// ```
pub fn lines_from(name: impl AsRef<Path>, mut reader: impl Read) -> Result<Vec<String>> {
    let name = name.as_ref();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|source| Error::Io { path: name.to_owned(), source })?;
    if bytes.starts_with(&GZIP) {
        let mut text = Vec::new();
        MultiGzDecoder::new(bytes.as_slice())
            .read_to_end(&mut text)
            .map_err(|source| gzip_error(name, source))?;
        bytes = text;
    }
    split(name, &bytes)
}

/// Two columns of a file of tab-separated values, as (source, target) pairs.
///
/// Columns count from 1; the same column may be given twice. There are no quotes or escapes: a tab
/// always separates.
///
/// # Errors
///
/// As [`lines`]; [`Error::ColumnZero`]; [`Error::TooFewColumns`] for the first line that lacks one
/// of the two columns, an empty line included.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("pairs.tsv");
/// std::fs::write(&path, "Go.\tVa !\tCC-BY\n")?;
/// let pairs = tokenizer::read::columns(&path, 2, 1)?;
/// assert_eq!(pairs, [("Va !".to_owned(), "Go.".to_owned())]);
/// # Ok(())
/// # }
/// ```
pub fn columns(
    path: impl AsRef<Path>,
    source_column: usize,
    target_column: usize,
) -> Result<Vec<(String, String)>> {
    let path = path.as_ref();
    let (Some(source), Some(target)) = (source_column.checked_sub(1), target_column.checked_sub(1))
    else {
        return Err(Error::ColumnZero);
    };
    let pair = |(i, line): (usize, String)| {
        let column = |place: usize| line.split('\t').nth(place).map(str::to_owned);
        match (column(source), column(target)) {
            (Some(source), Some(target)) => Ok((source, target)),
            _ => Err(Error::TooFewColumns {
                path: path.to_owned(),
                line: i + 1,
                found: line.split('\t').count(),
                needed: source_column.max(target_column),
            }),
        }
    };
    lines(path)?.into_iter().enumerate().map(pair).collect()
}

/// The lines of two parallel files, as (source, target) pairs.
///
/// # Errors
///
/// As [`lines`], for either file; [`Error::DifferentLengths`] where one has more lines.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let (en, fr) = (folder.path().join("train.en"), folder.path().join("train.fr"));
/// std::fs::write(&en, "yes\nno\n")?;
/// std::fs::write(&fr, "oui\n")?;
/// let error = tokenizer::read::parallel(&en, &fr).unwrap_err();
/// assert!(error.to_string().contains("line 2 is missing"));
/// # Ok(())
/// # }
/// ```
pub fn parallel(
    source_path: impl AsRef<Path>,
    target_path: impl AsRef<Path>,
) -> Result<Vec<(String, String)>> {
    let (source_path, target_path) = (source_path.as_ref(), target_path.as_ref());
    let sources = lines(source_path)?;
    let targets = lines(target_path)?;
    if sources.len() != targets.len() {
        return Err(Error::DifferentLengths {
            source_path: source_path.to_owned(),
            source_lines: sources.len(),
            target_path: target_path.to_owned(),
            target_lines: targets.len(),
        });
    }
    Ok(sources.into_iter().zip(targets).collect())
}

/// The lines of a text.
fn split(name: &Path, bytes: &[u8]) -> Result<Vec<String>> {
    if bytes.starts_with(&[0xFF, 0xFE])
        || bytes.starts_with(&[0xFE, 0xFF])
        || bytes.starts_with(&[0, 0, 0xFE, 0xFF])
    {
        return Err(Error::NotUtf8 { path: name.to_owned() });
    }
    let bytes = bytes.strip_prefix(&BOM).unwrap_or(bytes);
    let line = |(i, line): (usize, &[u8])| {
        let line = match line.strip_suffix(b"\n") {
            Some(ended) => ended.strip_suffix(b"\r").unwrap_or(ended),
            None => line,
        };
        std::str::from_utf8(line).map(str::to_owned).map_err(|wrong| Error::Utf8 {
            path: name.to_owned(),
            line: i + 1,
            column: wrong.valid_up_to() + 1,
        })
    };
    bytes.split_inclusive(|&byte| byte == b'\n').enumerate().map(line).collect()
}

/// What went wrong in the gzip data.
fn gzip_error(name: &Path, source: io::Error) -> Error {
    let path = name.to_owned();
    match source.kind() {
        io::ErrorKind::UnexpectedEof => Error::TruncatedGzip { path },
        _ => Error::Gzip { path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_feed_ends_a_line() {
        let cases: [(&str, &[&str]); 13] = [
            ("", &[]),
            ("\n", &[""]),
            ("a", &["a"]),
            ("a\n", &["a"]),
            ("a\n\n", &["a", ""]),
            ("a\r\nb\r\n", &["a", "b"]),
            ("a\r\nb", &["a", "b"]),
            ("a\r\r\nb", &["a\r", "b"]),
            ("a\rb\r", &["a\rb\r"]),
            (
                "a\u{2028}b\u{2029}c\x0Bd\x0Ce\u{85}f\x1Cg\0h\n",
                &["a\u{2028}b\u{2029}c\x0Bd\x0Ce\u{85}f\x1Cg\0h"],
            ),
            ("\u{FEFF}", &[]),
            ("\u{FEFF}a\n\u{FEFF}b", &["a", "\u{FEFF}b"]),
            ("\u{FEFF}\r\n", &[""]),
        ];
        for (text, expected) in cases {
            assert_eq!(lines_from("memory", text.as_bytes()).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn broken_bytes_are_placed() {
        let cases: [(&[u8], usize, usize); 6] = [
            (b"\xFF", 1, 1),
            (b"ab\ncd\xC3\nef", 2, 3),
            (b"ab\r\n\xC3\xA9\xE9t\xE9\r\n", 2, 3),
            (b"\xEF\xBB\xBFab\x80", 1, 3),
            (b"a\n\xED\xA0\x80\n", 2, 1),
            (b"a\n\nb\xF0\x9F\x98", 3, 2),
        ];
        for (bytes, line, column) in cases {
            let error = lines_from("file.txt", bytes).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("file.txt, line {line}: not valid UTF-8 at byte {column} of the line")
            );
        }
    }

    #[test]
    fn other_encodings_are_named() {
        for bytes in [&b"\xFF\xFEa\0"[..], b"\xFE\xFF\0a", b"\xFF\xFE\0\0", b"\0\0\xFE\xFF"] {
            let error = lines_from("file.txt", bytes).unwrap_err();
            assert!(matches!(error, Error::NotUtf8 { .. }), "{error}");
        }
    }
}
