//! Reading and writing of binary files.
//!
//! A file consists of a header and a payload:
//!
//! | bytes | |
//! |---|---|
//! | 8 | the magic number [`MAGIC`], which no text file begins with and a text-mode copy destroys |
//! | 4 | format version, little-endian like all other fields |
//! | 8 | length of the payload |
//! | 4 | CRC-32 of the payload |
//! | | the payload: its kind (a string), then the value, both in bincode 2's standard encoding |
//!
//! A file is renamed to its final path after it was synced to disk, so it is either complete or
//! absent. Later damage is detected from length and checksum before the payload is decoded. The
//! decoder has a limit that is proportional to the payload's length, so that even a malicious file
//! cannot make it allocate much more memory than the file's size.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use bincode::config;
use bincode::error::{DecodeError, EncodeError};
use crc32fast::Hasher;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::atomic;
use crate::machine;
use crate::{Error, Result};

/// The magic number at the beginning of every file.
const MAGIC: [u8; 8] = *b"\x89S2S\r\n\x1a\n";
/// The format version that is written, and the newest one that can be read.
const VERSION: u32 = 2;
/// Length of the header in bytes.
const HEAD: usize = 24;

/// A value that is stored in a file of its own.
pub(super) trait Stored: Serialize + DeserializeOwned {
    /// Its representation in files of format version 1.
    type V1: DeserializeOwned + Into<Self>;

    /// The kind of value, with its article, for error messages.
    const KIND: &'static str;
}

/// Writes `value` to `path` atomically; it is synced to disk when this function returns.
pub(super) fn write<T: Stored>(path: &Path, value: &T) -> Result<()> {
    atomic::replace(path, |file| {
        let io = || Error::io("write", path);
        let mut out = Summing { inner: BufWriter::new(file), length: 0, sum: Hasher::new() };
        out.inner.write_all(&[0; HEAD]).map_err(io())?;
        bincode::serde::encode_into_std_write((T::KIND, value), &mut out, config::standard())
            .map_err(|error| match error {
                EncodeError::Io { inner, .. } => io()(inner),
                other => Error::Unencodable { path: path.into(), what: other.to_string() },
            })?;
        let Summing { mut inner, length, sum } = out;
        let mut head = Vec::with_capacity(HEAD);
        head.extend(MAGIC);
        head.extend(VERSION.to_le_bytes());
        head.extend(length.to_le_bytes());
        head.extend(sum.finalize().to_le_bytes());
        // Seeking flushes the buffered writer.
        inner.seek(SeekFrom::Start(0)).map_err(io())?;
        inner.write_all(&head).map_err(io())?;
        inner.flush().map_err(io())
    })
}

/// Reads a value from `path`.
pub(super) fn read<T: Stored>(path: &Path) -> Result<T> {
    let (version, payload) = payload(path)?;
    let bad = |what: String| Error::Undecodable { path: path.into(), what };
    let (found, start) = decode::<String>(&payload).map_err(|e| bad(e.to_string()))?;
    if found != T::KIND {
        return Err(Error::OtherKind { path: path.into(), found, expected: T::KIND });
    }
    let rest = payload.get(start..).unwrap_or_default();
    let decoded = match version {
        1 => decode::<T::V1>(rest).map(|(old, used)| (old.into(), used)),
        _ => decode::<T>(rest),
    };
    let (value, used) = decoded.map_err(|e| bad(e.to_string()))?;
    match rest.len() - used {
        0 => Ok(value),
        more => Err(bad(format!("{more} bytes are left over"))),
    }
}

/// Maximum number of bytes that [`read_first`] reads.
const FIRST: u64 = 1 << 10;

/// Reads the first field of a value of kind `T`, without the others and without checking them: in
/// constant time, for a list of many files.
///
/// # Errors
/// A missing or foreign file, one of another format version or kind, one that begins otherwise.
pub(super) fn read_first<T: Stored, F: DeserializeOwned>(path: &Path) -> Result<F> {
    let io = || Error::io("read", path);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::NotFound { path: path.into() },
        _ => io()(error),
    })?;
    file.take(FIRST).read_to_end(&mut bytes).map_err(io())?;
    let mut head = bytes.as_slice();
    let mark = head.split_off(..MAGIC.len().min(head.len())).unwrap_or_default();
    if mark != MAGIC {
        return Err(Error::Foreign { path: path.into() });
    }
    let bad = |what: String| Error::Undecodable { path: path.into(), what };
    match field(&mut head).map(u32::from_le_bytes) {
        Some(VERSION) => {}
        other => return Err(bad(format!("format version {}", other.unwrap_or_default()))),
    }
    let payload = bytes.get(HEAD..).unwrap_or_default();
    let (found, start) = decode::<String>(payload).map_err(|e| bad(e.to_string()))?;
    if found != T::KIND {
        return Err(Error::OtherKind { path: path.into(), found, expected: T::KIND });
    }
    let rest = payload.get(start..).unwrap_or_default();
    decode::<F>(rest).map(|(value, _)| value).map_err(|e| bad(e.to_string()))
}

