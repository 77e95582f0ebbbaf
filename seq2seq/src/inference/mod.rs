//! Trained models: opened from their run's folder, and used.

mod evaluate;
mod sampler;
mod translator;

use std::path::Path;

use tensor::{Device, Params};

pub use evaluate::evaluate;
pub use sampler::{GeneratedText, SampleOptions, Sampler};
pub use translator::{PairScore, Translation, Translator};

use crate::config::TaskKind;
use crate::run::{RunDir, StoredRun};
use crate::train::load_for_use;
use crate::{Error, Result, devices};

/// A run whose model is to be used.
struct OpenedRun {
    dir: RunDir,
    stored: StoredRun,
    device: Device,
}

/// Opens a run that was trained for one of `tasks`.
///
/// # Errors
/// No run there, another task's run, a damaged file, a device that is not there.
fn open_run(
    run: &Path,
    device: &str,
    threads: Option<usize>,
    tasks: &[TaskKind],
) -> Result<OpenedRun> {
    let device = devices::open(device, threads)?;
    let dir = RunDir::open(run)?;
    let stored = dir.stored_in_range()?;
    if !tasks.contains(&stored.config.task) {
        let needed = if tasks.contains(&TaskKind::Translation) {
            "a translation"
        } else {
            "a language model"
        };
        let task = stored.config.task.to_string();
        return Err(Error::OtherTask { path: run.into(), task, needed });
    }
    Ok(OpenedRun { dir, stored, device })
}

impl OpenedRun {
    /// The model that `build` makes of it, and its parameters: those of `best` where there was
    /// validation, else of `last`.
    ///
    /// # Errors
    /// Those of `build`, a damaged checkpoint, one of another model; the device failed.
    fn load<M>(
        &self,
        build: impl FnOnce(&mut Params, &StoredRun) -> Result<M>,
    ) -> Result<(M, Params)> {
        let mut params = Params::new();
        let model = build(&mut params, &self.stored)?;
        load_for_use(&mut params, &self.dir.best_or_last()?, self.dir.path())?;
        params.to_device(&self.device)?;
        Ok((model, params))
    }
}
