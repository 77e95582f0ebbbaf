//! Options of the commands that use a trained model.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::config::UnknownWords;
use seq2seq::decode::{
    BeamOptions, Combination, Constraints, LengthPenalty, Sampling, SamplingOptions,
    UnknownWordOptions, WordDictionary,
};
use seq2seq::{EnsembleOptions, Precision};

use super::display::DisplayArguments;
use super::run::{RunArgument, RunsArguments};
use super::value::{
    averaged, beam, columns, combination, coverage, device, length_penalty, max_length, min_length,
    ngram, patience, precision, probability, ratio, temperature, texts, threads, tokens, top_k,
    unknown_words, weight,
};

/// A trained model: its run folder and its device.
#[derive(Debug, Clone, Args)]
pub struct ModelArguments {
    /// The run.
    #[command(flatten)]
    pub run: RunArgument,
    /// The device: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`; `tui devices` lists them.
    #[arg(long, value_name = "DEVICE", value_parser = device, default_value = "cpu")]
    pub device: String,
    /// Number of threads [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
}

/// A corpus to measure a model on.
#[derive(Debug, Clone, Args)]
pub struct CorpusArguments {
    /// The corpus: a built-in one such as `phrasebook:test` or `reverse:20:test`, a TSV file, or
    /// two files separated by a comma; for a language model, any text file.
    #[arg(long, value_name = "SPEC")]
    pub data: String,
    /// Source and target column of a TSV file, counted from 1; for the phrasebook, 2,1 is French to
    /// English [default: 1,2].
    #[arg(long, value_name = "SRC,TGT", value_parser = columns)]
    pub columns: Option<(usize, usize)>,
}

/// How several runs, or several checkpoints of a run, become one model.
#[derive(Debug, Clone, Args)]
pub struct CombiningArguments {
    /// The weight of each run of an ensemble, separated by commas [default: equal weights].
    #[arg(long, value_name = "W,W", value_delimiter = ',', value_parser = weight)]
    pub weights: Vec<f64>,
    /// How the runs of an ensemble are combined. log-linear: the mean of their log-probabilities;
    /// linear: the mean of their probabilities [default: log-linear].
    #[arg(long, value_name = "NAME", value_parser = combination)]
    pub combination: Option<Combination>,
    /// Use the mean of the parameters of each run's last N validations, in place of its best; the
    /// run keeps them if it was trained with --set keep_checkpoints=N.
    #[arg(long, value_name = "N", value_parser = averaged)]
    pub average_last: Option<usize>,
}

/// A trained translator: one run, or several as an ensemble.
#[derive(Debug, Clone, Args)]
pub struct TranslatorArguments {
    /// The runs.
    #[command(flatten)]
    pub runs: RunsArguments,
    /// How runs are combined.
    #[command(flatten)]
    pub combining: CombiningArguments,
    /// The device: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`; `tui devices` lists them.
    #[arg(long, value_name = "DEVICE", value_parser = device, default_value = "cpu")]
    pub device: String,
    /// Number of threads [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// The numbers that the model's matrices consist of: f32, or int8: 8-bit integers, which take a
    /// quarter of the memory and less time, on the processor only.
    #[arg(long, value_name = "NAME", value_parser = precision, default_value = "f32")]
    pub precision: Precision,
}

