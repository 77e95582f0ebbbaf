//! Settings that may change while a run trains: the keys that a resume may change, too.

use std::collections::BTreeMap;

use super::keys::{Config, Key};
use super::on_resume::OnResume;
use crate::{Error, Result};

/// Keys of the learning rate schedule.
pub(crate) const SCHEDULE_KEYS: [&str; 5] = [
    "learning_rate",
    "learning_rate_schedule",
    "learning_rate_factor",
    "learning_rate_patience",
    "learning_rate_warmup",
];

impl Key {
    /// Returns true if the key may change while a run trains, and when it is resumed.
    pub fn may_change(&self) -> bool {
        self.on_resume == OnResume::Changes
    }
}

impl Config {
    /// Returns the keys that may change while a run with this configuration trains, with their
    /// values. Keys that need another value of a fixed key to have an effect are left out.
    pub fn live_settings(&self) -> BTreeMap<String, String> {
        let can_have_effect = |key: &&Key| {
            self.missing_for(key.name).is_none_or(|needed| {
                let first = needed.split_whitespace().next().unwrap_or_default();
                Self::KEYS.iter().any(|other| other.name == first && other.may_change())
            })
        };
        let keys = Self::KEYS.iter().filter(|key| key.may_change()).filter(can_have_effect);
        let value = |key: &Key| Some((key.name.to_owned(), self.show(key.name)?));
        keys.filter_map(value).collect()
    }

    /// Returns this configuration with other values, for a run that trains.
    ///
    /// ```
    /// let config = seq2seq::Config::default();
    /// assert_eq!(config.with_live_settings(&[("dropout", "0.2")], true)?.dropout, 0.2);
    /// let error = config.with_live_settings(&[("dropout", "1.5")], true).unwrap_err().to_string();
    /// assert!(error.contains("from 0 to below 1"), "{error}");
    /// # Ok::<(), seq2seq::Error>(())
    /// ```
    ///
    /// # Errors
    /// An unknown key, one that may not change, a value that the key does not accept or has
    /// already, one out of its range, one that does not fit the other keys or has no effect.
    /// `holds_out` is true if the run holds out examples.
    pub fn with_live_settings(&self, set: &[(&str, &str)], holds_out: bool) -> Result<Self> {
        let problem = |what: String| Err(Error::Configuration { problems: vec![what] });
        let mut new = self.clone();
        for (key, value) in set {
            if let Some(why) = Self::fixed_on_resume(key)? {
                return problem(format!("{key} cannot change after the run has begun: {why}"));
            }
            new.set(key, value.trim())?;
        }
        new.validate()?;
        new.check_effects(set.iter().map(|(key, _)| *key), holds_out)?;
        if let Some(waits) = new.waits_for_validations().filter(|_| !holds_out) {
            return problem(format!("{waits}: nothing is held out, so it would wait for ever"));
        }
        if new == *self {
            let set = set.iter().map(|(key, value)| format!("{key} = {value}"));
            return problem(format!("{}: it is so already", set.collect::<Vec<_>>().join(", ")));
        }
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_those_that_may_change_and_can_have_an_effect() {
        let settings = Config::default().live_settings();
        for key in ["dropout", "clip_norm", "epochs", "teacher_forcing", "learning_rate_factor"] {
            assert_eq!(settings.get(key), Config::default().show(key).as_ref(), "{key}");
        }
        for key in ["hidden", "temperature", "optimizer_decay", "batch"] {
            assert!(!settings.contains_key(key), "{key}");
        }
        let text = Config::preset("char-rnn").unwrap().live_settings();
        assert!(text.contains_key("temperature") && !text.contains_key("teacher_forcing"));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_would_be_right() {
        let config = Config::default();
        for (set, expected) in [
            (&[("dropout", "much")][..], "it takes a number from 0 to below 1"),
            (&[("dropout", "1")], "it should be from 0 to below 1"),
            (&[("epochs", "0")], "it should be from 1"),
            (&[("hidden", "9")], "hidden cannot change after the run has begun: the parameters"),
            (&[("dropuot", "0.1")], "did you mean 'dropout'?"),
            (&[("dropout", "0")], "it is so already"),
            (&[("learning_rate_factor", "0.9")], "it needs learning_rate_schedule = plateau"),
            (&[("teacher_forcing_schedule", "linear"), ("teacher_forcing", "0")], "it leads down"),
        ] {
            let error = config.with_live_settings(set, true).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let error = config.with_live_settings(&[("stop_patience", "3")], false).unwrap_err();
        assert!(error.to_string().contains("nothing is held out"), "{error}");
        let both = [("learning_rate_schedule", "plateau"), ("learning_rate_factor", "0.9")];
        assert_eq!(config.with_live_settings(&both, true).unwrap().learning_rate_factor, 0.9);
    }
}
