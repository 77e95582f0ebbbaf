//! Runs by their names: one place for every command.

use std::path::{Path, PathBuf};

use color_eyre::eyre::Result;
use seq2seq::{RUNS, find_run, latest_run};

use crate::output;

/// Returns the folder of the run with a name. Without a name it is the latest run, which stderr
/// says.
pub(super) fn run(name: Option<&Path>) -> Result<PathBuf> {
    match name {
        Some(name) => Ok(find_run(name, Path::new(RUNS))?),
        None => {
            let run = latest_run(Path::new(RUNS))?;
            output::note(&format!("run: {}, the latest", run.display()));
            Ok(run)
        }
    }
}

/// Returns the folders of the runs with some names; of the latest run if there are none.
pub(super) fn runs(names: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if names.is_empty() {
        return Ok(vec![run(None)?]);
    }
    names.iter().map(|name| run(Some(name))).collect()
}