/// Options of the search for translations.
#[derive(Debug, Clone, Args)]
pub struct DecodingArguments {
    /// Keep this many hypotheses at each step: beam search; 1 is greedy decoding [default: 5].
    #[arg(long, value_name = "N", value_parser = beam)]
    pub beam: Option<usize>,
    /// How the log-probability s of a translation of L tokens becomes the score that ranks it:
    /// none: s; average:A: s / L^A; gnmt:A: s / ((5 + L) / 6)^A; sockeye:A:B: s ((B + 1) /
    /// (B + L))^A; marian:A:W: (s - W L) / L^A [default: average:1].
    #[arg(long, value_name = "NAME[:A[:B]]", value_parser = length_penalty)]
    pub length_penalty: Option<LengthPenalty>,
    /// Prune by the score instead of the log-probability: complete translations keep their places in
    /// the beam, and the search ends when the best N are complete.
    #[arg(long)]
    pub penalty_in_search: bool,
    /// Add B times the sum, over the source words, of ln(min(attention paid to the word, 1)) to the
    /// score, so that translations that leave out source words rank lower (Wu 2016).
    #[arg(long, value_name = "B", value_parser = coverage, default_value = "0")]
    pub coverage_penalty: f64,
    /// End the search for a line once P times the beam translations are complete.
    #[arg(long, value_name = "P", value_parser = patience, default_value = "1",
          conflicts_with = "penalty_in_search")]
    pub patience: f64,
    /// Truncate a translation after this many target tokens (words or letters, including the end
    /// token) [default: the run's max_length].
    #[arg(long, value_name = "N", value_parser = max_length)]
    pub max_length: Option<usize>,
    /// Truncate a translation after R times as many tokens as the source has (end tokens included).
    #[arg(long, value_name = "R", value_parser = ratio)]
    pub max_length_ratio: Option<f64>,
    /// The minimum number of target tokens before the end token.
    #[arg(long, value_name = "N", value_parser = min_length, default_value = "0")]
    pub min_length: usize,
    /// Never repeat N tokens in the same order within a translation; 0 allows it.
    #[arg(long, value_name = "N", value_parser = ngram, default_value = "0")]
    pub no_repeat_ngram: usize,
    /// What becomes of unknown words. keep: `<unk>` is printed; forbid: the most probable other word
    /// is taken; replace: the source word with the largest attention weight takes its place
    /// [default: the run's unknown_words].
    #[arg(long, value_name = "NAME", value_parser = unknown_words)]
    pub unknown_words: Option<UnknownWords>,
    /// Translations of single words, for unknown words: lines of a source word, a tab and its
    /// translation; implies --unknown-words replace.
    #[arg(long, value_name = "FILE")]
    pub dictionary: Option<PathBuf>,
}

/// Options of sampling.
#[derive(Debug, Clone, Args)]
pub struct SamplingArguments {
    /// Divide the logits by this before a token is sampled: below 1 for more probable texts, 0 to
    /// always take the most probable token [default: 1; for `sample`, the value that the run was
    /// started with].
    #[arg(long, value_name = "T", value_parser = temperature)]
    pub temperature: Option<f32>,
    /// Sample from the N most probable tokens only; 0 for all.
    #[arg(long, value_name = "N", value_parser = top_k, default_value = "0")]
    pub top_k: usize,
    /// Sample from the most probable tokens that together have probability P; 1 for all.
    #[arg(long, value_name = "P", value_parser = probability, default_value = "1")]
    pub top_p: f64,
    /// Sample from the tokens with at least P times the largest probability; 0 for all.
    #[arg(long, value_name = "P", value_parser = probability, default_value = "0")]
    pub min_p: f64,
    /// Seed of the sampling.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
}

/// Options of `sample`.
#[derive(Debug, Clone, Args)]
pub struct SampleArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// Number of texts.
    #[arg(long, value_name = "N", value_parser = texts, default_value = "10")]
    pub count: usize,
    /// The beginning of each text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub prefix: String,
    /// How tokens are drawn.
    #[command(flatten)]
    pub sampling: SamplingArguments,
    /// Print the N most probable texts that beam search finds, instead of samples.
    #[arg(long, value_name = "N", value_parser = beam,
          conflicts_with_all = ["count", "temperature", "top_k", "top_p", "min_p", "seed"])]
    pub beam: Option<usize>,
    /// Maximum number of tokens after the prefix, including the end token [default: the value that
    /// the run was started with].
    #[arg(long, value_name = "N", value_parser = tokens)]
    pub length: Option<usize>,
    /// Print one JSON object per line: text, logprob, tokens.
    #[arg(long)]
    pub json: bool,
}

/// Options of `watch`.
#[derive(Debug, Clone, Args)]
pub struct WatchArguments {
    /// The run: its folder, the start of its folder's name (looked up here and in runs/), or
    /// `latest`, the one begun or resumed last. A folder of runs lists them [default: runs].
    #[arg(value_name = "RUN", conflicts_with = "run")]
    pub named: Option<PathBuf>,
    /// The same as RUN.
    #[arg(long, value_name = "RUN", visible_alias = "run-dir")]
    pub run: Option<PathBuf>,
    /// Another run to show beside this one on the pages of curves and gradients: its folder, or the
    /// beginning of its name; may be repeated.
    #[arg(long, value_name = "RUN")]
    pub beside: Vec<String>,
    /// Print plain lines instead of drawing the dashboard.
    #[arg(long)]
    pub headless: bool,
    /// How the dashboard looks.
    #[command(flatten)]
    pub display: DisplayArguments,
}

impl WatchArguments {
    /// Returns the name of the run, or the folder of runs, if one was given.
    pub fn name(&self) -> Option<&Path> {
        self.named.as_deref().or(self.run.as_deref())
    }
}

