//! Options of `evaluate`.

use std::path::PathBuf;

use clap::Args;
use seq2seq::Precision;
use seq2seq::score::BleuTokenizer;

use super::model::{CombiningArguments, DecodingArguments};
use super::run::RunsArguments;
use super::value::{columns, device, precision, threads, tokenizer};

/// Options of `evaluate`.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct EvaluateArguments {
    /// The runs.
    #[command(flatten)]
    pub runs: RunsArguments,
    /// Evaluate all runs as one ensemble instead of comparing them.
    #[arg(long, conflicts_with_all = ["hypotheses", "alignments"])]
    pub ensemble: bool,
    /// How runs are combined.
    #[command(flatten)]
    pub combining: CombiningArguments,
    /// The corpus: a built-in one such as `phrasebook:test` or `reverse:20:test`, a TSV file, or
    /// two files separated by a comma; for a language model, any text file [default: the held-out
    /// part of the run's own corpus].
    #[arg(
        long,
        value_name = "SPEC",
        conflicts_with_all = ["hypotheses", "alignments"]
    )]
    pub data: Option<String>,
    /// Source and target column of a TSV file, counted from 1; for the phrasebook, 2,1 is French to
    /// English [default: 1,2].
    #[arg(
        long,
        value_name = "SRC,TGT",
        value_parser = columns,
        requires = "data",
        conflicts_with_all = ["hypotheses", "alignments"]
    )]
    pub columns: Option<(usize, usize)>,
    /// Score the lines of this file, without a model. May be repeated: the files are compared with
    /// the first.
    #[arg(
        long,
        value_name = "FILE",
        requires = "references",
        conflicts_with_all = ["RunsArguments", "alignments", "DecodingArguments", "CombiningArguments"]
    )]
    pub hypotheses: Vec<PathBuf>,
    /// The references, a line for each line of --hypotheses.
    #[arg(
        long,
        value_name = "FILE",
        requires = "hypotheses",
        conflicts_with_all = ["RunsArguments", "alignments"]
    )]
    pub references: Option<PathBuf>,
    /// The sources, a line for each line of --hypotheses: for the scores by length, and so that ser
    /// and wer accept any reference of a repeated source.
    #[arg(
        long,
        value_name = "FILE",
        requires = "hypotheses",
        conflicts_with_all = ["RunsArguments", "alignments"]
    )]
    pub sources: Option<PathBuf>,
    /// Score these word links, without a model: a line for each sentence pair with links such as
    /// `0-0 1-2`, source word first, words counted from 0 (Pharaoh's format).
    #[arg(long, value_name = "FILE", requires = "gold",
          conflicts_with_all = ["RunsArguments", "DecodingArguments", "CombiningArguments"])]
    pub alignments: Option<PathBuf>,
    /// The gold links for --alignments, or for the attention of a run: `0-0` is sure, `0?0` and
    /// `0p0` are possible. Instead of links alone, a line may have four columns separated by tabs:
    /// a number, source, target, and links with words counted from 1.
    #[arg(long, value_name = "FILE", conflicts_with = "hypotheses")]
    pub gold: Option<PathBuf>,
    /// The device: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`; `tui devices` lists them.
    #[arg(
        long,
        value_name = "DEVICE",
        value_parser = device,
        default_value = "cpu",
        conflicts_with_all = ["hypotheses", "alignments"]
    )]
    pub device: String,
    /// Number of threads [default: all processors].
    #[arg(
        long,
        value_name = "N",
        value_parser = threads,
        conflicts_with_all = ["hypotheses", "alignments"]
    )]
    pub threads: Option<usize>,
    /// The numbers that the model's matrices consist of: f32, or int8: 8-bit integers, which take a
    /// quarter of the memory and less time, on the processor only.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = precision,
        default_value = "f32",
        conflicts_with_all = ["hypotheses", "alignments"]
    )]
    pub precision: Precision,
    /// The search.
    #[command(flatten)]
    pub decoding: DecodingArguments,
    /// How BLEU splits texts into words: 13a, none (at white space), intl or char, as in sacreBLEU.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = tokenizer,
        default_value = "13a",
        conflicts_with = "alignments"
    )]
    pub tokenize: BleuTokenizer,
    /// Ignore letter case in BLEU and chrF (TER always ignores it, exact match never).
    #[arg(long, conflicts_with = "alignments")]
    pub lowercase: bool,
    /// Also compute 95 % confidence intervals of BLEU, chrF and TER from 1,000 bootstrap samples.
    #[arg(long, conflicts_with = "alignments")]
    pub confidence: bool,
    /// Also print a table of scores by the number of source words; --json always has them.
    #[arg(long, conflicts_with = "alignments")]
    pub by_length: bool,
    /// Also write the outputs to this file, one line per pair, in the order of the corpus.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hypotheses", "alignments"])]
    pub write: Option<PathBuf>,
    /// Also write the held-out pairs of the run to this file, one per line: source, tab, target (of
    /// a language model: the lines).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "hypotheses", "alignments"])]
    pub write_held_out: Option<PathBuf>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}
