//! Translations as lines of text.

use seq2seq::Translation;
use seq2seq::score::{LinkMethod, pharaoh};

use super::links::{links_of_best, links_of_candidates};

/// Returns the line of the best translation, with its word links if a method is given.
pub(super) fn of_best(translation: &Translation, align: Option<LinkMethod>) -> String {
    let target = &translation.target;
    match align {
        Some(method) => format!("{target} ||| {}", pharaoh(&links_of_best(method, translation))),
        None => target.clone(),
    }
}

/// Returns a line for each of the n best translations, or samples, of line `number`.
pub(super) fn of_candidates(
    number: u64,
    translation: &Translation,
    align: Option<LinkMethod>,
) -> Vec<String> {
    let candidates = translation.n_best.iter();
    let lines = candidates.map(|c| format!("{number} ||| {} ||| {:.4}", c.target, c.score));
    match align {
        Some(method) => lines
            .zip(links_of_candidates(method, translation))
            .map(|(line, links)| format!("{line} ||| {}", pharaoh(&links)))
            .collect(),
        None => lines.collect(),
    }
}

#[cfg(test)]
mod tests {
    use seq2seq::Candidate;

    use super::*;

    #[test]
    fn links_follow_the_text_and_leave_the_end_tokens_out() {
        let tokens = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let attention = vec![vec![0.2, 0.8, 0.0], vec![0.7, 0.3, 0.0], vec![0.0, 0.1, 0.9]];
        let candidate = |score| Candidate {
            target: "x y".into(),
            logprob: score,
            score,
            tokens: tokens(&["x", "y", "</s>"]),
            token_logprobs: Vec::new(),
            token_words: Vec::new(),
            truncated: false,
            attention: attention.clone(),
        };
        let translation = Translation {
            target: "x y".into(),
            tokens: tokens(&["x", "y", "</s>"]),
            source_tokens: tokens(&["a", "b", "</s>"]),
            attention: attention.clone(),
            n_best: vec![candidate(-1.0), candidate(-2.0)],
            ..Translation::default()
        };
        assert_eq!(of_best(&translation, None), "x y");
        assert_eq!(of_best(&translation, Some(LinkMethod::Argmax)), "x y ||| 0-1 1-0");
        let threshold = Some(LinkMethod::Threshold(0.3));
        assert_eq!(of_best(&translation, threshold), "x y ||| 0-1 1-0 1-1");
        assert_eq!(
            of_candidates(7, &translation, Some(LinkMethod::Argmax)),
            ["7 ||| x y ||| -1.0000 ||| 0-1 1-0", "7 ||| x y ||| -2.0000 ||| 0-1 1-0"]
        );
        // A translation that was cut has no end token.
        let cut = Translation {
            tokens: tokens(&["x", "y"]),
            attention: attention[..2].to_vec(),
            truncated: true,
            ..translation
        };
        assert_eq!(of_best(&cut, Some(LinkMethod::Argmax)), "x y ||| 0-1 1-0");
        assert_eq!(of_best(&Translation::default(), threshold), " ||| ");
    }
}
