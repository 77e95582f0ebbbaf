//! Constraints on outputs.

use tokenizer::{EOS, UNK};

use crate::model::NEVER_SAID;

/// Constraints that every output of a search or of sampling meets.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Constraints {
    /// Maximum number of target tokens, EOS included;
    /// [`EncoderDecoder::output_limit`](crate::model::EncoderDecoder::output_limit) by default.
    pub max_length: Option<usize>,
    /// Maximum number of target tokens as a multiple of the number of source tokens, EOS included in
    /// both, rounded up. If `max_length` is given too, the smaller one holds.
    pub max_length_ratio: Option<f64>,
    /// Minimum number of target tokens before EOS.
    pub min_length: usize,
    /// Length of the n-grams that an output contains at most once (Paulus et al. 2017,
    /// arXiv:1705.04304, section 2.5); 0 to allow all repetitions. A forced prefix is exempt.
    ///
    /// transformers: `no_repeat_ngram_size`.
    pub no_repeat_ngram: usize,
    /// Whether outputs never contain the unknown token.
    pub forbid_unknown: bool,
    /// Whether outputs never contain the end token, so that all have the maximum length: for models
    /// of running text, which has no end.
    pub forbid_end: bool,
}

impl Constraints {
    /// Returns the maximum number of target tokens for a source of `source` tokens, EOS included in
    /// both; `default` returns the limit that holds if none is given.
    pub(crate) fn limit(&self, source: usize, default: impl FnOnce() -> usize) -> usize {
        let of_source = |ratio: f64| ((ratio * source as f64).ceil() as usize).max(1);
        match (self.max_length, self.max_length_ratio.map(of_source)) {
            (Some(a), Some(b)) => a.min(b),
            (Some(limit), None) | (None, Some(limit)) => limit,
            (None, None) => default(),
        }
    }

    /// Returns the tokens that no output contains.
    pub(crate) fn excluded(&self) -> Vec<u32> {
        let unknown = self.forbid_unknown.then_some(UNK);
        let end = self.forbid_end.then_some(EOS);
        NEVER_SAID.into_iter().chain(unknown).chain(end).collect()
    }

    /// Returns the tokens that would repeat an n-gram of `before`, the tokens so far.
    pub(super) fn repeated(&self, before: &[u32]) -> Vec<u32> {
        let n = self.no_repeat_ngram;
        if n == 0 || before.len() + 1 < n {
            return Vec::new();
        }
        let last = &before[before.len() + 1 - n..];
        let windows = before.windows(n).filter(|window| window[..n - 1] == *last);
        windows.map(|window| window[n - 1]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_limit_holds() {
        let limit = |max_length, max_length_ratio| {
            Constraints { max_length, max_length_ratio, ..Constraints::default() }.limit(6, || 99)
        };
        assert_eq!(limit(None, None), 99);
        assert_eq!(limit(Some(7), None), 7);
        assert_eq!(limit(None, Some(1.25)), 8);
        assert_eq!(limit(Some(7), Some(1.25)), 7);
        assert_eq!(limit(None, Some(0.0)), 1);
    }

    #[test]
    fn tokens_that_would_repeat_an_n_gram_are_found() {
        let repeated = |no_repeat_ngram, before: &[u32]| {
            Constraints { no_repeat_ngram, ..Constraints::default() }.repeated(before)
        };
        assert!(repeated(0, &[4, 4, 4]).is_empty());
        assert_eq!(repeated(1, &[4, 5]), [4, 5]);
        assert_eq!(repeated(2, &[4, 5, 4, 6, 4]), [5, 6]);
        assert_eq!(repeated(3, &[4, 5, 6, 4, 5]), [6]);
        assert!(repeated(3, &[4]).is_empty());
    }
}
