//! Options of the commands that use a trained model.

use std::path::PathBuf;

use clap::Args;
use color_eyre::eyre::{Result, eyre};
use seq2seq::decode::{BeamOptions, LengthPenalty};

use super::value::{
    beam, columns, device, length_penalty, max_length, temperature, texts, threads, tokens,
};

/// A trained model: its run folder and its device.
#[derive(Debug, Clone, Args)]
pub struct ModelArguments {
    /// The run's folder; its `best` model is used if the run had validation, else its `last`.
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
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

/// Options of the search for translations.
#[derive(Debug, Clone, Args)]
pub struct DecodingArguments {
    /// Keep this many hypotheses at each step: beam search; 1 is greedy decoding.
    #[arg(long, value_name = "N", value_parser = beam, default_value = "1")]
    pub beam: usize,
    /// How the log-probability s of a translation of L tokens becomes the score that ranks it:
    /// none: s; average:A: s / L^A; gnmt:A: s / ((5 + L) / 6)^A; sockeye:A:B: s ((B + 1) /
    /// (B + L))^A; marian:A:W: (s - W L) / L^A [default: average:1].
    #[arg(long, value_name = "NAME[:A[:B]]", value_parser = length_penalty)]
    pub length_penalty: Option<LengthPenalty>,
    /// Truncate a translation after this many target tokens (words or letters, including the end
    /// token) [default: the run's max_length].
    #[arg(long, value_name = "N", value_parser = max_length)]
    pub max_length: Option<usize>,
}

/// Options of `translate`.
#[derive(Debug, Clone, Args)]
pub struct TranslateArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// The search.
    #[command(flatten)]
    pub decoding: DecodingArguments,
    /// Print the best N of each line's hypotheses, at most the beam: lines of `LINE ||| translation
    /// ||| score`, LINE from 0; with --json the list n_best.
    #[arg(long, value_name = "N", value_parser = beam, default_value = "1")]
    pub n_best: usize,
    /// Print one JSON object per line: source, target, logprob, tokens, source_tokens, attention
    /// (tokens by source_tokens), truncated, score. Both lists of tokens end with the end token,
    /// except that tokens has none if truncated is true. For a blank line, tokens, source_tokens
    /// and attention are empty and logprob is 0.
    #[arg(long)]
    pub json: bool,
}

/// Options of `score`.
#[derive(Debug, Clone, Args)]
pub struct ScoreArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// The corpus.
    #[command(flatten)]
    pub corpus: CorpusArguments,
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
    /// Divide the logits by this before a token is sampled: below 1 for more probable texts, 0 to
    /// always take the most probable token [default: the value that the run was started with].
    #[arg(long, value_name = "T", value_parser = temperature)]
    pub temperature: Option<f32>,
    /// The beginning of each text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub prefix: String,
    /// Seed of the sampling.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
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
    /// The run's folder.
    #[arg(value_name = "DIR")]
    pub run: PathBuf,
    /// Print plain lines instead of drawing the dashboard.
    #[arg(long)]
    pub headless: bool,
    /// Draw the dashboard with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
}

impl DecodingArguments {
    /// Returns the options for the library, with `n_best` hypotheses per line.
    ///
    /// # Errors
    /// Returns an error if `n_best` exceeds the beam, or for a length penalty without a beam.
    pub fn options(&self, n_best: usize) -> Result<BeamOptions> {
        if n_best > self.beam {
            return Err(eyre!(
                "--n-best {n_best}: a beam of {} has no more hypotheses; give --beam {n_best}",
                self.beam
            ));
        }
        if self.beam == 1 && self.length_penalty.is_some() {
            return Err(eyre!("--length-penalty: a beam of 1 has nothing to rank; give --beam 5"));
        }
        let length_penalty = self.length_penalty.unwrap_or_default();
        let (beam, limit) = (self.beam, self.max_length);
        Ok(BeamOptions { beam, length_penalty, n_best, limit, ..BeamOptions::default() })
    }
}
