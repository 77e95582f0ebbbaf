//! Options of `tui import`.

use std::path::PathBuf;

use clap::Args;
use color_eyre::eyre::{Result, eyre};
use seq2seq::exchange::ImportOptions;

use super::value::columns;

/// Options of `tui import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArguments {
    /// A folder that `tui export` wrote, or one of the same form.
    #[arg(
        value_name = "DIR",
        required_unless_present = "pytorch_tutorial",
        conflicts_with = "pytorch_tutorial"
    )]
    pub folder: Option<PathBuf>,
    /// Import the two networks of the PyTorch tutorial on translation with attention, from
    /// --encoder, --decoder and --vocab.
    #[arg(long, requires_all = ["encoder", "decoder", "vocab"])]
    pub pytorch_tutorial: bool,
    /// The tutorial's `EncoderRNN.state_dict()`, as safetensors.
    #[arg(long, value_name = "FILE", requires = "pytorch_tutorial")]
    pub encoder: Option<PathBuf>,
    /// The tutorial's `AttnDecoderRNN.state_dict()`, as safetensors.
    #[arg(long, value_name = "FILE", requires = "pytorch_tutorial")]
    pub decoder: Option<PathBuf>,
    /// JSON with the words of both languages in the order of their ids:
    /// {"input": ["SOS", "EOS", ...], "output": ["SOS", "EOS", ...]}.
    #[arg(long, value_name = "FILE", requires = "pytorch_tutorial")]
    pub vocab: Option<PathBuf>,
    /// The folder of the new run.
    #[arg(long, value_name = "DIR")]
    pub run_dir: PathBuf,
    /// The corpus to train the run on later; without it, `tui --resume --data SPEC` gives it.
    #[arg(long, value_name = "SPEC")]
    pub data: Option<String>,
    /// The held-out pairs, or `none` [default: a part of the corpus].
    #[arg(long, value_name = "SPEC", requires = "data")]
    pub valid: Option<String>,
    /// Source and target column of a TSV file, counted from 1 [default: those of the model].
    #[arg(long, value_name = "SRC,TGT", value_parser = columns)]
    pub columns: Option<(usize, usize)>,
}

impl ImportArguments {
    /// Returns the data of the run.
    pub fn options(&self) -> ImportOptions {
        ImportOptions { data: self.data.clone(), valid: self.valid.clone(), columns: self.columns }
    }

    /// Returns the files of the tutorial: encoder, decoder, vocabularies.
    ///
    /// # Errors
    /// One of them is not given.
    pub fn tutorial_files(&self) -> Result<[&PathBuf; 3]> {
        match (&self.encoder, &self.decoder, &self.vocab) {
            (Some(encoder), Some(decoder), Some(vocab)) => Ok([encoder, decoder, vocab]),
            _ => Err(eyre!("--pytorch-tutorial needs --encoder, --decoder and --vocab")),
        }
    }
}
