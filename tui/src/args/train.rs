//! Options of training.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use seq2seq::TrainOptions;

use super::display::DisplayArguments;
use super::settings::SettingArguments;
use super::value::{columns, device, key_and_value, minutes, threads};

/// A log that is written beside the run's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Event files for TensorBoard.
    #[value(name = "tensorboard")]
    TensorBoard,
}

/// Options of `train`.
#[derive(Debug, Clone, Default, Args)]
pub struct TrainArguments {
    /// A named configuration, sized for two cores; `NAME:full` has the size of the published work
    /// that it follows. `tui presets` lists them [default: phrasebook].
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// The corpus: `phrasebook` (or `phrasebook:train`, `:valid`, `:test`), a generated task
    /// (`copy`, `reverse:20`, `dates`, `adding`, `temporal-order`, `reber`), a TSV file, or two
    /// parallel files separated by a comma; for a language model, any text file. `.gz` files are
    /// decompressed [default: the preset's corpus].
    #[arg(long, value_name = "SPEC")]
    pub data: Option<String>,
    /// The held-out pairs, in the same format; `none` trains on everything [default: a fixed share
    /// of the corpus].
    #[arg(long, value_name = "SPEC")]
    pub valid: Option<String>,
    /// Source and target column of a TSV file, counted from 1; for the phrasebook, 2,1 is French to
    /// English [default: 1,2].
    #[arg(long, value_name = "SRC,TGT", value_parser = columns)]
    pub columns: Option<(usize, usize)>,
    /// The device: `cpu`, `opencl` (the first device, GPUs before others), `opencl:auto` (of several
    /// processes on a machine, another device for each) or `opencl:PLATFORM.DEVICE`, in a build with
    /// the feature; `tui devices` lists them. The suffix
    /// `:tf32`, as in `opencl:tf32`, computes matrix products in TF32 [default: cpu].
    #[arg(long, value_name = "DEVICE", value_parser = device)]
    pub device: Option<String>,
    /// Number of threads [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Seed of every random stream.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Stop after this many epochs, counted from the run's start.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub epochs: Option<u64>,
    /// Stop after this many optimizer steps, counted from the run's start.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_steps: Option<u64>,
    /// Stop after this many minutes of training, counted from the run's start.
    #[arg(long, value_name = "M", value_parser = minutes)]
    pub max_minutes: Option<f64>,
    /// The run's folder [default: a new one under runs/]. With --resume also `latest`, or the start
    /// of its folder's name.
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// Print plain lines instead of drawing the dashboard.
    #[arg(long)]
    pub headless: bool,
    /// The keys that have a flag of their own.
    #[command(flatten)]
    pub settings: SettingArguments,
    /// Change one key of the preset; may be repeated. `tui presets NAME --all` lists the keys.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub set: Vec<(String, String)>,
    /// Resume the run in --run-dir, with its own configuration.
    #[arg(long, requires = "run_dir")]
    pub resume: bool,
    /// How the dashboard looks.
    #[command(flatten)]
    pub display: DisplayArguments,
    /// Write a log for another program while training: `tensorboard` writes event files into the folder
    /// tensorboard/ of the run. A resumed run with this folder continues it without the flag.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log: Option<LogFormat>,
}

impl TrainArguments {
    /// Returns the options for the library, without the display options.
    pub fn options(self) -> TrainOptions {
        TrainOptions {
            preset: self.preset,
            data: self.data,
            valid: self.valid,
            columns: self.columns,
            device: self.device,
            threads: self.threads,
            seed: self.seed,
            epochs: self.epochs,
            max_steps: self.max_steps,
            max_minutes: self.max_minutes,
            run_dir: self.run_dir,
            set: self.settings.into_set().chain(self.set).collect(),
            resume: self.resume,
        }
    }
}
