//! Errors in reading, tokenising and encoding text files.

use std::path::{Path, PathBuf};

use crate::encoding::Encoding;

/// The result type of the fallible functions in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error in reading, tokenising or encoding a text file.
///
/// Errors about a file contain its name; errors about a line contain its number, counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No recipe has this name.
    #[error("no recipe is named '{name}' (there are {known})")]
    UnknownRecipe {
        /// The unrecognised name.
        name: String,
        /// The known names.
        known: String,
    },

    /// No unit has this name.
    #[error("no unit is named '{name}' (there are {known})")]
    UnknownUnit {
        /// The unrecognised name.
        name: String,
        /// The known names.
        known: String,
    },

    /// A file could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error reported by the operating system.
        source: std::io::Error,
    },

    /// The path of a text file is that of a folder.
    #[error("cannot read {}: it is a folder, not a text file", path.display())]
    Directory {
        /// The folder.
        path: PathBuf,
    },

    /// A gzip file ends before the end of its compressed data.
    #[error(
        "{}: the gzip data is cut off after {lines} whole line(s) (an incomplete download or copy?)",
        path.display()
    )]
    TruncatedGzip {
        /// The file.
        path: PathBuf,
        /// The number of complete lines before the error.
        lines: usize,
    },

    /// A gzip file's compressed data is damaged.
    #[error(
        "{}: the gzip data is damaged after {lines} whole line(s): {source}; use another copy",
        path.display()
    )]
    Gzip {
        /// The file.
        path: PathBuf,
        /// The number of complete lines before the error.
        lines: usize,
        /// The error reported by the decoder.
        source: std::io::Error,
    },

    /// The file is an archive, a document or another format that does not consist of lines of text.
    #[error("{}: this is {kind}, not lines of text; {advice}", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// A description of the format.
        kind: String,
        /// The suggested remedy.
        advice: String,
    },

    /// A line contains a zero byte, which never occurs in text.
    #[error(
        "{}, line {line}: a zero byte at byte {column} of the line, so this is no text file (if it \
         is all the same, take the zero bytes out: tr -d '\\000' < {} > clean.txt)",
        path.display(), shell_quoted(path)
    )]
    ZeroByte {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The position of the byte in the line, from 1.
        column: usize,
    },

    /// A line is not valid UTF-8.
    #[error(
        "{}, line {line}: not valid UTF-8 at byte {column} of the line; {}",
        path.display(),
        if *cut {
            format!("the file ends within a character: a whole copy is needed, or, {}", convert(path))
        } else {
            convert(path)
        }
    )]
    Utf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The position of the first invalid byte in the line, from 1. A byte order mark is not
        /// counted.
        column: usize,
        /// Whether the file ends in the middle of that character.
        cut: bool,
    },

    /// Text in UTF-16 or UTF-32 contains an invalid character.
    #[error("{}, line {line}: not valid {encoding} (an incomplete or damaged copy?)", path.display())]
    BrokenText {
        /// The file.
        path: PathBuf,
        /// The encoding detected from the first bytes of the file.
        encoding: Encoding,
        /// The line, from 1.
        line: usize,
    },

    /// A line is longer than the limit.
    #[error(
        "{}, line {line}: {bytes} bytes long, but a line may have {limit}; is this one sentence a \
         line, and are the line ends right?",
        path.display()
    )]
    LongLine {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The length of the line in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },

    /// A file contains more text than the limit.
    #[error(
        "{}: {} of text{} were read, and that is all that may be read into this machine's memory; \
         give a part of it, for example: head -n 1000000",
        path.display(), size(*limit), if *unpacked { " (unpacked)" } else { "" }
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
        /// Whether the text was decompressed from gzip data.
        unpacked: bool,
    },

    /// A file has more lines than the limit.
    #[error(
        "{}: {lines} lines, but this machine's memory has room for {limit} of them; give a part of \
         it, for example: head -n 1000000",
        path.display()
    )]
    TooManyLines {
        /// The file.
        path: PathBuf,
        /// The number of lines in the file.
        lines: usize,
        /// The maximum number of lines.
        limit: usize,
    },

    /// Column 0 was requested.
    #[error("column 0 does not exist: columns count from 1")]
    ColumnZero,

    /// A line has fewer tab-separated columns than were requested.
    #[error(
        "{}, line {line}: {found} tab-separated column(s), but column {needed} is requested{}",
        path.display(), hint.as_deref().unwrap_or_default()
    )]
    TooFewColumns {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The number of columns in the line.
        found: usize,
        /// The highest column requested, from 1.
        needed: usize,
        /// The separator found instead of tabs, and the suggested remedy.
        hint: Option<String>,
    },

    /// Two parallel files differ in length.
    #[error(
        "parallel files differ in length: {} has {source_lines} line(s), {} has {target_lines}; line {} is missing from {}",
        source_path.display(),
        target_path.display(),
        source_lines.min(target_lines) + 1,
        if source_lines < target_lines { source_path.display() } else { target_path.display() },
    )]
    DifferentLengths {
        /// The source file.
        source_path: PathBuf,
        /// The number of lines in the source file.
        source_lines: usize,
        /// The target file.
        target_path: PathBuf,
        /// The number of lines in the target file.
        target_lines: usize,
    },

    /// A token list does not start with the special tokens.
    #[error(
        "a vocabulary starts with <pad>, <unk>, <s>, </s>, but this list has {found} at id {id}"
    )]
    MissingSpecial {
        /// The id of the special token that is missing.
        id: usize,
        /// The token found at that position, quoted, or "nothing".
        found: String,
    },

    /// A line of a vocabulary, or a name in it, cannot be read or written as one line of text.
    #[error("line {line} of the vocabulary: {what}")]
    VocabularyLine {
        /// The line, from 1.
        line: usize,
        /// A description of the problem.
        what: String,
    },

    /// A vocabulary is not a JSON list of names.
    #[error("the vocabulary is no JSON list of names: {0}")]
    VocabularyJson(#[from] serde_json::Error),

    /// The program was built without subword models.
    #[error(
        "subword models need the feature `subwords` of the crate `tokenizer`, and this program was \
         built without it; build it with that feature, or use words or characters"
    )]
    NoSubwords,

    /// A subword model cannot be trained.
    #[error("cannot train a subword model: {what}")]
    SubwordTraining {
        /// A description of the problem.
        what: String,
    },

    /// A `tokenizer.json` is not valid.
    #[error(
        "{}, line {}: this is no tokenizer.json that can be read: {source}",
        path.display(), source.line().max(1)
    )]
    TokenizerJson {
        /// The file.
        path: PathBuf,
        /// The error, with line and column.
        source: serde_json::Error,
    },

    /// A `tokenizer.json` is of a kind that is not supported.
    #[error("{}: {what}", path.display())]
    TokenizerFile {
        /// The file.
        path: PathBuf,
        /// What is not supported, and what is.
        what: String,
    },

    /// A word occurs twice in a token list.
    #[error("'{token}' stands twice in the vocabulary, at ids {first} and {second}")]
    DuplicateToken {
        /// The word.
        token: String,
        /// Its first id.
        first: u32,
        /// Its second id.
        second: u32,
    },
}

