//! Keys that set several others at once.

/// Each with the keys that it sets.
pub(super) const SHORTHANDS: [(&str, &[&str]); 1] = [("unit", &["source_unit", "target_unit"])];

/// The keys that a key sets, where it is a shorthand.
pub(super) fn expand(key: &str) -> Option<&'static [&'static str]> {
    SHORTHANDS.iter().find(|(name, _)| *name == key).map(|(_, keys)| *keys)
}

/// The names of all shorthands.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SHORTHANDS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use tokenizer::Unit;

    use super::*;
    use crate::config::Config;

    #[test]
    fn every_shorthand_stands_for_keys_that_exist() {
        for name in names() {
            assert!(Config::KEYS.iter().all(|key| key.name != name), "{name}");
            for key in expand(name).unwrap() {
                assert!(Config::KEYS.iter().any(|known| known.name == *key), "{key}");
            }
        }
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
        assert_eq!(error, "unit cannot be 'letters': it takes words, characters");
        let error = config.set("unti", "words").unwrap_err().to_string();
        assert!(error.contains("did you mean 'unit'?"), "{error}");
    }
}
