//! White space as Python's `str.split()` defines it, at which sacreBLEU separates words.

/// Returns true for Python's white space, which includes the separators U+001C to U+001F that
/// Unicode does not count.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Returns the words between white space.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}
