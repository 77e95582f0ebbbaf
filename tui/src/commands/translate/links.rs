//! Word links of translations.

use seq2seq::Translation;
use seq2seq::score::LinkMethod;

/// Returns the word links of a translation.
pub(super) fn links_of_best(method: LinkMethod, translation: &Translation) -> Vec<(usize, usize)> {
    let tokens = without_end(&translation.tokens, translation.truncated);
    method.links(&translation.attention, source_words(translation), tokens)
}

/// Returns the word links of each of the n best translations.
pub(super) fn links_of_candidates(
    method: LinkMethod,
    translation: &Translation,
) -> Vec<Vec<(usize, usize)>> {
    let source = source_words(translation);
    let candidates = translation.n_best.iter();
    let links =
        candidates.map(|c| method.links(&c.attention, source, without_end(&c.tokens, c.truncated)));
    links.collect()
}

fn source_words(translation: &Translation) -> &[String] {
    without_end(&translation.source_tokens, false)
}

/// Returns the tokens before the end token, which is the last one unless the list is cut.
fn without_end(tokens: &[String], truncated: bool) -> &[String] {
    &tokens[..tokens.len().saturating_sub(usize::from(!truncated))]
}
