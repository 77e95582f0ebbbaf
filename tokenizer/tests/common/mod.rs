//! What several tests of this crate expect.

use unicode_normalization::UnicodeNormalization;

/// A text in NFC, without what is not seen and separates nothing, its spaces all of one kind.
pub(crate) fn composed(text: &str) -> String {
    let seen = |c: &char| {
        !matches!(*c, '\u{AD}' | '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}')
            && !matches!(*c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    let plain = |c| match c {
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => {
            ' '
        }
        c => c,
    };
    text.chars().filter(seen).map(plain).nfc().collect()
}
