//! Translation, scoring and evaluation with a trained model.

mod inspecting;
mod members;
mod scoring;
mod translation;

use std::path::{Path, PathBuf};

use tensor::{Device, Ranks};
use tokenizer::UNK;

pub use members::EnsembleOptions;
use members::Members;
pub use translation::{Alternative, Candidate, PairScore, Translation, TranslationRequest};

use super::Precision;
use super::evaluated::{Evaluated, EvaluatedTranslations};
use crate::config::UnknownWords;
use crate::data::{Corpus, LinksFile, Spec, Text};
use crate::decode::{
    Alternatives, BeamOptions, DecodeInput, Decoded, Hypothesis, SamplingOptions,
    UnknownWordOptions, alternatives, decode, sample,
};
use crate::score::{BleuOptions, Evaluation};
use crate::task::{EvaluatedCorpus, evaluate_outputs};
use crate::{Error, Result};

/// How a translator decodes.
#[derive(Debug, Clone, Copy)]
enum Method {
    Search(BeamOptions),
    Sampling(SamplingOptions),
}

/// A trained model of a run directory (`best` if the run has validated, else `last`), or an ensemble
/// of several.
#[derive(Debug)]
pub struct Translator {
    members: Members,
    text: Text,
    device: Device,
    method: Method,
    unknown_words: UnknownWordOptions,
    /// Number of alternatives per token.
    alternatives: usize,
    /// Whether translations have the attention weights of each head.
    heads: bool,
    /// The columns that the run was trained on, if they were chosen.
    columns: Option<(usize, usize)>,
}

impl Translator {
    /// Opens the model of a run.
    ///
    /// # Errors
    /// A missing run, a run of another task, a damaged file, a missing device.
    pub fn open(run: &Path, device: &str, threads: Option<usize>) -> Result<Self> {
        Self::open_ensemble(&[run.to_owned()], &EnsembleOptions::default(), device, threads)
    }

    /// Opens the models of several runs as one ensemble, or the average of several checkpoints of a
    /// run.
    ///
    /// # Errors
    /// Those of [`open`](Self::open); runs with different vocabularies, recipes or units; weights
    /// that are not one positive number per run; fewer kept checkpoints than are averaged.
    pub fn open_ensemble(
        runs: &[PathBuf],
        options: &EnsembleOptions,
        device: &str,
        threads: Option<usize>,
    ) -> Result<Self> {
        let (members, text, first) = Members::open(runs, options, device, threads)?;
        Ok(Self {
            members,
            text,
            device: first.device,
            method: Method::Search(BeamOptions::greedy()),
            unknown_words: first.stored.config.unknown_words.into(),
            alternatives: 0,
            heads: false,
            columns: first.stored.columns,
        })
    }

    /// Sets the maximum length of outputs in target tokens (words or letters, the end token
    /// included) in place of the run's key `max_length`; `None` restores the run's own limit.
    #[must_use]
    pub fn with_max_length(mut self, max_length: Option<usize>) -> Self {
        match &mut self.method {
            Method::Search(options) => options.constraints.max_length = max_length,
            Method::Sampling(options) => options.constraints.max_length = max_length,
        }
        self
    }

    /// Sets the options of the search, by default greedy.
    #[must_use]
    pub fn with_options(self, options: BeamOptions) -> Self {
        Self { method: Method::Search(options), ..self }
    }

    /// Samples translations instead of searching for the best.
    #[must_use]
    pub fn with_sampling(self, options: SamplingOptions) -> Self {
        Self { method: Method::Sampling(options), ..self }
    }

    /// Sets what becomes of unknown words, by default what the run's key `unknown_words` says.
    #[must_use]
    pub fn with_unknown_words(self, unknown_words: UnknownWordOptions) -> Self {
        Self { unknown_words, ..self }
    }

