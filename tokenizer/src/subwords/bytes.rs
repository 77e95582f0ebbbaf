//! The bytes that a piece stands for.

/// How the pieces of a model spell bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Each character stands for one byte, as in GPT-2.
    ByteLevel,
    /// Characters stand for themselves, `▁` for a space, and `<0x0A>` for a byte.
    Metaspace,
    /// Characters stand for themselves.
    Plain,
}

/// The character that stands for a space in SentencePiece's notation.
const METASPACE: char = '▁';

impl Spelling {
    /// Returns the bytes of a piece.
    pub(super) fn bytes(self, piece: &str) -> Vec<u8> {
        match self {
            Self::ByteLevel => {
                let bytes: Option<Vec<u8>> = piece.chars().map(byte_of).collect();
                bytes.unwrap_or_else(|| piece.as_bytes().to_vec())
            }
            Self::Metaspace => match named_byte(piece) {
                Some(byte) => vec![byte],
                None => piece.replace(METASPACE, " ").into_bytes(),
            },
            Self::Plain => piece.as_bytes().to_vec(),
        }
    }
}

/// Formats bytes: characters as they are, and bytes that form no character as `<0xC3>`.
pub(super) fn display(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("<0x{byte:02X}>"));
        }
    }
    text
}

/// Returns the byte of a piece such as `<0x0A>`.
fn named_byte(piece: &str) -> Option<u8> {
    let digits = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok())?
}

/// Returns `true` if GPT-2 writes a byte as the character with its number.
fn is_itself(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

/// Returns the byte that a character stands for in GPT-2's notation: the bytes that are not visible
/// characters are numbered from U+0100 on.
fn byte_of(c: char) -> Option<u8> {
    match u8::try_from(u32::from(c)) {
        Ok(byte) => is_itself(byte).then_some(byte),
        Err(_) => {
            let place = usize::try_from(u32::from(c) - 0x100).ok()?;
            (0..=u8::MAX).filter(|&byte| !is_itself(byte)).nth(place)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_character() {
        let alphabet = tokenizers::pre_tokenizers::byte_level::ByteLevel::alphabet();
        let mut bytes: Vec<u8> = alphabet.iter().map(|&c| byte_of(c).unwrap()).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=u8::MAX).collect::<Vec<_>>());
        assert_eq!(byte_of('Ġ'), Some(b' '));
        assert_eq!(byte_of('Ċ'), Some(b'\n'));
        assert_eq!(byte_of(' '), None);
        assert_eq!(byte_of('漢'), None);
    }

    #[test]
    fn pieces_are_spelled_in_three_ways() {
        assert_eq!(Spelling::ByteLevel.bytes("ĠÃ©"), " é".as_bytes());
        assert_eq!(Spelling::ByteLevel.bytes("漢"), "漢".as_bytes());
        assert_eq!(Spelling::Metaspace.bytes("▁été"), " été".as_bytes());
        assert_eq!(Spelling::Metaspace.bytes("<0xE2>"), [0xE2]);
        assert_eq!(Spelling::Metaspace.bytes("<0xE>"), b"<0xE>");
        assert_eq!(Spelling::Plain.bytes("▁"), "▁".as_bytes());
        assert_eq!(display(b" \xC3\xA9\xC3x"), " é<0xC3>x");
    }
}
