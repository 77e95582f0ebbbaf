//! Splits text into words and punctuation, with marks where tokens had no space between them.
//!
//! The text is split into words, single signs (punctuation, symbols, white space other than the
//! space, control characters) and the spaces that a single separator cannot represent. Two tokens
//! are separated by one space unless one of them carries the [`JOINER`] on the side of the other.
//! Signs and spaces carry the mark, so that a word has the same token in every context.

use std::fmt::Write;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::CharClass;

/// The mark at the start or end of a token that had no space on that side (U+FFED).
pub const JOINER: char = '￭';

/// The first character of an escape sequence in a token (U+FF05).
///
/// This character and four hexadecimal digits represent one character that must not occur in a
/// token: white space, a control character, [`JOINER`] or `ESCAPE`.
pub const ESCAPE: char = '％';

/// The kind of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PieceKind {
    /// Letters, digits and the combining characters attached to them.
    Word,
    /// One sign and the combining characters attached to it.
    Sign,
    /// One space that is kept as a token.
    Space,
}

/// One token before marks are added.
#[derive(Debug)]
struct Piece {
    start: usize,
    end: usize,
    kind: PieceKind,
    /// Whether a separating space precedes the piece.
    spaced: bool,
}

/// Splits `text` into tokens; [`join`] restores the text.
pub(crate) fn split(text: &str) -> Vec<String> {
    let pieces = pieces(text);
    let word_follows = |next: Option<&Piece>| {
        next.is_some_and(|next| !next.spaced && next.kind == PieceKind::Word)
    };
    let mut tokens = Vec::with_capacity(pieces.len());
    for (i, piece) in pieces.iter().enumerate() {
        let mut token = String::with_capacity(piece.end - piece.start + 3);
        let word = piece.kind == PieceKind::Word;
        if !word && i > 0 && !piece.spaced {
            token.push(JOINER);
        }
        escape_into(&mut token, &text[piece.start..piece.end]);
        if !word && word_follows(pieces.get(i + 1)) {
            token.push(JOINER);
        }
        tokens.push(token);
    }
    tokens
}

/// Joins `tokens` to a text. Accepts any sequence, including those that [`split`] never returns.
pub(crate) fn join<'a>(tokens: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut joined = true;
    for token in tokens {
        let (joins_before, bare, joins_after) = unmark(token);
        if !joined && !joins_before {
            text.push(' ');
        }
        unescape_into(&mut text, bare);
        joined = joins_after;
    }
    text
}

/// Returns the text of one token, without its joiners and escapes.
pub(crate) fn bare(token: &str) -> String {
    let mut text = String::with_capacity(token.len());
    unescape_into(&mut text, unmark(token).1);
    text
}

/// Splits text into pieces. Concatenating the pieces, with a space before each `spaced` one,
/// restores the text.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    // Whether the previous character was a separating space.
    let mut spaced = false;
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        let (kind, clings) = classify(c);
        match pieces.last_mut() {
            // A space is a separator only between two pieces; otherwise it is kept as a token.
            Some(_) if kind == PieceKind::Space && !spaced && end < text.len() => {
                spaced = true;
                continue;
            }
            Some(last)
                if !spaced
                    && ((clings && last.kind != PieceKind::Space)
                        || (kind == PieceKind::Word && last.kind == PieceKind::Word)) =>
            {
                last.end = end;
            }
            _ => pieces.push(Piece { start, end, kind, spaced }),
        }
        spaced = false;
    }
    pieces
}

/// Returns the kind of a character, and whether it attaches to a word or sign directly before it.
fn classify(c: char) -> (PieceKind, bool) {
    if c == ' ' {
        return (PieceKind::Space, false);
    }
    if c.is_ascii_alphanumeric() {
        return (PieceKind::Word, false);
    }
    if must_escape(c) || CharClass::Punctuation.contains(c) {
        return (PieceKind::Sign, false);
    }
    // Accents, emoji variation selectors and zero-width joiners belong to the previous character.
    let clings = matches!(
        c.general_category(),
        GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::EnclosingMark
            | GeneralCategory::Format
    );
    (PieceKind::Word, clings)
}

/// Returns `true` if `c` must be escaped in a token. All such characters are below U+10000.
fn must_escape(c: char) -> bool {
    c == JOINER || c == ESCAPE || c.is_whitespace() || c.is_control()
}

