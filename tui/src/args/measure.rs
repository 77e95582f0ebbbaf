//! Options of the commands that measure.

use std::path::PathBuf;

use clap::Args;

use super::value::{device, seconds, threads};

/// Options of `bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchArguments {
    /// Only these workloads, joined by commas.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Where to compute: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`; `tui devices` lists them.
    #[arg(long, value_name = "DEVICE", value_parser = device, default_value = "cpu")]
    pub device: String,
    /// Threads [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Seconds of training for each workload; decoding takes about half as long.
    #[arg(long, value_name = "S", value_parser = seconds, default_value = "8")]
    pub seconds: f64,
    /// Change a size of the workloads: B (batch), E (embedding), H (state), S, T (source and target
    /// positions) or V (vocabularies), as in H=512; may be given often.
    #[arg(long = "size", value_name = "LETTER=N")]
    pub sizes: Vec<String>,
    /// Instead of measuring, show where a training step of this workload spends its time.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["only", "json"])]
    pub profile: Option<String>,
    /// Instead of workloads, measure single layers, forward and backward: every cell and attention.
    #[arg(long, conflicts_with_all = ["only", "sizes", "profile"])]
    pub layers: bool,
    /// Also write the rows to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Options of `compare`.
#[derive(Debug, Clone, Args)]
pub struct CompareArguments {
    /// Only these models, joined by commas: none, none-reversed, an attention, a cell.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub only: Vec<String>,
    /// The folder of its runs and tables.
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    pub run_dir: PathBuf,
    /// Models that are trained side by side, each on one thread [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Seed of every random stream of each model.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// Stop each model after this many optimizer steps: a quick look, and no result.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_steps: Option<u64>,
}
