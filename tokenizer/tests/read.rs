//! Files as they come: compressed, cut off, damaged, missing.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;
use tokenizer::Error;
use tokenizer::read::{self, Encoding, ReadOptions, TextFile};

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
        ("utf16.txt", b"\xFF\xFEa\0\n\0\0\xD8b\0", "line 2: not valid UTF-16LE"),
        ("odd.txt", b"\xFF\xFEa\0\n", "line 1: not valid UTF-16LE"),
        ("zero.txt", b"first\nse\0cond\n", "line 2: a zero byte at byte 3 of the line"),
        ("zeros.txt", &[0; 9000], "zero byte"),
        ("random.bin", b"\x01\x02\0\xFF\xFE\0\x80", "binary data"),
        ("twice.gz", &gzip(&gzip(b"a\n")), "a gzip file in gzip data"),
        ("half.gz", &gzip(&b"a line\n".repeat(4000))[..60], "cut off after "),
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
            ", line {line}: {found} tab-separated column(s), but column {needed} is requested"
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

/// `text` in UTF-16 or UTF-32.
fn wide(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Utf32Le => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
        _ => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
    }
}

#[test]
fn wide_encodings_are_read_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let text = "кот спит .\tthe cat sleeps .\r\n猫\t🐈\r\n";
    let expected = [("кот спит .", "the cat sleeps ."), ("猫", "🐈")];
    for encoding in [Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Utf32Le, Encoding::Utf32Be] {
        for mark in ["", "\u{FEFF}"] {
            let bytes = wide(&format!("{mark}{text}"), encoding);
            for bytes in [gzip(&bytes), bytes] {
                let path = file(&folder, "wide.tsv", &bytes);
                let text = TextFile::open(&path, ReadOptions::SENTENCES).unwrap();
                let pairs: Vec<_> = text.columns(1, 2).unwrap().map(Result::unwrap).collect();
                assert_eq!(pairs, expected);
                let note = format!("{}: read as {encoding}", path.display());
                assert_eq!(text.notes(), [note]);
            }
        }
    }
}

#[test]
fn returns_end_lines_where_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "mac.tsv", b"a\tb\rc\td\r");
    let text = TextFile::open(&path, ReadOptions::SENTENCES).unwrap();
    assert_eq!(text.lines().collect::<Vec<_>>(), ["a\tb", "c\td"]);
    assert!(text.notes()[0].contains("each \\r (CR) was read as a line end"), "{:?}", text.notes());
    let text = TextFile::from_reader("t", &b"a\r\nb\n"[..], ReadOptions::SENTENCES).unwrap();
    assert!(text.notes().is_empty());
}

#[test]
fn returns_within_lines_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mixed = file(&folder, "mixed.tsv", b"a\tb\nc\td\re\tf\r\ng\r\r\nh\n");
    let text = TextFile::open(&mixed, ReadOptions::SENTENCES).unwrap();
    assert!(text.lines().eq(["a\tb", "c\td\re\tf", "g\r", "h"]));
    let [note] = text.notes() else { panic!("{:?}", text.notes()) };
    assert!(note.contains("mixed.tsv: 2 of 4 lines, the first being line 2, hold \\r"), "{note}");
    assert!(note.contains("mixed.tsv | tr '\\r' '\\n' > lines.txt"), "{note}");
    let usual = file(&folder, "usual.tsv", b"a\tb\r\nc\td\r\n");
    assert!(TextFile::open(&usual, ReadOptions::SENTENCES).unwrap().notes().is_empty());
}

#[test]
fn markup_is_known_in_every_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let tmx = "<?xml version=\"1.0\"?>\n<tmx version=\"1.4\"><body/></tmx>\n";
    for encoding in [Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Utf32Le, Encoding::Utf32Be] {
        for mark in ["", "\u{FEFF}"] {
            let bytes = wide(&format!("{mark}{tmx}"), encoding);
            for (name, bytes) in [("a.tmx", bytes.clone()), ("a.tmx.gz", gzip(&bytes))] {
                let path = file(&folder, name, &bytes);
                let said = message(TextFile::open(&path, ReadOptions::SENTENCES), &path);
                assert!(said.contains("a TMX file"), "{encoding} {mark:?}: {said}");
                assert!(TextFile::open(&path, ReadOptions::ANY).is_ok(), "{encoding} {mark:?}");
            }
        }
    }
}

