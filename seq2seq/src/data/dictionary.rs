//! Pronouncing dictionaries in the format of CMUdict.

use std::path::Path;

use crate::{Error, Result};

/// Returns the entries of a dictionary: each word with its sounds, joined by spaces.
///
/// A line consists of a word, white space, and sounds; `word(2)` is a further pronunciation of
/// `word`. Comments, which begin a line with `;;;` or `# ` or end it after ` #`, and blank lines
/// are ignored.
///
/// # Errors
/// A line without sounds, with its number.
pub(super) fn entries<'a>(
    path: &Path,
    lines: impl Iterator<Item = &'a str>,
) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for (at, line) in lines.enumerate() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with(";;;") || line.starts_with("# ") {
            continue;
        }
        let mut parts = line.split_whitespace();
        let word = parts.next().unwrap_or_default();
        let sounds: Vec<&str> = parts.collect();
        if sounds.is_empty() {
            let what = format!(
                "{}, line {}: {word:?} has no sounds; a dictionary has a word, a space, and its \
                 sounds with spaces between them",
                path.display(),
                at + 1
            );
            return Err(Error::NothingTrained { what });
        }
        all.push((without_number(word).to_owned(), sounds.join(" ")));
    }
    Ok(all)
}

/// Returns `word` for `word(2)`.
fn without_number(word: &str) -> &str {
    let number = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    match word.strip_suffix(')').and_then(|w| w.rsplit_once('(')) {
        Some((bare, rest)) if !bare.is_empty() && number(rest) => bare,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>> {
        entries(Path::new("d.txt"), text.lines())
    }

    #[test]
    fn words_variants_and_comments_are_read() {
        let text =
            ";;; a comment\nABOUT  AH0 B AW1 T\nread R EH1 D # past\nread(2) R IY1 D\n\n(x) E K S";
        let pair = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
        let expected =
            [("ABOUT", "AH0 B AW1 T"), ("read", "R EH1 D"), ("read", "R IY1 D"), ("(x)", "E K S")];
        assert_eq!(read(text).unwrap(), expected.map(pair));
        let error = read("a EY1\nword\n").unwrap_err().to_string();
        assert!(error.contains("d.txt, line 2: \"word\" has no sounds"), "{error}");
    }
}
