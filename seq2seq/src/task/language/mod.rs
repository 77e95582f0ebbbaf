//! Language models, which predict the next token of a line or of a running text.

mod build;
mod carried;
mod chunks;
mod text;

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tensor::init::Rng;
use tensor::{Params, PooledVec, Ranks, Tape, Tensor, Threads, Var, ops};
use tokenizer::{EOS, PAD, SOS, SPECIALS, Subwords, Tokenizer, UNK, Vocabulary};

use self::carried::Carried;
use self::text::{NEWLINE, lines};
use crate::config::{Config, TaskKind};
use crate::data::{Batching, BpeDropout, END, tokenizer};
use crate::decode::{
    BeamOptions, Constraints, Decoded, Hypothesis, Sampling, SamplingOptions, beam_search_language,
    sample_language,
};
use crate::event::Sample;
use crate::model::{BatchLoss, BatchShape, Groups, LanguageNetwork, Model, check_cancelled};
use crate::ranks::gather;
use crate::run::StoredRun;
use crate::score::{Evaluation, Metrics};
use crate::{Error, Result};

pub(crate) use self::text::held_out_lines;
pub use self::text::{ChunkPosition, TextChunk};

/// Number of sampled texts.
const SAMPLES: u64 = 8;

/// A [`LanguageNetwork`] with its vocabulary and its held-out text.
///
/// A running text is cut into `batch` parts, and each part into windows; a batch is one window of
/// each part, in order. The state is carried from window to window, the gradient is not (truncated
/// back-propagation through time, Williams and Peng 1990). Checkpoints contain the carried state.
#[derive(Debug)]
pub struct LanguageModel {
    /// The network.
    pub network: LanguageNetwork,
    /// The vocabulary.
    pub vocabulary: Vocabulary,
    tokenizer: Tokenizer,
    config: Config,
    longest_line: Option<usize>,
    seed: u64,
    held_out: Vec<TextChunk>,
    carried: Mutex<Carried>,
    /// BPE-dropout, and the training lines that it is applied to.
    dropout: Option<(BpeDropout, Vec<String>)>,
}

/// Sums over predicted tokens.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Score {
    nll: f64,
    count: usize,
    correct: usize,
}

impl Score {
    fn and(self, other: Self) -> Self {
        Self {
            nll: self.nll + other.nll,
            count: self.count + other.count,
            correct: self.correct + other.correct,
        }
    }

    fn metrics(&self) -> Metrics {
        let loss = self.nll / self.count as f64;
        Metrics {
            loss,
            perplexity: Some(loss.exp()),
            token_accuracy: Some(self.correct as f64 / self.count as f64),
            ..Metrics::default()
        }
    }
}

impl LanguageModel {
    /// Creates the model of a stored run and adds its parameters to `params`.
    ///
    /// # Errors
    /// A configuration with a width of zero; a subword unit without its model.
    pub fn new(
        params: &mut Params,
        stored: &StoredRun,
        vocabulary: Vocabulary,
        model: Option<&Subwords>,
    ) -> Result<Self> {
        let config = stored.config.clone();
        let tokenizer = tokenizer("target", config.target_recipe, config.target_unit, model)?;
        let network = LanguageNetwork::new(params, &config, vocabulary.len(), stored.seed)?;
        Ok(Self {
            network,
            vocabulary,
            tokenizer,
            seed: stored.seed,
            longest_line: stored.longest_target,
            config,
            held_out: Vec::new(),
            carried: Mutex::default(),
            dropout: None,
        })
    }

    fn is_stream(&self) -> bool {
        self.config.task == TaskKind::LanguageStream
    }

    /// Computes the metrics of a text file, or of the targets of another corpus.
    ///
    /// # Errors
    /// Unreadable data; data without a token to predict.
    pub fn evaluate(&self, params: &Params, data: &str, threads: &Threads) -> Result<Evaluation> {
        let mut remarks = Vec::new();
        let lines = lines(&data.parse()?, self.seed, &mut remarks)?;
        let found = self.evaluate_lines(params, &lines, threads)?;
        if found.tokens == 0 {
            let what = format!("corpus {data}: it holds no text, so there is nothing to score");
            return Err(Error::NothingTrained { what });
        }
        Ok(Evaluation { remarks, ..found })
    }

