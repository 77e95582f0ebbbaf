//! Options of `tour`.

use std::path::PathBuf;

use clap::Args;

use super::DisplayArguments;
use super::value::threads;

/// Options of `tour`.
#[derive(Debug, Clone, Args)]
pub struct TourArguments {
    /// Begin at this stop: its number or its name, such as 8 or attention. With --headless: run
    /// these stops only.
    #[arg(value_name = "STOP")]
    pub stops: Vec<String>,
    /// The folder of the tour: what was reached, and the runs.
    #[arg(long, value_name = "DIR", default_value = "runs/tour")]
    pub run_dir: PathBuf,
    /// Run the experiments without the screen, and check their numbers.
    #[arg(long)]
    pub headless: bool,
    /// Train a few steps only: shows that every stop works; its numbers mean nothing.
    #[arg(long)]
    pub quick: bool,
    /// Number of threads [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// How the screen looks, and where it is recorded.
    #[command(flatten)]
    pub display: DisplayArguments,
}
