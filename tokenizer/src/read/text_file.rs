//! A text file in memory, held in one buffer whatever the number of lines.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::kind::{FileKind, file_kind};
use crate::encoding::{Encoding, HEAD, decode, encoding};
use crate::error::shell_quoted;
use crate::{Error, Result};

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1F, 0x8B];
/// The number of bytes read at a time.
const CHUNK: usize = 1 << 18;

/// Limits on the files that [`TextFile::open`] accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// The maximum size of the uncompressed text in bytes ([`Error::TooLarge`]).
    pub max_bytes: u64,
    /// The maximum number of lines ([`Error::TooManyLines`]).
    pub max_lines: usize,
    /// The maximum length of a line in bytes ([`Error::LongLine`]).
    pub max_line_bytes: usize,
    /// Whether markup (XML, HTML, JSON) is rejected ([`Error::NotText`]) instead of being read as
    /// lines.
    pub refuse_markup: bool,
}

impl ReadOptions {
    /// Accepts any text of any length.
    pub const ANY: Self = Self {
        max_bytes: u64::MAX,
        max_lines: usize::MAX,
        max_line_bytes: usize::MAX,
        refuse_markup: false,
    };

    /// Accepts sentences: lines of at most 1 MiB, without markup.
    pub const SENTENCES: Self = Self {
        max_bytes: u64::MAX,
        max_lines: usize::MAX,
        max_line_bytes: 1 << 20,
        refuse_markup: true,
    };

    /// Returns these options with a different limit on the number of bytes.
    #[must_use]
    pub const fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// Returns these options with a different limit on the number of lines.
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
    /// The line terminator: `\n`, or `\r` in a text that contains no `\n`.
    end: char,
    notes: Vec<String>,
}

impl TextFile {
    /// Reads a file: UTF-8, UTF-16 or UTF-32, plain or gzip.
    ///
    /// # Errors
    ///
    /// The errors of [`lines`](super::lines), and an error if the file violates `options`.
    pub fn open(path: impl AsRef<Path>, options: ReadOptions) -> Result<Self> {
        let path = path.as_ref();
        let io = |source| Error::Io { path: path.to_owned(), source };
        if fs::metadata(path).map_err(io)?.is_dir() {
            return Err(Error::Directory { path: path.to_owned() });
        }
        Self::from_reader(path, File::open(path).map_err(io)?, options)
    }

    /// Reads text from any reader; errors use `name` in place of a file name.
    ///
    /// # Errors
    ///
    /// The same as for [`TextFile::open`].
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

    /// Decodes bytes that are not gzip data; `unpacked` means that they were decompressed.
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
            // The format can only be detected from the decoded text, so check it again.
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
            // `columns` would take the text on both sides of the `\r` for one line.
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

    /// Returns the lines, without their line ends.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let end = self.end;
        self.text.split_inclusive(end).map(move |line| match line.strip_suffix(end) {
            Some(line) if end == '\n' => line.strip_suffix('\r').unwrap_or(line),
            Some(line) => line,
            None => line,
        })
    }

    /// Returns the number of lines.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lines
    }

    /// Returns `true` if the text has no lines.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// Returns the size of the text in bytes of UTF-8.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Returns the name of the file.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Returns notes on how the file was interpreted, for display to the user.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns two of the tab-separated columns of each line; columns count from 1.
    ///
    /// # Errors
    ///
    /// [`Error::ColumnZero`] if a column is 0. The iterator yields [`Error::TooFewColumns`] for a
    /// line that lacks one of the columns.
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

/// Describes the separator of a line that has no tab, and how to convert the file.
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

/// An error and the bytes that were read before it.
type Broken = (io::Error, Vec<u8>);

/// Reads the first bytes of a reader.
fn head(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    head_of(reader).map_err(|(error, _)| error)
}

/// Like [`head`], but an error includes the bytes that were read before it.
fn head_of(reader: &mut impl Read) -> std::result::Result<Vec<u8>, Broken> {
    let mut head = Vec::new();
    match reader.take(HEAD as u64).read_to_end(&mut head) {
        Ok(_) => Ok(head),
        Err(error) => Err((error, head)),
    }
}

/// Reads the rest of a reader whose first bytes are `bytes`, and rejects formats other than text.
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

/// Returns an error if the first bytes show that the file does not consist of lines of text.
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

/// Converts an I/O error in gzip data to a gzip error with the number of complete lines before it.
/// Other I/O errors are returned unchanged as `Err`.
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

/// Builds the error for invalid UTF-8. Data with zero bytes is reported as binary instead.
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

/// Returns the line, and the byte within it, of the offset `at`; both count from 1.
fn position(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at];
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    (before.iter().filter(|&&byte| byte == b'\n').count() + 1, at - start + 1)
}