    /// Computes the metrics of lines of text.
    ///
    /// # Errors
    /// Errors of operations.
    pub fn evaluate_lines(
        &self,
        params: &Params,
        lines: &[String],
        threads: &Threads,
    ) -> Result<Evaluation> {
        let score = self.score(params, &self.chunks(lines, None), threads)?;
        Ok(Evaluation {
            metrics: score.metrics(),
            sentences: lines.len() as u64,
            tokens: score.count as u64,
            ..Evaluation::default()
        })
    }

    /// Samples continuations of `prefix`, each until its end token or until it has `limit` tokens.
    /// The unknown token is never drawn.
    ///
    /// # Errors
    /// Errors of operations.
    pub fn sample_texts(
        &self,
        params: &Params,
        prefix: &str,
        limit: usize,
        options: &SamplingOptions,
        threads: &Threads,
    ) -> Result<Vec<Hypothesis>> {
        let options =
            SamplingOptions { constraints: self.constrained(options.constraints), ..*options };
        sample_language(&self.network, params, &self.begin(prefix), limit, &options, threads)
    }

    /// Continues `prefix` by beam search, each hypothesis until its end token or until it has
    /// `limit` tokens. The unknown token never occurs.
    ///
    /// # Errors
    /// Errors of operations.
    pub fn search_texts(
        &self,
        params: &Params,
        prefix: &str,
        limit: usize,
        options: &BeamOptions,
        threads: &Threads,
    ) -> Result<Vec<Hypothesis>> {
        let options =
            BeamOptions { constraints: self.constrained(options.constraints), ..*options };
        beam_search_language(&self.network, params, &self.begin(prefix), limit, &options, threads)
    }

    fn constrained(&self, constraints: Constraints) -> Constraints {
        Constraints { forbid_unknown: true, forbid_end: self.is_stream(), ..constraints }
    }

    /// Returns the ids that the model reads before it continues `prefix`.
    fn begin(&self, prefix: &str) -> Vec<u32> {
        let mut ids = self.encode(prefix);
        if !self.is_stream() {
            ids.insert(0, SOS);
        } else if ids.is_empty() {
            // A text begins like a line or, if the vocabulary has no newline, with the most
            // frequent token.
            let first = Some(self.vocabulary.id(NEWLINE)).filter(|&id| !Vocabulary::is_special(id));
            ids.push(first.unwrap_or(SPECIALS.len() as u32));
        }
        ids
    }

    /// Returns the maximum length of a text in tokens: the key `max_length` or, if that is 0, twice
    /// the longest training line, the end token included, and for running text four windows.
    pub(crate) fn text_limit(&self) -> usize {
        match (self.config.max_length, self.longest_line) {
            (0, Some(longest)) => longest.saturating_mul(2),
            (0, None) => self.config.window.saturating_mul(4),
            (limit, _) => limit,
        }
    }

    /// Returns the text of `prefix` followed by the ids, without the end token.
    pub fn joined(&self, prefix: &str, ids: &[u32]) -> String {
        let ids = ids.split(|&id| id == EOS).next().unwrap_or_default();
        let mut tokens = self.tokens(prefix);
        tokens.extend(self.vocabulary.decode(ids));
        let lines = tokens.split(|token| self.is_stream() && token == NEWLINE);
        lines.map(|line| self.tokenizer.detokenize(line)).collect::<Vec<_>>().join(NEWLINE)
    }

    /// Returns the tokens of a text that are not in the vocabulary, each once, in their order.
    pub(crate) fn unknown_in(&self, text: &str) -> Vec<String> {
        let mut unknown = Vec::new();
        for token in self.tokens(text) {
            if self.vocabulary.id(&token) == UNK && !unknown.contains(&token) {
                unknown.push(token);
            }
        }
        unknown
    }

    /// Returns the tokens of the ids as displayed, the end token included.
    pub fn shown(&self, ids: &[u32]) -> Vec<String> {
        let show = |(&id, token): (&u32, String)| match id {
            EOS => END.to_owned(),
            _ => self.tokenizer.display_token(&token),
        };
        ids.iter().zip(self.vocabulary.decode(ids)).map(show).collect()
    }

