//! Bytes to text: UTF-8, UTF-16 and UTF-32, by the byte order mark or by where the zeros are.

use std::fmt;

/// How many bytes at the start of a file decide what it is.
pub(crate) const HEAD: usize = 4096;

/// How characters are written as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
    /// UTF-32, the low byte first.
    Utf32Le,
    /// UTF-32, the high byte first.
    Utf32Be,
}

impl Encoding {
    /// The name that `iconv` knows.
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

    /// Bytes of one code unit.
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

/// Byte order marks; that of UTF-32 begins with that of UTF-16.
const MARKS: [(&[u8], Encoding); 5] = [
    (&[0xEF, 0xBB, 0xBF], Encoding::Utf8),
    (&[0xFF, 0xFE, 0, 0], Encoding::Utf32Le),
    (&[0, 0, 0xFE, 0xFF], Encoding::Utf32Be),
    (&[0xFF, 0xFE], Encoding::Utf16Le),
    (&[0xFE, 0xFF], Encoding::Utf16Be),
];

/// The encoding of a text that begins with `head`, and how many bytes its mark has.
///
/// Without a mark it is UTF-8, unless there are zero bytes where UTF-16 or UTF-32 has them.
pub(crate) fn encoding(head: &[u8]) -> (Encoding, usize) {
    if let Some((mark, encoding)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return (*encoding, mark.len());
    }
    if !head.contains(&0) || has_stray_zeros(head) {
        return (Encoding::Utf8, 0);
    }
    let wide = [Encoding::Utf32Le, Encoding::Utf32Be, Encoding::Utf16Le, Encoding::Utf16Be];
    // The wrong byte order makes rare characters of the commonest ones.
    let (mut best, mut most) = (Encoding::Utf8, 0);
    for encoding in wide {
        let ascii = ascii_characters(head, encoding).unwrap_or(0);
        if ascii > most {
            (best, most) = (encoding, ascii);
        }
    }
    (best, 0)
}

/// Whether `head` is UTF-8 without control characters once its few zeros are taken out.
fn has_stray_zeros(head: &[u8]) -> bool {
    let kept: Vec<u8> = head.iter().copied().filter(|&byte| byte != 0).collect();
    if (head.len() - kept.len()) * 5 > head.len() {
        return false;
    }
    let text = match std::str::from_utf8(&kept) {
        Ok(text) => text,
        // The head may end within a character.
        Err(wrong) if wrong.error_len().is_none() => {
            std::str::from_utf8(&kept[..wrong.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// How many ASCII characters `head` holds in this encoding; `None` where it cannot be such text.
fn ascii_characters(head: &[u8], encoding: Encoding) -> Option<usize> {
    // The head of a long file may end within a character, a whole file does not.
    if head.len() < HEAD && !head.len().is_multiple_of(encoding.unit()) {
        return None;
    }
    let whole = &head[..head.len() - head.len() % encoding.unit()];
    let mut ascii = 0;
    for c in scalars(whole, encoding) {
        match c {
            Ok('\t' | '\n' | '\r' | ' '..='~') => ascii += 1,
            // Control characters are what bytes of another kind look like.
            Ok(c) if c.is_control() => return None,
            Ok(_) => {}
            // The last unit may be the first half of a pair.
            Err(at) if encoding.unit() == 2 && at + 2 >= whole.len() => {}
            Err(_) => return None,
        }
    }
    Some(ascii)
}

/// The characters of bytes in UTF-16 or UTF-32; an error is the byte where one is broken.
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

/// Text in UTF-16 or UTF-32 as UTF-8; an error is the text before the first broken character.
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
                // A head may end anywhere.
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
