//! A trained model, ready to translate, score and be evaluated.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tensor::{Device, Params};

use super::open_run;
use crate::config::TaskKind;
use crate::data::{Corpus, Example, Spec, Text};
use crate::decode::{Decoded, greedy};
use crate::model::EncoderDecoder;
use crate::score::Evaluation;
use crate::task::{ForcedPair, evaluate, forced};
use crate::{Error, Result};

/// One translated line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Translation {
    /// The line as given.
    pub source: String,
    /// The translation.
    pub target: String,
    /// Natural-log probability of the target given the source, EOS included; 0 where the source is
    /// blank, since nothing else can come of it.
    pub logprob: f64,
    /// Target tokens, EOS last but where the translation was cut; none where the source is blank.
    pub tokens: Vec<String>,
    /// Source tokens, EOS last; none where the source is blank, as it stands or after its recipe.
    pub source_tokens: Vec<String>,
    /// Attention weights, tokens x source tokens.
    pub attention: Vec<Vec<f32>>,
    /// True where the translation was cut at the limit of its length, before the end token.
    #[serde(default)]
    pub truncated: bool,
}

/// The natural-log probability of a target given its source, and what a reader of it should know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairScore {
    /// The log-probability, EOS included. Of a blank source, which is translated into nothing, it is
    /// 0 for a blank target and minus infinity for any other.
    pub logprob: f64,
    /// True where the source is blank, as it stands or after its recipe.
    pub is_source_blank: bool,
    /// The same of the target, whose probability is that of the end token alone.
    pub is_target_blank: bool,
    /// Source tokens that the model does not know, and reads as `<unk>`.
    pub unknown_source: usize,
    /// Target tokens that it does not know: the probability is that of `<unk>` in their places.
    pub unknown_target: usize,
}

/// A trained model of a run directory (`best` where there was validation, else `last`).
#[derive(Debug)]
pub struct Translator {
    network: EncoderDecoder,
    params: Params,
    text: Text,
    device: Device,
    /// Tokens at which outputs are cut in place of the run's own limit.
    max_length: Option<usize>,
    /// The columns that the run was trained on, where some were chosen.
    columns: Option<(usize, usize)>,
}

impl Translator {
    /// Opens the model of a run.
    ///
    /// # Errors
    /// No run there, a damaged file, a device that is not there.
    pub fn open(run: &Path, device: &str, threads: Option<usize>) -> Result<Self> {
        let opened = open_run(run, device, threads, &[TaskKind::Translation])?;
        let vocabularies = opened.dir.vocabularies()?;
        let text = Text::restore(&opened.stored.config, vocabularies.source, vocabularies.target);
        let (source, target) = (text.source_vocabulary.len(), text.target_vocabulary.len());
        let (network, params) = opened.load(|params, stored| {
            let network = EncoderDecoder::new(params, &stored.config, source, target, stored.seed)?;
            Ok(network.with_longest_target(stored.longest_target))
        })?;
        let columns = opened.stored.columns;
        Ok(Self { network, params, text, device: opened.device, max_length: None, columns })
    }

    /// The same, outputs cut after so many target tokens (words, or letters; the end counted) and not
    /// where the run's key `max_length` says; `None` for the run's own limit.
    #[must_use]
    pub fn with_max_length(self, max_length: Option<usize>) -> Self {
        Self { max_length, ..self }
    }

    /// What a person should know of the model, whatever it is used for.
    pub fn remark(&self) -> Option<String> {
        self.text.remark_on_vocabularies()
    }

    /// Where outputs are cut, in words.
    pub fn limit_in_words(&self) -> String {
        let given = |n: usize| format!("max_length = {n}");
        self.max_length.map_or_else(|| self.network.limit_in_words(), given)
    }

    /// Greedy translations, one for each line.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn translate(&self, lines: &[String]) -> Result<Vec<Translation>> {
        let sources: Vec<_> = lines.iter().map(|l| self.text.encode_source(l)).collect();
        let threads = self.device.threads();
        let decoded = greedy(&self.network, &self.params, &sources, self.max_length, threads)?;
        let translation = |(line, d): (&String, Decoded)| Translation {
            source: line.clone(),
            truncated: d.is_truncated(),
            target: self.text.detokenize(&d.ids),
            logprob: d.logprob,
            tokens: self.text.target_words(&d.ids),
            source_tokens: self.text.source_words(line),
            attention: d.attention.into_iter().map(|a| self.text.attention_in_order(a)).collect(),
        };
        Ok(lines.iter().zip(decoded).map(translation).collect())
    }

    /// Reads a corpus SPEC: with the columns given, or else with those of the run; and what a person
    /// should know of it.
    fn read(&self, data: &str, columns: Option<(usize, usize)>) -> Result<(Corpus, Vec<String>)> {
        let spec: Spec = data.parse()?;
        spec.check_columns(columns)?;
        let own = self.columns.filter(|_| columns.is_none() && spec.has_columns());
        let mut remarks: Vec<String> = self.remark().into_iter().collect();
        if let Some((source, target)) = own.filter(|&own| own != (1, 2)) {
            remarks.push(format!(
                "columns {source},{target} of {data} are read, as the run was trained"
            ));
        }
        let corpus = spec.read(columns.or(own), 1, &mut remarks)?;
        Ok((corpus, remarks))
    }

    /// Metrics of a corpus SPEC; `columns` are by default those that the run was trained on.
    ///
    /// # Errors
    /// Unreadable data, errors of the device.
    pub fn evaluate(&self, data: &str, columns: Option<(usize, usize)>) -> Result<Evaluation> {
        let (corpus, remarks) = self.read(data, columns)?;
        if corpus.pairs.is_empty() {
            return Err(no_pair(data));
        }
        let mut found = self.evaluate_corpus(&corpus)?;
        found.remarks.extend(remarks);
        Ok(found)
    }

    /// Metrics of sentence pairs.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn evaluate_corpus(&self, corpus: &Corpus) -> Result<Evaluation> {
        let Self { network, params, text, device, max_length, .. } = self;
        evaluate(network, params, text, corpus, *max_length, device.threads())
    }

    /// Natural-log probabilities of each target given its source, one for each pair, and what a
    /// reader of them should know; `columns` are by default those that the run was trained on.
    ///
    /// # Errors
    /// Unreadable data, data without a pair, errors of the device.
    pub fn score(
        &self,
        data: &str,
        columns: Option<(usize, usize)>,
    ) -> Result<(Vec<PairScore>, Vec<String>)> {
        let (corpus, remarks) = self.read(data, columns)?;
        if corpus.pairs.is_empty() {
            return Err(no_pair(data));
        }
        let examples: Vec<_> = corpus.pairs.iter().map(|p| self.text.encode(p)).collect();
        let threads = self.device.threads();
        let pairs = forced(&self.network, &self.params, &self.text, &examples, threads)?;
        let score = |(example, pair): (&Example, ForcedPair)| {
            let (unknown_source, unknown_target) = Text::unknown(example);
            PairScore {
                logprob: pair.logprob,
                is_source_blank: example.source.len() < 2,
                is_target_blank: example.target.len() < 2,
                unknown_source,
                unknown_target,
            }
        };
        Ok((examples.iter().zip(pairs).map(score).collect(), remarks))
    }
}

fn no_pair(data: &str) -> Error {
    let what = format!("corpus {data}: it holds no pair, so there is nothing to score");
    Error::NothingTrained { what }
}
