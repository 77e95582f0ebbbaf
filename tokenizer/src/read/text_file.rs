//! A text file in memory, once: one buffer, whatever the number of its lines.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::kind::{FileKind, file_kind};
use crate::encoding::{Encoding, HEAD, decode, encoding};
use crate::error::shell_quoted;
use crate::{Error, Result};

/// How a gzip file starts.
const GZIP: [u8; 2] = [0x1F, 0x8B];
/// How much is read at a time.
const CHUNK: usize = 1 << 18;

/// What [`TextFile::open`] accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// A file with more bytes of text, once it is unpacked, is refused ([`Error::TooLarge`]).
    pub max_bytes: u64,
    /// A file with more lines is refused ([`Error::TooManyLines`]).
    pub max_lines: usize,
    /// A file with a longer line, in bytes, is refused ([`Error::LongLine`]).
    pub max_line_bytes: usize,
    /// Whether text in formats of its own (XML, HTML, JSON) is refused ([`Error::NotText`]) and
    /// not read as lines.
    pub refuse_markup: bool,
}

impl ReadOptions {
    /// Any text of any length.
    pub const ANY: Self = Self {
        max_bytes: u64::MAX,
        max_lines: usize::MAX,
        max_line_bytes: usize::MAX,
        refuse_markup: false,
    };

    /// Sentences: lines of at most 1 MiB, no markup.
    pub const SENTENCES: Self = Self {
        max_bytes: u64::MAX,
        max_lines: usize::MAX,
        max_line_bytes: 1 << 20,
        refuse_markup: true,
    };

    /// The same with another limit of bytes.
    #[must_use]
    pub const fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// The same with another limit of lines.
    #[must_use]
    pub const fn with_max_lines(self, max_lines: usize) -> Self {
        Self { max_lines, ..self }
    }
}

/// The text of a file and its lines.
///
/// ```
/// use tokenizer::read::{ReadOptions, TextFile};
///
/// let text = TextFile::from_reader("<memory>", "a\r\nb".as_bytes(), ReadOptions::ANY)?;
/// assert!(text.lines().eq(["a", "b"]));
/// assert_eq!(text.len(), 2);
/// # Ok::<(), tokenizer::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    name: PathBuf,
    text: String,
    lines: usize,
    /// What ends a line: `\n`, or `\r` in a text that has no `\n`.
    end: char,
    notes: Vec<String>,
}

impl TextFile {
    /// Reads a file: UTF-8, UTF-16 or UTF-32, plain or gzip.
    ///
    /// # Errors
    ///
    /// As [`lines`](super::lines), and where `options` allow less.
    pub fn open(path: impl AsRef<Path>, options: ReadOptions) -> Result<Self> {
        let path = path.as_ref();
        let io = |source| Error::Io { path: path.to_owned(), source };
        if fs::metadata(path).map_err(io)?.is_dir() {
            return Err(Error::Directory { path: path.to_owned() });
        }
        Self::from_reader(path, File::open(path).map_err(io)?, options)
    }

    /// Reads what any reader gives; `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// As [`TextFile::open`].
    pub fn from_reader(
        name: impl AsRef<Path>,
        mut reader: impl Read,
        options: ReadOptions,
    ) -> Result<Self> {
        let name = name.as_ref();
        let head = head(&mut reader).map_err(|source| io_error(name, source))?;
        if head.starts_with(&GZIP) {
            let mut unpacked = MultiGzDecoder::new(io::Cursor::new(head).chain(reader));
            let error = |source, bytes: &[u8]| match unpacking_error(name, source, bytes) {
                Ok(error) => error,
                Err(source) => io_error(name, source),
            };
            let inner = head_of(&mut unpacked).map_err(|(source, read)| error(source, &read))?;
            let bytes = rest(name, inner, &mut unpacked, options, true)?
                .map_err(|(source, read)| error(source, &read))?;
            Self::from_bytes(name, bytes, options, true)
        } else {
            let bytes = rest(name, head, &mut reader, options, false)?
                .map_err(|(source, _)| io_error(name, source))?;
            Self::from_bytes(name, bytes, options, false)
        }
    }

