//! Changes that a resume makes to a configuration.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::keys::Config;
use super::on_resume::OnResume;
use super::shorthand;
use crate::Result;

/// A key whose value was changed, by a resume or while the run trained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The key.
    pub key: String,
    /// The previous value.
    pub from: String,
    /// The new value.
    pub to: String,
}

impl Config {
    /// Returns the keys whose values differ in `new`, in the order of the table.
    pub fn changes(&self, new: &Self) -> Vec<Change> {
        let names = Self::KEYS.iter().map(|key| key.name);
        let pairs = names.filter_map(|key| Some((key, self.show(key)?, new.show(key)?)));
        pairs
            .filter(|(_, from, to)| from != to)
            .map(|(key, from, to)| Change { key: key.into(), from, to })
            .collect()
    }

    /// Returns the reason why a key may not change when a run is resumed; `None` if it may.
    ///
    /// # Errors
    /// [`Error::UnknownKey`](crate::Error::UnknownKey) with the nearest key.
    pub fn fixed_on_resume(key: &str) -> Result<Option<&'static str>> {
        // All keys of a shorthand have the same `OnResume`.
        let key = shorthand::expand(key).and_then(|keys| keys.first()).copied().unwrap_or(key);
        match Self::KEYS.iter().find(|known| known.name == key).map(|known| known.on_resume) {
            Some(OnResume::Changes) => Ok(None),
            Some(OnResume::Fixed(why)) => Ok(Some(why)),
            None => Err(super::keys::unknown(key)),
        }
    }
}

/// Formats as plain text: `learning_rate = 0.0001 (was 0.001)`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} (was {})", self.key, self.to, self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn what_may_change_is_what_leaves_data_and_parameters_alone() {
        let may: Vec<&str> = Config::KEYS
            .iter()
            .filter(|key| key.on_resume == OnResume::Changes)
            .map(|key| key.name)
            .collect();
        for key in [
            "learning_rate",
            "learning_rate_schedule",
            "learning_rate_factor",
            "learning_rate_patience",
            "learning_rate_warmup",
            "clip_norm",
            "dropout",
            "label_smoothing",
            "teacher_forcing",
            "epochs",
            "stop_patience",
            "early_stopping_metric",
            "validate_every_epochs",
            "sample_every_seconds",
            "checkpoint_seconds",
            "max_length",
            "temperature",
        ] {
            assert!(may.contains(&key), "{key}");
        }
        for key in
            ["hidden", "batch", "optimizer", "source_recipe", "init", "average_decay", "unit"]
        {
            let why = Config::fixed_on_resume(key).unwrap().unwrap();
            assert!(why.len() > 20 && !why.ends_with('.'), "{key}: {why}");
        }
        let error = Config::fixed_on_resume("hiden").unwrap_err();
        assert!(matches!(error, Error::UnknownKey { .. }), "{error}");
    }

    #[test]
    fn every_key_says_whether_it_may_change() {
        for key in Config::KEYS {
            let doc = key.doc().replace('\n', " ");
            let said = doc.contains("May change when a run is resumed.");
            assert_eq!(said, key.on_resume == OnResume::Changes, "{}", key.name);
        }
    }

    #[test]
    fn changes_are_listed_with_both_values() {
        let old = Config::default();
        let new = Config { learning_rate: 0.5, epochs: 3, ..old.clone() };
        let change = |key, from: &str, to: &str| Change {
            key: String::from(key),
            from: from.into(),
            to: to.into(),
        };
        let expected = [change("epochs", "10", "3"), change("learning_rate", "0.001", "0.5")];
        assert_eq!(old.changes(&new), expected);
        assert!(old.changes(&old).is_empty());
    }
}
