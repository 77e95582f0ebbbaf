//! Options of the commands that use a trained model.

use std::path::PathBuf;

use clap::Args;

use super::value::{columns, device, max_length, temperature, texts, threads, tokens};

/// A trained model: where it is and where it computes.
#[derive(Debug, Clone, Args)]
pub struct ModelArguments {
    /// The run's folder; its `best` model is used where there was validation, else its `last`.
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
    /// Where to compute: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`; `tui devices` lists them.
    #[arg(long, value_name = "DEVICE", value_parser = device, default_value = "cpu")]
    pub device: String,
    /// Threads [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
}

/// A corpus to measure a model on.
#[derive(Debug, Clone, Args)]
pub struct CorpusArguments {
    /// The corpus: `phrasebook:test`, `reverse:20:test` and their like, a TSV file, or two files
    /// joined by a comma; for a language model any text file.
    #[arg(long, value_name = "SPEC")]
    pub data: String,
    /// Source and target column of a TSV file, from 1; of the phrasebook 2,1 is French to English
    /// [default: 1,2].
    #[arg(long, value_name = "SRC,TGT", value_parser = columns)]
    pub columns: Option<(usize, usize)>,
}

/// Options of `translate`.
#[derive(Debug, Clone, Args)]
pub struct TranslateArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// Cut a translation after this many target tokens (words, or letters; the end counted)
    /// [default: as the run says with max_length].
    #[arg(long, value_name = "N", value_parser = max_length)]
    pub max_length: Option<usize>,
    /// Print one JSON object a line: source, target, logprob, tokens, source_tokens, attention
    /// (tokens by source_tokens), truncated. Both lists of tokens end with the end token, but that
    /// tokens has none where truncated is true. Of a blank line all three are empty and logprob is 0.
    #[arg(long)]
    pub json: bool,
}

/// Options of `evaluate`.
#[derive(Debug, Clone, Args)]
pub struct EvaluateArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// The corpus.
    #[command(flatten)]
    pub corpus: CorpusArguments,
    /// Cut a translation after this many target tokens (words, or letters; the end counted)
    /// [default: as the run says with max_length].
    #[arg(long, value_name = "N", value_parser = max_length)]
    pub max_length: Option<usize>,
    /// Print one JSON object instead of a table.
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
    /// Texts.
    #[arg(long, value_name = "N", value_parser = texts, default_value = "10")]
    pub count: usize,
    /// What the logits are divided by before a token is drawn: below 1 for more probable texts, 0 for
    /// always the most probable token [default: as the run was begun].
    #[arg(long, value_name = "T", value_parser = temperature)]
    pub temperature: Option<f32>,
    /// How each text begins.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub prefix: String,
    /// Seed of the draws.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// Tokens after the prefix, at most, the end counted [default: as the run was begun].
    #[arg(long, value_name = "N", value_parser = tokens)]
    pub length: Option<usize>,
    /// Print one JSON object a line: text, logprob, tokens.
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
