//! Files as they come: compressed, cut off, damaged, missing.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;
use tokenizer::{Error, read};

/// `text` as one gzip member.
fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A new file in `folder`.
fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The message of an error, which must name `path`.
fn message<T: std::fmt::Debug>(result: Result<T, Error>, path: &Path) -> String {
    let message = result.unwrap_err().to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    message
}

#[test]
fn gzip_is_recognised_by_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\u{FEFF}été\r\nb".as_bytes();
    let two_members = [gzip(b"a\nb"), gzip(b""), gzip(b"c\nd\n")].concat();
    for (name, bytes, expected) in [
        ("named.gz", gzip(text), &["été", "b"][..]),
        ("unnamed.txt", gzip(text), &["été", "b"]),
        ("plain.gz", text.to_vec(), &["été", "b"]),
        ("members.gz", two_members, &["a", "bc", "d"]),
        ("empty.gz", gzip(b""), &[]),
        ("empty.txt", Vec::new(), &[]),
        ("half-magic.txt", b"\x1F".to_vec(), &["\x1F"]),
    ] {
        assert_eq!(read::lines(file(&folder, name, &bytes)).unwrap(), expected, "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let whole = gzip(&b"one line of text, and another\n".repeat(200));
    let second = [whole.clone(), whole.clone()].concat();
    let mut damaged = whole.clone();
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    let cut = "cut off";
    for (name, bytes, expected) in [
        ("magic-only.gz", &whole[..2], cut),
        ("header-only.gz", &whole[..10], cut),
        ("half.gz", &whole[..whole.len() / 2], cut),
        ("no-checksum.gz", &whole[..whole.len() - 8], cut),
        ("last-byte.gz", &whole[..whole.len() - 1], cut),
        ("second-half.gz", &second[..whole.len() * 3 / 2], cut),
        ("second-header.gz", &second[..whole.len() + 5], cut),
        ("second-byte.gz", &second[..=whole.len()], cut),
        ("damaged.gz", &damaged[..], "damaged"),
        ("method.gz", b"\x1F\x8B\x07\0\0\0\0\0\0\0\0\0", "damaged"),
        ("broken.txt", b"a\nb\xFFc\n", "line 2: not valid UTF-8 at byte 2"),
        ("broken.gz", &gzip(b"a\nb\xFFc\n"), "line 2: not valid UTF-8 at byte 2"),
        ("utf16.txt", b"\xFF\xFEa\0\n\0", "UTF-16"),
    ] {
        let path = file(&folder, name, bytes);
        let message = message(read::lines(&path), &path);
        assert!(message.contains(expected), "{name}: {message}");
    }

    let missing = folder.path().join("missing.txt");
    message(read::lines(&missing), &missing);
    assert!(matches!(read::lines(&missing), Err(Error::Io { .. })));
    message(read::lines(folder.path()), folder.path());
    assert!(matches!(read::lines(folder.path()), Err(Error::Directory { .. })));
}

#[test]
fn columns_count_from_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "pairs.tsv.gz", &gzip(b"a\tb\tc\r\n\t\t\nx\ty\tz"));
    let pairs =
        |source, target| -> Vec<(String, String)> { read::columns(&path, source, target).unwrap() };
    let owned = |pairs: [(&str, &str); 3]| pairs.map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(pairs(1, 2), owned([("a", "b"), ("", ""), ("x", "y")]));
    assert_eq!(pairs(3, 1), owned([("c", "a"), ("", ""), ("z", "x")]));
    assert_eq!(pairs(2, 2), owned([("b", "b"), ("", ""), ("y", "y")]));
    for (source, target) in [(0, 1), (1, 0), (0, 0)] {
        assert!(matches!(read::columns(&path, source, target), Err(Error::ColumnZero)));
    }
}

#[test]
fn a_line_with_too_few_columns_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, columns, line, found, needed) in [
        (&b"a\tb\nc\n"[..], (1, 2), 2, 1, 2),
        (b"a\tb\n\nc\td\n", (2, 1), 2, 1, 2),
        (b"a\tb\n", (1, 7), 1, 2, 7),
        (b"\n", (1, 2), 1, 1, 2),
        (b"a b\n", (usize::MAX, 1), 1, 1, usize::MAX),
    ] {
        let path = file(&folder, "few.tsv", bytes);
        let message = message(read::columns(&path, columns.0, columns.1), &path);
        let expected = format!(
            ", line {line}: {found} tab-separated column(s), but column {needed} is asked for"
        );
        assert!(message.ends_with(&expected), "{message}");
    }
}

#[test]
fn parallel_files_have_the_same_length() {
    let folder = tempfile::tempdir().unwrap();
    let source = file(&folder, "a.en", b"a\nb\x0Bc\nd");
    let target = file(&folder, "a.fr", &gzip("A\r\nB\u{2028}C\r\nD\r\n".as_bytes()));
    let pairs = read::parallel(&source, &target).unwrap();
    assert_eq!(pairs.len(), 3);
    assert_eq!(pairs[1], ("b\x0Bc".to_owned(), "B\u{2028}C".to_owned()));

    let short = file(&folder, "short.fr", b"A\n");
    let empty = file(&folder, "empty.fr", b"");
    for (a, b, counts, line, lacking) in [
        (&source, &short, (3, 1), 2, &short),
        (&short, &source, (1, 3), 2, &short),
        (&source, &empty, (3, 0), 1, &empty),
    ] {
        let expected = format!(
            "parallel files differ in length: {} has {} line(s), {} has {}; line {line} is missing from {}",
            a.display(),
            counts.0,
            b.display(),
            counts.1,
            lacking.display()
        );
        assert_eq!(read::parallel(a, b).unwrap_err().to_string(), expected);
    }
    let missing = folder.path().join("missing.fr");
    message(read::parallel(&source, &missing), &missing);
}
