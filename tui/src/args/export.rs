//! Options of `tui export`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use seq2seq::exchange::Weights;

use super::run::RunArgument;
use super::value::averaged;

/// Options of `tui export`.
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true))]
pub struct ExportArguments {
    /// The run.
    #[command(flatten)]
    pub run: RunArgument,
    /// Write the model into this new folder.
    #[arg(long, value_name = "DIR", group = "what")]
    pub out: Option<PathBuf>,
    /// Export the last parameters, in place of those of the best validation.
    #[arg(long, conflicts_with = "average_last", requires = "out")]
    pub last: bool,
    /// Export the mean of the parameters of the last N validations; the run keeps them if it was
    /// trained with --set keep_checkpoints=N.
    #[arg(long, value_name = "N", value_parser = averaged, requires = "out")]
    pub average_last: Option<usize>,
    /// Write the plots as SVG and PNG into this folder: every metric, gradient norms, gradient flow,
    /// attention maps of the samples, scores by length.
    #[arg(long, value_name = "DIR", group = "what")]
    pub plots: Option<PathBuf>,
    /// The step of the attention maps and the gradient flow [default: the last one that is saved].
    #[arg(long, value_name = "N", requires = "plots")]
    pub step: Option<u64>,
    /// Leave out the scores by length, for which the held-out pairs are translated.
    #[arg(long, requires = "plots")]
    pub no_scores: bool,
    /// Write one row per step, as CSV; `-` is stdout.
    #[arg(long, value_name = "FILE", group = "what")]
    pub csv: Option<PathBuf>,
    /// Write one JSON object per step and line, with the columns of --csv; `-` is stdout.
    #[arg(long, value_name = "FILE", group = "what")]
    pub jsonl: Option<PathBuf>,
    /// Write an event file for TensorBoard into this folder.
    #[arg(long, value_name = "DIR", group = "what")]
    pub tensorboard: Option<PathBuf>,
    /// Replace files of plots, tables and events that exist.
    #[arg(long, conflicts_with = "out")]
    pub overwrite: bool,
}

impl ExportArguments {
    /// Returns which parameters are exported.
    pub fn weights(&self) -> Weights {
        match self.average_last {
            Some(count) => Weights::AverageLast(count),
            None if self.last => Weights::Last,
            None => Weights::Best,
        }
    }
}
