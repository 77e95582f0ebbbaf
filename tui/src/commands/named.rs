//! Runs by their names: one place for every command.

use std::path::{Path, PathBuf};

use color_eyre::eyre::Result;
use seq2seq::{RUNS, find_run, latest_run};

use crate::output;

/// Returns the folder of the run with a name. Without a name it is the latest run. Stderr says which
/// run that is, and which one an incomplete name stands for.
pub(super) fn run(name: Option<&Path>) -> Result<PathBuf> {
    match name {
        Some(name) => {
            let run = find_run(name, Path::new(RUNS))?;
            if run != name && run != Path::new(RUNS).join(name) {
                output::note(&format!("run: {}", run.display()));
            }
            Ok(run)
        }
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
