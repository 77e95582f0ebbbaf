//! Validation, samples and checkpoints between two steps.

use super::schedule::is_better;
use super::trainer::Trainer;
use crate::Result;
use crate::event::{Best, CheckpointKind, Event, Samples, Validation};
use crate::model::Model;
use crate::ranks::Order;

impl<M: Model> Trainer<'_, M> {
    /// Validates on all ranks; `due` is false if the user requested it. Rank 0 calls this.
    pub(super) fn validate(&mut self, due: bool) -> Result<()> {
        self.order(&Order::Validate(due))?;
        self.validate_here(due)
    }

    /// Validates; every rank calls this.
    pub(super) fn validate_here(&mut self, due: bool) -> Result<()> {
        self.finish_pending()?;
        let seen = self.state.look(&self.threads.with_ranks(&self.ranks), M::validate);
        let Some(seen) = self.agreed(seen)? else {
            self.state.progress.owes_validation |= due;
            return Ok(());
        };
        let seen = self.of_rank_0(seen)?;
        let progress = &mut self.state.progress;
        let step = progress.step;
        progress.owes_validation = false;
        self.clock.validated_at = Some(step);
        let Some(metrics) = seen else { return Ok(()) };
        let metric = self.settings.early_stopping_metric;
        // A loss that is not finite cannot be the best, since no later loss would beat it.
        let best = metrics.loss.is_finite()
            && progress.best.is_none_or(|best| is_better(metric, &metrics, &best));
        if best {
            progress.patience.refresh();
            progress.best = Some(Best { step, bleu: metrics.bleu, loss: metrics.loss });
            self.save_here(CheckpointKind::Best)?;
        } else if due {
            progress.patience.wait(self.settings.patience);
        }
        if self.settings.keep_checkpoints > 0 && self.state.is_finite() {
            self.compare_ranks()?;
            self.recorder.keep(&self.state.checkpoint(), self.settings.keep_checkpoints)?;
        }
        let remark = self.state.model.remark(&metrics);
        let found = self.health.validation(step, metrics.loss, remark);
        self.recorder.tell(Event::Validation(Validation { step, metrics, best }))?;
        self.recorder.warn(step, found)?;
        if due && !self.clock.samples_may_follow(self.state.progress.seconds) {
            self.clock.skipped_samples = true;
            return Ok(());
        }
        self.sample()
    }

    /// Reports the model's outputs for a few held-out examples; rank 0 alone does.
    pub(super) fn sample(&mut self) -> Result<()> {
        self.finish_pending()?;
        self.clock.sampled();
        if self.settings.sample_every_seconds <= 0.0 || !self.ranks.is_first() {
            return Ok(());
        }
        let samples = self.state.look(self.threads, M::samples)?.unwrap_or_default();
        if samples.is_empty() {
            return Ok(());
        }
        let step = self.state.progress.step;
        let samples = Samples { step, samples };
        self.recorder.warn(step, self.health.samples(&samples))?;
        self.recorder.tell(Event::Samples(samples))
    }

    /// Saves the last checkpoint, unless a parameter is no longer finite; then the previous one is
    /// kept. Rank 0 calls this.
    pub(super) fn save(&mut self) -> Result<()> {
        self.order(&Order::Save)?;
        self.save_here(CheckpointKind::Last)
    }

    /// Saves a checkpoint like [`save`](Self::save); every rank calls this, and rank 0 writes.
    pub(super) fn save_here(&mut self, kind: CheckpointKind) -> Result<()> {
        self.finish_pending()?;
        self.compare_ranks()?;
        // An update may overflow after a finite gradient.
        if self.is_broken || !self.state.is_finite() {
            self.is_broken = true;
            return Ok(());
        }
        let saved = self.recorder.save(kind, &mut self.state.checkpoint());
        // A failure of the device is reported first, since it may cause the error of writing.
        self.state.params.checked(())?;
        saved?;
        if kind == CheckpointKind::Last {
            self.clock.saved();
        }
        self.recorder.tell(Event::Checkpoint { step: self.state.progress.step, kind })
    }
}
