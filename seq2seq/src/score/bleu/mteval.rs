//! The mteval tokenisation 13a, which published BLEU scores use.

use std::borrow::Cow;

use super::rewrite::{apart, split_pairs};
use crate::score::whitespace::is_space;

/// Splits a text into words as sacreBLEU's tokenisation `13a` does, which follows the script
/// `mteval-v13a.pl`.
///
/// The rules are applied in this order:
///
/// 1. white space at the end, `<skipped>`, and a hyphen at the end of a line are removed; a line
///    break becomes a space;
/// 2. `&quot;`, `&amp;`, `&lt;` and `&gt;` become the characters that they represent, each in one
///    pass over the text;
/// 3. ASCII punctuation except `'`, `,`, `-` and `.` is a word of its own;
/// 4. a full stop or a comma is a word of its own unless it is between two of the digits 0 to 9;
/// 5. a hyphen is a word of its own after such a digit.
///
/// All other characters, including punctuation of other scripts, stay in their words. Words end at
/// white space as defined by Python's `str.split()`.
///
/// ```
/// let words = seq2seq::score::mteval_words("It's 3.5-fold, &quot;so&quot; he says.");
/// assert_eq!(words, ["It's", "3.5", "-", "fold", ",", "\"", "so", "\"", "he", "says", "."]);
/// ```
pub fn mteval_words(text: &str) -> Vec<String> {
    let text = unescaped(text.trim_end_matches(is_space));
    // Each rule is a pass over the result of the previous one; the spaces at both ends let rules
    // about neighbouring characters apply there too.
    let text: Vec<char> = [' '].into_iter().chain(text.chars()).chain([' ']).collect();
    let text = apart(&text, is_word_of_its_own);
    let text = split_pairs(&text, |a, b| !a.is_ascii_digit() && is_point(b), [false, true, true]);
    let text = split_pairs(&text, |a, b| is_point(a) && !b.is_ascii_digit(), [true, true, false]);
    let text = split_pairs(&text, |a, b| a.is_ascii_digit() && b == '-', [false, true, true]);
    let words = text.split(|&c| is_space(c)).filter(|word| !word.is_empty());
    words.map(|word| word.iter().collect()).collect()
}

/// Returns true for ASCII punctuation that is a word wherever it is.
fn is_word_of_its_own(c: char) -> bool {
    c.is_ascii_punctuation() && !matches!(c, '\'' | ',' | '-' | '.')
}

fn is_point(c: char) -> bool {
    matches!(c, '.' | ',')
}

/// Returns the text with SGML entities and markers replaced.
fn unescaped(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for (from, to) in [
        ("<skipped>", ""),
        ("-\n", ""),
        ("\n", " "),
        ("&quot;", "\""),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ] {
        if text.contains(from) {
            text = Cow::Owned(text.replace(from, to));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_mteval() {
        for (text, words) in [
            ("", ""),
            (" \t\u{3000} ", ""),
            ("a  b\tc", "a|b|c"),
            ("Don't stop-gap.", "Don't|stop-gap|."),
            ("1,000.50 and .5 or 5.", "1,000.50|and|.|5|or|5|."),
            ("a..b", "a|.|.|b"),
            ("...", ".|.|."),
            ("2-3 x-2 -2", "2|-|3|x-2|-2"),
            ("(a)[b]{c}~$%", "(|a|)|[|b|]|{|c|}|~|$|%"),
            ("« Où ? » – “so”。", "«|Où|?|»|–|“so”。"),
            ("٣.٤ 3.４", "٣|.|٤|3|.|４"),
            ("&amp;lt; &quot;", "<|\""),
            ("a<skipped>b end-\n of-\nline\nnext", "ab|end|ofline|next"),
            ("trailing-\n", "trailing-"),
        ] {
            assert_eq!(mteval_words(text).join("|"), words, "{text:?}");
        }
    }
}