/// Returns the format version and the payload of a file after checking its header, length and
/// checksum.
fn payload(path: &Path) -> Result<(u32, Vec<u8>)> {
    let io = || Error::io("read", path);
    let mut file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::NotFound { path: path.into() },
        _ => io()(error),
    })?;
    let found = file.metadata().map_err(io())?.len();
    let mut head = Vec::with_capacity(HEAD);
    Read::by_ref(&mut file).take(HEAD as u64).read_to_end(&mut head).map_err(io())?;
    let mut head = head.as_slice();
    let truncated = |expected| Error::Truncated { path: path.into(), found, expected };

    let mark = head.split_off(..MAGIC.len().min(head.len())).unwrap_or_default();
    if !MAGIC.starts_with(mark) {
        return Err(Error::Foreign { path: path.into() });
    }
    let version = match field(&mut head).map(u32::from_le_bytes) {
        Some(0) => return Err(Error::Foreign { path: path.into() }),
        Some(found) if found > VERSION => {
            return Err(Error::NewerFormat { path: path.into(), found, known: VERSION });
        }
        found => found.unwrap_or(VERSION),
    };
    let length = field(&mut head).map(u64::from_le_bytes);
    let sum = field(&mut head).map(u32::from_le_bytes);
    let (Some(length), Some(expected_sum)) = (length, sum) else {
        return Err(truncated(HEAD as u64));
    };
    let expected = length.saturating_add(HEAD as u64);
    if found < expected {
        return Err(truncated(expected));
    }
    if found > expected {
        return Err(Error::TooLong { path: path.into(), found, expected });
    }

    if machine::memory().is_some_and(|memory| length > memory / 2) {
        return Err(Error::TooLarge { path: path.into(), bytes: length });
    }
    // Computed before the payload is allocated: a sparse file may be long but hold no data.
    let found = sum_of(Read::by_ref(&mut file).take(length)).map_err(io())?;
    if found != expected_sum {
        return Err(Error::Checksum { path: path.into(), found, expected: expected_sum });
    }
    file.seek(SeekFrom::Start(HEAD as u64)).map_err(io())?;
    let mut payload = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(length).read_to_end(&mut payload).map_err(io())?;
    if (payload.len() as u64) < length {
        return Err(truncated(expected));
    }
    Ok((version, payload))
}

