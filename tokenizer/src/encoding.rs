//! Decodes UTF-8, UTF-16 and UTF-32, detected by the byte order mark or the positions of zeros.

use std::fmt;

/// The number of bytes at the start of a file from which its format is detected.
pub(crate) const HEAD: usize = 4096;

/// A character encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, little-endian.
    Utf16Le,
    /// UTF-16, big-endian.
    Utf16Be,
    /// UTF-32, little-endian.
    Utf32Le,
    /// UTF-32, big-endian.
    Utf32Be,
}

impl Encoding {
    /// Returns the name of the encoding in `iconv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Utf32Le => "UTF-32LE",
            Self::Utf32Be => "UTF-32BE",
        }
    }

    /// Returns the number of bytes per code unit.
    const fn unit(self) -> usize {
        match self {
            Self::Utf8 => 1,
            Self::Utf16Le | Self::Utf16Be => 2,
            Self::Utf32Le | Self::Utf32Be => 4,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Byte order marks. UTF-32 comes before UTF-16, because its little-endian mark begins with that of
/// UTF-16.
const MARKS: [(&[u8], Encoding); 5] = [
    (&[0xEF, 0xBB, 0xBF], Encoding::Utf8),
    (&[0xFF, 0xFE, 0, 0], Encoding::Utf32Le),
    (&[0, 0, 0xFE, 0xFF], Encoding::Utf32Be),
    (&[0xFF, 0xFE], Encoding::Utf16Le),
    (&[0xFE, 0xFF], Encoding::Utf16Be),
];

/// Returns the encoding of a text that begins with `head`, and the length of its byte order mark.
///
/// Without a mark, the encoding is UTF-8 unless there are zero bytes at positions typical of UTF-16
/// or UTF-32.
pub(crate) fn encoding(head: &[u8]) -> (Encoding, usize) {
    if let Some((mark, encoding)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return (*encoding, mark.len());
    }
    if !head.contains(&0) || has_stray_zeros(head) {
        return (Encoding::Utf8, 0);
    }
    let wide = [Encoding::Utf32Le, Encoding::Utf32Be, Encoding::Utf16Le, Encoding::Utf16Be];
    // In the wrong byte order, ASCII characters decode to rare ones.
    let (mut best, mut most) = (Encoding::Utf8, 0);
    for encoding in wide {
        let ascii = ascii_characters(head, encoding).unwrap_or(0);
        if ascii > most {
            (best, most) = (encoding, ascii);
        }
    }
    (best, 0)
}

/// Returns `true` if `head` is UTF-8 without control characters after its few zeros are removed.
fn has_stray_zeros(head: &[u8]) -> bool {
    let kept: Vec<u8> = head.iter().copied().filter(|&byte| byte != 0).collect();
    if (head.len() - kept.len()) * 5 > head.len() {
        return false;
    }
    let text = match std::str::from_utf8(&kept) {
        Ok(text) => text,
        // The head may end in the middle of a character.
        Err(wrong) if wrong.error_len().is_none() => {
            std::str::from_utf8(&kept[..wrong.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// Counts the ASCII characters of `head` in this encoding. Returns `None` if it is not valid text
/// in the encoding.
fn ascii_characters(head: &[u8], encoding: Encoding) -> Option<usize> {
    // The head of a long file may end in the middle of a character; a complete file does not.
    if head.len() < HEAD && !head.len().is_multiple_of(encoding.unit()) {
        return None;
    }
    let whole = &head[..head.len() - head.len() % encoding.unit()];
    let mut ascii = 0;
    for c in scalars(whole, encoding) {
        match c {
            Ok('\t' | '\n' | '\r' | ' '..='~') => ascii += 1,
            // Control characters indicate that the bytes are not text in this encoding.
            Ok(c) if c.is_control() => return None,
            Ok(_) => {}
            // The last unit may be the first half of a pair.
            Err(at) if encoding.unit() == 2 && at + 2 >= whole.len() => {}
            Err(_) => return None,
        }
    }
    Some(ascii)
}

/// Decodes UTF-16 or UTF-32 to characters. The error is the byte offset of an invalid character.
fn scalars(bytes: &[u8], encoding: Encoding) -> Box<dyn Iterator<Item = Result<char, usize>> + '_> {
    match encoding {
        Encoding::Utf8 => Box::new(std::iter::empty()),
        Encoding::Utf16Le | Encoding::Utf16Be => {
            let units = bytes.chunks_exact(2).map(move |b| match encoding {
                Encoding::Utf16Le => u16::from_le_bytes([b[0], b[1]]),
                _ => u16::from_be_bytes([b[0], b[1]]),
            });
            let mut at = 0;
            Box::new(char::decode_utf16(units).map(move |c| {
                let here = at;
                at += 2 * c.as_ref().map_or(1, |c| c.len_utf16());
                c.map_err(|_| here)
            }))
        }
        Encoding::Utf32Le | Encoding::Utf32Be => {
            Box::new(bytes.chunks_exact(4).enumerate().map(move |(i, b)| {
                let unit = match encoding {
                    Encoding::Utf32Le => u32::from_le_bytes([b[0], b[1], b[2], b[3]]),
                    _ => u32::from_be_bytes([b[0], b[1], b[2], b[3]]),
                };
                char::from_u32(unit).ok_or(4 * i)
            }))
        }
    }
}

/// Converts UTF-16 or UTF-32 to UTF-8. The error is the text before the first invalid character.
pub(crate) fn decode(bytes: &[u8], encoding: Encoding) -> Result<String, String> {
    let mut text = String::with_capacity(bytes.len() / 2);
    for c in scalars(bytes, encoding) {
        match c {
            Ok(c) => text.push(c),
            Err(_) => return Err(text),
        }
    }
    if bytes.len().is_multiple_of(encoding.unit()) { Ok(text) } else { Err(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
        let utf16 = text.encode_utf16();
        match encoding {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16Le => utf16.flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => utf16.flat_map(u16::to_be_bytes).collect(),
            Encoding::Utf32Le => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
            Encoding::Utf32Be => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        }
    }

    const ALL: [Encoding; 4] =
        [Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Utf32Le, Encoding::Utf32Be];

    #[test]
    fn wide_text_is_known_with_and_without_its_mark() {
        for text in [
            "the cat sleeps .\tle chat dort .\n",
            "кот спит .\tthe cat sleeps .\n",
            "猫が寝る\t猫は眠る\n",
            "고양이\t잔다\n",
            "😀 a\r\n",
            "a",
        ] {
            for wide in ALL {
                let bytes = encode(text, wide);
                assert_eq!(encoding(&bytes), (wide, 0), "{wide} of {text:?}");
                assert_eq!(decode(&bytes, wide).as_deref(), Ok(text));
                let marked = encode(&format!("\u{FEFF}{text}"), wide);
                let mark = if wide.unit() == 2 { 2 } else { 4 };
                assert_eq!(encoding(&marked), (wide, mark), "{wide} of {text:?}");
                // A head may end at any byte.
                for end in 1..bytes.len().min(9) {
                    let _ = encoding(&bytes[..end]);
                }
            }
        }
    }

    #[test]
    fn zeros_elsewhere_are_no_wide_text() {
        for bytes in
            [&b"a\0\0\0\x01\x02\x03\0a\0"[..], b"plain text with one \0 in it\n", b"\0\0\0\0"]
        {
            assert_eq!(encoding(bytes).0, Encoding::Utf8, "{bytes:?}");
        }
    }

    #[test]
    fn broken_wide_text_is_refused_where_it_breaks() {
        assert_eq!(decode(b"a\0b", Encoding::Utf16Le), Err("a".to_owned()));
        assert_eq!(decode(b"a\0\n\0\0\xD8b\0", Encoding::Utf16Le), Err("a\n".to_owned()));
        assert_eq!(decode(b"a\0\0\0\0\0\x11\0", Encoding::Utf32Le), Err("a".to_owned()));
    }
}
