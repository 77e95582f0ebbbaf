//! Changes of settings between two steps.

use super::length::RunLength;
use super::settings::Settings;
use super::trainer::Trainer;
use crate::Result;
use crate::config::{Config, SCHEDULE_KEYS};
use crate::event::{Changed, Event};
use crate::model::Model;
use crate::ranks::Order;
use crate::run::{LiveChange, StoredRun};

impl<M: Model> Trainer<'_, M> {
    /// Repeats the changes that an earlier process made at this step, after the checkpoint from
    /// which this one resumed.
    pub(super) fn repeat_changes(&mut self) -> Result<()> {
        let step = self.state.progress.step;
        while let Some(due) = self.run.stored.live_changes.take_due(step) {
            let set: Vec<(&str, &str)> =
                due.changes.iter().map(|change| (&*change.key, &*change.to)).collect();
            if let Some(reason) = self.change(&set, true)? {
                let text = format!("a change of settings was not repeated: {reason}");
                self.recorder.warn(step, [text])?;
            }
        }
        Ok(())
    }

    /// Changes settings from the next step on. Returns the reason if the change is refused; nothing
    /// is changed then.
    pub(super) fn change(
        &mut self,
        set: &[(&str, &str)],
        repeated: bool,
    ) -> Result<Option<String>> {
        self.finish_pending()?;
        let config = &self.run.stored.config;
        let new = match config.with_live_settings(set, self.run.held_out > 0) {
            Ok(new) => new,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let changes = config.changes(&new);
        let mut stored = StoredRun { config: new, ..self.run.stored.clone() };
        let last_step = if stored.config.epochs == config.epochs {
            self.settings.last_step
        } else {
            RunLength::new(self.state.model, self.examples, &stored).last_step
        };
        if let Some(reason) = self.unfit_epochs(&stored, last_step) {
            return Ok(Some(reason));
        }
        let step = self.state.progress.step;
        let events_len = self.recorder.log_len();
        let change = LiveChange { step, events_len, changes: changes.clone() };
        stored.live_changes.add(change, repeated);
        // Only what a resume can repeat is done.
        if let Err(error) = self.recorder.store(&stored) {
            return Ok(Some(error.to_string()));
        }
        let told = set.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        self.order(&Order::Change(told, repeated))?;
        self.state.model.configure(&stored.config)?;
        self.state.optimizer.set_config(stored.config.optimizer_config())?;
        self.settings = Settings::new(&stored.config, stored.seed, last_step, stored.max_minutes);
        self.health.set_settings(self.settings.health.clone());
        if changes.iter().any(|change| SCHEDULE_KEYS.contains(&change.key.as_str())) {
            self.state.progress.learning_rate = None;
        }
        let model = stored.config.summary();
        self.run.stored = stored;
        let last_step = Some(last_step);
        let changed = Changed { step, changes, repeated, model, last_step };
        self.recorder.tell(Event::Changed(Box::new(changed)))?;
        Ok(None)
    }

    /// Returns the reason why a number of epochs does not fit the run.
    fn unfit_epochs(&self, stored: &StoredRun, last_step: u64) -> Option<String> {
        let (old, new) = (self.run.stored.config.epochs, stored.config.epochs);
        let progress = &self.state.progress;
        if new < old && last_step <= progress.step {
            let epoch = progress.epoch + 1;
            return Some(format!(
                "epochs = {new}: epoch {epoch} is in progress; give at least {epoch}, or stop the run"
            ));
        }
        let limit = stored.max_steps.filter(|_| new > old && last_step == self.settings.last_step);
        limit.map(|limit| {
            format!(
                "epochs = {new}: the run ends at step {limit}, its limit of steps; resume it with a \
                 higher one"
            )
        })
    }

    /// Sets the learning rate for all later steps, in place of a schedule.
    pub(super) fn set_rate(&mut self, rate: f32) -> Result<Option<String>> {
        let rate = format!("{rate:?}");
        let all = [("learning_rate_schedule", "constant"), ("learning_rate", rate.as_str())];
        // A key whose value stays is no change.
        let config: &Config = &self.run.stored.config;
        let is_same = |key: &str, value: &str| config.show(key).as_deref() == Some(value);
        let set: Vec<(&str, &str)> =
            all.into_iter().filter(|(key, value)| !is_same(key, value)).collect();
        if set.is_empty() && self.state.progress.learning_rate.take().is_some() {
            self.order(&Order::ForgetRate)?;
            return Ok(None);
        }
        self.change(if set.is_empty() { &all } else { &set }, false)
    }
}
