//! Alternative names of keys: shorthands that set several keys, and old names.

/// Shorthands, each with the keys that it sets.
const SHORTHANDS: [(&str, &[&str]); 3] = [
    ("unit", &["source_unit", "target_unit"]),
    ("tokenizer", &["source_tokenizer", "target_tokenizer"]),
    ("vocabulary", &["max_source_vocabulary", "max_target_vocabulary"]),
];

/// Old names of keys, found in stored runs. They are accepted but never suggested.
const OLD_NAMES: [(&str, &[&str]); 4] = [
    ("judge", &["early_stopping_metric"]),
    ("accumulate", &["gradient_accumulation"]),
    ("figures_every", &["metrics_every"]),
    ("faithful", &["attend_padding", "reset_decoder_state"]),
];

/// Returns the keys that a shorthand or an old name sets; `None` for any other name.
pub(super) fn expand(key: &str) -> Option<&'static [&'static str]> {
    all().find(|(name, _)| *name == key).map(|(_, keys)| keys)
}

/// Returns every shorthand and every old name, with the keys that it sets.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    SHORTHANDS.into_iter().chain(OLD_NAMES)
}

/// Returns the current names for a key: those that replace an old name, otherwise the key itself.
pub(super) fn present(key: &str) -> Vec<&str> {
    let old = OLD_NAMES.iter().find(|(name, _)| *name == key);
    old.map_or_else(|| vec![key], |(_, keys)| keys.to_vec())
}

/// Returns the names of all shorthands.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SHORTHANDS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, TextUnit as Unit};

    #[test]
    fn every_shorthand_stands_for_keys_that_exist() {
        for (name, _) in all() {
            assert!(Config::KEYS.iter().all(|key| key.name != name), "{name}");
            for key in expand(name).unwrap() {
                assert!(Config::KEYS.iter().any(|known| known.name == *key), "{key}");
            }
        }
    }

    #[test]
    fn the_old_name_of_a_key_sets_it() {
        let mut config = Config::default();
        for (key, value) in [("judge", "loss"), ("accumulate", "3"), ("faithful", "true")] {
            config.set(key, value).unwrap();
            assert_eq!(config.show(key).as_deref(), Some(value));
        }
        assert_eq!(config.gradient_accumulation, 3);
        assert_eq!(present("faithful"), ["attend_padding", "reset_decoder_state"]);
        assert_eq!((present("hidden"), present("unit")), (vec!["hidden"], vec!["unit"]));
        let error = config.set("judges", "loss").unwrap_err().to_string();
        assert!(!error.contains("did you mean 'judge'"), "{error}");
        assert!(config.attend_padding && config.reset_decoder_state);
        let error = config.set("accumulate", "some").unwrap_err().to_string();
        assert!(
            error.starts_with("accumulate cannot be 'some': it takes a whole number"),
            "{error}"
        );
    }

    #[test]
    fn unit_sets_both_sides_and_the_last_word_counts() {
        let mut config = Config::default();
        config.set("unit", "characters").unwrap();
        assert_eq!((config.source_unit, config.target_unit), (Unit::Characters, Unit::Characters));
        assert_eq!(config.show("unit").as_deref(), Some("characters"));
        config.set("target_unit", "words").unwrap();
        assert_eq!((config.source_unit, config.target_unit), (Unit::Characters, Unit::Words));
        let both = "source_unit = characters and target_unit = words";
        assert_eq!(config.show("unit").as_deref(), Some(both));
        let error = config.set("unit", "letters").unwrap_err().to_string();
        assert_eq!(error, "unit cannot be 'letters': it takes words, characters, bpe, unigram");
        let error = config.set("unti", "words").unwrap_err().to_string();
        assert!(error.contains("did you mean 'unit'?"), "{error}");
    }
}