    /// Returns the inputs of the output layer for a part of a batch, and the target ids, \[T, B\] with
    /// PAD past the end of a text.
    fn run(
        &self,
        tape: &mut Tape<'_>,
        part: &[&TextChunk],
        carried: &Mutex<Carried>,
    ) -> Result<(Var, PooledVec<u32>)> {
        let size = part.len();
        let time = part.iter().map(|p| p.ids.len()).max().unwrap_or(1).saturating_sub(1);
        let (mut fed, mut targets) =
            (PooledVec::filled(PAD, time * size), PooledVec::filled(PAD, time * size));
        for (b, chunk) in part.iter().enumerate() {
            for (t, pair) in chunk.ids.windows(2).enumerate() {
                (fed[t * size + b], targets[t * size + b]) = (pair[0], pair[1]);
            }
        }
        let places: Option<PooledVec<ChunkPosition>> = part.iter().map(|p| p.place).collect();
        let config = self.network.rnn.config();
        // The lock is not held in between: other threads read other parts of the text.
        let carried = || carried.lock().unwrap_or_else(PoisonError::into_inner);
        let state = places.as_ref().map(|places| carried().before(tape, places, config));
        let (outputs, after) = self.network.outputs(tape, &fed, [time, size], state.as_deref())?;
        if let Some(places) = places {
            carried().after(tape, &places, &after);
        }
        Ok((outputs, targets))
    }

    /// Sums the score over chunks; those of a running text in order, since the state is carried.
    fn score(&self, params: &Params, chunks: &[TextChunk], threads: &Threads) -> Result<Score> {
        let carried = Mutex::default();
        let one = |part: &[&TextChunk]| -> Result<Score> {
            let mut tape = Tape::inference(params).with_threads(threads);
            let (outputs, targets) = self.run(&mut tape, part, &carried)?;
            let found = self.network.output.log_probabilities(&mut tape, outputs, &targets)?;
            let mut score = Score::default();
            for (&id, (logp, is_best)) in targets.iter().zip(found) {
                if id != PAD {
                    score.nll -= logp;
                    score.count += 1;
                    score.correct += usize::from(is_best);
                }
            }
            Ok(score)
        };
        if self.is_stream() {
            let all: Vec<&TextChunk> = chunks.iter().collect();
            let parts = all.iter().filter_map(|p| p.place).filter(|p| p.is_first).count();
            return all.chunks(parts.max(1)).try_fold(Score::default(), |sum, windows| {
                check_cancelled(threads)?;
                Ok(sum.and(one(windows)?))
            });
        }
        let lengths: Vec<usize> = chunks.iter().map(|p| p.ids.len()).collect();
        let groups = Groups::new(&lengths).run(params, threads, |group| {
            one(&group.iter().map(|&i| &chunks[i]).collect::<Vec<_>>())
        })?;
        Ok(groups.into_iter().fold(Score::default(), |sum, (_, score)| sum.and(score)))
    }

    /// Returns a text that was generated after a prefix, as a sample.
    fn sample(&self, prefix: &str, written: &Decoded) -> Sample {
        let mut source = self.shown(&self.encode(prefix));
        source.push(END.to_owned());
        Sample {
            source,
            source_text: Some(prefix.to_owned()),
            output: self.shown(&written.ids),
            output_text: Some(self.joined("", &written.ids)),
            logprob: written.logprob,
            ..Sample::default()
        }
    }
}

impl Model for LanguageModel {
    type Example = TextChunk;

    fn configure(&mut self, config: &Config) -> Result<()> {
        self.config.clone_from(config);
        self.network.configure(config)
    }

    fn sort_key(&self, chunk: &TextChunk) -> usize {
        chunk.ids.len()
    }

    /// Returns the number of tokens that are predicted.
    fn num_positions(&self, chunk: &TextChunk) -> usize {
        chunk.ids.len().saturating_sub(1)
    }

    /// Encodes the training text with the merges that BPE-dropout leaves in an epoch.
    fn epoch_examples(&self, epoch: u64, _: &Threads) -> Option<Vec<TextChunk>> {
        let (dropout, lines) = self.dropout.as_ref()?;
        let tokens = |number, line: &str| dropout.tokens(&self.tokenizer, line, (epoch, number, 1));
        Some(self.chunks_of(lines, Some(self.config.batch), tokens))
    }

