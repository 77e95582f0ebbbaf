//! Detects the format of a file from its first bytes.

/// A file format that does not consist of lines of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A binary format that other programs unpack or convert: its description and the suggested
    /// remedy, in which `FILE` is a placeholder for the file name.
    Binary(&'static str, &'static str),
    /// A markup format: its description and the suggested remedy.
    Markup(&'static str, &'static str),
}

/// The suggested remedy for a table or a document.
const EXPORT: &str = "export it as plain text in UTF-8: for sentence pairs one pair on each line, \
                      source and target separated by a tab";

/// Binary formats by their first bytes.
const SIGNATURES: &[(&[u8], &str, &str)] = &[
    (b"BZh", "a bzip2 archive", "unpack it: bzip2 -dc FILE > text.txt"),
    (b"\xFD7zXZ\0", "an xz archive", "unpack it: xz -dc FILE > text.txt"),
    (b"\x28\xB5\x2F\xFD", "a zstd archive", "unpack it: zstd -dc FILE > text.txt"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive", "unpack it: 7z x FILE"),
    (b"Rar!\x1A\x07", "a RAR archive", "unpack it: unrar x FILE"),
    (b"\x04\x22\x4D\x18", "an lz4 archive", "unpack it: lz4 -dc FILE > text.txt"),
    (b"LZIP", "an lzip archive", "unpack it: lzip -dc FILE > text.txt"),
    (b"\x1F\x9D", "a file of compress", "unpack it: uncompress -c FILE > text.txt"),
    (b"%PDF-", "a PDF document", "take the text out of it: pdftotext FILE text.txt"),
    (b"{\\rtf", "an RTF document", EXPORT),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Office document (DOC, XLS)", EXPORT),
    (b"PAR1", "a Parquet table", EXPORT),
    (b"ARROW1", "an Arrow table", EXPORT),
    (b"SQLite format 3\0", "an SQLite database", EXPORT),
    (b"\x89HDF\r\n\x1A\n", "an HDF5 file", EXPORT),
    (b"\x93NUMPY", "a NumPy array", EXPORT),
    (b"\x89PNG\r\n", "a PNG image", "give a text file"),
    (b"\xFF\xD8\xFF", "a JPEG image", "give a text file"),
    (b"GIF8", "a GIF image", "give a text file"),
    (b"\x7FELF", "an ELF program", "give a text file"),
    (
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer, not the file itself",
        "fetch the file: git lfs pull",
    ),
];

/// Text formats by their first characters after white space, in lower case.
const MARKUP: &[(&str, &str)] = &[
    ("<tmx", "a TMX file"),
    ("<!doctype tmx", "a TMX file"),
    ("<xliff", "an XLIFF file"),
    ("<!doctype html", "an HTML page"),
    ("<html", "an HTML page"),
    ("<srcset", "an SGML test set"),
    ("<refset", "an SGML test set"),
    ("<tstset", "an SGML test set"),
    ("<mteval", "an SGML test set"),
    ("<dataset", "an XML file"),
    ("<corpus", "an XML file"),
    ("<doc ", "an SGML file"),
    ("<doc>", "an SGML file"),
    ("<url>", "a file of tagged text"),
    ("<seg ", "an SGML file"),
    ("<!doctype", "an SGML or XML file"),
    ("<?xml", "an XML file"),
];

/// Returns the format of a file that begins with `head`, or `None` if it may be text.
pub(super) fn file_kind(head: &[u8]) -> Option<FileKind> {
    let binary = |what, advice| Some(FileKind::Binary(what, advice));
    if let Some((_, what, advice)) = SIGNATURES.iter().find(|(magic, ..)| head.starts_with(magic)) {
        // A text may begin with `BZh` too; in bzip2 data the level and a block signature follow.
        let is_text = head.starts_with(b"BZh")
            && head.get(4..8) != Some(b"1AY&")
            && head.get(4..8) != Some(b"\x17rE8");
        if !is_text {
            return binary(what, advice);
        }
    }
    if [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x07\x08"].iter().any(|m| head.starts_with(m)) {
        let has = |name: &[u8]| head.windows(name.len()).any(|bytes| bytes == name);
        return if has(b"[Content_Types].xml") || has(b"word/") || has(b"opendocument") {
            binary("an Office document (DOCX, XLSX, ODT)", EXPORT)
        } else {
            binary("a zip archive", "unpack it: unzip -p FILE > text.txt")
        };
    }
    if head.get(257..262) == Some(b"ustar") {
        return binary("a tar archive", "unpack it: tar -xf FILE");
    }
    markup(head)
}

/// Returns the markup format of a file that begins with `head`.
fn markup(head: &[u8]) -> Option<FileKind> {
    let text = String::from_utf8_lossy(&head[..head.len().min(1024)]).to_lowercase();
    let text = text.trim_start_matches(|c: char| c == '\u{FEFF}' || c.is_whitespace());
    if let Some((_, what)) = MARKUP.iter().find(|(start, _)| text.starts_with(start)) {
        let inner =
            [("<tmx", "a TMX file"), ("<xliff", "an XLIFF file"), ("<html", "an HTML page")];
        let what = match inner.iter().find(|(tag, _)| text.contains(tag)) {
            Some((_, inner)) if text.starts_with("<?xml") => inner,
            _ => what,
        };
        return Some(FileKind::Markup(
            what,
            "take the sentences out of it: for sentence pairs one \
            pair on each line, source and target separated by a tab",
        ));
    }
    let mut signs = text.chars().filter(|c| !c.is_whitespace());
    let json = match (signs.next(), signs.next()) {
        (Some('{'), Some('"' | '}')) => true,
        (Some('['), Some('{' | '"')) => text.contains("\":") || text.contains("\","),
        _ => false,
    };
    let advice = "take the sentences out of it, for example: jq -r '[.source, .target] | @tsv' \
                  FILE > pairs.tsv, with the names of its own fields";
    json.then_some(FileKind::Markup("a JSON file", advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(head: &[u8]) -> &'static str {
        match file_kind(head) {
            Some(FileKind::Binary(what, _) | FileKind::Markup(what, _)) => what,
            None => "text",
        }
    }

    #[test]
    fn each_kind_is_known_by_its_first_bytes() {
        let mut tar = vec![0_u8; 512];
        tar[..5].copy_from_slice(b"a.txt");
        tar[257..263].copy_from_slice(b"ustar\0");
        let cases: [(&[u8], &str); 27] = [
            (b"BZh91AY&SY\x01", "a bzip2 archive"),
            (b"\xFD7zXZ\0\0\x04", "an xz archive"),
            (b"\x28\xB5\x2F\xFD\x04", "a zstd archive"),
            (b"7z\xBC\xAF\x27\x1C\0", "a 7z archive"),
            (b"PK\x03\x04\x14\0\0\0\0\0\0\0a.txt", "a zip archive"),
            (b"PK\x03\x04\x14\0[Content_Types].xml", "an Office document (DOCX, XLSX, ODT)"),
            (b"%PDF-1.7\n", "a PDF document"),
            (b"PAR1\x15\x04", "a Parquet table"),
            (b"SQLite format 3\0\x10", "an SQLite database"),
            (&tar, "a tar archive"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n",
                "a Git LFS pointer, not the file itself",
            ),
            (
                b"<?xml version=\"1.0\"?>\n<!DOCTYPE tmx SYSTEM \"t\">\n<tmx version=\"1.4\">",
                "a TMX file",
            ),
            (b"<tmx version=\"1.4\">", "a TMX file"),
            (b"\xEF\xBB\xBF<?xml version=\"1.0\"?><a/>", "an XML file"),
            (b"<refset setid=\"newstest2013\" srclang=\"any\">", "an SGML test set"),
            (b"\n<!DOCTYPE html>\n<html lang=en>", "an HTML page"),
            (b"<url>http://www.ted.com/</url>\n<keywords>", "a file of tagged text"),
            (b"{\"translation\": {\"en\": \"a\"}}\n", "a JSON file"),
            (b"[\n {\"en\": \"a\", \"fr\": \"b\"}\n]", "a JSON file"),
            (b"", "text"),
            (b"BZh is no word\n", "text"),
            (b"<3 you\tje t'aime\n", "text"),
            (b"<s> a </s>\t<s> b </s>\n", "text"),
            (b"[Music]\t[Musique]\n", "text"),
            (b"{laughs}\t{rires}\n", "text"),
            (b"PK is a code\n", "text"),
            ("[\"Ah\"] said he\t[\"Ah\"] dit-il\n".as_bytes(), "text"),
        ];
        for (head, expected) in cases {
            assert_eq!(what(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
    }
}
