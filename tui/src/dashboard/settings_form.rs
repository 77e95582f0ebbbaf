//! The form of the settings that may change while a run trains.

use std::collections::BTreeMap;

use seq2seq::config::TaskKind;
use seq2seq::{Config, Key};

/// The settings that are changed most often, which are listed first.
const FIRST: [&str; 6] = [
    "epochs",
    "learning_rate",
    "learning_rate_schedule",
    "dropout",
    "teacher_forcing",
    "clip_norm",
];

/// What is being entered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Entry {
    /// Nothing: a setting is chosen.
    #[default]
    None,
    /// The new value, as far as it is typed.
    Typing(String),
    /// The prompt to confirm this value is open.
    Confirm(String),
}

/// The form: the chosen setting, and what is being entered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsForm {
    /// The row of the chosen setting.
    pub chosen: usize,
    /// What is being entered.
    pub entry: Entry,
    /// Why the last value was refused.
    pub refused: Option<String>,
    /// The key and the value that the run was told and has not acknowledged yet.
    pub sent: Option<(String, String)>,
}

/// What becomes of a changed setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SettingsUse {
    /// The run takes it between two steps.
    Live,
    /// The run is over, and is resumed with it in this terminal.
    Resume,
    /// Another process trains the run.
    Elsewhere,
}

/// A setting with its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    pub key: &'static Key,
    pub value: &'a str,
    /// The setting that this one needs to have an effect.
    pub needs: Option<&'static str>,
}

/// Returns the settings in the order of the form.
pub(super) fn settings(values: &BTreeMap<String, String>, task: TaskKind) -> Vec<Setting<'_>> {
    let mut config = Config { task, ..Config::default() };
    for (key, value) in values {
        // A value of another version that is not known here is shown all the same.
        let _ = config.set(key, value);
    }
    let known = Config::KEYS.iter().filter_map(|key| {
        let value = values.get(key.name)?;
        Some(Setting { key, value, needs: config.missing_for(key.name) })
    });
    let mut all: Vec<Setting> = known.collect();
    let rank = |setting: &Setting| FIRST.iter().position(|first| *first == setting.key.name);
    // The order does not depend on the values, so that no row moves under the cursor.
    all.sort_by_key(|setting| rank(setting).unwrap_or(FIRST.len()));
    all
}

/// Returns the value that a typed text means for a setting: `+20` is that much more.
///
/// # Errors
/// What the key accepts, if the text is not such a value.
pub(super) fn entered(setting: &Setting, text: &str) -> Result<String, String> {
    let text = text.trim();
    let more = text.strip_prefix('+').and_then(|more| more.parse::<u64>().ok());
    let value = match (more, setting.value.parse::<u64>()) {
        (Some(more), Ok(now)) => now.saturating_add(more).to_string(),
        _ => text.to_owned(),
    };
    let mut config = Config::default();
    config.set(setting.key.name, &value).map_err(|error| error.to_string())?;
    config.check_ranges().map_err(|error| error.to_string())?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, String> {
        Config::default().live_settings()
    }

    #[test]
    fn those_changed_most_often_come_first_and_what_a_setting_needs_is_named() {
        let values = values();
        let all = settings(&values, TaskKind::Translation);
        let names: Vec<&str> = all.iter().map(|setting| setting.key.name).collect();
        assert_eq!(names[..6], FIRST);
        assert_eq!(names.len(), values.len());
        let of = |name: &str| all.iter().find(|setting| setting.key.name == name).unwrap();
        assert_eq!(of("dropout").needs, None);
        assert_eq!(of("dropout_output").needs, Some("dropout above 0"));
    }

    #[test]
    fn a_text_is_a_value_or_so_much_more() {
        let values = values();
        let all = settings(&values, TaskKind::Translation);
        let of = |name: &str, text: &str| {
            entered(all.iter().find(|setting| setting.key.name == name).unwrap(), text)
        };
        assert_eq!(of("epochs", "+20"), Ok("30".into()));
        assert_eq!(of("epochs", " 12 "), Ok("12".into()));
        assert_eq!(of("dropout", "0.25"), Ok("0.25".into()));
        for (name, text, expected) in [
            ("epochs", "0", "from 1"),
            ("dropout", "1", "from 0 to below 1"),
            ("learning_rate_schedule", "fast", "constant"),
            ("learning_rate", "+x", "a number"),
        ] {
            let refused = of(name, text).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
