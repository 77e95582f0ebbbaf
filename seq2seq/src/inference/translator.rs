//! Translation, scoring and evaluation with a trained model.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tensor::{Device, Params};
use tokenizer::EOS;

use super::evaluated::{Evaluated, EvaluatedTranslations};
use super::open_run;
use crate::config::TaskKind;
use crate::data::{Corpus, Example, LinksFile, Spec, Text};
use crate::decode::{BeamOptions, Decoded, Hypothesis, decode};
use crate::model::EncoderDecoder;
use crate::score::{BleuOptions, Evaluation};
use crate::task::{EvaluatedCorpus, ForcedPair, evaluate, evaluate_outputs, forced};
use crate::{Error, Result};

/// One translated line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Translation {
    /// The line as given.
    pub source: String,
    /// The translation.
    pub target: String,
    /// Natural-log probability of the target given the source, EOS included; 0 if the source is
    /// blank, since its translation is always empty.
    pub logprob: f64,
    /// Target tokens, EOS last unless the translation was cut; empty if the source is blank.
    pub tokens: Vec<String>,
    /// Source tokens, EOS last; empty if the source is blank, before or after its recipe is
    /// applied.
    pub source_tokens: Vec<String>,
    /// Attention weights, tokens x source tokens.
    pub attention: Vec<Vec<f32>>,
    /// Whether the translation was cut at the length limit, before its end token.
    #[serde(default)]
    pub truncated: bool,
    /// The score by which hypotheses are ranked: the log-probability after the length penalty.
    #[serde(default)]
    pub score: f64,
    /// The best hypotheses, this one first, if more than one was requested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub n_best: Vec<Candidate>,
}

/// A translation among the n best of a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The translation.
    pub target: String,
    /// Natural-log probability of the target given the source, EOS included.
    pub logprob: f64,
    /// The log-probability after the length penalty.
    pub score: f64,
    /// Target tokens, EOS last unless the translation was cut.
    pub tokens: Vec<String>,
    /// Whether the translation was cut at the length limit, before its end token.
    pub truncated: bool,
}

/// The natural-log probability of a target given its source, with the limitations of that score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairScore {
    /// The log-probability, EOS included. The translation of a blank source is always empty, so
    /// given a blank source it is 0 for a blank target and minus infinity for any other.
    pub logprob: f64,
    /// Whether the source is blank, before or after its recipe is applied.
    pub is_source_blank: bool,
    /// Whether the target is blank, so that its probability is that of the end token alone.
    pub is_target_blank: bool,
    /// Number of source tokens that are not in the vocabulary and are read as `<unk>`.
    pub unknown_source: usize,
    /// Number of target tokens that are not in the vocabulary and are scored as `<unk>`.
    pub unknown_target: usize,
}

/// A trained model of a run directory (`best` if the run has validated, else `last`).
#[derive(Debug)]
pub struct Translator {
    network: EncoderDecoder,
    params: Params,
    text: Text,
    device: Device,
    /// Options of the search, including the maximum length of outputs.
    options: BeamOptions,
    /// The columns that the run was trained on, if they were chosen.
    columns: Option<(usize, usize)>,
}

impl Translator {
    /// Opens the model of a run.
    ///
    /// # Errors
    /// A missing run, a run of another task, a damaged file, a missing device.
    pub fn open(run: &Path, device: &str, threads: Option<usize>) -> Result<Self> {
        let opened = open_run(run, device, threads, &[TaskKind::Translation])?;
        let vocabularies = opened.dir.vocabularies()?;
        let text = Text::restore(&opened.stored.config, vocabularies.source, vocabularies.target);
        let (source, target) = (text.source_vocabulary.len(), text.target_vocabulary.len());
        let (network, params) = opened.load(|params, stored| {
            let network = EncoderDecoder::new(params, &stored.config, source, target, stored.seed)?;
            Ok(network.with_longest_target(stored.longest_target))
        })?;
        let (columns, options) = (opened.stored.columns, BeamOptions::greedy());
        Ok(Self { network, params, text, device: opened.device, options, columns })
    }

    /// Sets the maximum length of outputs in target tokens (words or letters, the end token
    /// included) in place of the run's key `max_length`; `None` restores the run's own limit.
    #[must_use]
    pub fn with_max_length(self, max_length: Option<usize>) -> Self {
        let options = BeamOptions { limit: max_length, ..self.options };
        self.with_options(options)
    }

    /// Sets the options of the search, by default greedy.
    #[must_use]
    pub fn with_options(self, options: BeamOptions) -> Self {
        Self { options, ..self }
    }

