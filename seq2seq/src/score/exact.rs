//! Translations that equal their references.

use super::whitespace::words;

/// Returns the share of pairs whose two texts are equal, 0 to 1; 0 if there are no pairs.
///
/// ```
/// assert_eq!(seq2seq::score::exact_match([("a b", "a b"), ("a", "b")]), 0.5);
/// ```
pub fn exact_match<H: AsRef<str>, R: AsRef<str>>(pairs: impl IntoIterator<Item = (H, R)>) -> f64 {
    share(pairs, |hypothesis, reference| hypothesis == reference)
}

/// Like [`exact_match`], but ignores white space at the ends and treats a run of it as one space.
///
/// ```
/// assert_eq!(seq2seq::score::exact_match_of_words([(" a  b", "a b"), ("ab", "a b")]), 0.5);
/// ```
pub fn exact_match_of_words<H: AsRef<str>, R: AsRef<str>>(
    pairs: impl IntoIterator<Item = (H, R)>,
) -> f64 {
    share(pairs, is_equal_in_words)
}

/// Returns true if two texts consist of the same words, so that they differ in white space only.
pub(crate) fn is_equal_in_words(a: &str, b: &str) -> bool {
    words(a).eq(words(b))
}

fn share<H: AsRef<str>, R: AsRef<str>>(
    pairs: impl IntoIterator<Item = (H, R)>,
    is_equal: impl Fn(&str, &str) -> bool,
) -> f64 {
    let (mut equal, mut all) = (0_u64, 0_u64);
    for (hypothesis, reference) in pairs {
        equal += u64::from(is_equal(hypothesis.as_ref(), reference.as_ref()));
        all += 1;
    }
    equal as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_counted() {
        assert_eq!(exact_match::<&str, &str>([]), 0.0);
        assert_eq!(exact_match([("", ""), ("a", "a "), ("b", "b"), ("c", "d")]), 0.5);
        let pairs = [("", " "), ("a\u{3000}b ", "a b"), ("a b", "ab"), ("A", "a")];
        assert_eq!(exact_match_of_words(pairs), 0.5);
    }
}
