//! Reads text files line by line: UTF-8, UTF-16 or UTF-32, plain or gzip.
//!
//! Only `\n` and `\r\n` end a line: a lone `\r`, a vertical tab or U+2028 is part of its line, so
//! that line numbers agree with other tools and parallel files stay parallel. If a text contains no
//! `\n` at all, each `\r` ends a line. The last line may lack a line end. Gzip data, of one or more
//! members, is recognised by its first two bytes, whatever the file's name. Archives, documents and
//! tables are recognised by their first bytes and rejected with a suggested remedy.

mod kind;
mod text_file;

use std::io::Read;
use std::path::Path;

use crate::{Error, Result};

pub use crate::encoding::Encoding;
pub use text_file::{ReadOptions, TextFile};

/// Reads the lines of a text file, without their line ends.
///
/// An empty file has no lines.
///
/// # Errors
///
/// Returns an error if the file cannot be read ([`Error::Io`], [`Error::Directory`]), its gzip data
/// is truncated or damaged ([`Error::TruncatedGzip`], [`Error::Gzip`]), it is an archive or another
/// binary format ([`Error::NotText`]), or its text is invalid ([`Error::Utf8`],
/// [`Error::BrokenText`], [`Error::ZeroByte`]). Markup such as XML is read as lines.
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
    TextFile::open(path, ReadOptions::ANY).map(|text| owned(&text))
}

/// Reads the lines of a text from any reader, by the rules of [`lines`].
///
/// Errors use `name` in place of a file name: `<stdin>`, for example.
///
/// # Errors
///
/// The same as for [`lines`].
///
/// ```
/// let lines = tokenizer::read::lines_from("<memory>", "a\n\nb\n".as_bytes())?;
/// assert_eq!(lines, ["a", "", "b"]);
/// # Ok::<(), tokenizer::Error>(())
/// ```
pub fn lines_from(name: impl AsRef<Path>, reader: impl Read) -> Result<Vec<String>> {
    TextFile::from_reader(name, reader, ReadOptions::ANY).map(|text| owned(&text))
}

fn owned(text: &TextFile) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Reads two columns of a file of tab-separated values as (source, target) pairs.
///
/// Columns count from 1; the same column may be given twice. There are no quotes or escapes: a tab
/// always separates.
///
/// # Errors
///
/// The errors of [`lines`]; [`Error::ColumnZero`] if a column is 0; [`Error::TooFewColumns`] for
/// the first line, empty lines included, that lacks one of the two columns.
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
    let text = TextFile::open(path, ReadOptions::SENTENCES)?;
    let owned = |pair: Result<(&str, &str)>| pair.map(|(a, b)| (a.to_owned(), b.to_owned()));
    text.columns(source_column, target_column)?.map(owned).collect()
}

/// Reads all columns of a file of tab-separated values, one list per line.
///
/// There are no quotes or escapes: a tab always separates. Lines may differ in their number of
/// columns; an empty line has one empty column.
///
/// # Errors
///
/// The errors of [`lines`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("table.tsv");
/// std::fs::write(&path, "1\tgood\tI like it\n2\tbad\n")?;
/// let table = tokenizer::read::table(&path)?;
/// assert_eq!(table, [vec!["1", "good", "I like it"], vec!["2", "bad"]]);
/// # Ok(())
/// # }
/// ```
pub fn table(path: impl AsRef<Path>) -> Result<Vec<Vec<String>>> {
    let text = TextFile::open(path, ReadOptions::SENTENCES)?;
    Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

/// Reads the lines of two parallel files as (source, target) pairs.
///
/// # Errors
///
/// The errors of [`lines`], for either file; [`Error::DifferentLengths`] if the files have
/// different numbers of lines.
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
    let sources = TextFile::open(source_path, ReadOptions::SENTENCES)?;
    let targets = TextFile::open(target_path, ReadOptions::SENTENCES)?;
    let owned = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
    Ok(paired(&sources, &targets)?.map(owned).collect())
}

/// Pairs the lines of two files.
///
/// # Errors
///
/// [`Error::DifferentLengths`] if the files have different numbers of lines.
pub fn paired<'a>(
    sources: &'a TextFile,
    targets: &'a TextFile,
) -> Result<impl Iterator<Item = (&'a str, &'a str)>> {
    if sources.len() != targets.len() {
        return Err(Error::DifferentLengths {
            source_path: sources.name().to_owned(),
            source_lines: sources.len(),
            target_path: targets.name().to_owned(),
            target_lines: targets.len(),
        });
    }
    Ok(sources.lines().zip(targets.lines()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_feed_ends_a_line_and_a_return_only_where_there_is_none() {
        let cases: [(&str, &[&str]); 15] = [
            ("", &[]),
            ("\n", &[""]),
            ("a", &["a"]),
            ("a\n", &["a"]),
            ("a\n\n", &["a", ""]),
            ("a\r\nb\r\n", &["a", "b"]),
            ("a\r\nb", &["a", "b"]),
            ("a\r\r\nb", &["a\r", "b"]),
            ("a\rb\r", &["a", "b"]),
            ("a\rb", &["a", "b"]),
            ("a\r\rb\n", &["a\r\rb"]),
            (
                "a\u{2028}b\u{2029}c\x0Bd\x0Ce\u{85}f\x1Cg\n",
                &["a\u{2028}b\u{2029}c\x0Bd\x0Ce\u{85}f\x1Cg"],
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
            let place =
                format!("file.txt, line {line}: not valid UTF-8 at byte {column} of the line; ");
            let error = error.to_string();
            assert!(error.starts_with(&place), "{error}");
            assert!(error.contains("iconv -f WINDOWS-1252 -t UTF-8 file.txt"), "{error}");
        }
    }
}