    /// Returns a warning about the model's vocabularies, if there is one.
    pub fn remark(&self) -> Option<String> {
        self.text.remark_on_vocabularies()
    }

    /// Describes the maximum length of outputs in words.
    pub fn limit_in_words(&self) -> String {
        let given = |n: usize| format!("max_length = {n}");
        self.options.limit.map_or_else(|| self.network.limit_in_words(), given)
    }

    /// Translates each line.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn translate(&self, lines: &[String]) -> Result<Vec<Translation>> {
        let sources: Vec<_> = lines.iter().map(|l| self.text.encode_source(l)).collect();
        let threads = self.device.threads();
        let decoded = decode(&self.network, &self.params, &sources, &self.options, threads)?;
        let translation = |(line, all): (&String, Vec<Hypothesis>)| self.translation(line, all);
        Ok(lines.iter().zip(decoded).map(translation).collect())
    }

    /// Builds the translation of a line from its hypotheses, the best one first.
    fn translation(&self, line: &str, mut all: Vec<Hypothesis>) -> Translation {
        let candidate = |h: &Hypothesis| Candidate {
            target: self.text.detokenize(&h.decoded.ids),
            logprob: h.decoded.logprob,
            score: h.score,
            tokens: self.text.target_words(&h.decoded.ids),
            truncated: h.decoded.is_truncated(),
        };
        let n_best = match self.options.n_best {
            1 => Vec::new(),
            _ => all.iter().map(candidate).collect(),
        };
        let Hypothesis { decoded, score } = all.swap_remove(0);
        let Decoded { ids, logprob, attention } = decoded;
        Translation {
            source: line.to_owned(),
            truncated: ids.last().is_some_and(|&id| id != EOS),
            target: self.text.detokenize(&ids),
            logprob,
            tokens: self.text.target_words(&ids),
            source_tokens: self.text.source_words(line),
            attention: attention.into_iter().map(|a| self.text.attention_in_order(a)).collect(),
            score,
            n_best,
        }
    }

    /// Reads a corpus SPEC with the given columns, by default those of the run. Returns the corpus
    /// and warnings about it and the model.
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

    /// Computes the metrics of a corpus SPEC and the scores of the outputs; `columns` are by default
    /// those that the run was trained on.
    ///
    /// # Errors
    /// Unreadable data, errors of the device.
    pub fn evaluate(&self, data: &str, columns: Option<(usize, usize)>) -> Result<Evaluation> {
        let found = self.evaluate_outputs(data, columns, BleuOptions::default(), None)?;
        Ok(found.evaluation)
    }

    /// Computes the metrics of a corpus SPEC, as [`Translator::evaluate`] does, and returns them with
    /// the outputs. `bleu` is how BLEU is computed; `links` are gold links, in place of those of the
    /// corpus.
    ///
    /// # Errors
    /// Unreadable data, links of other pairs, errors of the device.
    pub fn evaluate_outputs(
        &self,
        data: &str,
        columns: Option<(usize, usize)>,
        bleu: BleuOptions,
        links: Option<&LinksFile>,
    ) -> Result<Evaluated> {
        let (mut corpus, remarks) = self.read(data, columns)?;
        if corpus.pairs.is_empty() {
            return Err(no_pair(data));
        }
        if let Some(links) = links {
            corpus = corpus.with_links(links, data)?;
        }
        let Self { network, params, text, device, options, .. } = self;
        let found = evaluate_outputs(network, params, text, &corpus, options, device.threads())?;
        let scored = found.scored(&corpus, bleu);
        let EvaluatedCorpus { mut evaluation, outputs, .. } = found;
        evaluation.metrics.bleu = Some(scored.evaluation.bleu);
        evaluation.bleu_signature = Some(scored.evaluation.bleu_signature.clone());
        evaluation.outputs = Some(scored.evaluation.outputs.clone());
        evaluation.remarks.extend(remarks);
        let translations =
            Some(EvaluatedTranslations { outputs, scored, corpus: corpus.fingerprint() });
        Ok(Evaluated { evaluation, translations })
    }

    /// Computes the metrics of sentence pairs, without the further scores of the outputs.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn evaluate_corpus(&self, corpus: &Corpus) -> Result<Evaluation> {
        let Self { network, params, text, device, options, .. } = self;
        evaluate(network, params, text, corpus, options, device.threads())
    }

    /// Computes the natural-log probability of each target given its source, one per pair, and
    /// returns it with warnings; `columns` are by default those that the run was trained on.
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