    /// The text of bytes that are no gzip data; `unpacked` says whether they came out of such data.
    fn from_bytes(
        name: &Path,
        mut bytes: Vec<u8>,
        options: ReadOptions,
        unpacked: bool,
    ) -> Result<Self> {
        let (encoding, mark) = encoding(&bytes[..bytes.len().min(HEAD)]);
        let mut notes = Vec::new();
        let text = if encoding == Encoding::Utf8 {
            bytes.drain(..mark);
            String::from_utf8(bytes).map_err(|wrong| broken(name, &wrong))?
        } else {
            notes.push(format!("{}: read as {encoding}", name.display()));
            decode(&bytes[mark..], encoding).map_err(|before| Error::BrokenText {
                path: name.to_owned(),
                encoding,
                line: before.matches('\n').count() + 1,
            })?
        };
        if encoding != Encoding::Utf8 {
            // Its first bytes said nothing of its format before they were decoded.
            refuse(name, &text.as_bytes()[..text.len().min(HEAD)], options, unpacked)?;
        }
        if let Some(at) = text.find('\0') {
            let (line, column) = position(text.as_bytes(), at);
            return Err(Error::ZeroByte { path: name.to_owned(), line, column });
        }
        let end = if !text.contains('\n') && text.contains('\r') {
            notes.push(format!(
                "{}: no line ends with \\n, so each \\r (CR) was read as a line end",
                name.display()
            ));
            '\r'
        } else {
            '\n'
        };
        let mut all = Self { name: name.to_owned(), text, lines: 0, end, notes };
        let mut lines = 0;
        let mut long = None;
        let (mut returns, mut first_return) = (0, 0);
        for line in all.lines() {
            lines += 1;
            if line.len() > options.max_line_bytes && long.is_none() {
                long = Some((lines, line.len()));
            }
            if end == '\n' && line.contains('\r') {
                returns += 1;
                if returns == 1 {
                    first_return = lines;
                }
            }
        }
        if let Some((line, bytes)) = long {
            let (path, limit) = (name.to_owned(), options.max_line_bytes);
            return Err(Error::LongLine { path, line, bytes, limit });
        }
        if lines > options.max_lines {
            let (path, limit) = (name.to_owned(), options.max_lines);
            return Err(Error::TooManyLines { path, lines, limit });
        }
        all.lines = lines;
        if returns > 0 {
            // What follows is lost where columns are read: to them it is one line.
            let file = shell_quoted(name);
            all.notes.push(format!(
                "{}: {returns} of {lines} lines, the first being line {first_return}, hold \\r (CR) \
                 characters, which end no line in a file that has \\n; if they should, make them so: \
                 sed 's/\\r$//' {file} | tr '\\r' '\\n' > lines.txt",
                name.display()
            ));
        }
        Ok(all)
    }

    /// The lines, without their ends.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let end = self.end;
        self.text.split_inclusive(end).map(move |line| match line.strip_suffix(end) {
            Some(line) if end == '\n' => line.strip_suffix('\r').unwrap_or(line),
            Some(line) => line,
            None => line,
        })
    }

    /// How many lines there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lines
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// The bytes of the text, in UTF-8.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The file's name.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// What was done to the file that a person may not expect, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Two of the tab-separated columns, line by line; columns count from 1.
    ///
    /// # Errors
    ///
    /// [`Error::ColumnZero`]; as an item [`Error::TooFewColumns`] for a line that lacks one.
    pub fn columns(
        &self,
        source: usize,
        target: usize,
    ) -> Result<impl Iterator<Item = Result<(&str, &str)>>> {
        let (Some(first), Some(second)) = (source.checked_sub(1), target.checked_sub(1)) else {
            return Err(Error::ColumnZero);
        };
        Ok(self.lines().enumerate().map(move |(i, line)| {
            let column = |place: usize| line.split('\t').nth(place);
            match (column(first), column(second)) {
                (Some(source), Some(target)) => Ok((source, target)),
                _ => Err(Error::TooFewColumns {
                    path: self.name.clone(),
                    line: i + 1,
                    found: line.split('\t').count(),
                    needed: source.max(target),
                    hint: separator_hint(&self.name, line),
                }),
            }
        }))
    }
}

/// What separates the columns of a line that has no tab, and what to do.
fn separator_hint(path: &Path, line: &str) -> Option<String> {
    if line.contains('\t') {
        return None;
    }
    let path = shell_quoted(path);
    if line.contains(" ||| ") {
        return Some(format!(
            "; its columns are separated by |||: sed 's/ ||| /\\t/g' {path} > pairs.tsv makes tabs \
             of them"
        ));
    }
    let separator = [',', ';'].into_iter().find(|&c| line.contains(c))?;
    let name = if separator == ',' { "commas" } else { "semicolons" };
    Some(format!(
        "; if this is CSV with {name}, make tabs of them: python3 -c \"import csv, sys; \
         [print('\\t'.join(' '.join(c.split()) for c in row)) for row in csv.reader(sys.stdin, \
         delimiter='{separator}')]\" < {path} > pairs.tsv"
    ))
}