#[test]
fn other_formats_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut tar = vec![0_u8; 1024];
    tar[..5].copy_from_slice(b"a.txt");
    tar[257..263].copy_from_slice(b"ustar\0");
    let xml = b"<?xml version=\"1.0\"?>\n<tmx version=\"1.4\"><header/>";
    let json = b"{\"en\": \"a\", \"fr\": \"b\"}\n";
    for (name, bytes, kind, advice) in [
        ("a.zip", b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), "a zip archive", "unzip -p"),
        ("a.docx", b"PK\x03\x04\x14\0word/x".to_vec(), "an Office document", "export it"),
        ("a.bz2", b"BZh91AY&SY".to_vec(), "a bzip2 archive", "bzip2 -dc"),
        ("a.tsv.gz", b"\xFD7zXZ\0\0".to_vec(), "an xz archive", "xz -dc"),
        ("a.zst", b"\x28\xB5\x2F\xFD\0".to_vec(), "a zstd archive", "zstd -dc"),
        ("a.7z", b"7z\xBC\xAF\x27\x1C\0".to_vec(), "a 7z archive", "7z x"),
        ("a.tar", tar.clone(), "a tar archive", "tar -xf"),
        ("a.tar.gz", gzip(&tar), "a tar archive in gzip data", "tar -xzf"),
        ("a.pdf", b"%PDF-1.7\n".to_vec(), "a PDF document", "pdftotext"),
        ("a.parquet", b"PAR1\x15".to_vec(), "a Parquet table", "export it"),
        ("a.db", b"SQLite format 3\0".to_vec(), "an SQLite database", "export it"),
        (
            "lfs.tsv",
            b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
            "a Git LFS pointer",
            "git lfs pull",
        ),
        ("a.tmx", xml.to_vec(), "a TMX file", "separated by a tab"),
        ("a.tmx.gz", gzip(xml), "a TMX file in gzip data", "separated by a tab"),
        ("a.jsonl", json.to_vec(), "a JSON file", "jq -r"),
        ("a b's.json", json.to_vec(), "a JSON file", "'\\''s.json' > pairs.tsv"),
    ] {
        let path = file(&folder, name, &bytes);
        for result in
            [read::columns(&path, 1, 2).map(|_| ()), read::parallel(&path, &path).map(|_| ())]
        {
            let message = message(result, &path);
            assert!(message.contains(&format!(": this is {kind}")), "{name}: {message}");
            assert!(message.contains(advice), "{name}: {message}");
        }
    }
    // A language model may learn markup.
    let path = file(&folder, "a.xml", xml);
    assert_eq!(read::lines(&path).unwrap().len(), 2);
}

#[test]
fn other_separators_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, expected) in [
        (&b"\"a, b\",c\n"[..], "delimiter=','"),
        (b"a;b\n", "delimiter=';'"),
        (b"a ||| b\n", "sed 's/ ||| /\\t/g'"),
    ] {
        let path = file(&folder, "few.tsv", bytes);
        let message = message(read::columns(&path, 1, 2), &path);
        assert!(message.contains("1 tab-separated column(s), but column 2"), "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn limits_are_kept_and_many_lines_cost_little() {
    let folder = tempfile::tempdir().unwrap();
    // A small file that unpacks to much.
    let path = file(&folder, "bomb.gz", &gzip(&vec![b'\n'; 3_000_000]));
    assert!(path.metadata().unwrap().len() < 10_000);
    let text = TextFile::open(&path, ReadOptions::SENTENCES).unwrap();
    assert_eq!((text.len(), text.bytes()), (3_000_000, 3_000_000));
    let limited = ReadOptions::SENTENCES.with_max_bytes(2_999_999);
    let limit = message(TextFile::open(&path, limited), &path);
    assert!(limit.contains("2 MB of text (unpacked) were read"), "{limit}");
    let exact = ReadOptions::SENTENCES.with_max_bytes(3_000_000);
    assert_eq!(TextFile::open(&path, exact).unwrap().len(), 3_000_000);

    let long = ["short", &"x".repeat(1 << 20), &"y".repeat((1 << 20) + 1), ""].join("\n");
    let path = file(&folder, "long.txt", long.as_bytes());
    let message = message(read::parallel(&path, &path), &path);
    assert!(
        message.contains(", line 3: 1048577 bytes long, but a line may have 1048576"),
        "{message}"
    );
    assert_eq!(read::lines(&path).unwrap().len(), 3);
}
