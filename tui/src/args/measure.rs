//! Options of the `bench` and `compare` commands.

use std::path::PathBuf;

use clap::Args;
use seq2seq::Precision;

use super::value::{device, precision, seconds, threads};

/// Options of `bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchArguments {
    /// Measure only these workloads, separated by commas; with `--layers` these cells and attentions.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub only: Vec<String>,
    /// The device: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`; `tui devices` lists them.
    #[arg(long, value_name = "DEVICE", value_parser = device, default_value = "cpu")]
    pub device: String,
    /// Number of threads [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Seconds of training per workload; each kind of decoding takes half as long, or an eighth.
    #[arg(long, value_name = "S", value_parser = seconds, default_value = "8")]
    pub seconds: f64,
    /// Change a size of the workloads: B (batch), E (embedding), H (state), S, T (source and target
    /// positions) or V (vocabularies), as in H=512; may be repeated.
    #[arg(long = "size", value_name = "LETTER=N")]
    pub sizes: Vec<String>,
    /// Measure decoding only, with the initial weights.
    #[arg(long, conflicts_with_all = ["profile", "layers", "ranks"])]
    pub decode: bool,
    /// The numbers to decode with: f32, or int8 (8-bit integers, on the processor).
    #[arg(long, value_name = "NAME", value_parser = precision, default_value = "f32", requires = "decode")]
    pub precision: Precision,
    /// Instead of measuring, profile a training step of this workload.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["only", "json"])]
    pub profile: Option<String>,
    /// Instead of workloads, measure single layers, forward and backward, and forward alone: all cells
    /// and attentions.
    #[arg(long, conflicts_with_all = ["sizes", "profile"])]
    pub layers: bool,
    /// Instead of one process, measure the training step of all ranks that `mpirun` started, and of it
    /// the exchange of gradients and the wait for the slowest rank; `--threads` is that of each rank.
    #[arg(long, conflicts_with_all = ["profile", "layers"])]
    pub ranks: bool,
    /// Also write the rows to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Options of `compare`.
#[derive(Debug, Clone, Args)]
pub struct CompareArguments {
    /// Train only these models, separated by commas: none, none-reversed, an attention, a cell.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub only: Vec<String>,
    /// The folder for the runs and tables.
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    pub run_dir: PathBuf,
    /// Number of models trained in parallel, each on one thread [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Seed of every random stream of each model.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// Stop each model after this many optimizer steps: a quick check, not a valid comparison.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_steps: Option<u64>,
}