    /// Returns, for a running text, batches of one window per part, in order, since the state is
    /// carried.
    fn batches(
        &self,
        lengths: &[usize],
        widths: &[usize],
        batching: Batching,
        rng: &mut Rng,
    ) -> Vec<Vec<usize>> {
        if self.is_stream() {
            let all: Vec<usize> = (0..lengths.len()).collect();
            return all.chunks(self.config.batch.max(1)).map(<[usize]>::to_vec).collect();
        }
        batching.epoch(lengths, widths, rng)
    }

    fn carried(&self) -> Vec<Tensor> {
        let mut carried = self.carried.lock().unwrap_or_else(PoisonError::into_inner);
        carried.rows().iter().map(|row| Tensor::from(row.clone())).collect()
    }

    fn share_carried(&self, ranks: &Ranks) -> Result<()> {
        if !self.is_stream() {
            return Ok(());
        }
        let carried = || self.carried.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = carried().read_here();
        let all = gather(ranks, &mine)?;
        all.into_iter().for_each(|theirs| carried().take(theirs));
        Ok(())
    }

    fn load_state(&self, carried: Vec<Tensor>) -> Result<()> {
        let states = if self.network.rnn.config().cell.has_cell_state() { 2 } else { 1 };
        let width = self.config.layers * self.config.hidden * states;
        // The row of a part that was not read yet is empty.
        if let Some(row) = carried.iter().find(|row| row.len() != width && !row.is_empty()) {
            let what = format!("a carried state of {} numbers, expected {width}", row.len());
            return Err(Error::Other(format!("the checkpoint has {what}")));
        }
        let rows = carried.iter().map(|row| row.data().to_vec()).collect();
        *self.carried.lock().unwrap_or_else(PoisonError::into_inner) = Carried::of_rows(rows);
        Ok(())
    }

    fn loss_normalization(&self, batch: &[&TextChunk]) -> BatchShape {
        let said = |p: &&TextChunk| p.ids.len().saturating_sub(1);
        let time = batch.iter().map(said).max().unwrap_or(0);
        let tokens = batch.iter().map(said).sum();
        let weight = self.config.loss_norm.weight(tokens, batch.len(), time * batch.len());
        BatchShape { weight, source_time: 0, time, tokens }
    }

    fn loss(
        &self,
        tape: &mut Tape<'_>,
        part: &[&TextChunk],
        shape: &BatchShape,
    ) -> Result<BatchLoss> {
        let (outputs, targets) = self.run(tape, part, &self.carried)?;
        let how = ops::CrossEntropy {
            targets: &targets,
            ignore: Some(PAD),
            smoothing: self.config.label_smoothing,
            weight: shape.weight,
        };
        Ok(self.network.output.loss(tape, outputs, how)?.into())
    }

    fn validate(&self, params: &Params, threads: &Threads) -> Result<Option<Metrics>> {
        let score = self.score(params, &self.held_out, threads)?;
        Ok((score.count > 0).then(|| score.metrics()))
    }

    /// Samples texts with the same random draws each time, so that differences come from training.
    fn samples(&self, params: &Params, threads: &Threads) -> Result<Vec<Sample>> {
        self.write(params, "", SAMPLES as usize, threads)
    }

    fn answer(&self, params: &Params, text: &str, threads: &Threads) -> Result<Option<Sample>> {
        Ok(self.write(params, text, 1, threads)?.pop())
    }
}

impl LanguageModel {
    /// Samples `samples` texts that begin with `prefix`, as the run's configuration says.
    fn write(
        &self,
        params: &Params,
        prefix: &str,
        samples: usize,
        threads: &Threads,
    ) -> Result<Vec<Sample>> {
        let (temperature, seed) = (self.config.temperature, self.seed);
        let draw = Sampling { temperature, ..Sampling::default() };
        let options = SamplingOptions { draw, seed, samples, ..SamplingOptions::default() };
        let all = self.sample_texts(params, prefix, self.text_limit(), &options, threads)?;
        Ok(all.iter().map(|h| self.sample(prefix, &h.decoded)).collect())
    }
}
