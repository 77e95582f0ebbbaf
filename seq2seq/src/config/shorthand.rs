//! Keys that set several others at once, and configurations that were stored before those existed.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::keys::Config;

/// Each with the keys that it sets.
const SHORTHANDS: [(&str, &[&str]); 1] = [("unit", &["source_unit", "target_unit"])];

/// The keys that a key sets, where it is a shorthand.
pub(super) fn expand(key: &str) -> Option<&'static [&'static str]> {
    SHORTHANDS.iter().find(|(name, _)| *name == key).map(|(_, keys)| *keys)
}

/// The names of all shorthands.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SHORTHANDS.iter().map(|(name, _)| *name)
}

/// Reads a stored configuration: a shorthand in it, which was a key of its own once, sets its keys.
///
/// # Errors
/// Those of [`Config`]'s own form.
pub(crate) fn stored<'de, D: Deserializer<'de>>(from: D) -> Result<Config, D::Error> {
    let mut map = Map::<String, Value>::deserialize(from)?;
    for (name, keys) in SHORTHANDS {
        if let Some(value) = map.remove(name) {
            for &key in keys {
                map.entry(key).or_insert_with(|| value.clone());
            }
        }
    }
    Config::deserialize(Value::Object(map)).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizer::Unit;

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

    #[test]
    fn a_stored_unit_sets_both_sides() {
        let read = |text: &str| stored(&mut serde_json::Deserializer::from_str(text));
        let old = read(r#"{"unit": "characters", "hidden": 3}"#).unwrap();
        let both = (Unit::Characters, Unit::Characters);
        assert_eq!((old.source_unit, old.target_unit, old.hidden), (both.0, both.1, 3));
        let error = read(r#"{"hiden": 3}"#).unwrap_err().to_string();
        assert!(error.contains("unknown field `hiden`"), "{error}");
        let new = Config { source_unit: Unit::Characters, ..Config::default() };
        assert_eq!(read(&serde_json::to_string(&new).unwrap()).unwrap(), new);
    }
}