    /// Shares the work with other ranks: every rank calls the same functions of the translator with the
    /// same arguments, and gets all results. Each has opened the same run.
    ///
    /// ```no_run
    /// # fn of_rank(ranks: &seq2seq::Ranks, lines: &[String]) -> seq2seq::Result<()> {
    /// use seq2seq::Translator;
    ///
    /// let translator = Translator::open("runs/a".as_ref(), "cpu", Some(1))?.with_ranks(ranks);
    /// let translations = translator.translate(lines)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_ranks(self, ranks: &Ranks) -> Self {
        Self { device: self.device.with_ranks(ranks), ..self }
    }

    /// Converts the model to other numbers. Those of 8 bits cannot be converted back.
    ///
    /// ```no_run
    /// use seq2seq::{Precision, Translator};
    ///
    /// let translator = Translator::open("runs/a".as_ref(), "cpu", None)?;
    /// let translator = translator.with_precision(Precision::Int8)?;
    /// println!("{}", translator.translate(&["hello".to_owned()])?[0].target);
    /// # Ok::<(), seq2seq::Error>(())
    /// ```
    ///
    /// # Errors
    /// 8-bit integers on a device; a value of a matrix that is not finite.
    pub fn with_precision(mut self, precision: Precision) -> Result<Self> {
        self.members.convert(precision)?;
        Ok(self)
    }

    /// Adds the `count` most probable tokens at each position to translations.
    #[must_use]
    pub fn with_alternatives(self, count: usize) -> Self {
        Self { alternatives: count, ..self }
    }

    /// Adds the attention weights of each head to translations.
    #[must_use]
    pub fn with_heads(self, heads: bool) -> Self {
        Self { heads, ..self }
    }

    /// Returns warnings about the model's vocabularies and about unknown words that cannot be
    /// replaced.
    pub fn remarks(&self) -> Vec<String> {
        let replaces = self.unknown_words.words == UnknownWords::Replace;
        let forbidden = (replaces && !self.attends()).then(|| {
            "unknown_words = replace: the model has no attention that would show a source word, so \
             unknown words are forbidden instead, and a dictionary is not used"
                .to_owned()
        });
        let of_pieces = self.text.remark_on_replacement(self.unknown_words.words);
        let remarks = [self.text.remark_on_vocabularies(), of_pieces.or(forbidden)];
        remarks.into_iter().flatten().collect()
    }

    /// Returns true if the model has attention.
    pub fn attends(&self) -> bool {
        self.members.attend()
    }

    /// Returns true if the attention has heads whose weights translations can have. An ensemble has
    /// none.
    pub fn has_heads(&self) -> bool {
        self.members.have_heads()
    }

    /// Describes the maximum length of outputs in words.
    pub fn limit_in_words(&self) -> String {
        let constraints = match &self.method {
            Method::Search(options) => options.constraints,
            Method::Sampling(options) => options.constraints,
        };
        let ratio = constraints.max_length_ratio.map(|r| format!("{r} times the source"));
        match (constraints.max_length, ratio) {
            (Some(n), None) => format!("max_length = {n}"),
            (None, Some(ratio)) => ratio,
            (Some(n), Some(ratio)) => format!("max_length = {n} or {ratio}, whichever is less"),
            (None, None) => self.members.first().0.limit_in_words(),
        }
    }

    /// Translates each line.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn translate(&self, lines: &[String]) -> Result<Vec<Translation>> {
        let request = |(number, line): (usize, &String)| TranslationRequest {
            number: number as u64,
            ..line.as_str().into()
        };
        self.translate_requests(&lines.iter().enumerate().map(request).collect::<Vec<_>>())
    }

    /// Translates each request.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn translate_requests(&self, requests: &[TranslationRequest]) -> Result<Vec<Translation>> {
        let input = |request: &TranslationRequest| DecodeInput {
            source: self.text.encode_source(&request.source),
            prefix: self.text.encode_prefix(&request.prefix),
            number: request.number,
        };
        let inputs: Vec<DecodeInput> = requests.iter().map(input).collect();
        let (ensemble, threads) = (self.members.ensemble()?, self.device.threads());
        let attends = self.attends();
        let all = match self.method {
            Method::Search(options) => {
                let constraints = self.unknown_words.constrain(options.constraints, attends);
                decode(&ensemble, &inputs, &BeamOptions { constraints, ..options }, threads)?
            }
            Method::Sampling(options) => {
                let constraints = self.unknown_words.constrain(options.constraints, attends);
                sample(&ensemble, &inputs, &SamplingOptions { constraints, ..options }, threads)?
            }
        };
        let of_outputs = if self.alternatives > 0 || self.heads {
            let output = |(input, all): (&DecodeInput, &Vec<Hypothesis>)| DecodeInput {
                prefix: all.first().map(|best| best.decoded.ids.clone()).unwrap_or_default(),
                ..input.clone()
            };
            let outputs: Vec<DecodeInput> = inputs.iter().zip(&all).map(output).collect();
            alternatives(&ensemble, &outputs, self.alternatives, threads)?
        } else {
            vec![Alternatives::default(); inputs.len()]
        };
        let mut translations = Vec::with_capacity(requests.len());
        for (((request, input), all), more) in requests.iter().zip(&inputs).zip(all).zip(of_outputs)
        {
            let unknown_prefix = input.prefix.iter().filter(|&&id| id == UNK).count();
            let translation = self.translation(request, all);
            // The position after a translation that was cut has alternatives, but no token.
            let heads = more.heads.into_iter().take(translation.tokens.len());
            translations.push(Translation {
                unknown_prefix,
                heads: self.heads_in_order(heads),
                alternatives: self.in_words(more.tokens),
                ..translation
            });
        }
        Ok(translations)
    }

    /// Builds the translation of a line from its hypotheses, the best one first.
    fn translation(&self, request: &TranslationRequest, mut all: Vec<Hypothesis>) -> Translation {
        let line = request.source.as_str();
        let prefix = self.text.tokenize_target(&request.prefix);
        let written = |decoded: &Decoded| {
            let (tokens, replaced) = self.unknown_words.tokens(&self.text, line, &prefix, decoded);
            (self.text.join_target(&tokens), replaced)
        };
        let in_order = |rows: &[Vec<f32>]| -> Vec<Vec<f32>> {
            rows.iter().map(|row| self.text.attention_in_order(row.clone())).collect()
        };
        let token_words = |decoded: &Decoded| match self.text.has_pieces() {
            true => self.text.token_words_of_ids(&decoded.ids).of_tokens,
            false => Vec::new(),
        };
        let source_token_words = match self.text.has_pieces() {
            true => self.text.token_words_of_source(line).of_tokens,
            false => Vec::new(),
        };
        let candidate = |h: &Hypothesis| Candidate {
            target: written(&h.decoded).0,
            logprob: h.decoded.logprob,
            score: h.score,
            tokens: self.text.target_words(&h.decoded.ids),
            token_logprobs: h.decoded.token_logprobs.clone(),
            token_words: token_words(&h.decoded),
            truncated: h.decoded.is_truncated(),
            attention: in_order(&h.decoded.attention),
        };
        let requested = match self.method {
            Method::Search(options) => options.n_best,
            Method::Sampling(options) => options.samples,
        };
        let n_best = match requested {
            1 => Vec::new(),
            _ => all.iter().map(candidate).collect(),
        };
        let Hypothesis { decoded, score } = all.swap_remove(0);
        let (target, replaced) = written(&decoded);
        Translation {
            source: line.to_owned(),
            target,
            replaced,
            truncated: decoded.is_truncated(),
            source_token_words,
            token_words: token_words(&decoded),
            logprob: decoded.logprob,
            tokens: self.text.target_words(&decoded.ids),
            source_tokens: self.text.source_words(line),
            token_logprobs: decoded.token_logprobs,
            attention: in_order(&decoded.attention),
            score,
            n_best,
            ..Translation::default()
        }
    }

    fn heads_in_order(&self, heads: impl Iterator<Item = Vec<Vec<f32>>>) -> Vec<Vec<Vec<f32>>> {
        if !self.heads {
            return Vec::new();
        }
        let in_order = |row: Vec<f32>| self.text.attention_in_order(row);
        heads.map(|token| token.into_iter().map(in_order).collect()).collect()
    }

    fn in_words(&self, tokens: Vec<Vec<(u32, f32)>>) -> Vec<Vec<Alternative>> {
        if self.alternatives == 0 {
            return Vec::new();
        }
        let alternative = |(id, logprob): (u32, f32)| Alternative {
            token: self.text.target_words(&[id]).swap_remove(0),
            probability: f64::from(logprob).exp(),
        };
        tokens.into_iter().map(|all| all.into_iter().map(alternative).collect()).collect()
    }

    /// Reads a corpus SPEC with the given columns, by default those of the run. Returns the corpus
    /// and warnings about it and the model.
    fn read(&self, data: &str, columns: Option<(usize, usize)>) -> Result<(Corpus, Vec<String>)> {
        let spec: Spec = data.parse()?;
        spec.check_columns(columns)?;
        let own = self.columns.filter(|_| columns.is_none() && spec.has_columns());
        let mut remarks = self.remarks();
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
        let (corpus, remarks) = self.read(data, columns)?;
        if corpus.pairs.is_empty() {
            return Err(no_pair(data));
        }
        let mut found = self.evaluate_pairs(corpus, data, bleu, links)?;
        found.evaluation.remarks.extend(remarks);
        Ok(found)
    }

    /// Computes the metrics of sentence pairs as [`Translator::evaluate_outputs`] does; `name` is
    /// what errors call them.
    ///
    /// # Errors
    /// Links of other pairs, errors of the device.
    pub fn evaluate_pairs(
        &self,
        mut corpus: Corpus,
        name: &str,
        bleu: BleuOptions,
        links: Option<&LinksFile>,
    ) -> Result<Evaluated> {
        if let Some(links) = links {
            corpus = corpus.with_links(links, name)?;
        }
        let found = self.outputs_of(&corpus)?;
        let scored = found.scored(&corpus, bleu);
        let EvaluatedCorpus { mut evaluation, outputs, .. } = found;
        evaluation.metrics.bleu = Some(scored.evaluation.bleu);
        evaluation.bleu_signature = Some(scored.evaluation.bleu_signature.clone());
        evaluation.outputs = Some(scored.evaluation.outputs.clone());
        let translations =
            Some(EvaluatedTranslations { outputs, scored, corpus: corpus.fingerprint() });
        Ok(Evaluated { evaluation, translations })
    }

    /// Computes the metrics of sentence pairs, without the further scores of the outputs.
    ///
    /// # Errors
    /// Errors of the device; a translator that samples.
    pub fn evaluate_corpus(&self, corpus: &Corpus) -> Result<Evaluation> {
        Ok(self.outputs_of(corpus)?.evaluation)
    }

    fn outputs_of(&self, corpus: &Corpus) -> Result<EvaluatedCorpus> {
        let Method::Search(options) = &self.method else {
            let problems = vec!["metrics are of the best outputs, not of samples".to_owned()];
            return Err(Error::Configuration { problems });
        };
        let (ensemble, threads) = (self.members.ensemble()?, self.device.threads());
        evaluate_outputs(&ensemble, &self.text, corpus, options, &self.unknown_words, threads)
    }
}

fn no_pair(data: &str) -> Error {
    let what = format!("corpus {data}: it holds no pair, so there is nothing to score");
    Error::NothingTrained { what }
}
