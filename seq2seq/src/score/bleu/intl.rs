//! The international mteval tokenisation, version 14.

use unicode_properties::{GeneralCategoryGroup as Group, UnicodeGeneralCategory};

use super::rewrite::{apart, split_pairs};
use crate::score::whitespace::is_space;

/// Splits a text into words as sacreBLEU's tokenisation `intl` does, which follows the script
/// `mteval-v14.pl`.
///
/// The rules are applied in this order; the classes are Unicode's general categories:
///
/// 1. white space at the end is removed;
/// 2. punctuation (P) after a character that is not a number (N) is a word of its own;
/// 3. punctuation before a character that is not a number is a word of its own;
/// 4. every symbol (S) is a word of its own.
///
/// So punctuation between two numbers stays, and a full stop after a number at the end of the text
/// stays with the number. Words end at white space as defined by Python's `str.split()`.
///
/// ```
/// let words = seq2seq::score::intl_words("«3.5» costs 4€ (in 1990.");
/// assert_eq!(words, ["«3.5", "»", "costs", "4", "€", "(", "in", "1990."]);
/// ```
pub fn intl_words(text: &str) -> Vec<String> {
    let text: Vec<char> = text.trim_end_matches(is_space).chars().collect();
    let is_number = |c: char| is(c, Group::Number);
    let is_mark = |c: char| is(c, Group::Punctuation);
    let text = split_pairs(&text, |a, b| !is_number(a) && is_mark(b), [false, true, true]);
    let text = split_pairs(&text, |a, b| is_mark(a) && !is_number(b), [true, true, false]);
    let text = apart(&text, |c| is(c, Group::Symbol));
    let words = text.split(|&c| is_space(c)).filter(|word| !word.is_empty());
    words.map(|word| word.iter().collect()).collect()
}

fn is(c: char, group: Group) -> bool {
    c.general_category_group() == group
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words are those of sacreBLEU 2.6.0.
    #[test]
    fn words_are_those_of_mteval_14() {
        for (text, words) in [
            ("", ""),
            (" \t ", ""),
            ("a.b", "a|.|b"),
            (".5 and 5.", ".5|and|5."),
            ("5. ", "5."),
            ("1,000.50", "1,000.50"),
            ("10-12 x-2", "10-12|x|-|2"),
            ("Don't", "Don|'|t"),
            ("a+b=2€", "a|+|b|=|2|€"),
            ("«Où?»—“so”。", "«|Où|?|»|—|“|so|”|。"),
            ("3...4", "3|.|.|.4"),
            ("½.x", "½|.|x"),
            ("&lt;", "&|lt|;"),
            ("👍🏽 e\u{301}.", "👍|🏽|e\u{301}|."),
        ] {
            assert_eq!(intl_words(text).join("|"), words, "{text:?}");
        }
    }
}