/// Appends `text` to a token and escapes characters where required.
fn escape_into(token: &mut String, text: &str) {
    for c in text.chars() {
        if must_escape(c) {
            // Writing to a string cannot fail.
            let _ = write!(token, "{ESCAPE}{:04X}", u32::from(c));
        } else {
            token.push(c);
        }
    }
}

/// Appends `bare`, unescaped, to a text. An [`ESCAPE`] without four digits is kept unchanged.
fn unescape_into(text: &mut String, mut bare: &str) {
    while let Some(at) = bare.find(ESCAPE) {
        let (before, rest) = bare.split_at(at);
        text.push_str(before);
        let rest = &rest[ESCAPE.len_utf8()..];
        if let Some((c, after)) = escaped(rest) {
            text.push(c);
            bare = after;
        } else {
            text.push(ESCAPE);
            bare = rest;
        }
    }
    text.push_str(bare);
}

/// Parses the four digits at the start of `rest`. Returns their character and the remaining text.
fn escaped(rest: &str) -> Option<(char, &str)> {
    let (digits, after) = rest.split_at_checked(4)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    Some((c, after))
}

/// Returns whether a token joins the previous one, its text (still escaped), and whether it joins
/// the next one.
fn unmark(token: &str) -> (bool, &str, bool) {
    let (before, token) = match token.strip_prefix(JOINER) {
        Some(rest) => (true, rest),
        None => (false, token),
    };
    match token.strip_suffix(JOINER) {
        Some(rest) => (before, rest, true),
        None => (before, token, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let tokens = split(text);
        assert_eq!(tokens, expected, "{text:?}");
        assert_eq!(join(tokens.iter().map(String::as_str)), text);
    }

    #[test]
    fn punctuation_carries_the_joiner() {
        check("Hello, world!", &["Hello", "￭,", "world", "￭!"]);
        check("\"Oui?\"", &["\"￭", "Oui", "￭?", "￭\""]);
        check("it's 3.14", &["it", "￭'￭", "s", "3", "￭.￭", "14"]);
        check("quoi ?", &["quoi", "?"]);
        check("a -b- c", &["a", "-￭", "b", "￭-", "c"]);
        check("…", &["…"]);
        check("", &[]);
    }

    #[test]
    fn every_space_is_kept() {
        check(" ", &["％0020"]);
        check("  ", &["％0020", "￭％0020"]);
        check(" a", &["％0020￭", "a"]);
        check("a ", &["a", "￭％0020"]);
        check("a  b", &["a", "％0020￭", "b"]);
        check("a   b", &["a", "％0020", "b"]);
        check("a   ", &["a", "％0020", "￭％0020"]);
        check("a\tb\u{a0}\r", &["a", "￭％0009￭", "b", "￭％00A0", "￭％000D"]);
    }

    #[test]
    fn reserved_signs_are_escaped() {
        check("￭", &["％FFED"]);
        check("￭a￭ ￭", &["％FFED￭", "a", "￭％FFED", "％FFED"]);
        check("％0020", &["％FF05￭", "0020"]);
        check("<s>", &["<￭", "s", "￭>"]);
    }

    #[test]
    fn marks_cling_to_what_they_follow() {
        check("e\u{301}te\u{301}!", &["e\u{301}te\u{301}", "￭!"]);
        check("❤\u{FE0F}ok", &["❤\u{FE0F}￭", "ok"]);
        check("\u{301}a \u{301}", &["\u{301}a", "\u{301}"]);
        check(" \u{301}", &["％0020￭", "\u{301}"]);
        check("co\u{ad}op", &["co\u{ad}op"]);
        check("漢字。", &["漢字", "￭。"]);
    }

    #[test]
    fn tokens_in_any_order_join() {
        assert_eq!(
            join(["￭!", "a", "％", "％00", "％D800", "￭", "￭￭", "b", ""]),
            "! a ％ ％00 ％D800b "
        );
        assert_eq!(bare("￭％0041é￭"), "Aé");
        assert_eq!(bare("％12é4"), "％12é4");
    }

    #[test]
    fn no_token_holds_white_space() {
        let odd: String = (0..0x3001).filter_map(char::from_u32).collect();
        for token in split(&odd) {
            assert!(!token.chars().any(|c| c.is_whitespace() || c.is_control()), "{token:?}");
        }
        check(&odd, &split(&odd).iter().map(String::as_str).collect::<Vec<_>>());
        assert!((0x1_0000..=0x10_FFFF).filter_map(char::from_u32).all(|c| !must_escape(c)));
    }
}