/// Returns the checksum of all bytes of a reader.
fn sum_of(mut reader: impl Read) -> io::Result<u32> {
    let (mut block, mut sum) = (vec![0; 1 << 18], Hasher::new());
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok(sum.finalize()),
            Ok(n) => sum.update(&block[..n]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Takes the next `N` bytes from the header.
fn field<const N: usize>(head: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = head.split_first_chunk()?;
    *head = rest;
    Some(*first)
}

/// Decodes a value from the start of `bytes`; also returns the number of bytes that it read.
///
/// bincode allocates a string's length before it reads the string, and its limits must be
/// constants. The limit is therefore the next power of sixteen that every valid value fits in. (An
/// integer counts as up to sixteen bytes against the limit and takes at least one.)
fn decode<T: DeserializeOwned>(bytes: &[u8]) -> std::result::Result<(T, usize), DecodeError> {
    macro_rules! limited {
        ($($bits:literal)*) => {
            match bytes.len().saturating_mul(16) {
                $(
                    most if most <= 1 << $bits => {
                        let config = config::standard().with_limit::<{ 1 << $bits }>();
                        bincode::serde::decode_from_slice(bytes, config)
                    }
                )*
                _ => Err(DecodeError::LimitExceeded),
            }
        };
    }
    limited!(12 16 20 24 28 32 36 40 44)
}

/// A writer that counts its bytes and computes their checksum.
struct Summing<W> {
    inner: W,
    length: u64,
    sum: Hasher,
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or(bytes));
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Sample {
        names: Vec<(String, u64)>,
        place: u128,
        maybe: Option<f64>,
    }
    impl Stored for Sample {
        type V1 = Self;
        const KIND: &'static str = "a sample";
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct Stranger(Vec<Sample>);
    impl Stored for Stranger {
        type V1 = Self;
        const KIND: &'static str = "a stranger";
    }

    fn sample() -> Sample {
        let names = vec![("weight".to_owned(), 7), ("größe".to_owned(), u64::MAX)];
        Sample { names, place: u128::MAX - 1, maybe: Some(-0.5) }
    }

    /// Writes a sample to a file in a folder of its own.
    fn written(sample: &Sample) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.bin");
        write(&path, sample).unwrap();
        (folder, path)
    }

    /// Returns the error of reading `bytes`.
    fn error(path: &Path, bytes: &[u8]) -> Error {
        fs::write(path, bytes).unwrap();
        read::<Sample>(path).unwrap_err()
    }

    /// Returns a file with a valid header for any payload.
    fn sealed(payload: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((payload.len() as u64).to_le_bytes());
        bytes.extend(crc32fast::hash(payload).to_le_bytes());
        bytes.extend(payload);
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_written_is_read(
            names in prop::collection::vec((".{0,20}", any::<u64>()), 0..20),
            place: u128,
            maybe: Option<f64>,
        ) {
            let sample = Sample { names, place, maybe };
            let (_folder, path) = written(&sample);
            prop_assert_eq!(read::<Sample>(&path).unwrap(), sample);
        }

        #[test]
        fn any_payload_is_decoded_or_refused(payload in prop::collection::vec(any::<u8>(), 0..200)) {
            let (_folder, path) = written(&sample());
            let mut named = vec![8];
            named.extend(b"a sample");
            named.extend(payload);
            fs::write(&path, sealed(&named)).unwrap();
            let _ = read::<Sample>(&path);
        }
    }

    #[test]
    fn the_first_field_is_read_alone() {
        let (_folder, path) = written(&sample());
        let first = || read_first::<Sample, Vec<(String, u64)>>(&path);
        assert_eq!(first().unwrap(), sample().names);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(first().unwrap(), sample().names);
        for (bytes, words) in [
            (&whole[..HEAD + 4], "cannot be decoded"),
            (b"{}", "is not a file of this program"),
            (&sealed(b"\x01x\x05"), "holds x, where a sample"),
        ] {
            fs::write(&path, bytes).unwrap();
            let error = first().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_cut_at_every_byte_is_an_error() {
        let (_folder, path) = written(&sample());
        let bytes = fs::read(&path).unwrap();
        for cut in 0..bytes.len() {
            let e = error(&path, &bytes[..cut]);
            assert!(matches!(e, Error::Truncated { .. }), "{cut}: {e}");
            assert!(e.to_string().contains("sample.bin is cut off: it has"), "{e}");
        }
        let e = error(&path, &[&bytes[..], b"\n"].concat());
        assert!(matches!(e, Error::TooLong { .. }), "{e}");
    }

    #[test]
    fn every_flipped_bit_is_an_error() {
        let (_folder, path) = written(&sample());
        let bytes = fs::read(&path).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let e = error(&path, &flipped);
            let right = match bit / 8 {
                0..8 => matches!(e, Error::Foreign { .. }),
                8 if bit % 8 == 1 => matches!(e, Error::Foreign { .. }),
                8..12 => matches!(e, Error::NewerFormat { .. }),
                12..20 => matches!(e, Error::Truncated { .. } | Error::TooLong { .. }),
                _ => matches!(e, Error::Checksum { .. }),
            };
            assert!(right, "bit {bit}: {e}");
        }
    }

    #[test]
    fn every_other_wrong_file_has_its_own_error() {
        let (folder, path) = written(&sample());
        let e = read::<Sample>(&folder.path().join("absent.bin")).unwrap_err();
        assert!(matches!(e, Error::NotFound { .. }) && e.to_string().contains("absent.bin"), "{e}");
        let e = read::<Sample>(folder.path()).unwrap_err();
        assert!(matches!(e, Error::Io { .. }), "{e}");
        let e = error(&path, b"PK\x03\x04 some zip file or other");
        assert!(matches!(e, Error::Foreign { .. }), "{e}");
        write(&path, &Stranger(vec![sample()])).unwrap();
        let e = read::<Sample>(&path).unwrap_err();
        assert!(e.to_string().ends_with("holds a stranger, where a sample is needed"), "{e}");
        let e = error(&path, &sealed(b"\x08a sample\x05"));
        assert!(matches!(e, Error::Undecodable { .. }), "{e}");
        let (_folder, whole) = written(&sample());
        let mut payload = fs::read(whole).unwrap()[HEAD..].to_vec();
        payload.extend([0, 0, 0]);
        let e = error(&path, &sealed(&payload));
        assert!(e.to_string().contains("3 bytes are left over"), "{e}");
    }

    #[test]
    fn lengths_that_lie_do_not_allocate() {
        let (_folder, path) = written(&sample());
        // One name of 2^62 bytes; then 2^62 names.
        for lie in ["\x01\u{fd}", "\u{fd}"] {
            let mut payload = b"\x08a sample".to_vec();
            payload.extend(lie.chars().map(|c| c as u8));
            payload.extend((1_u64 << 62).to_le_bytes());
            let e = error(&path, &sealed(&payload));
            assert!(matches!(e, Error::Undecodable { .. }), "{e}");
        }
    }
}
