//! Translating as a task to be trained: the network with its text and its held-out pairs.

use tensor::{Params, Tape, Threads};

use super::translator::EncoderDecoder;
use super::{BatchLoss, BatchShape, Model, greedy};
use crate::Result;
use crate::data::{Corpus, Example, Text};
use crate::evaluate::evaluate;
use crate::event::{Sample, Samples, Validation};

/// Held-out sentences shown as samples.
const SAMPLES: usize = 8;

/// An [`EncoderDecoder`] with its vocabularies and the pairs it is watched on.
#[derive(Debug, Clone)]
pub struct TranslationModel {
    /// The network.
    pub network: EncoderDecoder,
    /// Text to ids and back.
    pub text: Text,
    held_out: Corpus,
    shown: Corpus,
}

impl TranslationModel {
    /// A task; where nothing is held out, samples are taken from `otherwise`.
    pub fn new(network: EncoderDecoder, text: Text, held_out: Corpus, otherwise: &Corpus) -> Self {
        let from = if held_out.pairs.is_empty() { otherwise } else { &held_out };
        // Spread over the corpus, the same ones each time; longer sentences show more.
        let count = from.pairs.len();
        let mut shown: Vec<_> = (0..SAMPLES.min(count) * 4)
            .filter_map(|i| from.pairs.get(i * count / (SAMPLES.min(count) * 4)).cloned())
            .collect();
        shown.sort_by_key(|p| std::cmp::Reverse(p.source.split_whitespace().count().min(12)));
        shown.dedup_by(|a, b| a.source == b.source);
        shown.truncate(SAMPLES);
        Self { network, text, held_out, shown: Corpus { pairs: shown } }
    }

    fn translate(&self, params: &Params, lines: &[&str], threads: &Threads) -> Result<Vec<Sample>> {
        let sources: Vec<_> = lines.iter().map(|l| self.text.encode_source(l)).collect();
        let decoded = greedy(&self.network, params, &sources, None, threads)?;
        let sample = |(line, d): (&&str, super::Decoded)| Sample {
            source: self.text.source_words(line),
            source_text: Some((*line).to_owned()),
            output_text: Some(self.text.detokenize(&d.ids)),
            output: self.text.target_words(&d.ids),
            reference: String::new(),
            attention: d
                .attention
                .into_iter()
                .map(|row| self.text.attention_in_order(row))
                .collect(),
            logprob: d.logprob,
        };
        Ok(lines.iter().zip(decoded).map(sample).collect())
    }
}

impl Model for TranslationModel {
    type Example = Example;

    fn length(&self, example: &Example) -> usize {
        example.source.len()
    }

    fn width(&self, example: &Example) -> usize {
        example.source.len().max(example.target.len())
    }

    fn shape_of(&self, batch: &[&Example]) -> BatchShape {
        self.network.shape_of(batch)
    }

    fn loss(
        &self,
        tape: &mut Tape<'_>,
        part: &[&Example],
        shape: &BatchShape,
    ) -> Result<BatchLoss> {
        self.network.loss(tape, part, shape)
    }

    fn validate(&self, params: &Params, threads: &Threads) -> Result<Option<Validation>> {
        if self.held_out.pairs.is_empty() {
            return Ok(None);
        }
        let e = evaluate(&self.network, params, &self.text, &self.held_out, None, threads)?;
        Ok(Some(Validation {
            step: 0,
            loss: e.loss_per_token,
            perplexity: e.perplexity,
            token_accuracy: e.token_accuracy,
            exact_match: e.exact_match,
            bleu: e.bleu,
            token_bleu: e.token_bleu,
            truncated: e.truncated,
            best: false,
        }))
    }

    fn remark(&self, validation: &Validation) -> Option<String> {
        let count = validation.truncated.filter(|&count| count > 0)?;
        let (all, limit) = (self.held_out.pairs.len(), self.network.limit_in_words());
        Some(format!(
            "{count} of {all} outputs were cut at {limit}: where their references are as long, raise \
             it; otherwise the model has not learnt yet to end its outputs"
        ))
    }

    fn samples(&self, params: &Params, threads: &Threads) -> Result<Option<Samples>> {
        let lines: Vec<&str> = self.shown.pairs.iter().map(|p| p.source.as_str()).collect();
        let mut samples = self.translate(params, &lines, threads)?;
        for (sample, pair) in samples.iter_mut().zip(&self.shown.pairs) {
            sample.reference.clone_from(&pair.target);
        }
        Ok(Some(Samples { step: 0, samples }))
    }

    fn answer(&self, params: &Params, text: &str, threads: &Threads) -> Result<Option<Sample>> {
        Ok(self.translate(params, &[text], threads)?.pop())
    }
}
