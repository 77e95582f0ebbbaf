//! Checkpoints of validations that a run keeps, so that their parameters can be averaged.

use std::fs;
use std::path::PathBuf;

use super::RunDir;
use crate::run::checkpoint::{Checkpoint, StoredOptimizer};
use crate::run::codec;
use crate::{Error, Result};

const PREFIX: &str = "step-";
const SUFFIX: &str = ".ckpt";

impl RunDir {
    /// Returns the steps of the kept checkpoints in ascending order.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn kept_checkpoints(&self) -> Result<Vec<u64>> {
        let mut steps = Vec::new();
        for entry in fs::read_dir(self.path()).map_err(Error::io("read", self.path()))? {
            let name = entry.map_err(Error::io("read", self.path()))?.file_name();
            let name = name.to_string_lossy();
            let step = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
            steps.extend(step.and_then(|step| step.parse::<u64>().ok()));
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// Returns the steps of the last `count` kept checkpoints, oldest first.
    ///
    /// # Errors
    /// [`Error::TooFewCheckpoints`]; the folder cannot be read.
    pub fn last_kept_checkpoints(&self, count: usize) -> Result<Vec<u64>> {
        let mut kept = self.kept_checkpoints()?;
        if kept.len() < count {
            let (path, found) = (self.path().into(), kept.len());
            return Err(Error::TooFewCheckpoints { path, found, needed: count });
        }
        Ok(kept.split_off(kept.len() - count))
    }

    /// Reads the kept checkpoint of a step.
    ///
    /// # Errors
    /// A missing or damaged file.
    pub fn kept_checkpoint(&self, step: u64) -> Result<Checkpoint> {
        codec::read(&self.kept_path(step))
    }

    /// Keeps a checkpoint for inference, without the optimizer's state, and removes the oldest ones
    /// until `count` are left.
    ///
    /// # Errors
    /// The run was opened only for reading; write errors.
    pub fn keep(&self, checkpoint: &Checkpoint, count: usize) -> Result<()> {
        self.may_write()?;
        let light = Checkpoint {
            optimizer: StoredOptimizer::default(),
            carried: Vec::new(),
            identity: self.identity,
            ..checkpoint.clone()
        };
        codec::write(&self.kept_path(checkpoint.progress.step), &light)?;
        let kept = self.kept_checkpoints()?;
        self.remove_kept(&kept[..kept.len().saturating_sub(count)])
    }

    /// Removes the kept checkpoints after `step`, which a resumed run will make again.
    ///
    /// # Errors
    /// The run was opened only for reading; files that cannot be removed.
    pub fn forget_kept_after(&self, step: u64) -> Result<()> {
        self.may_write()?;
        let mut kept = self.kept_checkpoints()?;
        kept.retain(|&kept| kept > step);
        self.remove_kept(&kept)
    }

    fn remove_kept(&self, steps: &[u64]) -> Result<()> {
        for &step in steps {
            let path = self.kept_path(step);
            fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
        Ok(())
    }

    fn kept_path(&self, step: u64) -> PathBuf {
        self.path().join(format!("{PREFIX}{step}{SUFFIX}"))
    }
}
