//! The words that tokens belong to.

use tokenizer::Tokenizer;

use crate::score::word_weights;

/// The words of a text and, for each of its tokens, the index of its word. The words of pieces are
/// separated by white space; every other token is a word of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TokenWords {
    pub(crate) words: Vec<String>,
    pub(crate) of_tokens: Vec<usize>,
}

impl TokenWords {
    pub(super) fn new(tokenizer: &Tokenizer, tokens: &[String]) -> Self {
        let Some(model) = tokenizer.subwords() else {
            return Self {
                words: tokens.iter().map(|token| tokenizer.display_token(token)).collect(),
                of_tokens: (0..tokens.len()).collect(),
            };
        };
        let text = tokenizer.detokenize(tokens);
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        // White space at the end belongs to the last word.
        let last = words.len().saturating_sub(1);
        let of_tokens = model.words(tokens).into_iter().map(|word| word.min(last)).collect();
        Self { words, of_tokens }
    }

    /// Returns the attention weights between words from those between tokens: [`word_weights`].
    pub(crate) fn weights(&self, target: &Self, rows: &[Vec<f32>]) -> Vec<Vec<f32>> {
        word_weights(rows, &self.of_tokens, &target.of_tokens)
    }
}
