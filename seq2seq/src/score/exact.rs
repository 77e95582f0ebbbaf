//! Translations that equal their references.

/// The share of pairs whose two texts are equal, 0 to 1; 0 where there is no pair.
///
/// ```
/// assert_eq!(seq2seq::score::exact_match([("a b", "a b"), ("a", "b")]), 0.5);
/// ```
pub fn exact_match<H: AsRef<str>, R: AsRef<str>>(pairs: impl IntoIterator<Item = (H, R)>) -> f64 {
    let (mut equal, mut all) = (0_u64, 0_u64);
    for (hypothesis, reference) in pairs {
        equal += u64::from(hypothesis.as_ref() == reference.as_ref());
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
    }
}
