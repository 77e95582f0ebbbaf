//! Text as the ids that a language model reads.

use tokenizer::{EOS, SOS};

use super::LanguageModel;
use super::text::{NEWLINE, TextChunk, running, windows};

/// Maximum number of parts of a held-out text that are scored together.
const PARTS: usize = 64;
/// Minimum number of tokens per part.
const PART: usize = 1_000;

impl LanguageModel {
    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        self.vocabulary.encode(&self.tokens(text))
    }

    pub(super) fn tokens(&self, text: &str) -> Vec<String> {
        if self.is_stream() {
            let lines: Vec<String> = text.split(NEWLINE).map(str::to_owned).collect();
            running(&lines, |_, line| self.tokenizer.tokenize(line))
        } else {
            self.tokenizer.tokenize(text)
        }
    }

    /// Encodes each line as a chunk. A running text is cut into `parts` parts, by default as many
    /// as its length allows.
    pub(super) fn chunks(&self, lines: &[String], parts: Option<usize>) -> Vec<TextChunk> {
        self.chunks_of(lines, parts, |_, line| self.tokenizer.tokenize(line))
    }

    /// Like [`chunks`](Self::chunks), with the tokens that `tokens` returns for a line and its number.
    pub(super) fn chunks_of(
        &self,
        lines: &[String],
        parts: Option<usize>,
        tokens: impl Fn(usize, &str) -> Vec<String>,
    ) -> Vec<TextChunk> {
        if self.is_stream() {
            let text = self.vocabulary.encode(&running(lines, tokens));
            let parts = parts.unwrap_or_else(|| (text.len() / PART).clamp(1, PARTS));
            return windows(&text, parts, self.config.window);
        }
        let chunk = |(number, line): (usize, &String)| {
            let mut ids = vec![SOS];
            ids.extend(self.vocabulary.encode(&tokens(number, line)));
            ids.push(EOS);
            TextChunk { ids, place: None }
        };
        lines.iter().enumerate().map(chunk).collect()
    }
}
