//! Names of runs, which every command takes in the same way.

use std::path::{Path, PathBuf};

use clap::Args;

/// The run that a command uses.
#[derive(Debug, Clone, Args)]
pub struct RunArgument {
    /// The run: its folder, the start of its folder's name (looked up here and in runs/), or
    /// `latest`, the one begun or resumed last [default: latest]. Its `best` model is used if the
    /// run had validation, else its `last`.
    #[arg(value_name = "RUN", conflicts_with = "run")]
    named: Option<PathBuf>,
    /// The same as RUN.
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,
}

impl RunArgument {
    /// Returns the name of the run; `None` for the default.
    pub fn name(&self) -> Option<&Path> {
        self.named.as_deref().or(self.run.as_deref())
    }
}

/// The runs that a command uses.
#[derive(Debug, Clone, Args)]
pub struct RunsArguments {
    /// The run: its folder, the start of its folder's name (looked up here and in runs/), or
    /// `latest`, the one begun or resumed last [default: latest]. Its `best` model is used if the
    /// run had validation, else its `last`. Several runs with the same vocabularies predict each
    /// word together, as an ensemble (`evaluate` compares them, or with --ensemble does so, too).
    #[arg(value_name = "RUN", conflicts_with = "run")]
    named: Vec<PathBuf>,
    /// The same as RUN; may be repeated.
    #[arg(long, value_name = "RUN")]
    run: Vec<PathBuf>,
}

impl RunsArguments {
    /// Returns the names of the runs; none for the default.
    pub fn names(&self) -> &[PathBuf] {
        if self.named.is_empty() { &self.run } else { &self.named }
    }
}
