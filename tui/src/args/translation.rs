//! Options of `translate`, `score` and `align`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use seq2seq::score::{LinkMethod, Symmetrization};

use super::model::{CorpusArguments, DecodingArguments, SamplingArguments, TranslatorArguments};
use super::value::{alternatives, beam, link_method, symmetrization, texts};

/// Options of `translate`.
#[derive(Debug, Clone, Args)]
pub struct TranslateArguments {
    /// The model.
    #[command(flatten)]
    pub model: TranslatorArguments,
    /// The search.
    #[command(flatten)]
    pub decoding: DecodingArguments,
    /// Sample N translations of each line instead of searching for the best; they are printed like
    /// --n-best. --temperature, --top-k, --top-p, --min-p and --seed need it.
    #[arg(long, value_name = "N", value_parser = texts, conflicts_with_all = SEARCH)]
    pub samples: Option<usize>,
    /// How samples are drawn.
    #[command(flatten)]
    pub sampling: SamplingArguments,
    /// Print the best N of each line's hypotheses, at most the beam: lines of `LINE ||| translation
    /// ||| score`, LINE from 0; with --json the list n_best.
    #[arg(long, value_name = "N", value_parser = beam, default_value = "1")]
    pub n_best: usize,
    /// Begin every translation with this text. The key `prefix` of a JSON line takes precedence.
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
    /// Append word links from attention, as Marian does: `translation ||| 0-0 1-2` (source word,
    /// target word, from 0, without end tokens), after the score if several translations are
    /// printed; with --json the keys alignment and, for n_best, n_best_alignments. argmax links each
    /// target word to the source word with the largest weight, a number to each with at least this
    /// weight. Words are the tokens of the model (those of --json), punctuation included, or, of
    /// subword pieces, the words that they form; a token that was unknown is linked even if several
    /// words replace it.
    #[arg(long, value_name = "argmax|WEIGHT", value_parser = link_method)]
    pub align: Option<LinkMethod>,
    /// Read lines that begin with `{` as JSON objects, all others as text, and print one JSON object
    /// per line: source, target, logprob, tokens, token_logprobs, source_tokens, attention (tokens
    /// by source_tokens), truncated, replaced, score. Both lists of tokens end with the end token,
    /// except that tokens has none if truncated is true. For a blank line, tokens, source_tokens and
    /// attention are empty and logprob is 0. A JSON line has the key source, and optionally prefix
    /// (the text with which the translation begins) and target (a text to score: the output has
    /// target_logprob, target_tokens and target_token_logprobs of it, and the translation takes its
    /// place). All other keys are copied to the output.
    #[arg(long)]
    pub json: bool,
    /// Add the N most probable tokens at each position to the JSON output, with their probabilities:
    /// the key alternatives.
    #[arg(long, value_name = "N", value_parser = alternatives, requires = "json")]
    pub alternatives: Option<usize>,
    /// Add the attention weights of each head to the JSON output (tokens by heads by source_tokens):
    /// the key heads, for attention = multi_head.
    #[arg(long, requires = "json")]
    pub heads: bool,
}

/// Options of `score`.
#[derive(Debug, Clone, Args)]
pub struct ScoreArguments {
    /// The model.
    #[command(flatten)]
    pub model: TranslatorArguments,
    /// The corpus.
    #[command(flatten)]
    pub corpus: CorpusArguments,
    /// Print the log-probability of each token of each target, the end token last: lines of
    /// log-probability, tab, token (the rest of the line), and an empty line after each pair.
    /// A pair with a blank source has no tokens.
    #[arg(long)]
    pub words: bool,
    /// Print one JSON object per pair: logprob; with --words also tokens and token_logprobs.
    #[arg(long)]
    pub json: bool,
}

/// Options of `align`.
#[derive(Debug, Clone, Args)]
pub struct AlignArguments {
    /// The model.
    #[command(flatten)]
    pub model: TranslatorArguments,
    /// The corpus.
    #[command(flatten)]
    pub corpus: CorpusArguments,
    /// How weights become links. argmax: each target word is linked to the source word with the
    /// largest weight; a number: to each source word with at least this weight [default: argmax].
    #[arg(long, value_name = "argmax|WEIGHT", value_parser = link_method)]
    pub method: Option<LinkMethod>,
    /// A run that translates in the other direction, named like RUN; its links are combined with
    /// those of RUN.
    #[arg(long, value_name = "RUN")]
    pub reverse_run: Option<PathBuf>,
    /// How the links of both directions are combined: intersection, union or grow-diag-final-and
    /// [default: grow-diag-final-and].
    #[arg(long, value_name = "NAME", value_parser = symmetrization, requires = "reverse_run")]
    pub symmetrize: Option<Symmetrization>,
    /// pharaoh: links such as `0-0 1-2` (source word, target word). soft: for each target word its
    /// weights over the source words, separated by commas; words separated by spaces. json: one
    /// object per pair with source_tokens, target_tokens, alignment, weights (target_tokens by
    /// source_tokens) and, with --reverse-run, reverse_weights (source_tokens by target_tokens).
    #[arg(long, value_name = "NAME", value_enum, default_value_t = AlignmentFormat::Pharaoh)]
    pub format: AlignmentFormat,
}

/// The form in which alignments are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AlignmentFormat {
    /// Links.
    Pharaoh,
    /// Weights.
    Soft,
    /// Objects with links and weights.
    Json,
}

/// Options of the search that sampling does not have.
const SEARCH: [&str; 6] =
    ["beam", "length_penalty", "penalty_in_search", "coverage_penalty", "patience", "n_best"];
