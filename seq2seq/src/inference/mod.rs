//! Inference with trained models, opened from their run directories.

mod answers;
mod evaluate;
mod evaluated;
mod held_out;
mod precision;
mod sampler;
mod sequences;
mod translator;

use std::path::Path;

use tensor::{Device, Params};

pub use answers::StoredRunAnswers;
pub use evaluate::{evaluate, evaluate_held_out, evaluate_outputs};
pub use evaluated::{EvaluateOptions, Evaluated, EvaluatedTranslations};
pub use held_out::HeldOut;
pub use precision::Precision;
pub use sampler::{GeneratedText, SampleOptions, Sampler};
pub use sequences::SequenceInspector;
pub use translator::{
    Alternative, Candidate, EnsembleOptions, PairScore, Translation, TranslationRequest, Translator,
};

use crate::config::TaskKind;
use crate::run::{RunDir, StoredRun};
use crate::train::{load_average, load_for_use};
use crate::{Error, Result, devices};

/// A run that was opened for inference.
struct OpenedRun {
    dir: RunDir,
    stored: StoredRun,
    device: Device,
}

/// Opens a run that was trained for one of `tasks`.
///
/// # Errors
/// A missing run, a run of another task, a damaged file, a missing device.
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
        } else if tasks.contains(&TaskKind::Sequence) {
            "a generated sequence"
        } else {
            "a language model"
        };
        let task = stored.config.task.to_string();
        return Err(Error::OtherTask { path: run.into(), task, needed });
    }
    Ok(OpenedRun { dir, stored, device })
}

impl OpenedRun {
    /// Returns the model that `build` creates, and its parameters: those of `best` if the run has
    /// validated, else those of `last`.
    ///
    /// # Errors
    /// Errors of `build`, a damaged checkpoint, a checkpoint of another model, a failure of the
    /// device.
    fn load<M>(
        &self,
        build: impl FnOnce(&mut Params, &StoredRun) -> Result<M>,
    ) -> Result<(M, Params)> {
        self.load_averaged(0, &self.device, build)
    }

    /// Like [`load`](Self::load) on any device, with the mean of the parameters of the last `count`
    /// kept checkpoints if `count` is above 0.
    ///
    /// # Errors
    /// Those of [`load`](Self::load); fewer kept checkpoints than `count`.
    fn load_averaged<M>(
        &self,
        count: usize,
        device: &Device,
        build: impl FnOnce(&mut Params, &StoredRun) -> Result<M>,
    ) -> Result<(M, Params)> {
        let mut params = Params::new();
        let model = build(&mut params, &self.stored)?;
        let path = self.dir.path();
        if count == 0 {
            load_for_use(&mut params, &self.dir.best_or_last()?, path)?;
        } else {
            let kept = self.dir.last_kept_checkpoints(count)?;
            let last = kept.iter();
            load_average(&mut params, last.map(|kept| self.dir.kept_checkpoint(*kept)), path)?;
        }
        params.to_device(device)?;
        Ok((model, params))
    }
}