/// Options of `runs`.
#[derive(Debug, Clone, Args)]
pub struct RunsListArguments {
    /// The folder that holds the runs, or one run.
    #[arg(value_name = "DIR", default_value = seq2seq::RUNS)]
    pub folder: PathBuf,
    /// Print one JSON object per folder instead of a table: run, begun (seconds since 1970), age (in
    /// seconds), and status, preset, model, differences, task, data, step, last_step, seconds, loss,
    /// best; or why it cannot be read: unreadable.
    #[arg(long)]
    pub json: bool,
}

impl CombiningArguments {
    /// Returns the options for the library, for a model of `runs` runs.
    ///
    /// # Errors
    /// Returns an error for options without effect.
    pub fn options(&self, runs: usize) -> Result<EnsembleOptions> {
        for (flag, is_given) in
            [("--weights", !self.weights.is_empty()), ("--combination", self.combination.is_some())]
        {
            if runs < 2 && is_given {
                return Err(eyre!(
                    "{flag}: one run has nothing to combine with; give several runs of an ensemble"
                ));
            }
        }
        Ok(EnsembleOptions {
            weights: self.weights.clone(),
            combination: self.combination.unwrap_or_default(),
            average_last: self.average_last.unwrap_or(0),
        })
    }
}

impl DecodingArguments {
    /// Returns the options for the library, with `n_best` hypotheses per line.
    ///
    /// # Errors
    /// Returns an error if `n_best` exceeds the beam, or for options without effect.
    pub fn options(&self, n_best: usize) -> Result<BeamOptions> {
        let default = BeamOptions::default();
        let beam = self.beam.unwrap_or(default.beam);
        if n_best > beam {
            return Err(eyre!(
                "--n-best {n_best}: a beam of {beam} has no more hypotheses; give --beam {n_best}"
            ));
        }
        for (flag, is_given) in [
            ("--length-penalty", self.length_penalty.is_some()),
            ("--penalty-in-search", self.penalty_in_search),
            ("--coverage-penalty", self.coverage_penalty != 0.0),
            ("--patience", self.patience != 1.0),
        ] {
            if beam == 1 && is_given {
                return Err(eyre!("{flag}: a beam of 1 has nothing to rank; give --beam 5"));
            }
        }
        Ok(BeamOptions {
            beam,
            length_penalty: self.length_penalty.unwrap_or_default(),
            penalty_in_search: self.penalty_in_search,
            coverage_penalty: self.coverage_penalty,
            n_best,
            patience: self.patience,
            constraints: self.constraints(),
        })
    }

    /// Returns the constraints on outputs.
    pub fn constraints(&self) -> Constraints {
        Constraints {
            max_length: self.max_length,
            max_length_ratio: self.max_length_ratio,
            min_length: self.min_length,
            no_repeat_ngram: self.no_repeat_ngram,
            ..Constraints::default()
        }
    }

    /// Returns what becomes of unknown words, if that was chosen.
    ///
    /// # Errors
    /// Returns an error if the dictionary cannot be read, or is not used.
    pub fn unknown_words(&self) -> Result<Option<UnknownWordOptions>> {
        let Some(path) = &self.dictionary else { return Ok(self.unknown_words.map(Into::into)) };
        if let Some(words) = self.unknown_words.filter(|&words| words != UnknownWords::Replace) {
            return Err(eyre!(
                "--dictionary: with --unknown-words {words} no word is replaced; leave one out"
            ));
        }
        let dictionary = WordDictionary::read(path)
            .wrap_err_with(|| format!("--dictionary {}", path.display()))?;
        let dictionary = Some(Arc::new(dictionary));
        Ok(Some(UnknownWordOptions { words: UnknownWords::Replace, dictionary }))
    }
}

impl SamplingArguments {
    /// Returns true if an option differs from its default.
    pub fn is_given(&self) -> bool {
        self.temperature.is_some()
            || (self.top_k, self.top_p, self.min_p, self.seed) != (0, 1.0, 0.0, 1)
    }

    /// Returns the options for the library, with the default temperature for `None`.
    pub fn options(&self, temperature: f32, samples: usize) -> SamplingOptions {
        let temperature = self.temperature.unwrap_or(temperature);
        let draw =
            Sampling { temperature, top_k: self.top_k, top_p: self.top_p, min_p: self.min_p };
        SamplingOptions { draw, samples, seed: self.seed, ..SamplingOptions::default() }
    }
}