/// What was read before an error, and the error.
type Broken = (io::Error, Vec<u8>);

/// The first bytes of a reader.
fn head(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    head_of(reader).map_err(|(error, _)| error)
}

/// The same; an error has what was read before it.
fn head_of(reader: &mut impl Read) -> std::result::Result<Vec<u8>, Broken> {
    let mut head = Vec::new();
    match reader.take(HEAD as u64).read_to_end(&mut head) {
        Ok(_) => Ok(head),
        Err(error) => Err((error, head)),
    }
}

/// All bytes of a reader whose first ones are `bytes`, where they are those of a text.
fn rest(
    name: &Path,
    mut bytes: Vec<u8>,
    reader: &mut impl Read,
    options: ReadOptions,
    unpacked: bool,
) -> Result<std::result::Result<Vec<u8>, Broken>> {
    refuse(name, &bytes, options, unpacked)?;
    let too_large =
        || Error::TooLarge { path: name.to_owned(), limit: options.max_bytes, unpacked };
    loop {
        let limit = options.max_bytes.saturating_sub(bytes.len() as u64).saturating_add(1);
        if bytes.try_reserve(CHUNK).is_err() {
            let limit = bytes.len() as u64;
            return Err(Error::TooLarge { path: name.to_owned(), limit, unpacked });
        }
        let before = bytes.len();
        match reader.take(limit.min(CHUNK as u64)).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 > options.max_bytes => return Err(too_large()),
            Ok(_) if bytes.len() == before => return Ok(Ok(bytes)),
            Ok(_) => {}
            Err(error) => return Ok(Err((error, bytes))),
        }
    }
}

/// Refuses a file that is not lines of text, by its first bytes.
fn refuse(name: &Path, head: &[u8], options: ReadOptions, unpacked: bool) -> Result<()> {
    let not_text = |kind: &str, advice: &str| {
        let (path, file) = (name.to_owned(), shell_quoted(name));
        let (kind, advice) = match (unpacked, advice.strip_prefix("unpack it: tar -xf")) {
            (true, Some(_)) => {
                (format!("{kind} in gzip data"), format!("unpack it: tar -xzf {file}"))
            }
            (true, None) => (
                format!("{kind} in gzip data"),
                format!(
                    "unpack it first: gzip -dc {file} > inner; then {}",
                    advice.replace("FILE", "inner")
                ),
            ),
            (false, _) => (kind.to_owned(), advice.replace("FILE", &file)),
        };
        Err(Error::NotText { path, kind, advice })
    };
    if unpacked && head.starts_with(&GZIP) {
        return not_text("a gzip file", "gzip -dc FILE > text.txt");
    }
    match file_kind(head) {
        Some(FileKind::Binary(kind, advice)) => not_text(kind, advice),
        Some(FileKind::Markup(kind, advice)) if options.refuse_markup => not_text(kind, advice),
        _ => Ok(()),
    }
}

/// An error of the system, or of gzip data with the number of whole lines before it.
fn unpacking_error(
    name: &Path,
    source: io::Error,
    read: &[u8],
) -> std::result::Result<Error, io::Error> {
    let path = name.to_owned();
    let lines = read.iter().filter(|&&byte| byte == b'\n').count();
    match source.kind() {
        io::ErrorKind::UnexpectedEof => Ok(Error::TruncatedGzip { path, lines }),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Ok(Error::Gzip { path, lines, source })
        }
        _ => Err(source),
    }
}

fn io_error(name: &Path, source: io::Error) -> Error {
    Error::Io { path: name.to_owned(), source }
}

/// Where text stops being UTF-8; zeros say that it never was text.
fn broken(name: &Path, wrong: &std::string::FromUtf8Error) -> Error {
    let at = wrong.utf8_error().valid_up_to();
    if wrong.as_bytes()[..(at + HEAD).min(wrong.as_bytes().len())].contains(&0) {
        let advice = "give a text file in UTF-8".to_owned();
        return Error::NotText { path: name.to_owned(), kind: "binary data".to_owned(), advice };
    }
    let (line, column) = position(wrong.as_bytes(), at);
    let cut = wrong.utf8_error().error_len().is_none();
    Error::Utf8 { path: name.to_owned(), line, column, cut }
}

/// Line and byte of a place, both from 1.
fn position(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at];
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    (before.iter().filter(|&&byte| byte == b'\n').count() + 1, at - start + 1)
}
