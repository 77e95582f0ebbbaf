//! What can go wrong between a text file and its ids.

use std::path::PathBuf;

use crate::{Recipe, Unit};

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong between a text file and its ids.
///
/// Whatever concerns a file names it; whatever concerns a line numbers it, from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No recipe has this name.
    #[error("no recipe is named '{name}' (there are {})", names(Recipe::ALL, Recipe::name))]
    UnknownRecipe {
        /// The name as given.
        name: String,
    },

    /// No unit has this name.
    #[error("no unit is named '{name}' (there are {})", names(Unit::ALL, Unit::name))]
    UnknownUnit {
        /// The name as given.
        name: String,
    },

    /// A file could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// A folder was given where a text file is needed.
    #[error("cannot read {}: it is a folder, not a text file", path.display())]
    Directory {
        /// The folder.
        path: PathBuf,
    },

    /// A gzip file ends before its compressed data does.
    #[error("{}: the gzip data is cut off (an incomplete download or copy?)", path.display())]
    TruncatedGzip {
        /// The file.
        path: PathBuf,
    },

    /// A gzip file's compressed data is damaged.
    #[error("{}: the gzip data is damaged: {source}", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: std::io::Error,
    },

    /// The file starts with the byte order mark of UTF-16 or UTF-32.
    #[error("{}: the text is UTF-16 or UTF-32, by its byte order mark; save it as UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },

    /// A line is not valid UTF-8.
    #[error("{}, line {line}: not valid UTF-8 at byte {column} of the line", path.display())]
    Utf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The first wrong byte of the line, from 1; a byte order mark is not counted.
        column: usize,
    },

    /// Column 0 was asked for.
    #[error("column 0 does not exist: columns count from 1")]
    ColumnZero,

    /// A line has fewer tab-separated columns than were asked for.
    #[error("{}, line {line}: {found} tab-separated column(s), but column {needed} is asked for", path.display())]
    TooFewColumns {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// How many columns the line has.
        found: usize,
        /// The highest column asked for, from 1.
        needed: usize,
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
        /// How many lines the source file has.
        source_lines: usize,
        /// The target file.
        target_path: PathBuf,
        /// How many lines the target file has.
        target_lines: usize,
    },

    /// A token list does not start with the special tokens.
    #[error(
        "a vocabulary starts with <pad>, <unk>, <s>, </s>, but this list has {found} at id {id}"
    )]
    MissingSpecial {
        /// The id of the special token that is missing.
        id: usize,
        /// What stands there, quoted, or "nothing".
        found: String,
    },

    /// A word stands twice in a token list.
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

/// The names of all values, for a message.
fn names<T: Copy, const N: usize>(all: [T; N], name: impl Fn(T) -> &'static str) -> String {
    all.map(name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_helps() {
        let unknown = Error::UnknownRecipe { name: "tutoriel".to_owned() };
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