/// Returns the names of all values, for an error message.
pub(crate) fn names<T: Copy, const N: usize>(
    all: [T; N],
    name: impl Fn(T) -> &'static str,
) -> String {
    all.map(name).join(", ")
}

/// Returns a path as it is written in a shell command, in quotes if it needs them.
///
/// ```
/// assert_eq!(tokenizer::shell_quoted("runs/a b".as_ref()), "'runs/a b'");
/// ```
#[must_use]
pub fn shell_quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

/// Describes how to convert a file in another encoding to UTF-8.
fn convert(path: &Path) -> String {
    let path = shell_quoted(path);
    format!(
        "if it is Latin-1 or Windows-1252: iconv -f WINDOWS-1252 -t UTF-8 {path} > utf8.txt; \
         otherwise the same with its own encoding"
    )
}

/// Formats a number of bytes in a readable unit.
#[allow(clippy::cast_precision_loss)]
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{bytes} bytes"),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_helps() {
        let unknown = "tutoriel".parse::<crate::Recipe>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "no recipe is named 'tutoriel' (there are tutorial, tf-nmt, tf-text, words, words-lower, none)"
        );
        let lengths = Error::DifferentLengths {
            source_path: "a.en".into(),
            source_lines: 12,
            target_path: "a.fr".into(),
            target_lines: 9,
        };
        assert_eq!(
            lengths.to_string(),
            "parallel files differ in length: a.en has 12 line(s), a.fr has 9; line 10 is missing from a.fr"
        );
    }

    #[test]
    fn errors_travel_between_threads() {
        fn sendable<T: Send + Sync + 'static>() {}
        sendable::<Error>();
    }
}
