//! Word links of translations.

use seq2seq::score::{LinkMethod, word_weights};
use seq2seq::{Candidate, Translation};

/// Returns the word links of a translation.
pub(super) fn links_of_best(method: LinkMethod, translation: &Translation) -> Vec<(usize, usize)> {
    let tokens = without_end(&translation.tokens, translation.truncated);
    links(method, translation, &translation.attention, (tokens, &translation.token_words))
}

/// Returns the word links of each of the n best translations.
pub(super) fn links_of_candidates(
    method: LinkMethod,
    translation: &Translation,
) -> Vec<Vec<(usize, usize)>> {
    let of = |c: &Candidate| {
        let tokens = without_end(&c.tokens, c.truncated);
        links(method, translation, &c.attention, (tokens, &c.token_words))
    };
    translation.n_best.iter().map(of).collect()
}

/// Returns the links between source and target tokens, or between their words if the tokens are
/// pieces of words.
fn links(
    method: LinkMethod,
    translation: &Translation,
    attention: &[Vec<f32>],
    (tokens, words): (&[String], &[usize]),
) -> Vec<(usize, usize)> {
    if words.is_empty() {
        return method.links(attention, without_end(&translation.source_tokens, false), tokens);
    }
    let source = &translation.source_token_words;
    let weights = word_weights(attention, source, words);
    let count = |of: &[usize]| vec![""; of.iter().max().map_or(0, |last| last + 1)];
    method.links(&weights, &count(source), &count(words))
}

/// Returns the tokens before the end token, which is the last one unless the list is cut.
fn without_end(tokens: &[String], truncated: bool) -> &[String] {
    &tokens[..tokens.len().saturating_sub(usize::from(!truncated))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_pieces_are_links_of_words() {
        let texts = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let plain = Translation {
            source_tokens: texts(&["a", "b", "c", "</s>"]),
            tokens: texts(&["x", "y", "</s>"]),
            attention: vec![vec![0.3, 0.3, 0.4, 0.0], vec![0.0, 0.1, 0.9, 0.0], vec![0.0; 4]],
            ..Translation::default()
        };
        assert_eq!(links_of_best(LinkMethod::Argmax, &plain), [(2, 0), (2, 1)]);
        let pieces =
            Translation { source_token_words: vec![0, 0, 1], token_words: vec![0, 1], ..plain };
        assert_eq!(links_of_best(LinkMethod::Argmax, &pieces), [(0, 0), (1, 1)]);
        let joined = Translation { token_words: vec![0, 0], ..pieces };
        assert_eq!(links_of_best(LinkMethod::Argmax, &joined), [(1, 0)]);
    }
}
