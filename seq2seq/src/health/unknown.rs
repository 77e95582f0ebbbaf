//! Unknown words.

use tokenizer::{EOS, SOS, UNK};

use crate::data::{Example, UnknownRates};

/// Share of unknown words from which on it is reported.
pub const UNKNOWN: f64 = 0.1;

/// Reports the sides of the training and held-out pairs that have many unknown words.
pub(crate) fn unknown_words(rates: &UnknownRates) -> Vec<String> {
    told([
        ("training sources", rates.training.0, FEWER),
        ("training targets", rates.training.1, FEWER),
        ("held-out sources", rates.held_out.0, MORE),
        ("held-out targets", rates.held_out.1, MORE),
    ])
}

/// Reports the training and held-out texts of a language model that have many unknown words.
pub(crate) fn unknown_in_text(rates: &UnknownRates) -> Vec<String> {
    told([("training text", rates.training.1, FEWER), ("held-out text", rates.held_out.1, MORE)])
}

/// Returns the shares of unknown words in sources and in targets.
pub(crate) fn unknown(examples: &[Example]) -> (f64, f64) {
    let side = |side: fn(&Example) -> &[u32]| share(examples.iter().map(side));
    (side(|e| &e.source), side(|e| &e.target))
}

/// Returns the share of unknown words in a text, given as parts of ids.
pub(crate) fn unknown_of_text<'a>(parts: impl Iterator<Item = &'a [u32]>) -> f64 {
    share(parts)
}

/// Advice for a vocabulary that is too small for its own text.
const FEWER: &str =
    "lower min_count, raise the limit of the vocabulary, or set source_unit or target_unit = bpe";
/// Advice for a vocabulary that is too small for another text.
const MORE: &str = "train on more or on more similar text, or set source_unit or target_unit = bpe";

/// Returns the share of unknown words, without begin and end tokens.
fn share<'a>(texts: impl Iterator<Item = &'a [u32]>) -> f64 {
    let (mut unknown, mut all) = (0_u64, 0_u64);
    for &id in texts.flatten().filter(|&&id| id != SOS && id != EOS) {
        unknown += u64::from(id == UNK);
        all += 1;
    }
    unknown as f64 / all.max(1) as f64
}

/// Returns a sentence for each text with many unknown words. Each text has its name, its share of
/// unknown words, and advice.
fn told<const N: usize>(texts: [(&str, f64, &str); N]) -> Vec<String> {
    let much = texts.into_iter().filter(|(_, share, _)| *share >= UNKNOWN);
    much.map(|(text, share, advice)| {
        let percent = 100.0 * share;
        format!(
            "{percent:.0}% of the words of the {text} are unknown to the model, which reads them \
             all as one word: {advice}"
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_counted_side_by_side() {
        let known = Example { source: vec![5, 6, EOS], target: vec![7, 8, EOS] };
        let half = Example { source: vec![5, UNK, EOS], target: vec![7, 8, EOS] };
        assert_eq!(unknown(&[]), (0.0, 0.0));
        let training = unknown(&[known, half]);
        assert_eq!(training, (0.25, 0.0));
        assert!(unknown_words(&UnknownRates::default()).is_empty());
        let told = unknown_words(&UnknownRates { training, held_out: (0.09, 0.5) });
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("25% of the words of the training sources"), "{told:?}");
        assert!(told[1].starts_with("50% of the words of the held-out targets"), "{told:?}");

        let rate = unknown_of_text([&[SOS, 5, UNK, EOS][..], &[SOS, 6, 7, EOS]].into_iter());
        let told =
            unknown_in_text(&UnknownRates { training: (rate, rate), held_out: (0.05, 0.05) });
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("25% of the words of the training text"), "{told:?}");
    }
}
